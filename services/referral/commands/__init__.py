"""What can be done: each command loads what the actor may see, asks the domain for one verb, and saves."""
