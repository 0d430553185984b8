"""The network on Kubernetes: what the compose stack says of services and roles, told in Kubernetes' words."""
