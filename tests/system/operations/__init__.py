"""What operations do to a network that works: back up and restore, restart, lose a server. Each is told in figures."""
