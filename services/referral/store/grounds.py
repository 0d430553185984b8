"""On what data about one person could leave now: every ground there ever was, read in one piece with the decision.

Ended grounds are read too: they say why nothing may leave. One that was kept in words this version does not know
carries nothing, and stops nobody else's work.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from types import UnionType
from typing import Any, LiteralString, get_args, get_type_hints
from uuid import UUID

from services.chassis.db import Connection
from services.chassis.errors import NotFoundError
from services.referral.domain.grounds import Consent, EnterpriseRequest, Ground, Unreadable
from services.referral.store import consents

#: For a person `p`; what refers to her can read it in the same statement.
COLUMNS: LiteralString = """
p.changed_at AS person_changed_at, p.erased_at AS person_erased_at, p.consent_epoch,
coalesce((SELECT jsonb_agg(to_jsonb(c) ORDER BY c.given_at DESC, c.version DESC)
          FROM consents c WHERE c.person_id = p.id), '[]') AS consents,
coalesce((SELECT jsonb_agg(to_jsonb(e) ORDER BY e.requested_at DESC)
          FROM enterprise_requests e WHERE e.person_id = p.id), '[]') AS enterprise_requests"""
STANDING: LiteralString = "SELECT " + COLUMNS + " FROM persons p WHERE p.id = %s"  # noqa: S608 - fixed parts


@dataclass(frozen=True, slots=True)
class Standing:
    """A person's grounds, and the instant at which they are asked."""

    grounds: tuple[Ground, ...]
    at: datetime
    epoch: int


def standing(connection: Connection, person_id: UUID, now: datetime) -> Standing:
    row = connection.execute(STANDING, (person_id,)).fetchone()
    if row is None:
        raise NotFoundError("person.unknown")
    return from_row(row, now)


def from_row(row: Mapping[str, Any], now: datetime) -> Standing:
    """The grounds as written. Their clock never stands before the last change that is known of her.

    Otherwise a withdrawal written while somebody waited for it, or by a machine whose clock runs ahead, would still
    lie in the future of a decision that already sees it.
    """
    at = max(now, row["person_changed_at"])
    if row["person_erased_at"] is not None:
        return Standing((), at, row["consent_epoch"])
    found = (
        *_read(row["consents"], Consent, consents.from_row),
        *_read(row["enterprise_requests"], EnterpriseRequest, consents.request_from_row),
    )
    return Standing(found, at, row["consent_epoch"])


def _read(
    documents: Iterable[Mapping[str, Any]], kind: type, reader: Callable[[Mapping[str, Any]], Ground]
) -> Iterable[Ground]:
    return [_one(document, kind, reader) for document in documents]


def _one(document: Mapping[str, Any], kind: type, reader: Callable[[Mapping[str, Any]], Ground]) -> Ground:
    try:
        return reader({**document, **_values(document, kind)})
    except (KeyError, TypeError, ValueError):
        return Unreadable(UUID(document["id"]))


def _values(document: Mapping[str, Any], kind: type) -> dict[str, Any]:
    """JSON knows neither ids nor days nor instants; the fields of the ground say which texts are some."""
    return {name: parse(document[name]) for name, parse in _parsers(kind) if document.get(name) is not None}


@cache
def _parsers(kind: type) -> tuple[tuple[str, Callable[[str], Any]], ...]:
    hints = [
        (name, get_args(hint) if isinstance(hint, UnionType) else (hint,))
        for name, hint in get_type_hints(kind).items()
    ]
    return tuple((name, PARSERS[one]) for name, options in hints for one in options if one in PARSERS)


PARSERS: Mapping[Any, Callable[[str], Any]] = {
    datetime: datetime.fromisoformat,
    date: date.fromisoformat,
    UUID: UUID,
}
