"""Who helps with what, where, and on which terms."""
