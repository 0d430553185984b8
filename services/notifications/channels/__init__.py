"""The ways out that need an answer from outside: webhook and mail. Queue and feed need none."""
