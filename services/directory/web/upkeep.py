"""Beside an entry's fields: whether it was confirmed, its translations, and who else uses its contacts."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from contracts.codes import Capacity
from services.chassis.db import Connection
from services.chassis.web import room
from services.directory.domain.freshness import freshness
from services.directory.domain.objects import Kind
from services.directory.domain.translations import LANGUAGES, states
from services.directory.queries import assurance, contacts, translations
from services.directory.web.contacts import address
from services.directory.web.public.shown import CAPACITY_DAYS
from services.directory.web.words import language_in_words

Json = Mapping[str, Any]
TRANSLATED = (Kind.ORGANIZATION, Kind.SERVICE, Kind.LOCATION, Kind.SERVICE_AT_LOCATION)
SAYS_CONTACTS = (Kind.ORGANIZATION, Kind.SERVICE, Kind.LOCATION, Kind.SERVICE_AT_LOCATION)


def upkeep(connection: Connection, kind: Kind, document: Json) -> dict[str, Any]:
    """All of it that there is for this kind."""
    name = str(document["id"])
    return {
        "word": _word(connection, UUID(name)) if kind is Kind.SERVICE else None,
        "texts": states(document, translations.outdated(connection, kind, name)) if kind in TRANSLATED else {},
        "names": {tag: language_in_words(tag) for tag in LANGUAGES},
        "contacts": _contacts(connection, kind, UUID(name)) if kind in SAYS_CONTACTS else [],
        "uses": address("location", name) if kind is Kind.LOCATION else "",
    }


def _word(connection: Connection, service_id: UUID) -> dict[str, Any]:
    """How old the organization's words are; what was said too long ago of places counts as unknown."""
    found, today = assurance.word(connection, service_id), room().unit.clock.today()
    said = found["document"]
    told_on = said.get("capacity_reported_on")
    days = (today - date.fromisoformat(told_on)).days if told_on else None
    return {
        "assured_on": said.get("assured_date"),
        "freshness": freshness(said.get("assured_date"), today),
        "capacity": Capacity(said.get("capacity", Capacity.UNKNOWN)),
        "told_on": told_on,
        "days": days,
        "counts": days is not None and days <= CAPACITY_DAYS,
        "doubts": found["doubts"],
    }


def _contacts(connection: Connection, kind: Kind, name: UUID) -> list[dict[str, Any]]:
    rows = contacts.said_by(connection, kind, name)
    return [{**row, "address": address(row["sort"], row["name"])} for row in rows]
