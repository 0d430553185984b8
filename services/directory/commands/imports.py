"""Taking in a file: as a whole, or nothing of it; however large, it is never in memory.

It is read into a temporary table, compared set by set with what is there, checked, planned and written in batches, and
announced - all in one transaction. A dry run goes the same way and writes nothing.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from contracts.directory import ImportApplied
from contracts.event import Code
from services.chassis.errors import InvalidError, StaleError
from services.chassis.work import Unit, Work
from services.directory import store
from services.directory.commands import applying
from services.directory.domain.coverage import Ground
from services.directory.domain.objects import Kind
from services.directory.domain.planning import (
    Change,
    Effect,
    ahead,
    comes_to_ground,
    names_in,
    plan,
    strangers,
    twice,
    unjustified,
)
from services.directory.domain.reading import MAX_PROBLEMS, Row, RowProblem, read_rows
from services.directory.store import staging

ReadLine = Callable[[int], bytes]
Found = Iterable[Row | RowProblem]

#: So many changes are shown one by one; the rest is counted.
SHOWN = 500
EVERY = 1_000


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an import is: rows read, checked, written, or entries announced."""

    step: str
    done: int


@dataclass(slots=True)
class Wish:
    """How a file is to be taken in."""

    dry_run: bool = False
    #: The plan somebody has looked at; if it would be another one by now, nothing is done.
    expected_plan: str | None = None
    #: The same object may be said several times (nested HSDS): the fullest counts.
    merged: bool = False


@dataclass(slots=True)
class Tally:
    """What a plan does, counted; the first changes are kept to be shown."""

    counts: Counter[tuple[Kind, Effect]] = field(default_factory=Counter)
    shown: list[dict[str, Any]] = field(default_factory=list)
    digest: Any = field(default_factory=hashlib.sha256)
    #: Grounds on which something changed.
    overlap_groups: set[str] = field(default_factory=set)
    #: Rows that say an object once more, and count nowhere else.
    repeated: int = 0

    def add(self, change: Change) -> None:
        row = change.row
        self.counts[row.kind, change.effect] += 1
        if change.effect is Effect.UNCHANGED:
            return
        self.overlap_groups |= applying.overlap_groups([change])
        self.digest.update(_looked_at(change))
        if len(self.shown) < SHOWN:
            self.shown.append(_shown(change))

    def changed(self, kind: Kind | None = None) -> int:
        return sum(
            many
            for (one, effect), many in self.counts.items()
            if effect is not Effect.UNCHANGED and kind in (None, one)
        )


Steps = Generator[Progress, None, dict[str, Any]]


def import_file(unit: Unit, work: Work, read_line: ReadLine, *, dry_run: bool = False) -> dict[str, Any]:
    """Take a file of our own rows in as a whole, or nothing of it; with `dry_run` only say what it would do."""
    digest = hashlib.sha256()
    found = read_rows(hashing(read_line, digest.update))
    return finished(importing(unit, work, found, digest.hexdigest, Wish(dry_run=dry_run)))


def importing(unit: Unit, work: Work, found: Found, sha256: Callable[[], str], wish: Wish) -> Steps:
    """The same step by step, for whoever wants to see how far it is; `found` may come from any kind of file."""
    tally = Tally()
    yield from _read(work, found)
    work.tx.execute(staging.ALONE)
    yield from _check(work, wish, tally)
    for kind, _, known in staging.count(work.tx):
        tally.counts[kind, Effect.UNCHANGED] += known
    yield from _plan(work, tally, writing=not wish.dry_run)
    if wish.expected_plan not in (None, tally.digest.hexdigest()):
        raise StaleError("directory.import-plan-changed", plan=tally.digest.hexdigest())
    if not wish.dry_run:
        yield from _announce(unit, work)
        applying.notice_overlaps(work, tally.overlap_groups)
        _tell_import(work, tally, sha256())
    return _report(tally, sha256(), wish)


