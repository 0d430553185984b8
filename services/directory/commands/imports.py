"""Taking in a file: as a whole, or nothing of it."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from contracts.directory import ImportApplied
from contracts.event import Code
from services.chassis.errors import InvalidError
from services.chassis.work import Work
from services.directory import store
from services.directory.commands.applying import apply_changes, plan_rows
from services.directory.domain.objects import Kind
from services.directory.domain.planning import Change, Effect
from services.directory.domain.reading import Row, RowProblem, read_rows

ReadLine = Callable[[int], bytes]


def import_file(work: Work, read_line: ReadLine, *, dry_run: bool = False) -> dict[str, Any]:
    """Take a file in as a whole, or nothing of it; with `dry_run` only say what it would do."""
    digest = hashlib.sha256()
    rows = _all_good(read_rows(_hashing(read_line, digest.update)))
    changes, problems = plan_rows(work, rows)
    _refuse(problems)
    if not dry_run:
        apply_changes(work, changes)
        _tell_import(work, changes, digest.hexdigest())
    return _report(changes, digest.hexdigest(), dry_run)


def _all_good(found: Iterable[Row | RowProblem]) -> list[Row]:
    rows: list[Row] = []
    problems: list[RowProblem] = []
    for one in found:
        if isinstance(one, Row):
            rows.append(one)
        else:
            problems.append(one)
    _refuse(problems)
    return rows


def _refuse(problems: Sequence[RowProblem]) -> None:
    if problems:
        fields = {f"{one.line}:{one.field}": one.expected for one in problems}
        raise InvalidError(
            "directory.import-invalid",
            fields,
            problems=[{"line": one.line, "field": one.field, "expected": one.expected} for one in problems],
        )


def _tell_import(work: Work, changes: Sequence[Change], sha256: str) -> None:
    import_id = work.new_id()
    changed = [change for change in changes if change.effect is not Effect.UNCHANGED]
    store.keep_import(work, import_id, sha256, len(changes), len(changed))
    work.announce(
        ImportApplied(
            import_id=import_id,
            organizations=sum(change.row.kind is Kind.ORGANIZATION for change in changed),
            services=sum(change.row.kind is Kind.SERVICE for change in changed),
            unchanged=len(changes) - len(changed),
            sha256=Code(sha256),
        )
    )


def _report(changes: Sequence[Change], sha256: str, dry_run: bool) -> dict[str, Any]:
    counts = {
        kind: {effect: sum(c.row.kind is kind and c.effect is effect for c in changes) for effect in Effect}
        for kind in Kind
    }
    changed = [
        {"line": c.row.line, "object": c.row.kind, "id": c.row.id, "effect": c.effect, "fields": list(c.fields)}
        for c in changes
        if c.effect is not Effect.UNCHANGED
    ]
    return {"dry_run": dry_run, "rows": len(changes), "counts": counts, "changes": changed, "sha256": sha256}


def _hashing(read_line: ReadLine, update: Callable[[bytes], object]) -> ReadLine:
    def read(limit: int) -> bytes:
        raw = read_line(limit)
        update(raw)
        return raw

    return read
