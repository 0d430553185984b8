"""What is due to end on a day, kind by kind: plain reads. What a page or a dry run shows is what a run would do.

Each source is walked through in the order of ids, so that a run can stop anywhere and go on from there. Only what the
domain calls due comes out; a hold does not hide an item, it marks it.

Statements are put together from fixed parts, never from what comes in.
"""
# ruff: noqa: S608

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, LiteralString
from uuid import UUID

from contracts.codes import TERMINAL, RetentionKind, TaskKind
from services.chassis.db import Connection
from services.referral.domain.retention import Case, Item, Periods
from services.referral.domain.workdays import PLACE

NOBODY = UUID(int=0)
ENDED = [str(status) for status in TERMINAL]


@dataclass(frozen=True, slots=True)
class Look:
    """On which day we look, by which periods."""

    on: date
    periods: Periods


@dataclass(frozen=True, slots=True)
class Page:
    """What one look at a source found, and how far it got; None where the source is at its end."""

    items: tuple[Item, ...]
    last: UUID | None


Source = Callable[[Connection, Look, UUID, int, UUID | None], Page]

#: An enquiry and all that says whether it rests. Contact is also: a consent given, a referral drafted, a link used.
CASES: LiteralString = """
SELECT p.id, (SELECT max(h.until) FROM legal_holds h
              WHERE h.person_id = p.id AND h.lifted_at IS NULL AND h.until >= %(on)s) AS held_until,
    (SELECT coalesce(jsonb_agg(jsonb_build_object(
        'enquiry_id', e.id,
        'last_contact_at', greatest(e.last_contact_at,
            (SELECT max(c.given_at) FROM consents c WHERE c.enquiry_id = e.id),
            (SELECT max(l.used_at) FROM person_links l WHERE l.enquiry_id = e.id)),
        'closed_at', e.closed_at,
        'is_closed_by_itself', coalesce(e.closed_by LIKE 'system:%%', false),
        'drafted_on', (SELECT max(r.drafted_on) FROM referrals r WHERE r.enquiry_id = e.id),
        'ended_on', (SELECT coalesce(jsonb_agg(r.ended_on), '[]') FROM referrals r
                     WHERE r.enquiry_id = e.id AND r.ended_on IS NOT NULL),
        'is_open', EXISTS (SELECT FROM referrals r WHERE r.enquiry_id = e.id AND r.status <> ALL(%(ended)s)),
        'is_owed', EXISTS (SELECT FROM referrals r WHERE r.enquiry_id = e.id AND r.duties <> '[]')
            OR EXISTS (SELECT FROM tasks t JOIN referrals r ON r.id = t.referral_id
                       WHERE r.enquiry_id = e.id AND t.kind = %(breach)s AND t.closed_at IS NULL)
            OR EXISTS (SELECT FROM subject_requests s WHERE s.enquiry_id = e.id AND s.answer IS NULL)
            OR EXISTS (SELECT FROM external_disclosures x WHERE x.enquiry_id = e.id AND x.confirmed_at IS NULL),
        'documents', (SELECT coalesce(jsonb_agg(d.id ORDER BY d.id), '[]') FROM documents d
                      WHERE d.enquiry_id = e.id AND d.person_id = p.id AND d.deleted_at IS NULL
                      AND NOT EXISTS (SELECT FROM referral_documents x JOIN referrals r ON r.id = x.referral_id
                                      WHERE x.document_id = d.id
                                      AND (r.status <> ALL(%(ended)s) OR r.duties <> '[]')))
     )), '[]') FROM enquiries e WHERE e.id IN (
        SELECT m.enquiry_id FROM enquiry_persons m WHERE m.person_id = p.id AND m.removed_at IS NULL
        UNION SELECT r.enquiry_id FROM referrals r WHERE r.person_id = p.id)) AS cases
FROM persons p WHERE p.erased_at IS NULL AND p.id > %(after)s AND (%(only)s::uuid IS NULL OR p.id = %(only)s)
ORDER BY p.id LIMIT %(limit)s"""


def persons(connection: Connection, look: Look, after: UUID, limit: int, only: UUID | None = None) -> Page:
    """Everybody with her cases: who is to be erased, whose case to be restricted, which papers go before her."""
    rows = connection.execute(CASES, _named(look, after, limit, only)).fetchall()
    items = tuple(item for row in rows for item in _of_person(row, look))
    return Page(items, rows[-1]["id"] if len(rows) == limit else None)


def day_of(connection: Connection, look: Look, person_id: UUID) -> date | None:
    """When somebody is to be erased as things stand, holds aside; None while something goes on."""
    row = connection.execute(CASES, _named(look, NOBODY, 1, person_id)).fetchone()
    due = look.periods.person_due_on(tuple(map(_case, row["cases"]))) if row else None
    return due[1] if due else None


def _named(look: Look, after: UUID, limit: int, only: UUID | None) -> dict[str, Any]:
    """What the statements below name."""
    breach = TaskKind.BREACH_CHECK
    return {"on": look.on, "ended": ENDED, "breach": breach, "after": after, "limit": limit, "only": only}


