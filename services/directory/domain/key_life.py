"""The life of a partner's keys: added with a beginning and an end, followed by a next one, revoked before its time.

A participation holds `public_key`, the one from before keys had a life, and `keys`. The first change of its life makes
an entry of it, so that from then on there is one list.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from contracts.fields import format_instant, parse_instant
from services.directory.domain.keys import thumbprint

Json = dict[str, Any]


class KeyName(NamedTuple):
    """What a key is known by where it matters: its fingerprint, and what it is for."""

    thumbprint: str
    use: str


Document = Mapping[str, Any]


def listed(participation: Document) -> list[Json]:
    """Every key as an entry, the oldest way of writing it down included."""
    plain, entries = participation.get("public_key"), [dict(one) for one in participation.get("keys", ())]
    if plain is None or any(one["key"]["kid"] == plain["kid"] for one in entries):
        return entries
    return [{"key": {**plain, "use": "enc"}}, *entries]


def name_of(entry: Document) -> KeyName:
    return KeyName(thumbprint(entry["key"]), entry["key"]["use"])


def used(participation: Document, confirmed: Collection[KeyName]) -> Json:
    """The participation as it is told: a key that no second person has confirmed is not in it.

    One that was revoked is, whoever confirmed it: that it counts no more is to be known.
    """
    plain = participation.get("public_key")
    kept = {name: value for name, value in participation.items() if name not in ("public_key", "keys")}
    if plain is not None and KeyName(thumbprint(plain), "enc") in confirmed:
        kept["public_key"] = plain
    if "keys" in participation:
        entries = participation["keys"]
        kept["keys"] = [one for one in entries if name_of(one) in confirmed or "revoked_at" in one]
    return kept


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


def shown(entry: Document, at: datetime, *, is_confirmed: bool) -> Json:
    """A key as operators see it: which, for what, how it stands, and its fingerprint.

    Not the fingerprint of one that waits, nor an id that is the same: who confirms types what the partner told.
    """
    key, state = entry["key"], state_of(entry, at)
    if not is_confirmed and state in ("counts", "ahead"):
        state = WAITS
    life = {name: entry[name] for name in ("not_before", "not_after", "revoked_at") if name in entry}
    named = {"kid": key["kid"], "thumbprint": thumbprint(key)}
    if state == WAITS:
        named = {"kid": key["kid"]} if key["kid"] != named["thumbprint"] else {}
    return {
        **named,
        "use": key["use"],
        "kty": key["kty"],
        "state": state,
        **life,
    }


#: On file, and used for nothing before a second person has confirmed it.
WAITS = "waits"


def state_of(entry: Document, at: datetime) -> str:
    if "revoked_at" in entry and parse_instant(entry["revoked_at"]) <= at:
        return "revoked"
    if "not_after" in entry and parse_instant(entry["not_after"]) <= at:
        return "ended"
    return "counts" if counts(entry, at) else "ahead"


def _earlier(one: str | None, other: datetime) -> str:
    return format_instant(other if one is None else min(parse_instant(one), other))
