"""Referrals as they are shown: to staff with their timeline, to the addressed partner with what it may do."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, LiteralString
from uuid import UUID

from contracts.codes import FHIR_TASK_STATUS, Action, Party, Status
from services.chassis.db import Connection
from services.chassis.errors import InvalidError
from services.referral.calendar import is_working_day
from services.referral.domain import fhir
from services.referral.domain.deadlines import due_on
from services.referral.domain.lifecycle import BY_HAND, OWED, Actor, is_above, reaches
from services.referral.domain.referral import Referral
from services.referral.store import referrals

PAGE = 50
LARGEST_PAGE = 200


def head(referral: Referral, party: Party) -> dict[str, Any]:
    """What every representation says, whoever reads it: where it stands, who is waited for, what may be done now."""
    return {
        "id": str(referral.id),
        "reference": referral.reference,
        "version": referral.version,
        "status": referral.status,
        "fhir_status": FHIR_TASK_STATUS[referral.status],
        "organization_id": str(referral.organization_id),
        "service_id": str(referral.service_id),
        "topic": referral.topic,
        "urgency": referral.urgency,
        "back_level": referral.back_level,
        "waiting_for": referral.waiting_for,
        "due_on": day(due_on(referral, is_working_day)),
        "requested_on": day(referral.requested_on),
        "contact_by": day(referral.contact_by),
        "estimated_on": day(referral.estimated_on),
        "first_contact_on": day(referral.first_contact_on),
        "appointment_id": text(referral.appointment_id),
        "ended_on": day(referral.ended_on),
        "reason": referral.rejection or referral.end_reason or referral.pause_reason,
        "better_service_id": text(referral.better_service_id),
        "outcome": referral.outcome,
        "obstacles": list(referral.obstacles),
        "questions": [
            {"id": str(one.id), "question": one.code, "asked_on": day(one.asked_on)} for one in referral.questions
        ],
        "duties": [
            {"duty": one.duty, "cause": one.cause, "category": one.category, "due_on": day(one.due_on)}
            for one in referral.duties
        ],
        "deletion": referral.deletion,
        "by_hand": by_hand(referral),
        "allowed_actions": [str(action) for action in referral.allowed_to(party)],
    }


def by_hand(referral: Referral) -> dict[str, Any] | None:
    """What a navigator wrote down for the partner and nobody has contradicted."""
    said = referral.by_hand
    return None if said is None else {"action": said.action, "way": said.way, "told_on": day(said.told_on)}


def day(value: date | None) -> str | None:
    return value.isoformat() if value is not None else None


def text(value: object | None) -> str | None:
    return None if value is None else str(value)


def to_staff(referral: Referral) -> dict[str, Any]:
    """The sender's own view: which case it belongs to, and what may be recorded by hand."""
    return {
        **head(referral, Party.NAVIGATOR),
        "enquiry_id": str(referral.enquiry_id),
        "need_id": str(referral.need_id),
        "site": referral.site,
        "enquirer": referral.enquirer,
        "based_on": text(referral.based_on),
        "own_employer": referral.own_employer,
        "fetched": referral.is_fetched,
        "release_at": referral.release_at.isoformat() if referral.release_at else None,
        "recordable_actions": recordable(referral),
    }


def recordable(referral: Referral) -> list[str]:
    """What the partner may have told by telephone, letter or in person: what it may do itself, and no more."""
    return [
        str(action)
        for action in Action
        if action in BY_HAND
        and reaches(action, referral.status, Party.PARTNER)
        and not is_above(action, referral.back_level)
        and (action not in OWED or action.value in referral.owed)
    ]


def to_partner(referral: Referral) -> dict[str, Any]:
    """The addressed partner's view: nothing about the case it belongs to."""
    return {
        **head(referral, Party.PARTNER),
        "dossier": f"/partner/v1/referrals/{referral.id}/dossier",
        "notice": "not-an-application",
    }


def answered(referral: Referral, receipts: Sequence[str]) -> dict[str, Any]:
    """What an answer of a partner is answered with, and kept for whoever says it again, by the same way or another."""
    return {**to_partner(referral), "receipts": list(receipts)}


def case(connection: Connection, referral_id: UUID, by: Actor) -> dict[str, Any]:
    """One referral with everything that happened to it, and what the consent engine last said."""
    referral = referrals.load(connection, referral_id, visible_to=by)
    return {
        **to_staff(referral),
        "timeline": timeline(connection, referral.id),
        "last_decision": last_decision(connection, referral.id),
    }


