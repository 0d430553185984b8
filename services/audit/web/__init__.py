"""The doors of audit that speak HTTP: for the data-protection officer, for programs, for operations."""
