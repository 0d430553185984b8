"""Several of each server: what it costs to lose one of them, and that it costs nothing that was promised."""
