"""The compose stack as files: what each container is given, and that the recipe holds what it runs."""
