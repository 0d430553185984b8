"""Audit: hears everything, keeps it in a log that nobody can change unseen."""