def finished(steps: Steps) -> dict[str, Any]:
    """What comes of it, for whoever does not watch."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            report: dict[str, Any] = end.value
            return report


def _read(work: Work, found: Found) -> Generator[Progress, None, None]:
    problems: list[RowProblem] = []
    waiting: list[Row] = []
    rows = 0
    staging.prepare(work.tx)
    for one in found:
        if isinstance(one, RowProblem):
            problems.append(one)
            continue
        waiting.append(one)
        if len(waiting) == EVERY:
            staging.put(work.tx, waiting)
            rows += len(waiting)
            waiting.clear()
            yield Progress("read", rows)
    staging.put(work.tx, waiting)
    staging.order(work.tx)
    refuse(problems)
    yield Progress("read", rows + len(waiting))


def _check(work: Work, wish: Wish, tally: Tally) -> Generator[Progress, None, None]:
    """Everything that is wrong with the file as a whole."""
    if wish.merged:
        tally.repeated = staging.merge_repeated(work.tx)
    problems = [twice(row, line) for row, line in staging.repeated(work.tx, MAX_PROBLEMS)]
    staging.keep_reasons(work.tx)
    staging.set_aside_known(work.tx)
    checked = 0
    for rows in staging.batches(work.tx):
        names = {name for row in rows for _, name in names_in(row)}
        problems.extend(ahead(rows, work.today))
        problems.extend(strangers(rows, {**store.find(work.tx, names), **staging.among(work.tx, names)}))
        checked += len(rows)
        yield Progress("checked", checked)
        if len(problems) >= MAX_PROBLEMS:
            break
    refuse(problems[:MAX_PROBLEMS])
    refuse(_on_occupied_ground(work))


def _on_occupied_ground(work: Work) -> list[RowProblem]:
    """Twice along the file: what stays where it is stands there, too, whatever else is changed of it."""
    standing, problems = Ground(), []
    for document in staging.standing(work.tx):
        standing.add(document)
    for row, held in staging.grounded(work.tx):
        if not comes_to_ground(held, row.document):
            standing.add(row.document)
    comers = (one for one in staging.grounded(work.tx) if comes_to_ground(one[1], one[0].document))
    for problem in unjustified(comers, standing):
        problems.append(problem)
        if len(problems) >= MAX_PROBLEMS:
            break
    return problems


def _plan(work: Work, tally: Tally, *, writing: bool) -> Generator[Progress, None, None]:
    planned = 0
    for rows in staging.batches(work.tx):
        names = {(row.kind, row.id) for row in rows}
        changes = plan(rows, store.load(work.tx, names) if writing else store.find(work.tx, names))
        for change in changes:
            tally.add(change)
        if writing:
            changed = [change for change in changes if change.effect is not Effect.UNCHANGED]
            store.keep(work, changed)
            organizations, services = applying.shown_in(changed)
            staging.touch(work.tx, Kind.ORGANIZATION, organizations)
            staging.touch(work.tx, Kind.SERVICE, services)
        planned += len(rows)
        yield Progress("written" if writing else "planned", planned)


def _announce(unit: Unit, work: Work) -> Generator[Progress, None, None]:
    """Events leave in batches, too: what is collected is written down and let go."""
    told = 0
    for kind, announce in ((Kind.ORGANIZATION, applying.tell_organizations), (Kind.SERVICE, applying.tell_services)):
        for ids in staging.touched(work.tx, kind):
            announce(work, ids)
            unit.write(work.tx, work.bag)
            work.bag.announcements.clear()
            told += len(ids)
            yield Progress("announced", told)


def refuse(problems: Sequence[RowProblem]) -> None:
    """Nothing comes in, and everything that is wrong is named."""
    if problems:
        raise InvalidError(
            "directory.import-invalid",
            {f"{_place(one)}:{one.field}": one.expected for one in problems},
            problems=[told(one) for one in problems],
        )


def _place(problem: RowProblem) -> str:
    return f"{problem.file}:{problem.line}" if problem.file else str(problem.line)


def told(problem: RowProblem) -> dict[str, Any]:
    """Where something is wrong, and what was expected there."""
    named = {"file": problem.file} if problem.file else {}
    return {**named, "line": problem.line, "field": problem.field, "expected": problem.expected}


def _tell_import(work: Work, tally: Tally, sha256: str) -> None:
    import_id, rows, changed = work.new_id(), tally.counts.total(), tally.changed()
    store.keep_import(work, import_id, sha256, rows, changed)
    work.announce(
        ImportApplied(
            import_id=import_id,
            organizations=tally.changed(Kind.ORGANIZATION),
            services=tally.changed(Kind.SERVICE),
            unchanged=rows - changed,
            sha256=Code(sha256),
        )
    )


def _looked_at(change: Change) -> bytes:
    """What somebody saw of a change: each value before and after. When it was fetched is another moment each time."""
    told = dict(change.row.document)
    if "origin" in told:
        told["origin"] = {name: value for name, value in told["origin"].items() if name != "retrieved_at"}
    return json.dumps([change.row.kind, change.row.id, change.effect, change.held, told], sort_keys=True).encode()


def _shown(change: Change) -> dict[str, Any]:
    """One change with the values before and after, so that somebody can look at it first."""
    row, held = change.row, change.held or {}
    diff = {name: {"before": held.get(name), "after": row.document.get(name)} for name in change.fields}
    named = {"file": row.file} if row.file else {}
    return {
        **named,
        "line": row.line,
        "object": row.kind,
        "id": row.id,
        "effect": change.effect,
        "fields": list(change.fields),
        "diff": diff,
    }


def _report(tally: Tally, sha256: str, wish: Wish) -> dict[str, Any]:
    counts = {kind: {effect: tally.counts[kind, effect] for effect in Effect} for kind in Kind}
    changed = tally.changed()
    return {
        "dry_run": wish.dry_run,
        "rows": tally.counts.total(),
        "repeated": tally.repeated,
        "counts": counts,
        "changed": changed,
        "changes": tally.shown,
        "changes_not_shown": changed - len(tally.shown),
        "plan": tally.digest.hexdigest(),
        "sha256": sha256,
    }


def hashing(read_line: ReadLine, update: Callable[[bytes], object]) -> ReadLine:
    """Reads as before, and everything read is hashed on the way."""

    def read(limit: int) -> bytes:
        raw = read_line(limit)
        update(raw)
        return raw

    return read
