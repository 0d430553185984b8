"""Runs of the deletion job, what each did, and the deleting itself: rows go with everything that hangs on them.

Statements are put together from fixed parts, never from what comes in.
"""
# ruff: noqa: S608

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import LiteralString
from uuid import UUID

from contracts.codes import RetentionKind, TaskKind
from contracts.referral import TaskClosed
from services.chassis.db import Connection
from services.chassis.work import Work
from services.referral.domain.retention import Item

#: Everything that hangs on a referral; a test asks the database whether this is all.
HANGS_ON_REFERRAL: tuple[LiteralString, ...] = (
    "timeline",
    "questions",
    "comments",
    "helpers",
    "appointment_clashes",
    "appointments",
    "dossiers",
    "decisions",
    "tasks",
    "hand_records",
    "deadlines",
    "choices",
    "ledger",
    "referral_documents",
    "duplicate_questions",
    "funding_hints",
    "breach_checks",
    "receipts",
    "plan_handovers",
)
#: What is about something else and only names a referral: it stays and names it no more.
NAMES_REFERRAL: tuple[LiteralString, ...] = ("duplicate_sides", "obstacles", "case_notes")


@dataclass(frozen=True, slots=True)
class Run:
    """One run: of which day, and where it stands."""

    id: UUID
    as_of: date
    started_at: datetime
    at_kind: str | None = None
    at_id: UUID | None = None
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run did: how many of each kind it deleted, how many persons a hold kept, and until when at the longest."""

    deleted: Mapping[RetentionKind, int]
    held: int
    held_until: date | None


COLUMNS = "id, as_of, started_at, at_kind, at_id, finished_at"


def open_run(connection: Connection, *, lock: bool = False) -> Run | None:
    """The run that goes on; there is never more than one."""
    suffix: LiteralString = " FOR UPDATE" if lock else ""
    row = connection.execute(f"SELECT {COLUMNS} FROM retention_runs WHERE finished_at IS NULL" + suffix).fetchone()
    return Run(**row) if row else None


def begin(work: Work, as_of: date) -> Run:
    run = Run(work.new_id(), as_of, work.now)
    work.tx.execute(
        "INSERT INTO retention_runs (id, as_of, started_by, started_at) VALUES (%s, %s, %s, %s)",
        (run.id, as_of, work.actor, work.now),
    )
    return run


def move(work: Work, run: Run, at_kind: str, at_id: UUID | None) -> None:
    """Everything up to here is done, in the same transaction that did it."""
    work.tx.execute("UPDATE retention_runs SET at_kind = %s, at_id = %s WHERE id = %s", (at_kind, at_id, run.id))


def finish(work: Work, run: Run) -> None:
    work.tx.execute("UPDATE retention_runs SET finished_at = %s WHERE id = %s", (work.now, run.id))


def note(work: Work, run: Run, item: Item) -> None:
    """This is gone, or (with ``held_until``) kept by a hold."""
    work.tx.execute(
        "INSERT INTO retention_items (run_id, kind, item_id, person_id, due_on, held_until, done_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        (run.id, item.kind, item.id, item.person_id, item.due_on, item.held_until, work.now),
    )


def outcome(connection: Connection, run_id: UUID) -> Outcome:
    rows = connection.execute(
        "SELECT kind, count(*) AS number FROM retention_items WHERE run_id = %s AND held_until IS NULL GROUP BY kind",
        (run_id,),
    ).fetchall()
    held = connection.execute(
        "SELECT count(DISTINCT person_id) AS persons, max(held_until) AS until FROM retention_items"
        " WHERE run_id = %s AND held_until IS NOT NULL",
        (run_id,),
    ).fetchone()
    assert held is not None
    counts = {RetentionKind(row["kind"]): row["number"] for row in rows}
    in_order = {kind: counts[kind] for kind in RetentionKind if kind in counts}
    return Outcome(MappingProxyType(in_order), held["persons"], held["until"])


def runs(connection: Connection, limit: int) -> list[Run]:
    rows = connection.execute(
        f"SELECT {COLUMNS} FROM retention_runs ORDER BY started_at DESC LIMIT %s",
        (limit,),
    )
    return [Run(**row) for row in rows.fetchall()]


# --- locks and deletions --------------------------------------------------------------------------------------------


#: The enquiries somebody belongs to, or has a referral in.
OF_PERSON = (
    "SELECT enquiry_id FROM enquiry_persons WHERE person_id = %s AND removed_at IS NULL"
    " UNION SELECT enquiry_id FROM referrals WHERE person_id = %s"
)


def lock_person(work: Work, person_id: UUID) -> None:
    """Nothing is added to her or to her enquiries until this work ends."""
    work.tx.execute(f"SELECT FROM enquiries WHERE id IN ({OF_PERSON}) ORDER BY id FOR UPDATE", (person_id, person_id))
    work.tx.execute("SELECT FROM persons WHERE id = %s FOR UPDATE", (person_id,))


def lock_referral(work: Work, referral_id: UUID) -> None:
    work.tx.execute("SELECT FROM referrals WHERE id = %s FOR UPDATE", (referral_id,))


def lock_enquiry_draft(work: Work, draft_id: UUID) -> None:
    work.tx.execute("SELECT FROM enquiry_drafts WHERE id = %s FOR UPDATE", (draft_id,))


def close_cases(work: Work, person_id: UUID) -> None:
    """Her enquiries are over, and nothing about them waits on a desk any more."""
    work.tx.execute(
        f"UPDATE enquiries SET closed_at = %s, closed_by = %s WHERE id IN ({OF_PERSON}) AND closed_at IS NULL",
        (work.now, work.actor, person_id, person_id),
    )
    _close_tasks(
        work,
        f"enquiry_id IN ({OF_PERSON}) OR referral_id IN (SELECT id FROM referrals WHERE person_id = %s)"
        " OR id IN (SELECT task_id FROM appointment_clashes WHERE other_person_id = %s)",
        (person_id, person_id, person_id, person_id),
    )


def _close_tasks(work: Work, which: LiteralString, params: tuple[object, ...]) -> None:
    closed = work.tx.execute(
        "UPDATE tasks SET closed_at = %s, closed_by = %s WHERE closed_at IS NULL AND ("
        + which
        + ") RETURNING id, kind",
        (work.now, work.actor, *params),
    ).fetchall()
    for row in closed:
        work.announce(TaskClosed(task_id=row["id"], kind=TaskKind(row["kind"])))


def delete_referral(work: Work, referral_id: UUID) -> None:
    """A referral that never left, with all that hangs on it."""
    _close_tasks(work, "referral_id = %s", (referral_id,))
    for table in HANGS_ON_REFERRAL:
        work.tx.execute("DELETE FROM " + table + " WHERE referral_id = %s", (referral_id,))
    for table in NAMES_REFERRAL:
        work.tx.execute("UPDATE " + table + " SET referral_id = NULL WHERE referral_id = %s", (referral_id,))
    work.tx.execute("DELETE FROM referrals WHERE id = %s", (referral_id,))


def delete_words(work: Work, referral_id: UUID) -> None:
    """What was written to and fro, and when and where she was expected; that there was such a word stays, as a code."""
    work.tx.execute("DELETE FROM comments WHERE referral_id = %s", (referral_id,))
    work.tx.execute("UPDATE helpers SET sealed = NULL WHERE referral_id = %s", (referral_id,))
    work.tx.execute("UPDATE appointments SET sealed = NULL WHERE referral_id = %s", (referral_id,))
    work.tx.execute(
        "UPDATE questions SET sealed_question = NULL, sealed_answer = NULL WHERE referral_id = %s", (referral_id,)
    )


def delete_consent_draft(work: Work, consent_id: UUID) -> None:
    """What was never signed; the draft of a version that was stays with it, because the signers' names are there."""
    work.tx.execute("DELETE FROM drafted_consents WHERE id = %s AND ended_as IS DISTINCT FROM 'given'", (consent_id,))


