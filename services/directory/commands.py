"""What can be done to the directory: take in a file, change how an organization takes part."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from contracts.directory import ImportApplied, OrganizationPublished, ServicePublished, ServiceRetired
from contracts.event import Code
from services.chassis.errors import InvalidError, NotFoundError
from services.chassis.work import Unit, Work
from services.directory import store
from services.directory.domain.keys import thumbprint
from services.directory.domain.objects import Kind
from services.directory.domain.planning import Change, Effect, misfits, names_in, plan
from services.directory.domain.publishing import organization_published, service_told, terms_of
from services.directory.domain.reading import Row, RowProblem, read_object, read_rows

BATCH = 500
ReadLine = Callable[[int], bytes]


def import_file(work: Work, read_line: ReadLine, *, dry_run: bool = False) -> dict[str, Any]:
    """Take a file in as a whole, or nothing of it; with `dry_run` only say what it would do."""
    digest = hashlib.sha256()
    rows = _all_good(read_rows(_hashing(read_line, digest.update)))
    changes = _plan(work, rows)
    if not dry_run:
        _apply(work, changes)
        _tell_import(work, changes, digest.hexdigest())
    return _report(changes, digest.hexdigest(), dry_run)


def change_participation(work: Work, organization_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Set channel, agreement and terms of an organization; its public key stays unless a new one is given."""
    found = read_object(Kind.PARTICIPATION, {**body, "organization_id": organization_id})
    if not isinstance(found, Row):
        raise InvalidError("directory.participation-invalid", {one.field: one.expected for one in found})
    changes = _plan(work, [found], "directory.participation-invalid")
    _apply(work, changes)
    return {"effect": changes[0].effect, "fields": list(changes[0].fields)}


def change_public_key(work: Work, organization_id: str, key: Any, fingerprint: Any = None) -> dict[str, Any]:
    """Set the key dossiers are sealed to. The fingerprint, if given, came by another way and must be the key's."""
    name = (Kind.PARTICIPATION, organization_id)
    held = store.load(work.tx, [name]).get(name)
    if held is None:
        raise NotFoundError("directory.participation-unknown")
    found = read_object(Kind.PARTICIPATION, {**held, "public_key": key})
    if not isinstance(found, Row) or key is None:
        problems = {} if isinstance(found, Row) else {one.field: one.expected for one in found}
        raise InvalidError("directory.public-key-invalid", problems or {"public_key": "a public key as JWK"})
    if fingerprint is not None and fingerprint != thumbprint(key):
        raise InvalidError("directory.public-key-invalid", {"thumbprint": "the RFC 7638 thumbprint of this key"})
    changes = plan([found], {name: held})
    _apply(work, changes)
    return {"effect": changes[0].effect, "thumbprint": thumbprint(key)}


def report(work: Work, service_id: str, words: Mapping[str, Any], organization_id: str | None = None) -> dict[str, Any]:
    """Keep what an organization says about its own service; what it does not mention stays as it said before."""
    service, before = (Kind.SERVICE, service_id), (Kind.REPORT, service_id)
    held = store.load(work.tx, [service, before])
    if service not in held or organization_id not in (None, held[service]["organization_id"]):
        raise NotFoundError("directory.service-unknown")
    dated = {"capacity_reported_on": work.today.isoformat()} if "capacity" in words else {}
    found = read_object(Kind.REPORT, {**held.get(before, {}), **dated, **words, "service_id": service_id})
    if not isinstance(found, Row):
        raise InvalidError("directory.report-invalid", {one.field: one.expected for one in found})
    changes = plan([found], held)
    _apply(work, changes)
    return {"effect": changes[0].effect, **found.document}


def announce_everything(unit: Unit) -> int:
    """Tell everybody the present state anew; a consumer that knows a version already passes it over."""
    with unit.db.read() as connection:
        events = [
            *(_organization_event(row) for row in store.all_organizations(connection)),
            *(_service_event(row) for row in store.all_services(connection)),
        ]
    for start in range(0, len(events), BATCH):
        with unit.work(actor="system:republish") as work:
            for event in events[start : start + BATCH]:
                work.announce(event)
    return len(events)


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


def _refuse(problems: Sequence[RowProblem], slug: str = "directory.import-invalid") -> None:
    if problems:
        fields = {f"{one.line}:{one.field}": one.expected for one in problems}
        raise InvalidError(
            slug,
            fields,
            problems=[{"line": one.line, "field": one.field, "expected": one.expected} for one in problems],
        )


def _plan(work: Work, rows: Sequence[Row], slug: str = "directory.import-invalid") -> list[Change]:
    names = {(row.kind, row.id) for row in rows} | {name for row in rows for _, name in names_in(row)}
    groups = {row.document["overlap_group"] for row in rows if "overlap_group" in row.document}
    current = store.load_overlapping(work.tx, groups) | store.load(work.tx, names)
    _refuse(list(misfits(rows, current)), slug)
    return plan(rows, current)


def _apply(work: Work, changes: Sequence[Change]) -> None:
    """Write what changed and announce every entry it shows in, in the same transaction."""
    changed = [change for change in changes if change.effect is not Effect.UNCHANGED]
    store.keep(work, changed)
    organizations, services = _shown_in(changed)
    for row in store.raise_organizations(work.tx, organizations, work.now):
        work.announce(_organization_event(row))
    for row in store.raise_services(work.tx, services, work.now):
        work.announce(_service_event(row))


def _organization_event(row: Mapping[str, Any]) -> OrganizationPublished:
    return organization_published(row["document"], row["version"], row["participation"], row["locations"])


def _service_event(row: Mapping[str, Any]) -> ServicePublished | ServiceRetired:
    terms = terms_of(row["document"]["id"], row["participation"])
    return service_told(row["document"], row["version"], terms, row["report"])


def _shown_in(changed: Iterable[Change]) -> tuple[set[str], set[str]]:
    """The organizations and services whose published entry shows one of these objects."""
    organizations: set[str] = set()
    services: set[str] = set()
    for change in changed:
        document = change.row.document
        match change.row.kind:
            case Kind.ORGANIZATION:
                organizations.add(change.row.id)
            case Kind.LOCATION | Kind.PARTICIPATION:
                organizations.add(document["organization_id"])
                services.update(change.service_ids)
            case Kind.SERVICE | Kind.REPORT:
                services.add(change.row.id)
    return organizations, services


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
