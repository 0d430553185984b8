"""The life of a partner's keys: added with a beginning and an end, followed by a next one, revoked before its time.

A participation holds `public_key`, the one from before keys had a life, and `keys`. The first change of its life makes
an entry of it, so that from then on there is one list.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from contracts.fields import format_instant, parse_instant
from services.directory.domain.keys import thumbprint

Json = dict[str, Any]
Document = Mapping[str, Any]


def listed(participation: Document) -> list[Json]:
    """Every key as an entry, the oldest way of writing it down included."""
    plain, entries = participation.get("public_key"), [dict(one) for one in participation.get("keys", ())]
    if plain is None or any(one["key"]["kid"] == plain["kid"] for one in entries):
        return entries
    return [{"key": {**plain, "use": "enc"}}, *entries]


def with_keys(participation: Document, entries: Sequence[Document]) -> Json:
    """The participation with this list and no other place for keys."""
    kept = {name: value for name, value in participation.items() if name != "public_key"}
    return {**kept, "keys": [dict(one) for one in entries]}


def added(participation: Document, entry: Document) -> Json:
    return with_keys(participation, [*listed(participation), entry])


def rotated(participation: Document, entry: Document, at: datetime, old_until: datetime) -> Json:
    """A next key; those of the same use that count end at that instant, or sooner if they did already."""
    use = entry["key"]["use"]
    followed = [
        {**one, "not_after": _earlier(one.get("not_after"), old_until)}
        if one["key"]["use"] == use and counts(one, at)
        else one
        for one in listed(participation)
    ]
    return with_keys(participation, [*followed, entry])


def revoked(participation: Document, kid: str, at: datetime) -> Json:
    """This key counts no more from this instant; revoked once it stays so."""
    changed = [
        {**one, "revoked_at": one.get("revoked_at", format_instant(at))} if one["key"]["kid"] == kid else one
        for one in listed(participation)
    ]
    return with_keys(participation, changed)


def has(participation: Document, kid: str) -> bool:
    return any(one["key"]["kid"] == kid for one in listed(participation))


def counts(entry: Document, at: datetime) -> bool:
    begins, ends, ended = (
        parse_instant(entry[name]) if name in entry else None for name in ("not_before", "not_after", "revoked_at")
    )
    return (begins is None or begins <= at) and (ends is None or at < ends) and (ended is None or at < ended)


def shown(entry: Document, at: datetime) -> Json:
    """A key as operators see it: which, for what, how it stands, and the fingerprint to compare."""
    key = entry["key"]
    life = {name: entry[name] for name in ("not_before", "not_after", "revoked_at") if name in entry}
    return {
        "kid": key["kid"],
        "use": key["use"],
        "kty": key["kty"],
        "state": state_of(entry, at),
        "thumbprint": thumbprint(key),
        **life,
    }


def state_of(entry: Document, at: datetime) -> str:
    if "revoked_at" in entry and parse_instant(entry["revoked_at"]) <= at:
        return "revoked"
    if "not_after" in entry and parse_instant(entry["not_after"]) <= at:
        return "ended"
    return "counts" if counts(entry, at) else "ahead"


def _earlier(one: str | None, other: datetime) -> str:
    return format_instant(other if one is None else min(parse_instant(one), other))
