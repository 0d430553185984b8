"""The broker's users in tests: each service speaks with its own, as consumers believe events for who sent them."""

from collections.abc import Mapping

from contracts.topology import core

#: The same in every virtual host of a server, because users are the server's.
PASSWORDS: Mapping[str, str] = {wanted.user: f"of-the-{wanted.user}-user" for wanted in core().permissions}


def as_user(amqp_uri: str, user: str) -> str:
    """The administrator's address, spoken to by somebody else."""
    scheme, _, rest = amqp_uri.partition("://")
    return f"{scheme}://{user}:{PASSWORDS[user]}@{rest.rpartition('@')[2]}"
