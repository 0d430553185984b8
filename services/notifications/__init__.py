"""notifications: who is told what, by which channel, and whether it arrived."""
