"""What a file would do to the directory: pure, so that a dry run and the real one cannot differ."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from contracts.codes import Audience
from services.directory.domain.coverage import Ground
from services.directory.domain.objects import REFERENCES, Kind
from services.directory.domain.publishing import is_retired
from services.directory.domain.reading import Row, RowProblem
from services.directory.domain.shapes import Expected

#: What only the partner hands in.
KEYS = ("public_key", "keys")

Name = tuple[Kind, str]
Current = Mapping[Name, Mapping[str, Any]]


class Effect(StrEnum):
    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Change:
    """What one row does, and which of its fields differ from what the directory holds."""

    row: Row
    effect: Effect
    fields: tuple[str, ...]
    #: For a participation: the services whose terms it adds, changes or takes away.
    service_ids: frozenset[str] = frozenset()
    #: For a place or a participation: whose it was, and whose it is.
    organization_ids: frozenset[str] = frozenset()
    #: What the directory holds now; None for something new.
    held: Mapping[str, Any] | None = None
    #: Why, if somebody said so.
    why: str | None = None
    #: The proposal of its organization that led to it.
    proposal_id: UUID | None = None


def names_in(row: Row) -> Iterator[tuple[str, Name]]:
    """Every object a row refers to, with the place where it does."""
    for path, kind in REFERENCES[row.kind]:
        if path.endswith("[].service_id"):
            for index, entry in enumerate(row.document.get("terms", ())):
                yield f"terms[{index}].service_id", (kind, entry["service_id"])
            continue
        value = row.document.get(path, ())
        if isinstance(value, str):
            yield path, (kind, value)
        else:
            yield from ((f"{path}[{index}]", (kind, entry)) for index, entry in enumerate(value))


def misfits(rows: Iterable[Row], current: Current, today: date) -> Iterator[RowProblem]:
    """Rows that do not fit together, to what is there or to the day. `current` holds what the directory has of them."""
    rows = list(rows)
    first: dict[Name, Row] = {}
    for row in rows:
        earlier = first.setdefault((row.kind, row.id), row)
        if earlier is not row:
            yield twice(row, earlier.line)
    after = {**current, **{name: row.document for name, row in first.items()}}
    yield from strangers(rows, after)
    yield from ahead(rows, today)
    services = [row for row in rows if row.kind is Kind.SERVICE]
    beside = [(row, current.get((row.kind, row.id))) for row in services]
    comers = [(row, held) for row, held in beside if comes_to_ground(held, row.document)]
    standing, coming = Ground(), {row.id for row, _ in comers}
    for (kind, name), document in after.items():
        if kind is Kind.SERVICE and name not in coming:
            standing.add(document)
    yield from unjustified(comers, standing)


def twice(row: Row, earlier: int) -> RowProblem:
    """The id stands in the file already."""
    expected = Expected("an id that stands in the file once; line %(line)s has it already", line=earlier)
    return RowProblem(row.line, "id", expected, row.file)


def strangers(rows: Iterable[Row], known: Current) -> Iterator[RowProblem]:
    """References to what is neither in the file nor in the directory, and terms for somebody else's service."""
    for row in rows:
        for path, name in names_in(row):
            if name not in known:
                expected = Expected("a known %(kind)s: one in the file or in the directory", kind=name[0])
                yield RowProblem(row.line, path, expected, row.file)
        yield from _foreign_terms(row, known)


#: What somebody says to have seen or heard happened already.
SAID_ON = ("assured_date", "capacity_reported_on")


def ahead(rows: Iterable[Row], today: date) -> Iterator[RowProblem]:
    """Nobody confirms an entry, or counts places, on a day to come: it would stay fresh for ever, or count as never."""
    for row in rows:
        for field in SAID_ON if row.kind in (Kind.SERVICE, Kind.REPORT) else ():
            if row.document.get(field, "") > today.isoformat():
                yield RowProblem(row.line, field, "a day not after today", row.file)


