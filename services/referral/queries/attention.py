"""What data protection has to look at now: plain counts with the nearest limit, worst first.

A lead sees what her organization answers for at her site, a data-protection officer (no scope) all of it. Each figure
is one read of the tables that other parts keep; nothing is counted twice and nothing is kept.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, LiteralString

from services.chassis.db import Connection
from services.referral.domain.breach import hours_left
from services.referral.domain.deadlines import CONSENT_REMINDER_DAYS
from services.referral.domain.footing import RENEWAL_DAYS
from services.referral.domain.retention import Periods
from services.referral.queries.retention import Look, everything
from services.referral.store.referrals import StaffActor


@dataclass(frozen=True, slots=True)
class Attention:
    """One thing to look at: how many, whether a limit is over, and what its sentence needs."""

    kind: str
    count: int
    urgent: bool
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asked:
    """For whom, when and by which periods the figures are."""

    by: StaffActor | None
    now: datetime
    today: date
    periods: Periods = field(default_factory=Periods)
    #: Whoever reads it, by pseudonym: what is about herself she is not told.
    reader: str = ""

    @property
    def scope(self) -> dict[str, Any]:
        site, organization = (self.by.site, self.by.employer) if self.by else (None, None)
        return {"site": site, "organization": organization, "today": self.today, "now": self.now, "reader": self.reader}


OWN_REFERRALS: LiteralString = (
    "(%(site)s::text IS NULL OR r.site = %(site)s)"
    " AND (%(organization)s::uuid IS NULL OR r.sender_id = %(organization)s)"
)
OWN_ENQUIRIES: LiteralString = OWN_REFERRALS.replace("r.", "e.").replace("sender_id", "organization_id")

BREACHES: LiteralString = (
    """
SELECT count(*) AS count, min(b.became_aware_at) AS first FROM breach_checks b JOIN referrals r ON r.id = b.referral_id
WHERE b.assessed_at IS NULL AND """
    + OWN_REFERRALS
)
DUTIES: LiteralString = (
    """
SELECT count(*) AS count, count(*) FILTER (WHERE (duty ->> 'due_on')::date < %(today)s) AS overdue,
       min((duty ->> 'due_on')::date) AS first
