"""One module per thing an operator asks about."""
