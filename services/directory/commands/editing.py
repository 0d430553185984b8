"""One object changed on a page: planned, checked, written and announced in the way a file is."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from services.chassis.errors import InvalidError, StaleError
from services.chassis.work import Work
from services.directory import store
from services.directory.commands.applying import apply_changes, plan_rows
from services.directory.domain.objects import Kind
from services.directory.domain.planning import Change, Effect
from services.directory.domain.reading import Row, RowProblem, read_object

INVALID = "directory.object-invalid"


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants an object to be, and the number of the state she looked at; 0 for something new."""

    kind: Kind
    value: Mapping[str, Any]
    seen: int
    why: str | None = None
    #: The proposal of its organization that it does, if it does one.
    proposal_id: UUID | None = None


def planned(work: Work, wish: Wish) -> Change:
    """What the wish does to the directory; what is wrong with it is refused by field."""
    row = _row(wish)
    [change], problems = plan_rows(work, [row])
    now = store.last_number(work.tx, wish.kind, row.id)
    if change.effect is not Effect.UNCHANGED:
        problems += _taken(work, row, is_new=not wish.seen, is_there=bool(now))
    _refuse(problems)
    if change.effect is not Effect.UNCHANGED and now != wish.seen:
        raise StaleError("directory.object-changed", number=now)
    return replace(change, why=wish.why, proposal_id=wish.proposal_id)


def save(work: Work, wish: Wish) -> Change:
    """Write it and tell everybody; the same wish once more changes nothing."""
    change = planned(work, wish)
    apply_changes(work, [change])
    return change


@contextmanager
def as_if(work: Work, change: Change) -> Iterator[None]:
    """Inside, the directory is as it would be; afterwards nothing has happened."""
    with work.tx.transaction(force_rollback=True):
        store.keep(work, [change])
        yield


def _row(wish: Wish) -> Row:
    found = read_object(wish.kind, wish.value)
    if isinstance(found, Row):
        return found
    _refuse(found)
    raise AssertionError("an object that is no row has problems")


def _taken(work: Work, row: Row, *, is_new: bool, is_there: bool) -> list[RowProblem]:
    """Something new is called as nothing else is, and a service is at a place once."""
    if row.kind is not Kind.SERVICE_AT_LOCATION:
        return [RowProblem(1, "slug", "a short name that is not taken yet")] if is_new and is_there else []
    held = store.link_between(work.tx, row.document["service_id"], row.document["location_id"])
    taken = held is not None and (is_new or held != row.id)
    return [RowProblem(1, "location_id", "a place where this service is not yet")] if taken else []


def _refuse(problems: list[RowProblem]) -> None:
    if problems:
        raise InvalidError(INVALID, {one.field: one.expected for one in problems})
