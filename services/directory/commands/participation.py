"""How an organization takes part: channel, agreement, terms, and the key dossiers are sealed to."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from contracts.codes import KeyUse, Participation
from contracts.directory import PartnerKeyConfirmed
from contracts.event import Code
from contracts.fields import parse_instant
from services.chassis.errors import InvalidError, NotFoundError, RefusedError
from services.chassis.work import Work
from services.directory import store
from services.directory.commands.applying import apply_one, tell_organizations
from services.directory.domain import key_life
from services.directory.domain.formats import instant
from services.directory.domain.keys import partner_jwk, thumbprint
from services.directory.domain.objects import Kind
from services.directory.store import key_confirmations, standings

INVALID = "directory.public-key-invalid"


def change_participation(work: Work, organization_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Set channel, agreement and terms of an organization; its public key stays unless a new one is given."""
    value = {**body, "organization_id": organization_id}
    change = apply_one(work, Kind.PARTICIPATION, value, "directory.participation-invalid")
    return {"effect": change.effect, "fields": list(change.fields)}


def change_public_key(work: Work, organization_id: str, key: Any, fingerprint: Any = None) -> dict[str, Any]:
    """Set the key dossiers are sealed to. The fingerprint, if given, came by another way and must be the key's."""
    held = participation_of(work, organization_id)
    if key is None:
        raise InvalidError("directory.public-key-invalid", {"public_key": "a public key as JWK"})
    change = apply_one(work, Kind.PARTICIPATION, {**held, "public_key": key}, "directory.public-key-invalid")
    if fingerprint is not None and fingerprint != thumbprint(key):
        raise InvalidError("directory.public-key-invalid", {"thumbprint": "the RFC 7638 thumbprint of this key"})
    return {"effect": change.effect, "thumbprint": thumbprint(key)}


def change_standing(work: Work, organization_id: str, wanted: Any) -> Participation:
    """Let it rest, leave, or take part again; everybody hears of it. What it is already changes nothing."""
    name = (Kind.ORGANIZATION, organization_id)  # also before terms are recorded: it may have a queue already
    if name not in store.load(work.tx, [name]):  # locked: two at once come one after the other
        raise NotFoundError("directory.object-unknown")
    if not isinstance(wanted, str) or wanted not in set(Participation):
        raise InvalidError("request.invalid", {"participation": "one of " + ", ".join(Participation)})
    changed = Participation(wanted)
    if standings.of(work.tx, organization_id) is not changed:
        standings.keep(work, organization_id, changed)
        tell_organizations(work, [organization_id])
    return changed


def participation_of(work: Work, organization_id: str) -> Mapping[str, Any]:
    name = (Kind.PARTICIPATION, organization_id)
    held = store.load(work.tx, [name]).get(name)
    if held is None:
        raise NotFoundError("directory.participation-unknown")
    return held


def keys_of(work: Work, organization_id: str) -> list[dict[str, Any]]:
    """Every key of an organization and how it stands now."""
    confirmed = key_confirmations.confirmed(work.tx, [organization_id])
    return [
        key_life.shown(one, work.now, is_confirmed=(organization_id, key_life.name_of(one)) in confirmed)
        for one in key_life.listed(participation_of(work, organization_id))
    ]


def confirm_key(work: Work, organization_id: str, fingerprint: Any) -> list[dict[str, Any]]:
    """A second person types the fingerprint the partner told her by another way; from then on the key is used.

    The fingerprint alone says which key is meant: what she does not know from the partner she finds nowhere here.
    Nobody confirms what she wrote down herself, nor what she wrote down anew since. Again: it is confirmed already.
    """
    listed = key_life.listed(participation_of(work, organization_id))
    name = next((one for one in map(key_life.name_of, listed) if one.thumbprint == fingerprint), None)
    found = name and key_confirmations.waiting(work.tx, organization_id, name)
    if name is None or not found:
        raise InvalidError(INVALID, {"thumbprint": "the RFC 7638 thumbprint of a key on file, told by another way"})
    if found.is_confirmed:
        return keys_of(work, organization_id)
    if work.actor in found.touched_by:
        raise RefusedError("directory.key-same-person")
    key_confirmations.confirm(work, organization_id, name)
    work.announce(
        PartnerKeyConfirmed(
            organization_id=UUID(organization_id), thumbprint=Code(name.thumbprint), use=KeyUse(name.use)
        )
    )
    tell_organizations(work, [organization_id])
    return keys_of(work, organization_id)


def add_key(work: Work, organization_id: str, given: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Take in one more key. The fingerprint came by another way and must be the key's: two channels, or none.

    With `old_until` it follows those of its use that count now: they go on being accepted until then.
    """
    held = participation_of(work, organization_id)
    entry = _entry(given)
    if key_life.has(held, entry["key"]["kid"]):
        raise InvalidError(INVALID, {"key.kid": "a key id that is not there yet"})
    old_until = given.get("old_until")
    if old_until is None:
        changed = key_life.added(held, entry)
    else:
        changed = key_life.rotated(held, entry, work.now, parse_instant(old_until))
    return _write(work, organization_id, changed)


def revoke_key(work: Work, organization_id: str, kid: str) -> list[dict[str, Any]]:
    """From now on nothing is sealed to it, and neither what is sealed to it nor what is signed with it counts."""
    held = participation_of(work, organization_id)
    if not key_life.has(held, kid):
        raise NotFoundError("directory.key-unknown")
    return _write(work, organization_id, key_life.revoked(held, kid, work.now))


def _write(work: Work, organization_id: str, changed: Mapping[str, Any]) -> list[dict[str, Any]]:
    apply_one(work, Kind.PARTICIPATION, changed, INVALID)
    return keys_of(work, organization_id)


def _entry(given: Mapping[str, Any]) -> dict[str, Any]:
    """A key with its life, each wrong field named."""
    problems: list[tuple[str, str]] = []
    key = partner_jwk(given.get("key"), "key", problems)
    life = {name: given[name] for name in ("not_before", "not_after") if given.get(name) is not None}
    for name in ("not_before", "not_after", "old_until"):
        if given.get(name) is not None:
            instant(given[name], name, problems)
    if not problems and given.get("thumbprint") != thumbprint(key):
        problems.append(("thumbprint", "the RFC 7638 thumbprint of this key, told by another way"))
    if not problems and life.keys() >= {"not_before", "not_after"} and _is_backwards(life):
        problems.append(("not_after", "an instant after not_before"))
    if problems:
        raise InvalidError(INVALID, dict(problems))
    return {"key": key, **life}


def _is_backwards(life: Mapping[str, Any]) -> bool:
    return parse_instant(life["not_before"]) >= parse_instant(life["not_after"])
