"""How the network is run: here the demo; elsewhere compose, Kubernetes and their settings."""