FROM referrals r, jsonb_array_elements(r.duties) AS duty WHERE """
    + OWN_REFERRALS
)
AGREEMENTS: LiteralString = """
SELECT count(*) AS count, count(*) FILTER (WHERE until < %(today)s) AS overdue, min(until) AS first
FROM (SELECT (snapshot #>> '{agreement,valid_until}')::date AS until FROM organizations o
      WHERE EXISTS (SELECT FROM services s WHERE s.organization_id = o.id AND NOT s.retired)) AS agreement
WHERE until <= %(soon)s"""
CONSENTS: LiteralString = (
    """
SELECT count(*) AS count, min(last_day) AS first FROM (
    SELECT *, CASE WHEN confirmed_at IS NULL THEN least(lapses_on, valid_until) ELSE valid_until END AS last_day
    FROM consents WHERE withdrawn_at IS NULL AND superseded_at IS NULL) AS current
JOIN enquiries e ON e.id = current.enquiry_id
WHERE last_day BETWEEN %(today)s AND %(soon)s AND """  # noqa: S608 - fixed parts
    + OWN_ENQUIRIES
)
REQUESTS: LiteralString = """
SELECT count(*) AS count, count(*) FILTER (WHERE due_on < %(today)s) AS overdue, min(due_on) AS first
FROM subject_requests WHERE answer IS NULL AND (%(site)s::text IS NULL OR site = %(site)s)
  AND (%(organization)s::uuid IS NULL OR organization_id = %(organization)s)"""

#: One working day after it was told, a second person has looked at it.
TOLD_OUTSIDE: LiteralString = """
SELECT count(*) AS count, count(*) FILTER (WHERE confirm_by < %(today)s) AS overdue, min(confirm_by) AS first
FROM external_disclosures WHERE confirmed_at IS NULL AND (%(site)s::text IS NULL OR site = %(site)s)
  AND (%(organization)s::uuid IS NULL OR organization_id = %(organization)s)"""
#: A name somebody asked for, until a second person has answered; a lead sees what is about her cases and colleagues.
RESOLUTIONS: LiteralString = """
SELECT count(*) AS count, 0 AS overdue, min(r.expires_at)::date AS first FROM resolutions r
WHERE r.answered_at IS NULL AND r.expires_at > %(now)s AND r.staff IS DISTINCT FROM %(reader)s
  AND (%(organization)s::uuid IS NULL OR EXISTS (
    SELECT FROM enquiry_persons m JOIN enquiries e ON e.id = m.enquiry_id WHERE m.person_id = r.person_id
    AND e.organization_id = %(organization)s AND e.site = %(site)s) OR EXISTS (
    SELECT FROM staff_names n WHERE n.staff = r.staff AND n.employer = %(organization)s AND n.site = %(site)s))"""
#: A side of her own, or any: what two desks have not cleared up within a week, or say differently.
DUPLICATES: LiteralString = """
SELECT count(*) AS count, min(due) AS first, count(*) FILTER (WHERE state = 'at_odds' OR due < %(today)s) AS overdue
FROM (SELECT m.state, m.opened_at::date + 7 AS due FROM duplicate_matters m WHERE m.state <> 'settled' AND EXISTS (
    SELECT FROM duplicate_sides s WHERE s.matter_id = m.id AND (%(site)s::text IS NULL OR s.site = %(site)s)
    AND (%(organization)s::uuid IS NULL OR s.organization_id = %(organization)s))) AS open"""


#: A night's run that has ended left nothing; what comes due on the same day afterwards waits for the next.
TONIGHT: LiteralString = "SELECT FROM retention_runs WHERE finished_at IS NOT NULL AND as_of >= %(today)s LIMIT 1"


def attention(connection: Connection, asked: Asked) -> list[Attention]:
    """Everything that waits, what is over its limit first."""
    found = [one for look in LOOKS if (one := look(connection, asked)).count]
    return sorted(found, key=lambda one: not one.urgent)


def breaches(connection: Connection, asked: Asked) -> Attention:
    """Checks for a data breach: the supervisory authority is told within 72 hours of becoming aware (Art. 33)."""
    row = _one(connection, BREACHES, asked)
    hours = hours_left(row["first"], asked.now) if row["first"] else 0
    return Attention("breach", row["count"], bool(row["count"]), {"hours": hours, "over": hours < 0})


def duties(connection: Connection, asked: Asked) -> Attention:
    """What partners still owe about data they fetched (Art. 17, 19)."""
    return _with_overdue("duties", _one(connection, DUTIES, asked))


def requests(connection: Connection, asked: Asked) -> Attention:
    """Persons' requests in progress: one month, or three with a reason (Art. 12(3))."""
    return _with_overdue("requests", _one(connection, REQUESTS, asked))


def told_outside(connection: Connection, asked: Asked) -> Attention:
    """What was told outside and nobody has confirmed: until then the person does not hear of it (Art. 15)."""
    return _with_overdue("told_outside", _one(connection, TOLD_OUTSIDE, asked))


def resolutions(connection: Connection, asked: Asked) -> Attention:
    """Names behind pseudonyms that somebody asked for and nobody has answered."""
    return _with_overdue("resolutions", _one(connection, RESOLUTIONS, asked))


def agreements(connection: Connection, asked: Asked) -> Attention:
    """Partners whose agreement ends soon or has ended: nothing new goes there without (Art. 26, 28)."""
    soon = asked.today + timedelta(days=RENEWAL_DAYS)
    return _with_overdue("agreements", _one(connection, AGREEMENTS, asked, soon=soon))


def consents(connection: Connection, asked: Asked) -> Attention:
    """Consents that run out within a fortnight."""
    soon = asked.today + timedelta(days=CONSENT_REMINDER_DAYS)
    row = _one(connection, CONSENTS, asked, soon=soon)
    return Attention("consents", row["count"], False, {"first": row["first"], "overdue": 0})


def duplicates(connection: Connection, asked: Asked) -> Attention:
    """Cases that may be the same care twice, not cleared up by both desks yet."""
    return _with_overdue("duplicates", _one(connection, DUPLICATES, asked))


def deletions(connection: Connection, asked: Asked) -> Attention:
    """What is past its period and still there: more than the night's run if that did not run (Art. 5(1)(e), 17)."""
    if connection.execute(TONIGHT, asked.scope).fetchone() is not None:
        return Attention("retention", 0, False)
    due = [one.due_on for one in everything(connection, Look(asked.today, asked.periods)) if not one.is_held]
    late = sum(day < asked.today for day in due)
    return _with_overdue("retention", {"count": len(due), "overdue": late, "first": min(due, default=None)})


LOOKS: tuple[Callable[[Connection, Asked], Attention], ...] = (
    breaches,
    duties,
    requests,
    told_outside,
    resolutions,
    agreements,
    duplicates,
    consents,
    deletions,
)


def _with_overdue(kind: str, row: dict[str, Any]) -> Attention:
    return Attention(kind, row["count"], bool(row["overdue"]), {"first": row["first"], "overdue": row["overdue"]})


def _one(connection: Connection, sql: LiteralString, asked: Asked, **more: Any) -> dict[str, Any]:
    row = connection.execute(sql, {**asked.scope, **more}).fetchone()
    assert row is not None, "a count always has a row"
    return dict(row)
