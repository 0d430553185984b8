"""One example per event and command, made from the types alone: the same bytes on every machine."""

import json
from collections.abc import Mapping
from dataclasses import MISSING, fields, replace
from datetime import UTC, date, datetime
from enum import StrEnum
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints
from uuid import NAMESPACE_URL, UUID, uuid5

from contracts import envelope
from contracts import fields as kinds
from contracts.codes import Action, Status
from contracts.event import REGISTRY, spec_of
from contracts.partner.actions import BODIES, type_of_action, write_body

TIME = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
TEXTS: Mapping[Any, Any] = {
    kinds.Code: "example-1",
    kinds.Slug: "consent.withdrawn",
    kinds.Reference: "R-26-4F7KQ",
    kinds.LanguageTag: "de",
    kinds.OfficialKey: "05334",
    kinds.PublicUrl: "https://chamber.example/",
    kinds.PublicContact: "info@chamber.example",
    kinds.SignedToken: "eyJhbGciOiJFZDI1NTE5In0.e30.c2lnbmF0dXJl",
    kinds.SealedText: "eyJhbGciOiJSU0EtT0FFUC0yNTYifQ.a2V5.aXY.Y2lwaGVy.dGFn",
    kinds.PublicText: kinds.PublicText({"de": "Beispiel", "en": "Example"}),
    kinds.PublicJwk: kinds.PublicJwk(
        {"kty": "OKP", "crv": "X25519", "x": "hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo"}
    ),
    kinds.JsonDocument: kinds.JsonDocument({"all": []}),
    bool: True,
    int: 1,
    date: date(2026, 11, 23),
    datetime: TIME,
}


def all_examples() -> dict[str, bytes]:
    """Every example by its file name without ``.json``: whole envelopes, as they travel."""
    events = {name: _event_example(name) for name in REGISTRY}
    commands = {type_of_action(action): _command_example(type_of_action(action), cls) for action, cls in BODIES.items()}
    found = {**events, **commands}
    return {name: pretty(json.loads(found[name])) for name in sorted(found)}


def pretty(document: Any) -> bytes:
    return (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode()


def an_id(*words: str) -> UUID:
    return uuid5(NAMESPACE_URL, "https://lotsennetz.example/example/" + "/".join(words))


def an_event(name: str, *, minimal: bool = False) -> Any:
    """An event of a type with every field filled, or (minimal) with the optional ones left out."""
    return _make(REGISTRY[name], minimal=minimal)


def _event_example(name: str) -> bytes:
    service = spec_of(REGISTRY[name]).service
    to_a_partner = service == "partner"
    return envelope.write(
        replace(an_event(name), **_together(name)),
        id=an_id(name),
        source=f"/lotsennetz/{_SPEAKERS.get(name, service)}",
        sequence=None if to_a_partner else 1,
        time=TIME,
        actor=f"system:{_SPEAKERS[name]}" if to_a_partner else "system:example",
        correlation_id=an_id("conversation"),
        causation_id=an_id("partner.accept.v1") if name == "partner.command_result.v1" else None,
    ).raw


#: Who says what partners read.
_SPEAKERS = {"partner.notice.v1": "notifications", "partner.command_result.v1": "referral"}


def _together(name: str) -> Mapping[str, Any]:
    """Of the messages partners read, values that do occur together: what follows on the command that is shown."""
    if name == "partner.notice.v1":
        link = f"https://network.example/partner/v1/referrals/{an_id('referral_id')}"
        return {"status": Status.REQUESTED, "link": kinds.PublicUrl(link)}
    if name == "partner.command_result.v1":
        offered = (Action.ASK, Action.START, Action.END)
        command = an_id("partner.accept.v1")
        return {
            "command_id": command,
            "slug": None,
            "status": Status.ACCEPTED,
            "version": 4,
            "allowed_actions": offered,
        }
    return {}


def _command_example(name: str, body: type) -> bytes:
    """What a partner sends; it need not know our extensions."""
    attributes = {
        "id": an_id(name),
        "source": f"/partners/{an_id('organization_id')}",
        "type": name,
        "subject": f"referral/{an_id('referral_id')}",
        "time": TIME,
        "expectedversion": 3,
    }
    return envelope.serialize(attributes, write_body(_make(body)))


def _make(cls: type, *, minimal: bool = False) -> Any:
    hints = get_type_hints(cls)
    values = {}
    for field in fields(cls):
        optional = NoneType in get_args(hints[field.name]) or field.default is not MISSING
        if not (minimal and optional):
            values[field.name] = _value(hints[field.name], field.name)
        elif field.default is MISSING:
            values[field.name] = None
    return cls(**values)


def _value(annotation: Any, name: str) -> Any:
    if annotation in TEXTS:
        return TEXTS[annotation]
    if annotation is UUID:
        return an_id(name)
    if get_origin(annotation) is tuple:
        return (_value(get_args(annotation)[0], name.removesuffix("s")),)
    if get_args(annotation):
        return _value(next(one for one in get_args(annotation) if one is not NoneType), name)
    return next(iter(annotation)) if issubclass(annotation, StrEnum) else _make(annotation)