def partner_case(connection: Connection, referral_id: UUID, by: Actor) -> dict[str, Any]:
    return to_partner(referrals.load(connection, referral_id, visible_to=by))


def as_seen(connection: Connection, referral_id: UUID, by: Actor) -> fhir.Seen:
    """One referral for the FHIR view, with the moment of its last change."""
    referral = referrals.load(connection, referral_id, visible_to=by)
    row = connection.execute("SELECT changed_at FROM referrals WHERE id = %s", (referral.id,)).fetchone()
    assert row is not None, "loaded a line above, in the same read"
    return fhir.Seen(referral, row["changed_at"], due_on(referral, is_working_day))


def timeline(connection: Connection, referral_id: UUID) -> list[dict[str, Any]]:
    """The announced facts in their order: type, time, who, and the codes they carry."""
    rows = connection.execute(
        "SELECT event_id, type, at, actor, data FROM timeline WHERE referral_id = %s ORDER BY at, event_id",
        (referral_id,),
    ).fetchall()
    return [
        {
            "event_id": str(row["event_id"]),
            "type": row["type"],
            "at": row["at"].isoformat(),
            "actor": row["actor"],
            "by_hand": row["data"].get("by_hand"),
            "data": row["data"],
        }
        for row in rows
    ]


def last_decision(connection: Connection, referral_id: UUID) -> dict[str, Any] | None:
    row = connection.execute(
        "SELECT point, allowed, refusal, decided_at FROM decisions WHERE referral_id = %s AND point <> 'back_channel'"
        " ORDER BY decided_at DESC, id DESC LIMIT 1",
        (referral_id,),
    ).fetchone()
    if row is None:
        return None
    return {**row, "decided_at": row["decided_at"].isoformat()}


def board(
    connection: Connection,
    by: Actor,
    *,
    status: Status | None = None,
    enquiry_id: UUID | None = None,
    cursor: str | None = None,
    limit: int = PAGE,
) -> dict[str, Any]:
    """The referrals this actor may see, last changed first, page by page."""
    condition, params = referrals.visible(by)
    filters: list[LiteralString] = [condition]
    values: list[Any] = [*params]
    for column, value in (("status = %s", status), ("enquiry_id = %s", enquiry_id)):
        if value is not None:
            filters.append(column)
            values.append(value)
    if cursor:
        filters.append("(changed_at, id) < (%s, %s)")
        values += read_cursor(cursor)
    where: LiteralString = " AND ".join(filters)
    rows = connection.execute(
        "SELECT * FROM referrals WHERE " + where + " ORDER BY changed_at DESC, id DESC LIMIT %s",  # noqa: S608 - fixed parts
        (*values, limit + 1),
    ).fetchall()
    shown = rows[:limit]
    following = write_cursor(shown[-1]) if len(rows) > limit else None
    return {"referrals": [to_staff(referrals.from_row(row)) for row in shown], "cursor": following}


def write_cursor(row: Mapping[str, Any]) -> str:
    return f"{row['changed_at'].isoformat()}_{row['id']}"


def read_cursor(cursor: str) -> tuple[str, UUID]:
    """Where the last page ended; whatever was not written by `write_cursor` is refused by name."""
    moment, _, identity = cursor.partition("_")
    try:
        return datetime.fromisoformat(moment).isoformat(), UUID(identity)
    except ValueError:
        raise InvalidError("request.invalid", {"cursor": "as-given-by-the-last-page"}) from None


def found(connection: Connection, name: str) -> dict[str, Any] | None:
    """For operators: a referral by id or reference, codes only, with its timeline and its open deadlines."""
    row = connection.execute("SELECT * FROM referrals WHERE id::text = %s OR reference = %s", (name, name)).fetchone()
    if row is None:
        return None
    referral = referrals.from_row(row)
    waiting = connection.execute(
        "SELECT kind, due_at FROM deadlines WHERE referral_id = %s AND done_at IS NULL ORDER BY due_at", (referral.id,)
    ).fetchall()
    return {
        **to_staff(referral),
        "changed_at": row["changed_at"].isoformat(),
        "deadlines": [{"kind": one["kind"], "due_at": one["due_at"].isoformat()} for one in waiting],
        "timeline": timeline(connection, referral.id),
    }
