"""From well-formed rows to the database and the network: plan, write, announce, in one transaction."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from contracts.codes import Participation
from contracts.directory import (
    OrganizationPublished,
    OverlapFound,
    OverlapSettled,
    ServicePublished,
    ServiceRetired,
)
from contracts.event import Code
from services.chassis.errors import InvalidError
from services.chassis.work import Unit, Work
from services.directory import store
from services.directory.domain import channel_life, key_life
from services.directory.domain.coverage import unjustified
from services.directory.domain.key_life import KeyName
from services.directory.domain.objects import Kind
from services.directory.domain.planning import Change, Effect, misfits, names_in, plan
from services.directory.domain.publishing import organization_published, service_told, terms_of
from services.directory.domain.reading import Row, RowProblem, read_object
from services.directory.store import key_confirmations, overlap_notices


def plan_rows(work: Work, rows: Sequence[Row]) -> tuple[list[Change], list[RowProblem]]:
    """What the rows would do, and where they do not fit together or with what is there."""
    names = {(row.kind, row.id) for row in rows} | {name for row in rows for _, name in names_in(row)}
    groups = {row.document["overlap_group"] for row in rows if "overlap_group" in row.document}
    current = store.load_overlapping(work.tx, groups) | store.load(work.tx, names)
    return plan(rows, current), list(misfits(rows, current, work.today))


def apply_one(work: Work, kind: Kind, value: Mapping[str, Any], slug: str) -> Change:
    """One object from outside, read, planned and written; what is wrong with it is refused by field."""
    found = read_object(kind, value)
    if not isinstance(found, Row):
        raise InvalidError(slug, {one.field: one.expected for one in found})
    [change], problems = plan_rows(work, [found])
    if problems:
        raise InvalidError(slug, {one.field: one.expected for one in problems})
    apply_changes(work, [change])
    return change


def apply_changes(work: Work, changes: Sequence[Change]) -> None:
    """Write what changed and announce every entry it shows in, in the same transaction."""
    changed = [change for change in changes if change.effect is not Effect.UNCHANGED]
    store.keep(work, changed)
    organizations, services = shown_in(changed)
    tell_organizations(work, organizations)
    tell_services(work, services)
    notice_overlaps(work, overlap_groups(changed))


def overlap_groups(changed: Iterable[Change]) -> set[str]:
    """Every ground that a changed service stands or stood on."""
    documents = (one for change in changed for one in (change.row.document, change.held or {}))
    return {one["overlap_group"] for one in documents if "overlap_group" in one}


def notice_overlaps(work: Work, groups: Collection[str]) -> None:
    """Note who stands on occupied ground without a word why, once; and that it is over when it is."""
    if not groups:
        return
    open_ones = overlap_notices.open_ones(work.tx)
    services = store.in_order_of_coming(work.tx, {*groups, *open_ones.values()})
    found = unjustified(services)
    by_id = {one["id"]: one for one in services}
    for service_id in found.keys() - open_ones.keys():
        group = by_id[service_id]["overlap_group"]
        overlap_notices.add(work, service_id, found[service_id], group)
        work.announce(
            OverlapFound(
                service_id=UUID(service_id), other_service_id=UUID(found[service_id]), overlap_group=Code(group)
            )
        )
    for service_id in open_ones.keys() - found.keys():
        overlap_notices.settle(work, service_id)
        is_justified = "overlap_justification" in by_id.get(service_id, {})
        work.announce(
            OverlapSettled(
                service_id=UUID(service_id), overlap_group=Code(open_ones[service_id]), justified=is_justified
            )
        )


def tell_organizations(work: Work, organization_ids: Collection[str]) -> None:
    """Say of each how it stands now, in its next version."""
    confirmed = key_confirmations.confirmed(work.tx, organization_ids)
    for row in store.raise_organizations(work.tx, organization_ids, work.now):
        work.announce(_organization_event(row, confirmed))


def tell_services(work: Work, service_ids: Collection[str]) -> None:
    """Say of each how it stands now, in its next version."""
    for row in store.raise_services(work.tx, service_ids, work.now):
        work.announce(_service_event(row))


def _organization_event(row: Mapping[str, Any], confirmed: Collection[tuple[str, KeyName]]) -> OrganizationPublished:
    """As it stands, with the keys and the channel that may be used."""
    participation = row["participation"]
    if participation is not None:
        names = {name for organization_id, name in confirmed if organization_id == row["document"]["id"]}
        participation = channel_life.used(key_life.used(participation, names), row["reached_by"])
    standing = Participation(row["standing"] or Participation.TAKING_PART)
    return organization_published(row["document"], row["version"], participation, row["locations"], standing)


def _service_event(row: Mapping[str, Any]) -> ServicePublished | ServiceRetired:
    terms = terms_of(row["document"]["id"], row["participation"])
    return service_told(row["document"], row["version"], terms, row["report"])


def shown_in(changed: Iterable[Change]) -> tuple[set[str], set[str]]:
    """The organizations and services whose published entry shows one of these objects."""
    organizations: set[str] = set()
    services: set[str] = set()
    for change in changed:
        match change.row.kind:
            case Kind.ORGANIZATION:
                organizations.add(change.row.id)
            case Kind.LOCATION | Kind.PARTICIPATION:
                organizations.update(change.organization_ids)
                services.update(change.service_ids)
            case Kind.SERVICE | Kind.REPORT:
                services.add(change.row.id)
    return organizations, services


def announce_everything(unit: Unit) -> int:
    """Tell everybody the present state anew; a consumer that knows a version already passes it over."""
    told = 0
    with unit.db.read() as connection:
        for batch in store.all_organizations(connection):
            confirmed = key_confirmations.confirmed(connection, [row["document"]["id"] for row in batch])
            told += _announce(unit, [_organization_event(row, confirmed) for row in batch])
        for batch in store.all_services(connection):
            told += _announce(unit, list(map(_service_event, batch)))
    return told


def _announce(unit: Unit, events: Sequence[object]) -> int:
    with unit.work(actor="system:republish") as work:
        for event in events:
            work.announce(event)
    return len(events)