def delete_consent(work: Work, consent_id: UUID) -> None:
    """Every version of it, or the employer's request of that number."""
    work.tx.execute("DELETE FROM consents WHERE id = %s", (consent_id,))
    work.tx.execute("DELETE FROM drafted_consents WHERE id = %s", (consent_id,))
    work.tx.execute("DELETE FROM enterprise_requests WHERE id = %s", (consent_id,))


def delete_link(work: Work, link_id: UUID) -> None:
    work.tx.execute("DELETE FROM person_letters WHERE link_id = %s", (link_id,))
    work.tx.execute("DELETE FROM person_links WHERE id = %s", (link_id,))


def delete_rights_record(work: Work, record_id: UUID) -> None:
    """A request of a person that was answered long ago, with what was handed out on it."""
    work.tx.execute("DELETE FROM subject_accesses WHERE request_id = %s OR id = %s", (record_id, record_id))
    work.tx.execute("DELETE FROM subject_requests WHERE id = %s", (record_id,))


def delete_access_record(work: Work, about: UUID, until: date) -> None:
    """Who looked, asked or told outside and what was decided, up to a day; of referrals that go on decisions stay."""
    day: LiteralString = "AT TIME ZONE 'Europe/Berlin')::date <= %s"
    work.tx.execute(
        "DELETE FROM views WHERE coalesce(person_id, enquiry_id, referral_id) = %s AND (viewed_at " + day,
        (about, until),
    )
    work.tx.execute(
        "DELETE FROM external_disclosures WHERE person_id = %s AND confirmed_at IS NOT NULL AND (told_at " + day,
        (about, until),
    )
    work.tx.execute(
        "DELETE FROM duplicate_questions WHERE person_id = %s AND (asked_at " + day,
        (about, until),
    )
    work.tx.execute("DELETE FROM resolutions WHERE person_id = %s AND (asked_at " + day, (about, until))
    work.tx.execute(
        "DELETE FROM decisions d USING referrals r WHERE r.id = d.referral_id AND r.ended_on IS NOT NULL"
        " AND r.duties = '[]' AND d.person_id = %s AND (d.decided_at " + day,
        (about, until),
    )
