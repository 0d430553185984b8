"""Checks for a data breach, one per referral."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, LiteralString
from uuid import UUID

from contracts.codes import BreachReason, BreachRisk, DelayReason, EnquirerKind, NoNoticeGround, Site
from services.chassis.db import Connection
from services.chassis.errors import NotFoundError
from services.chassis.jobs import Due
from services.chassis.work import Work
from services.referral.domain.breach import ESCALATION_HOURS, Assessment, BreachCheck
from services.referral.store.referrals import StaffActor

SELECT: LiteralString = """
SELECT b.*, r.reference, r.site, r.organization_id, r.person_id, r.enquiry_id, r.enquirer
FROM breach_checks b JOIN referrals r ON r.id = b.referral_id WHERE """
#: The lead's own site and organization; the data-protection officer has none and sees all.
VISIBLE: LiteralString = "(%s::text IS NULL OR r.site = %s) AND (%s::uuid IS NULL OR r.sender_id = %s)"
DUE: LiteralString = """
SELECT id, became_aware_at, hours FROM breach_checks b, LATERAL (SELECT max(stage) AS hours FROM unnest(%s::int[]) stage
    WHERE b.became_aware_at + stage * interval '1 hour' <= %s) AS reached
WHERE assessed_at IS NULL AND hours > escalated_hours ORDER BY became_aware_at, id LIMIT %s"""


@dataclass(frozen=True, slots=True)
class Found:
    """A check and the referral it is about."""

    check: BreachCheck
    reference: str
    site: Site
    organization_id: UUID
    person_id: UUID
    enquiry_id: UUID
    enquirer: EnquirerKind
    has_note: bool


def open_one(work: Work, referral_id: UUID, became_aware_at: datetime) -> None:
    work.tx.execute(
        "INSERT INTO breach_checks (id, referral_id, became_aware_at, opened_at, opened_by)"
        " VALUES (%s, %s, %s, %s, %s)",
        (work.new_id(), referral_id, became_aware_at, work.now, work.actor),
    )


def load(work: Work, check_id: UUID, *, visible_to: StaffActor | None) -> Found:
    """The check, locked; the clock sees every one."""
    row = work.tx.execute(
        SELECT + "b.id = %s AND " + VISIBLE + " FOR UPDATE OF b", (check_id, *_scope(visible_to))
    ).fetchone()
    if row is None:
        raise NotFoundError("breach.unknown")
    return _found(row)


def note_of(connection: Connection, check_id: UUID) -> bytes | None:
    row = connection.execute("SELECT sealed FROM breach_checks WHERE id = %s", (check_id,)).fetchone()
    return bytes(row["sealed"]) if row and row["sealed"] is not None else None


def escalated(work: Work, check_id: UUID, hours: int) -> None:
    work.tx.execute("UPDATE breach_checks SET escalated_hours = %s WHERE id = %s", (hours, check_id))


def assessed(work: Work, check_id: UUID, found: Assessment, sealed: bytes | None) -> None:
    work.tx.execute(
        "UPDATE breach_checks SET risk = %s, reasons = %s, notified_authority_at = %s, delay = %s,"
        " notified_person_at = %s, no_notice_ground = %s, sealed = %s, assessed_at = %s, assessed_by = %s"
        " WHERE id = %s",
        (
            found.risk,
            [str(one) for one in found.reasons],
            found.notified_authority_at,
            found.delay,
            found.notified_person_at,
            found.no_notice_ground,
            sealed,
            work.now,
            work.actor,
            check_id,
        ),
    )


def checks(connection: Connection, by: StaffActor | None, *, is_open: bool, limit: int = 200) -> list[Found]:
    """What is open, the nearest end first; or what is assessed, the newest first."""
    order: LiteralString = "b.became_aware_at" if is_open else "b.assessed_at DESC"
    sql = SELECT + "(b.assessed_at IS NULL) = %s AND " + VISIBLE + " ORDER BY " + order + ", b.id LIMIT %s"
    return [_found(row) for row in connection.execute(sql, (is_open, *_scope(by), limit)).fetchall()]


def to_escalate(connection: Connection, now: datetime, limit: int) -> list[Due]:
    """Open checks that have reached a stage nobody was told of; a clock that stood still meets only the last."""
    rows = connection.execute(DUE, (list(ESCALATION_HOURS), now, limit)).fetchall()
    return [
        Due(
            f"breach/{row['id']}:escalate-{row['hours']}:{row['became_aware_at'].astimezone(UTC).isoformat()}",
            row["id"],
        )
        for row in rows
    ]


def _scope(by: StaffActor | None) -> tuple[Any, ...]:
    site, organization = (by.site, by.employer) if by is not None else (None, None)
    return (site, site, organization, organization)


def _found(row: Mapping[str, Any]) -> Found:
    check = BreachCheck(
        id=row["id"],
        referral_id=row["referral_id"],
        became_aware_at=row["became_aware_at"],
        escalated_hours=row["escalated_hours"],
        assessment=_assessment(row) if row["risk"] else None,
        assessed_at=row["assessed_at"],
    )
    return Found(
        check,
        row["reference"],
        Site(row["site"]),
        row["organization_id"],
        row["person_id"],
        row["enquiry_id"],
        EnquirerKind(row["enquirer"]),
        row["sealed"] is not None,
    )


def _assessment(row: Mapping[str, Any]) -> Assessment:
    return Assessment(
        risk=BreachRisk(row["risk"]),
        reasons=tuple(BreachReason(one) for one in row["reasons"]),
        notified_authority_at=row["notified_authority_at"],
        delay=DelayReason(row["delay"]) if row["delay"] else None,
        notified_person_at=row["notified_person_at"],
        no_notice_ground=NoNoticeGround(row["no_notice_ground"]) if row["no_notice_ground"] else None,
    )
