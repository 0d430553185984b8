"""Reading a search off an address: every filter checked, the wrong one named."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from contracts.fields import parse_instant
from services.audit.domain.entry import REFERENCES
from services.audit.queries.search import Search
from services.audit.web.looking import own_controller
from services.chassis.clock import PLACE
from services.chassis.errors import InvalidError

MOST = 500


def search_of(arguments: Mapping[str, str]) -> Search:
    """The search an address asks for; `from` and `until` are days in Berlin or RFC 3339 instants."""
    for name in ("subject", "subject_kind", "actor", "type"):
        if not arguments.get(name, "").isprintable():
            raise InvalidError("audit.search-invalid", {name: "printable-text"})
    return Search(
        subject=arguments.get("subject") or None,
        subject_kind=arguments.get("subject_kind") or None,
        actor=arguments.get("actor") or None,
        type=arguments.get("type") or None,
        mentions={name: identity(name, arguments[name]) for name in REFERENCES if arguments.get(name)},
        since=instant("from", arguments.get("from")),
        until=instant("until", arguments.get("until"), day_after=True),
        controller=own_controller() or _controller(arguments.get("controller")),
    )


def _controller(text: str | None) -> UUID | None:
    return identity("controller", text) if text else None


def identity(name: str, text: str) -> UUID:
    try:
        return UUID(text.strip())
    except ValueError:
        raise InvalidError("audit.search-invalid", {name: "a-uuid"}) from None


def instant(name: str, text: str | None, *, day_after: bool = False) -> datetime | None:
    """A day begins at midnight in Berlin; the day named by `until` still belongs to what is wanted."""
    if not text:
        return None
    try:
        if len(text) == 10:
            day = date.fromisoformat(text) + timedelta(days=1 if day_after else 0)
            return datetime(day.year, day.month, day.day, tzinfo=PLACE).astimezone(UTC)
        return parse_instant(text)
    except (ValueError, OverflowError):
        raise InvalidError("audit.search-invalid", {name: "a-day-or-instant"}) from None
