"""Who is responsible for the persons' data: named in consent texts, notices, subject access, record of processing.

Each member organization answers for its own cases; where several decide together (GDPR Art. 26) all are named, with
the essence of their arrangement and where a person may turn to. Read from `CONTROLLERS` (JSON, or `CONTROLLERS_FILE`).
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from contracts.fields import PATTERNS, LanguageTag
from services.chassis.config import ConfigError, Environment

EXPECTED = (
    "JSON like {controllers: [{organization_id, name, address, email, phone?, dpo: {name, address, email, phone?},"
    " authority}], joint?: {agreed_on, essence: {de: ...}, contact: organization_id}}"
)
CONTACT = {"name", "address", "email", "phone"}


@dataclass(frozen=True, slots=True)
class Contact:
    """Where somebody is reached: public, like an imprint."""

    name: str
    address: str
    email: str
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class Controller:
    """One responsible organization, its data-protection officer, and the authority a complaint goes to."""

    organization_id: UUID
    contact: Contact
    dpo: Contact
    authority: str


@dataclass(frozen=True, slots=True)
class Joint:
    """What those who decide together have agreed (Art. 26): since when, in essence, and who answers persons."""

    agreed_on: date
    essence: Mapping[str, str]
    contact: UUID


@dataclass(frozen=True, slots=True)
class Controllers:
    """All of them, and how they stand to each other."""

    all: tuple[Controller, ...]
    joint: Joint | None = None

    def of(self, organization_id: UUID) -> tuple[Controller, ...]:
        """Who answers for a case of this organization: itself alone or, where they decide together, all of them."""
        if self.joint is not None:
            first = [one for one in self.all if one.organization_id == self.joint.contact]
            return tuple(first + [one for one in self.all if one not in first])
        return tuple(one for one in self.all if one.organization_id == organization_id)

    def essence(self, language: str) -> str:
        """The essence of the joint arrangement in a language; German where it is not translated."""
        if self.joint is None:
            return ""
        return self.joint.essence.get(language) or self.joint.essence["de"]

    @property
    def fingerprint(self) -> str:
        """Tells one configuration from another."""
        return hashlib.sha256(repr(self).encode()).hexdigest()


def load(settings: Environment) -> Controllers:
    """Read and check them; what is wrong is named by its place, and the process does not start."""
    text = settings.secret("CONTROLLERS", EXPECTED)
    try:
        document = _closed("the whole", json.loads(text), {"controllers", "joint"})
        parties = _some("controllers", document.get("controllers"))
        found = Controllers(
            tuple(_controller(f"controllers[{i}]", one) for i, one in enumerate(parties)), _joint(document.get("joint"))
        )
    except json.JSONDecodeError:
        raise ConfigError("CONTROLLERS", EXPECTED) from None
    except _WrongError as wrong:
        raise ConfigError("CONTROLLERS", f"{wrong}; {EXPECTED}") from None
    ids = [one.organization_id for one in found.all]
    if len(set(ids)) < len(ids):
        raise ConfigError("CONTROLLERS", "each organization once")
    if found.joint is not None and found.joint.contact not in ids:
        raise ConfigError("CONTROLLERS", "joint.contact: one of the controllers")
    return found


class _WrongError(ValueError):
    """A place in the document, and what belongs there."""


def _closed(place: str, given: Any, known: set[str]) -> dict[str, Any]:
    if not isinstance(given, dict) or not set(given) <= known:
        raise _WrongError(f"{place}: an object of {', '.join(sorted(known))}")
    return given


def _some(place: str, given: Any) -> list[Any]:
    if not isinstance(given, list) or not given:
        raise _WrongError(f"{place}: at least one")
    return given


def _text(place: str, given: Any) -> str:
    if not isinstance(given, str) or not given.strip():
        raise _WrongError(f"{place}: a text")
    return given.strip()


def _id(place: str, given: Any) -> UUID:
    try:
        return UUID(_text(place, given))
    except ValueError:
        raise _WrongError(f"{place}: the organization's id in the directory") from None


def _controller(place: str, given: Any) -> Controller:
    fields = _closed(place, given, {"organization_id", "dpo", "authority", *CONTACT})
    return Controller(
        organization_id=_id(f"{place}.organization_id", fields.get("organization_id")),
        contact=_contact(place, fields),
        dpo=_contact(f"{place}.dpo", _closed(f"{place}.dpo", fields.get("dpo"), CONTACT)),
        authority=_text(f"{place}.authority", fields.get("authority")),
    )


def _contact(place: str, fields: Mapping[str, Any]) -> Contact:
    kept = {part: _text(f"{place}.{part}", fields.get(part)) for part in ("name", "address", "email")}
    phone = _text(f"{place}.phone", fields["phone"]) if "phone" in fields else None
    return Contact(**kept, phone=phone)


def _joint(given: Any) -> Joint | None:
    if given is None:
        return None
    fields = _closed("joint", given, {"agreed_on", "essence", "contact"})
    essence = _closed("joint.essence", fields.get("essence"), set(fields.get("essence") or ()))
    if "de" not in essence or not all(re.fullmatch(PATTERNS[LanguageTag], tag) for tag in essence):
        raise _WrongError("joint.essence: a text per language, German among them")
    try:
        agreed_on = date.fromisoformat(_text("joint.agreed_on", fields.get("agreed_on")))
    except ValueError:
        raise _WrongError("joint.agreed_on: a day") from None
    return Joint(
        agreed_on,
        {tag: _text(f"joint.essence.{tag}", text) for tag, text in essence.items()},
        _id("joint.contact", fields.get("contact")),
    )
