"""Many objects changed at once: looked at first, then all of them or none, planned and told as a file is."""

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from services.chassis.errors import InvalidError, NotFoundError, StaleError
from services.chassis.work import Work
from services.directory import store
from services.directory.commands.applying import apply_changes, plan_rows
from services.directory.domain.bulk import MOST, Wish, wished
from services.directory.domain.objects import Kind
from services.directory.domain.planning import Change, Effect, Name
from services.directory.domain.reading import Row, RowProblem, read_object

INVALID = "directory.bulk-invalid"


@dataclass(frozen=True, slots=True)
class Planned:
    """What a wish does to each object, and a sum over all of it that stands for having looked at it."""

    changes: Sequence[Change]
    print: str

    @property
    def changed(self) -> list[Change]:
        return [one for one in self.changes if one.effect is not Effect.UNCHANGED]


def planned(work: Work, wish: Wish, names: Collection[Name]) -> Planned:
    """Each object as it would be; what is wrong is refused, once for all of them."""
    if not 1 <= len(names) <= MOST:
        raise InvalidError(INVALID, {"pick": "expected:between-one-and-five-hundred"})
    if wish.lacks_reason:
        raise InvalidError(INVALID, {"why": "slug:reason-needed"})
    reports = {(Kind.REPORT, name) for kind, name in names if kind is Kind.SERVICE}
    held = store.load(work.tx, {*names, *reports})
    if not held.keys() >= set(names):
        raise NotFoundError("directory.object-unknown")
    rows = [_row(*wished(kind, held[kind, name], held.get((Kind.REPORT, name)), wish)) for kind, name in sorted(names)]
    changes, problems = plan_rows(work, rows)
    _refuse(problems)
    changes = [replace(change, why=wish.why or None) for change in changes]
    return Planned(changes, _print(changes))


def apply(work: Work, wish: Wish, names: Collection[Name], seen: str) -> Planned:
    """All of what was looked at; if it would be something else by now, nothing."""
    plan = planned(work, wish, names)
    if plan.print != seen:
        raise StaleError("directory.import-plan-changed", plan=plan.print)
    apply_changes(work, plan.changes)
    return plan


def _row(kind: Kind, value: dict[str, object]) -> Row:
    found = read_object(kind, value)
    if isinstance(found, Row):
        return found
    _refuse(found)
    raise AssertionError("an object that is no row has problems")


def _refuse(problems: Sequence[RowProblem]) -> None:
    if problems:
        raise InvalidError(INVALID, {one.field: one.expected for one in problems})


def _print(changes: Sequence[Change]) -> str:
    told = [(one.row.kind, one.row.id, one.effect, one.held, one.row.document) for one in changes]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
