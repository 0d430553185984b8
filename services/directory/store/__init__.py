"""All write SQL of the directory, and the reads that writing needs."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from psycopg.types.json import Jsonb

from contracts.codes import KeyUse
from contracts.directory import PartnerKeyHandedIn
from contracts.event import Code
from services.chassis.db import Connection
from services.chassis.work import Work
from services.directory import config
from services.directory.domain.objects import Kind
from services.directory.domain.planning import Change, Name
from services.directory.store import channel_confirmations, key_confirmations

Document = dict[str, Any]

#: Where each kind is kept, and how it is found again. Everybody takes locks kind by kind and in the order of ids, so
#: that two writers wait for each other but never for ever.
LOAD: Mapping[Kind, LiteralString] = {
    Kind.SOURCE: "SELECT id, document FROM sources WHERE id = ANY(%s)",
    Kind.AREA: "SELECT id, document FROM areas WHERE id = ANY(%s)",
    Kind.ORGANIZATION: "SELECT id, document FROM organizations WHERE id = ANY(%s::uuid[]) ORDER BY 1",
    Kind.LOCATION: "SELECT id, document FROM locations WHERE id = ANY(%s::uuid[]) ORDER BY 1",
    Kind.SERVICE: "SELECT id, document FROM services WHERE id = ANY(%s::uuid[]) ORDER BY 1",
    Kind.SERVICE_AT_LOCATION: """
        SELECT id, document FROM service_at_locations WHERE id = ANY(%s::uuid[]) ORDER BY 1""",
    Kind.COMPETENCE: "SELECT id, document FROM competences WHERE id = ANY(%s::uuid[]) ORDER BY 1",
    Kind.PARTICIPATION: """
        SELECT organization_id AS id, document FROM participations
        WHERE organization_id = ANY(%s::uuid[]) ORDER BY 1""",
    Kind.REPORT: """
        SELECT service_id AS id, document FROM reports WHERE service_id = ANY(%s::uuid[]) ORDER BY 1""",
}

BATCH = 500

#: What nobody changes alone needs no lock.
UNLOCKED = (Kind.SOURCE, Kind.AREA)

KEEP: Mapping[Kind, LiteralString] = {
    Kind.SOURCE: """
        INSERT INTO sources (id, document, changed_at) VALUES (%(id)s, %(document)s, %(now)s)
        ON CONFLICT (id) DO UPDATE SET document = EXCLUDED.document, changed_at = EXCLUDED.changed_at""",
    Kind.AREA: """
        INSERT INTO areas (id, document, changed_at) VALUES (%(id)s, %(document)s, %(now)s)
        ON CONFLICT (id) DO UPDATE SET document = EXCLUDED.document, changed_at = EXCLUDED.changed_at""",
    Kind.ORGANIZATION: """
        INSERT INTO organizations (id, document, changed_at) VALUES (%(id)s, %(document)s, %(now)s)
        ON CONFLICT (id) DO UPDATE SET document = EXCLUDED.document, changed_at = EXCLUDED.changed_at""",
    Kind.LOCATION: """
        INSERT INTO locations (id, organization_id, document, changed_at)
        VALUES (%(id)s, %(organization_id)s, %(document)s, %(now)s)
        ON CONFLICT (id) DO UPDATE SET organization_id = EXCLUDED.organization_id, document = EXCLUDED.document,
            changed_at = EXCLUDED.changed_at""",
    Kind.SERVICE: """
        INSERT INTO services (id, organization_id, document, changed_at)
        VALUES (%(id)s, %(organization_id)s, %(document)s, %(now)s)
        ON CONFLICT (id) DO UPDATE SET organization_id = EXCLUDED.organization_id, document = EXCLUDED.document,
            changed_at = EXCLUDED.changed_at""",
    Kind.SERVICE_AT_LOCATION: """
        INSERT INTO service_at_locations (id, service_id, location_id, document, changed_at)
        VALUES (%(id)s, %(service_id)s, %(location_id)s, %(document)s, %(now)s)
        ON CONFLICT (id) DO UPDATE SET service_id = EXCLUDED.service_id, location_id = EXCLUDED.location_id,
            document = EXCLUDED.document, changed_at = EXCLUDED.changed_at""",
    Kind.COMPETENCE: """
        INSERT INTO competences (id, organization_id, document, changed_at)
        VALUES (%(id)s, %(organization_id)s, %(document)s, %(now)s)
        ON CONFLICT (id) DO UPDATE SET organization_id = EXCLUDED.organization_id, document = EXCLUDED.document,
            changed_at = EXCLUDED.changed_at""",
    Kind.PARTICIPATION: """
        INSERT INTO participations (organization_id, document, changed_at) VALUES (%(id)s, %(document)s, %(now)s)
        ON CONFLICT (organization_id) DO UPDATE SET document = EXCLUDED.document, changed_at = EXCLUDED.changed_at""",
    Kind.REPORT: """
        INSERT INTO reports (service_id, document, changed_at) VALUES (%(id)s, %(document)s, %(now)s)
        ON CONFLICT (service_id) DO UPDATE SET document = EXCLUDED.document, changed_at = EXCLUDED.changed_at""",
}

KEEP_HISTORY: LiteralString = """
    INSERT INTO object_history (kind, id, document, changed_at, changed_by, why, proposal_id)
    VALUES (%(kind)s, %(id)s, %(document)s, %(now)s, %(actor)s, %(why)s, %(proposal_id)s)"""


def load(tx: Connection, names: Iterable[Name]) -> dict[Name, Document]:
    """What the directory holds of these objects, locked until the end so that nothing changes under a plan."""
    tx.execute("SELECT pg_advisory_xact_lock_shared(hashtext('directory.writing'))")
    return find(tx, names, " FOR UPDATE")


def find(tx: Connection, names: Iterable[Name], lock: LiteralString = "") -> dict[Name, Document]:
    """What the directory holds of these objects; nothing is ever removed, so what is there stays there."""
    wanted: defaultdict[Kind, set[str]] = defaultdict(set)
    for kind, name in names:
        wanted[kind].add(name)
    held: dict[Name, Document] = {}
    for kind in Kind:
        if wanted[kind]:
            query = LOAD[kind] + ("" if kind in UNLOCKED else lock)
            rows = tx.execute(query, (sorted(wanted[kind]),)).fetchall()
            held |= {(kind, str(row["id"])): row["document"] for row in rows}
    return held


def load_overlapping(tx: Connection, groups: Collection[str]) -> dict[Name, Document]:
    """The services that already stand in one of these overlap groups."""
    if not groups:
        return {}
    rows = tx.execute(
        "SELECT id, document FROM services WHERE document ->> 'overlap_group' = ANY(%s)", (sorted(groups),)
    ).fetchall()
    return {(Kind.SERVICE, str(row["id"])): row["document"] for row in rows}


def last_number(tx: Connection, kind: Kind, name: str) -> int:
    """The number of the state an object is in; 0 if there is none."""
    row = tx.execute(
        "SELECT coalesce(max(number), 0) AS number FROM object_history WHERE kind = %s AND id = %s", (kind, name)
    ).fetchone()
    return int(row["number"]) if row else 0


def state_at(tx: Connection, kind: Kind, name: str, number: int) -> Document:
    """What an object was at a state somebody looked at; nothing if it was never in that state."""
    row = tx.execute(
        "SELECT document FROM object_history WHERE kind = %s AND id = %s AND number = %s", (kind, name, number)
    ).fetchone()
    return row["document"] if row else {}


def link_between(tx: Connection, service_id: str, location_id: str) -> str | None:
    """What says that a service is at a place, if anything does."""
    row = tx.execute(
        "SELECT id FROM service_at_locations WHERE service_id = %s AND location_id = %s", (service_id, location_id)
    ).fetchone()
    return str(row["id"]) if row else None


def in_order_of_coming(tx: Connection, groups: Collection[str]) -> list[Document]:
    """The services of overlap groups, who was there first before who came later; of those that came together in one
    file the one that gives no reason counts as the first, as it does when the file is judged."""
    rows = tx.execute(
        """
        SELECT s.document FROM services s
        CROSS JOIN LATERAL (
            SELECT min(h.number) AS number, min(h.changed_at) AS at FROM object_history h
            WHERE h.kind = 'service' AND h.id = s.id::text) AS came
        WHERE s.document ->> 'overlap_group' = ANY(%s)
        ORDER BY came.at NULLS FIRST, s.document ? 'overlap_justification', came.number, s.id""",
        (sorted(groups),),
    ).fetchall()
    return [row["document"] for row in rows]


def organizations_from(tx: Connection, system: str) -> dict[str, str]:
    """The bodies that were fetched from another system: its id, and ours."""
    rows = tx.execute(
        "SELECT id, document #>> '{origin,id}' AS theirs FROM organizations WHERE document #>> '{origin,system}' = %s",
        (system,),
    ).fetchall()
    return {row["theirs"]: str(row["id"]) for row in rows}


def keep(work: Work, changes: Sequence[Change]) -> None:
    """Write changed objects, note what of it waits for a second person."""
    write(work, changes)
    for change in changes:
        if change.row.kind is Kind.PARTICIPATION:
            _note_keys(work, change)
            channel_confirmations.note(work, change.row.document, second_person=config.asks_second_person())


def write(work: Work, changes: Sequence[Change]) -> None:
    """Objects and their history; the order of `changes` is the order in which they need each other."""
    with work.tx.cursor() as cursor:
        for kind in Kind:
            rows = [_row(work, change) for change in changes if change.row.kind is kind]
            rows.sort(key=lambda row: str(row["id"]))
            if rows:
                cursor.executemany(KEEP[kind], rows)
                cursor.executemany(KEEP_HISTORY, rows)


def _note_keys(work: Work, change: Change) -> None:
    """A key that is written down waits for a second person, whichever way it came in by."""
    second_person = config.asks_second_person()
    new = key_confirmations.touch(work, change.row.document, second_person=second_person)
    for name in new if second_person else ():
        told = PartnerKeyHandedIn(
            organization_id=UUID(change.row.id), thumbprint=Code(name.thumbprint), use=KeyUse(name.use)
        )
        work.announce(told)


def _row(work: Work, change: Change) -> dict[str, Any]:
    row = change.row
    columns = ("organization_id", "service_id", "location_id")
    return {
        **{column: row.document.get(column) for column in columns},
        "kind": row.kind,
        "id": row.id,
        "document": Jsonb(row.document),
        "now": work.now,
        "actor": work.actor,
        "why": change.why,
        "proposal_id": change.proposal_id,
    }


def raise_organizations(tx: Connection, organization_ids: Collection[str], now: datetime) -> list[dict[str, Any]]:
    """Give organizations their next version; returns all that is to be said about each."""
    return tx.execute(
        """
        UPDATE organizations AS o SET version = version + 1, changed_at = %s WHERE id = ANY(%s::uuid[])
        RETURNING o.document, o.version,
            (SELECT p.document FROM participations p WHERE p.organization_id = o.id) AS participation,
            (SELECT c.in_force FROM channel_confirmations c WHERE c.organization_id = o.id) AS reached_by,
            (SELECT s.participation FROM standings s WHERE s.organization_id = o.id) AS standing,
            ARRAY(SELECT l.document FROM locations l WHERE l.organization_id = o.id ORDER BY l.id) AS locations""",
        (now, sorted(organization_ids)),
    ).fetchall()


def raise_services(tx: Connection, service_ids: Collection[str], now: datetime) -> list[dict[str, Any]]:
    """Give services their next version; returns all that is to be said about each."""
    return tx.execute(
        """
        UPDATE services AS s SET version = version + 1, changed_at = %s WHERE id = ANY(%s::uuid[])
        RETURNING s.document, s.version,
            (SELECT p.document FROM participations p WHERE p.organization_id = s.organization_id) AS participation,
            (SELECT r.document FROM reports r WHERE r.service_id = s.id) AS report""",
        (now, sorted(service_ids)),
    ).fetchall()


def all_organizations(connection: Connection) -> Iterator[list[dict[str, Any]]]:
    """Every organization with all that is said about it, some at a time."""
    return _in_batches(
        connection,
        """
        SELECT o.id, o.document, o.version, p.document AS participation,
            (SELECT c.in_force FROM channel_confirmations c WHERE c.organization_id = o.id) AS reached_by,
            (SELECT s.participation FROM standings s WHERE s.organization_id = o.id) AS standing,
            ARRAY(SELECT l.document FROM locations l WHERE l.organization_id = o.id ORDER BY l.id) AS locations
        FROM organizations o LEFT JOIN participations p ON p.organization_id = o.id
        WHERE o.id > %s ORDER BY o.id LIMIT %s""",
    )


def all_services(connection: Connection) -> Iterator[list[dict[str, Any]]]:
    """Every service, retired ones too, with all that is said about it, some at a time."""
    return _in_batches(
        connection,
        """
        SELECT s.id, s.document, s.version, p.document AS participation, r.document AS report
        FROM services s LEFT JOIN participations p ON p.organization_id = s.organization_id
        LEFT JOIN reports r ON r.service_id = s.id WHERE s.id > %s ORDER BY s.id LIMIT %s""",
    )


def _in_batches(connection: Connection, query: LiteralString) -> Iterator[list[dict[str, Any]]]:
    last = UUID(int=0)
    while rows := connection.execute(query, (last, BATCH)).fetchall():
        yield rows
        last = rows[-1]["id"]


def keep_import(work: Work, import_id: UUID, sha256: str, rows: int, changed: int) -> None:
    work.tx.execute(
        "INSERT INTO imports (id, sha256, rows, changed, imported_at, imported_by) VALUES (%s, %s, %s, %s, %s, %s)",
        (import_id, sha256, rows, changed, work.now, work.actor),
    )
