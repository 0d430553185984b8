"""Putting the network's state aside and back: the only part of the operator's command that reads databases itself."""
