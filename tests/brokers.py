"""The broker's users in tests: each service speaks with its own, as consumers believe events for who sent them."""

from collections.abc import Mapping

from contracts.topology import core

#: The same in every virtual host of a server, because users are the server's.
PASSWORDS: Mapping[str, str] = {wanted.user: f"of-the-{wanted.user}-user" for wanted in core().permissions}


def as_user(amqp_uri: str, user: str) -> str:
    """The administrator's address, spoken to by somebody else; of a cluster each node's."""
    return ";".join(_as_user(node, user) for node in amqp_uri.split(";"))


def _as_user(node: str, user: str) -> str:
    scheme, _, rest = node.partition("://")
    return f"{scheme}://{user}:{PASSWORDS[user]}@{rest.rpartition('@')[2]}"
