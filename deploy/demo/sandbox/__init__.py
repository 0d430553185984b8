"""A network to try a partner's system on: nobody in it is real, and the door can be made to misbehave."""