def _of_person(row: dict[str, Any], look: Look) -> Iterator[Item]:
    told = row["cases"]
    cases = tuple(_case(one) for one in told)
    due = look.periods.person_due_on(cases)
    if due is not None and due[1] <= look.on:
        yield Item(due[0], row["id"], due[1], row["id"], row["held_until"])
        return
    for case, one in zip(cases, told, strict=True):
        restricted_on = look.periods.restriction_due_on(case)
        if restricted_on is not None and restricted_on <= look.on:
            yield Item(RetentionKind.RESTRICTION, case.enquiry_id, restricted_on, row["id"])
        gone_on = look.periods.case_due_on(case)
        if gone_on is not None and gone_on <= look.on:
            for document_id in one["documents"]:
                yield Item(RetentionKind.DOCUMENT, UUID(document_id), gone_on, row["id"], row["held_until"])


def _case(told: dict[str, Any]) -> Case:
    drafted_on = date.fromisoformat(told["drafted_on"]) if told["drafted_on"] else date.min
    return Case(
        enquiry_id=UUID(told["enquiry_id"]),
        last_contact_on=max(_day(told["last_contact_at"]), drafted_on),
        closed_on=_day(told["closed_at"]) if told["closed_at"] else None,
        is_closed_by_itself=told["is_closed_by_itself"],
        ended_on=tuple(date.fromisoformat(day) for day in told["ended_on"]),
        is_open=told["is_open"],
        is_owed=told["is_owed"],
    )


def _day(instant: str) -> date:
    return datetime.fromisoformat(instant).astimezone(PLACE).date()


def _old(kind: RetentionKind, begun: LiteralString) -> Source:
    """What counts from one day alone; ``begun`` gives id, person_id and begun_on of all of the kind that rests."""
    sql: LiteralString = (
        "SELECT k.id, k.person_id, k.begun_on, (SELECT max(h.until) FROM legal_holds h WHERE h.person_id = k.person_id"
        " AND h.lifted_at IS NULL AND h.until >= %(on)s) AS held_until FROM (" + begun + ") k"
        " WHERE k.begun_on <= %(start)s AND k.id > %(after)s AND (%(only)s::uuid IS NULL OR k.id = %(only)s)"
        " ORDER BY k.id LIMIT %(limit)s"
    )

    def find(connection: Connection, look: Look, after: UUID, limit: int, only: UUID | None = None) -> Page:
        kept = look.periods.of[kind]
        named = {**_named(look, after, limit, only), "start": kept.latest_start(look.on)}
        rows = connection.execute(sql, named).fetchall()
        items = tuple(
            Item(kind, row["id"], kept.after(row["begun_on"]), row["person_id"], row["held_until"]) for row in rows
        )
        return Page(items, rows[-1]["id"] if len(rows) == limit else None)

    return find


#: Of whom it would have been, nobody knows yet: no hold can keep it.
ENQUIRY_DRAFTS: LiteralString = """
SELECT id, NULL::uuid AS person_id, (changed_at AT TIME ZONE 'Europe/Berlin')::date AS begun_on
FROM enquiry_drafts WHERE ended_at IS NULL"""
REFERRAL_DRAFTS: LiteralString = """
SELECT id, person_id, (changed_at AT TIME ZONE 'Europe/Berlin')::date AS begun_on
FROM referrals WHERE status IN ('draft', 'awaiting_consent')"""
CONSENT_DRAFTS: LiteralString = """
SELECT id, (array_agg(person_id))[1] AS person_id,
       max((coalesce(ended_at, prepared_at) AT TIME ZONE 'Europe/Berlin')::date) AS begun_on
FROM drafted_consents WHERE ended_as IS DISTINCT FROM 'given' GROUP BY id"""
CUSTODIAL_DOSSIERS: LiteralString = """
SELECT r.id, r.person_id, r.ended_on AS begun_on FROM dossiers d JOIN referrals r ON r.id = d.referral_id
WHERE r.status = ANY(%(ended)s)"""
PARTNER_WORDS: LiteralString = """
SELECT r.id, r.person_id, r.ended_on AS begun_on FROM referrals r
WHERE r.status = ANY(%(ended)s) AND r.duties = '[]' AND (
    EXISTS (SELECT FROM comments c WHERE c.referral_id = r.id)
    OR EXISTS (SELECT FROM appointments a WHERE a.referral_id = r.id AND a.sealed IS NOT NULL)
    OR EXISTS (SELECT FROM helpers h WHERE h.referral_id = r.id AND h.sealed IS NOT NULL)
    OR EXISTS (SELECT FROM questions q WHERE q.referral_id = r.id
               AND (q.sealed_question IS NOT NULL OR q.sealed_answer IS NOT NULL)))"""
