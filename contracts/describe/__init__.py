"""How the published language describes itself: JSON Schema, examples, AsyncAPI. Pure functions, the same every time."""

from contracts import audit, directory, notifications, referral
from contracts.partner import messages

#: Importing the modules fills the registry; nothing is described that is not said somewhere here.
MODULES = (directory, referral, notifications, audit, messages)
