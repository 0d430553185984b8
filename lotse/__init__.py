"""The operator's command: speaks HTTP to each service's operator pages, and alone may shape the broker."""
