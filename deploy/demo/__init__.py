"""Everything `make demo` needs around the four services: servers, issuer, door, mailbox, stand-in partners."""
