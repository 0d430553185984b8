"""Ids of things named by a slug: the same everywhere, so that they can be named before they exist."""

from uuid import NAMESPACE_URL, UUID, uuid5

NAMESPACE = uuid5(NAMESPACE_URL, "https://lotsennetz.example/id")
#: What the issuer puts into the ``scope`` of a partner's program, and of nothing else: without it nobody speaks as one.
PARTNER_SCOPE = "partner_system"


def id_of(kind: str, slug: str) -> UUID:
    """The id of, say, ``organization`` ``hwk-aachen``."""
    return uuid5(NAMESPACE, f"{kind}/{slug}")
