"""What a directory entry is, when it is well formed, and what is said about it: pure."""
