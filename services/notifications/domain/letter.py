"""A letter the broker could not deliver: where it lies, why, and where it belongs. Pure: from its envelope alone."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from contracts.codes import LetterPlace
from contracts.topology import HEARS, PARTNERS, events_exchange, inbox_queue, partner_queue

UNROUTABLE = "unroutable"
#: The broker's own words for why a letter left its queue.
DEATHS = {"rejected": "rejected", "expired": "expired", "maxlen": "queue-full", "delivery_limit": "taken-too-often"}
UNKNOWN = "unknown"
_TYPE = re.compile(r"^[a-z]+(\.[a-z_]+)+\.v[1-9][0-9]*$")
_PARTNERS_QUEUE = re.compile(r"^partner\.([0-9a-f-]{36})\.notices$")


@dataclass(frozen=True, slots=True)
class Letter:
    """What stands on it, its size and hash. Its bytes are carried along to be put back, and never shown."""

    letter_id: UUID
    place: LetterPlace
    cause: str
    #: The queues it belongs into; several where one event was heard by nobody. None: it cannot be put back.
    homes: tuple[str, ...]
    type: str | None
    time: datetime | None
    died_at: datetime | None
    times: int
    exchange: str
    routing_key: str
    size: int
    sha256: str
    headers: Mapping[str, Any] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def home(self) -> str | None:
        """Under one name, for lists and groups."""
        return " ".join(self.homes) or None

    @property
    def organization_id(self) -> UUID | None:
        """The partner it is for, where it is for one."""
        found = _PARTNERS_QUEUE.match(self.homes[0]) if len(self.homes) == 1 else None
        return UUID(found[1]) if found else None

    @property
    def lies_since(self) -> datetime | None:
        return self.died_at or self.time


@dataclass(frozen=True, slots=True)
class Letters:
    """Which letters are meant; what is left open narrows nothing."""

    place: LetterPlace | None = None
    cause: str | None = None
    home: str | None = None
    letter_id: UUID | None = None

    def mean(self, letter: Letter) -> bool:
        return (
            self.letter_id in (None, letter.letter_id)
            and self.cause in (None, letter.cause)
            and self.home in (None, letter.home)
        )

    @property
    def places(self) -> tuple[LetterPlace, ...]:
        return tuple(LetterPlace) if self.place is None else (self.place,)


def read(
    place: LetterPlace,
    body: bytes,
    *,
    message_id: str | None,
    headers: Mapping[str, Any],
    exchange: str,
    routing_key: str,
) -> Letter:
    """Read an envelope, whoever wrote it: of a stranger's nothing is shown that does not have the form of an id."""
    digest = hashlib.sha256(body).hexdigest()
    death = last_death(headers)
    return Letter(
        letter_id=_uuid(message_id) or uuid5(NAMESPACE_URL, digest),
        place=place,
        cause=cause_of(place, death),
        homes=homes_of(place, exchange, routing_key, death),
        type=_matching(headers.get("ce-type"), _TYPE),
        time=_moment(headers.get("ce-time")),
        died_at=_moment(death.get("time")),
        times=_number(death.get("count")),
        exchange=exchange,
        routing_key=routing_key,
        size=len(body),
        sha256=digest,
        headers=headers,
        body=body,
    )


def last_death(headers: Mapping[str, Any]) -> Mapping[str, Any]:
    """The broker's note on the latest death, which it puts first. The notes below it may be the sender's own."""
    notes = headers.get("x-death")
    first = notes[0] if isinstance(notes, Sequence) and notes and not isinstance(notes, str) else {}
    return first if isinstance(first, Mapping) else {}


def cause_of(place: LetterPlace, death: Mapping[str, Any]) -> str:
    if place is LetterPlace.UNROUTED:
        return UNROUTABLE
    return DEATHS.get(str(death.get("reason")), UNKNOWN)


def homes_of(place: LetterPlace, exchange: str, routing_key: str, death: Mapping[str, Any]) -> tuple[str, ...]:
    """Where it belongs. A partner's command has no home to be put back to: nobody speaks in a partner's name."""
    if place is LetterPlace.UNROUTED:
        return _addressees(exchange, routing_key)
    queue = str(death.get("queue"))
    return (queue,) if _is_inbox(queue) or _PARTNERS_QUEUE.match(queue) else ()


def _addressees(exchange: str, routing_key: str) -> tuple[str, ...]:
    if exchange == PARTNERS:
        organization_id = _uuid(routing_key)
        return (partner_queue(organization_id),) if organization_id else ()
    return tuple(
        inbox_queue(hearer)
        for hearer, heard in HEARS.items()
        if any(events_exchange(service) == exchange for service in heard)
    )


def _is_inbox(queue: str) -> bool:
    return queue in {inbox_queue(service) for service, heard in HEARS.items() if heard}


def _uuid(text: object) -> UUID | None:
    try:
        return UUID(str(text))
    except ValueError:
        return None


def _matching(text: object, pattern: re.Pattern[str]) -> str | None:
    return text if isinstance(text, str) and len(text) <= 100 and pattern.match(text) else None


def _moment(text: object) -> datetime | None:
    """The broker's own times carry no zone and are UTC."""
    try:
        moment = text if isinstance(text, datetime) else datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _number(count: object) -> int:
    return count if isinstance(count, int) else 0