PERSON_LINKS: LiteralString = """
SELECT id, person_id, (expires_at AT TIME ZONE 'Europe/Berlin')::date AS begun_on FROM person_links"""
PERSONS_WITHOUT_CASE: LiteralString = """
SELECT p.id, p.id AS person_id, (greatest(p.changed_at, (SELECT max(m.removed_at) FROM enquiry_persons m
    WHERE m.person_id = p.id)) AT TIME ZONE 'Europe/Berlin')::date AS begun_on FROM persons p
WHERE p.erased_at IS NULL AND NOT EXISTS (SELECT FROM referrals r WHERE r.person_id = p.id)
AND NOT EXISTS (SELECT FROM enquiry_persons m WHERE m.person_id = p.id AND m.removed_at IS NULL)"""
#: From the day nothing of it held any more. An employer's request is its consent in this.
CONSENT_RECORDS: LiteralString = """
SELECT g.id, g.person_id, g.begun_on FROM (
    SELECT id, (array_agg(person_id))[1] AS person_id, max(least(valid_until,
        (coalesce(withdrawn_at, superseded_at, 'infinity') AT TIME ZONE 'Europe/Berlin')::date)) AS begun_on
    FROM consents GROUP BY id
    UNION ALL
    SELECT id, person_id, least(valid_until,
        (coalesce(withdrawn_at, 'infinity') AT TIME ZONE 'Europe/Berlin')::date) FROM enterprise_requests
) g WHERE NOT EXISTS (SELECT FROM referrals r WHERE r.person_id = g.person_id
                      AND (r.status <> ALL(%(ended)s) OR r.duties <> '[]'))"""
RIGHTS_RECORDS: LiteralString = """
SELECT id, person_id, answered_on AS begun_on FROM subject_requests WHERE answer IS NOT NULL
UNION ALL
SELECT id, person_id, (given_at AT TIME ZONE 'Europe/Berlin')::date FROM subject_accesses WHERE request_id IS NULL"""
#: Who looked, asked or told outside, and what was decided, by whom it was about; of a referral that goes on decisions
#: are kept.
ACCESS_RECORDS: LiteralString = """
SELECT a.id, a.id AS person_id, min(a.on_day) AS begun_on FROM (
    SELECT coalesce(person_id, enquiry_id, referral_id) AS id,
           (viewed_at AT TIME ZONE 'Europe/Berlin')::date AS on_day FROM views
    UNION ALL
    SELECT person_id, (told_at AT TIME ZONE 'Europe/Berlin')::date FROM external_disclosures
    WHERE confirmed_at IS NOT NULL
    UNION ALL
    SELECT person_id, (asked_at AT TIME ZONE 'Europe/Berlin')::date FROM duplicate_questions
    UNION ALL
    SELECT person_id, (asked_at AT TIME ZONE 'Europe/Berlin')::date FROM resolutions
    UNION ALL
    SELECT d.person_id, (d.decided_at AT TIME ZONE 'Europe/Berlin')::date FROM decisions d
    JOIN referrals r ON r.id = d.referral_id WHERE r.status = ANY(%(ended)s) AND r.duties = '[]'
) a WHERE a.id IS NOT NULL GROUP BY a.id"""

#: In this order, so that what waits for something else finds it gone: drafts before the persons they keep.
SOURCES: tuple[tuple[str, Source], ...] = (
    ("enquiry-drafts", _old(RetentionKind.ENQUIRY_DRAFT, ENQUIRY_DRAFTS)),
    ("referral-drafts", _old(RetentionKind.REFERRAL_DRAFT, REFERRAL_DRAFTS)),
    ("consent-drafts", _old(RetentionKind.CONSENT_DRAFT, CONSENT_DRAFTS)),
    ("custodial-dossiers", _old(RetentionKind.CUSTODIAL_DOSSIER, CUSTODIAL_DOSSIERS)),
    ("partner-words", _old(RetentionKind.PARTNER_WORDS, PARTNER_WORDS)),
    ("person-links", _old(RetentionKind.PERSON_LINK, PERSON_LINKS)),
    ("persons", persons),
    ("persons-without-case", _old(RetentionKind.PERSON_WITHOUT_CASE, PERSONS_WITHOUT_CASE)),
    ("consent-records", _old(RetentionKind.CONSENT_RECORD, CONSENT_RECORDS)),
    ("rights-records", _old(RetentionKind.RIGHTS_RECORD, RIGHTS_RECORDS)),
    ("access-records", _old(RetentionKind.ACCESS_RECORD, ACCESS_RECORDS)),
)
AT_ONCE = 500


def everything(connection: Connection, look: Look) -> Iterator[Item]:
    """All that is due on that day, held or not; nothing is changed by looking."""
    for _, source in SOURCES:
        after: UUID | None = NOBODY
        while after is not None:
            page = source(connection, look, after, AT_ONCE, None)
            yield from page.items
            after = page.last


def found_under(item: Item, source: Source) -> UUID:
    """Under which id the source finds it: a person's own things through her."""
    return item.person_id if source is persons and item.person_id is not None else item.id


def is_still_due(connection: Connection, look: Look, source: Source, item: Item) -> bool:
    """Asked once more when everything it depends on is locked."""
    return any(
        (one.kind, one.id, one.is_held) == (item.kind, item.id, item.is_held)
        for one in source(connection, look, NOBODY, 1, found_under(item, source)).items
    )
