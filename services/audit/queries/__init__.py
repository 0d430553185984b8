"""What is read from the log: its tree, its entries, and how complete it is."""
