"""What is asked over HTTP: the pull feed of partners, the operators' door, and two pages."""
