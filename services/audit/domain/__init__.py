"""What the log is: entries, the Merkle tree over them, and signed tree heads. No I/O, no clock."""
