"""Plumbing every service shares; it knows no business noun."""
