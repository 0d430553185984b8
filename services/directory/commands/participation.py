"""How an organization takes part: channel, agreement, terms, and the key dossiers are sealed to."""

from collections.abc import Mapping
from typing import Any

from services.chassis.errors import InvalidError, NotFoundError
from services.chassis.work import Work
from services.directory import store
from services.directory.commands.applying import apply_one
from services.directory.domain.keys import thumbprint
from services.directory.domain.objects import Kind


def change_participation(work: Work, organization_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Set channel, agreement and terms of an organization; its public key stays unless a new one is given."""
    value = {**body, "organization_id": organization_id}
    change = apply_one(work, Kind.PARTICIPATION, value, "directory.participation-invalid")
    return {"effect": change.effect, "fields": list(change.fields)}


def change_public_key(work: Work, organization_id: str, key: Any, fingerprint: Any = None) -> dict[str, Any]:
    """Set the key dossiers are sealed to. The fingerprint, if given, came by another way and must be the key's."""
    name = (Kind.PARTICIPATION, organization_id)
    held = store.load(work.tx, [name]).get(name)
    if held is None:
        raise NotFoundError("directory.participation-unknown")
    if key is None:
        raise InvalidError("directory.public-key-invalid", {"public_key": "a public key as JWK"})
    change = apply_one(work, Kind.PARTICIPATION, {**held, "public_key": key}, "directory.public-key-invalid")
    if fingerprint is not None and fingerprint != thumbprint(key):
        raise InvalidError("directory.public-key-invalid", {"thumbprint": "the RFC 7638 thumbprint of this key"})
    return {"effect": change.effect, "thumbprint": thumbprint(key)}
