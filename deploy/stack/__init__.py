"""The network as containers: who is given which secret, and what is made before anything else starts."""
