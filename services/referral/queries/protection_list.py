"""What waits for a data-protection officer or a lead, one by one, the soonest due first.

The figures of `attention` count the same tables; here stands what is to be looked at. Of what partners owe only what is
overdue is listed: the rest waits for them.
"""
# ruff: noqa: S608 - statements are put together from fixed parts

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, LiteralString
from uuid import UUID

from contracts.codes import Duty, ExternalGround, Site, SubjectRight, Topic
from services.chassis.db import Connection
from services.referral.domain.breach import HOURS, hours_left
from services.referral.domain.resolution import Resolution, State
from services.referral.domain.workdays import PLACE
from services.referral.queries.attention import OWN_REFERRALS, Asked
from services.referral.store import resolutions

MOST = 100
SCOPE: LiteralString = (
    "(%(site)s::text IS NULL OR o.site = %(site)s)"
    " AND (%(organization)s::uuid IS NULL OR o.organization_id = %(organization)s)"
)
ITEMS: LiteralString = (
    """
SELECT 'breach' AS kind, b.id, NULL AS what, b.became_aware_at AS since, r.reference, r.site,
    ((b.became_aware_at + %(hours)s * interval '1 hour') AT TIME ZONE 'Europe/Berlin')::date AS due_on
FROM breach_checks b JOIN referrals r ON r.id = b.referral_id WHERE b.assessed_at IS NULL AND """
    + OWN_REFERRALS
    + """
UNION ALL SELECT 'requests', o.id, o.subject_right, o.recorded_at, NULL, o.site, o.due_on
FROM subject_requests o WHERE o.answer IS NULL AND """
    + SCOPE
    + """
UNION ALL SELECT 'duties', l.id, l.duty, l.opened_at, r.reference, l.site, l.due_on
FROM ledger l JOIN referrals r ON r.id = l.referral_id
WHERE l.state = 'open' AND l.due_on < %(today)s AND """
    + OWN_REFERRALS
    + """
UNION ALL SELECT 'told_outside', o.id, o.ground, o.recorded_at, NULL, o.site, o.confirm_by
FROM external_disclosures o WHERE o.confirmed_at IS NULL AND """
    + SCOPE
    + """
UNION ALL SELECT 'duplicates', m.id, m.topic, m.opened_at, NULL, NULL, m.due_on
FROM (SELECT *, (opened_at AT TIME ZONE 'Europe/Berlin')::date + 7 AS due_on FROM duplicate_matters) AS m
WHERE (m.state = 'at_odds' OR m.state = 'open' AND m.due_on < %(today)s)
    AND EXISTS (SELECT FROM duplicate_sides o WHERE o.matter_id = m.id AND """
    + SCOPE
    + """)
ORDER BY due_on, kind, id LIMIT %(most)s"""
)
WHAT: dict[str, Any] = {
    "requests": SubjectRight,
    "duties": Duty,
    "told_outside": ExternalGround,
    "duplicates": Topic,
}
#: What is to be done about a name that was asked for: by whoever asked, and by everybody else.
OWN_STEP = {State.WAITING: "resolution_asked", State.AGREED: "resolution_look"}
OTHERS_STEP = {State.WAITING: "resolution_answer"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One thing; ids, codes and times."""

    kind: str
    id: UUID
    #: What is to be done: the kind itself, or more closely.
    step: str
    #: A code that says more closely what it is.
    what: Any
    since: datetime
    due_on: date
    reference: str | None = None
    site: Site | None = None
    #: Of a breach: how many of the 72 hours are left; below nought they are over.
    hours: int | None = None


def listed(connection: Connection, asked: Asked) -> list[Waiting]:
    """What this caller may see, and one more than a page where there is more."""
    rows = connection.execute(ITEMS, {**asked.scope, "hours": HOURS, "most": MOST + 1}).fetchall()
    found = [_waiting(row, asked.now) for row in rows]
    names = [_name(one, asked) for one in resolutions.listed(connection, asked.by, asked.reader, is_open=True)]
    return sorted([*found, *(one for one in names if one)], key=lambda one: (one.due_on, one.kind, one.id))


def _waiting(row: dict[str, Any], now: datetime) -> Waiting:
    codes = WHAT.get(row["kind"])
    return Waiting(
        kind=row["kind"],
        id=row["id"],
        step=row["kind"],
        what=codes(row["what"]) if codes else None,
        since=row["since"],
        due_on=row["due_on"],
        reference=row["reference"],
        site=Site(row["site"]) if row["site"] else None,
        hours=hours_left(row["since"], now) if row["kind"] == "breach" else None,
    )


def _name(one: Resolution, asked: Asked) -> Waiting | None:
    steps = OWN_STEP if one.asked_by == asked.reader else OTHERS_STEP
    if (step := steps.get(one.state(asked.now))) is None:
        return None
    return Waiting(
        kind="resolutions",
        id=one.id,
        step=step,
        what=one.reason,
        since=one.asked_at,
        due_on=one.expires_at.astimezone(PLACE).date(),
    )