def comes_to_ground(held: Mapping[str, Any] | None, wanted: Mapping[str, Any]) -> bool:
    """Does a service come, with this change, to ground on which it did not stand: as something new or revived, by
    another group, a wider area or audience; or does it take back why it stands there?"""
    if held is None or is_retired(held) or held.get("overlap_group") != wanted.get("overlap_group"):
        return True
    if "overlap_justification" in held and "overlap_justification" not in wanted:
        return True
    if held["audience"] not in (wanted["audience"], Audience.BOTH):
        return True
    return not all(_is_within(area, held["areas"]) for area in wanted["areas"])


def unjustified(comers: Iterable[tuple[Row, Mapping[str, Any] | None]], standing: Ground) -> Iterator[RowProblem]:
    """Who comes to occupied ground says why it is needed beside what is there (no parallel structures).

    Of several that come to free ground one may go without saying; in which order they stand in the file is no matter.
    """
    for row, held in comers:
        if row.kind is not Kind.SERVICE or is_retired(row.document):
            continue
        found = (standing.occupant(ground) for ground in _without_reason(held, row.document))
        other = next((one for one in found if one is not None), None)
        if other is not None:
            expected = Expected("why it is needed beside %(other)s, which covers the same ground", other=other)
            yield RowProblem(row.line, "overlap_justification", expected, row.file)
        if "overlap_justification" not in row.document:
            standing.add(row.document)


def _without_reason(held: Mapping[str, Any] | None, wanted: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The service on the ground for which nobody has said why yet: on all of it, or where a reason from before, which
    was not about it, is only carried along."""
    reason = wanted.get("overlap_justification")
    if reason is None:
        yield wanted
    if reason is None or held is None or is_retired(held) or held.get("overlap_justification") != reason:
        return
    if held.get("overlap_group") != wanted.get("overlap_group"):
        yield wanted
        return
    yield {**wanted, "areas": [area for area in wanted["areas"] if not _is_within(area, held["areas"])]}
    if held["audience"] not in (wanted["audience"], Audience.BOTH):
        added = {Audience.PERSON, Audience.EMPLOYER} - {Audience(held["audience"])}
        yield {**wanted, "audience": added.pop().value}


def _is_within(area: str, others: Iterable[str]) -> bool:
    return any(area.startswith(one) for one in others)


def _foreign_terms(row: Row, known: Current) -> Iterator[RowProblem]:
    """An organization sets terms for its own services only."""
    if row.kind is not Kind.PARTICIPATION:
        return
    for path, name in names_in(row):
        if name[0] is Kind.SERVICE and known.get(name, {}).get("organization_id", row.id) != row.id:
            yield RowProblem(row.line, path, "a service of this organization", row.file)


def plan(rows: Iterable[Row], current: Current) -> list[Change]:
    """What each row does, in the order in which objects need each other."""
    order = list(Kind)
    changes = [_change(row, current.get((row.kind, row.id))) for row in rows]
    return sorted(changes, key=lambda change: order.index(change.row.kind))


def _change(row: Row, held: Mapping[str, Any] | None) -> Change:
    if held is None:
        return Change(row, Effect.NEW, (), _terms_touched({}, row.document), _owners({}, row.document))
    if row.kind is Kind.PARTICIPATION:
        # Keys are handed in by the partner, not by whoever edits the agreement: leaving them out keeps them.
        # A list of them is the whole list, though: the one key from before there was a list is in it or gone.
        left_out = [name for name in KEYS if name in held and name not in row.document]
        row.document.update({name: held[name] for name in left_out if "keys" not in row.document or name == "keys"})
    names = sorted(held.keys() | row.document.keys())
    fields = tuple(name for name in names if held.get(name) != row.document.get(name))
    effect = Effect.CHANGED if fields else Effect.UNCHANGED
    return Change(row, effect, fields, _terms_touched(held, row.document), _owners(held, row.document), held)


def _owners(before: Mapping[str, Any], after: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(one["organization_id"] for one in (before, after) if "organization_id" in one)


def _terms_touched(before: Mapping[str, Any], after: Mapping[str, Any]) -> frozenset[str]:
    old, new = ({terms["service_id"]: terms for terms in one.get("terms", ())} for one in (before, after))
    return frozenset(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
