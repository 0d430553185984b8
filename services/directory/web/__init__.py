"""The doors of the directory that speak HTTP."""
