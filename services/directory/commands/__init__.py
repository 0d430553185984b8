"""What can be done to the directory; each command is one transaction, and says what it changed."""
