"""Read-only SQL that becomes view values."""
