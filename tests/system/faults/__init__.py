"""Every fault of the matrix, injected into real processes, with what has to hold afterwards."""
