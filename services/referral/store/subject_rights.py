"""Requests of persons about their own data, and what was handed out on them."""

from collections.abc import Mapping
from datetime import date
from typing import Any, LiteralString
from uuid import UUID

from contracts.codes import (
    ExtensionReason,
    IdentityCheck,
    RequestAnswer,
    RequestChannel,
    Site,
    SubjectRight,
)
from services.chassis.db import Connection
from services.chassis.errors import NotFoundError
from services.chassis.work import Work
from services.referral.domain.subject_rights import SubjectRequest
from services.referral.domain.workdays import PLACE
from services.referral.store.referrals import StaffActor

SELECT: LiteralString = """
SELECT subject_requests.*, coalesce(kind = 'business_contact', false) AS is_contact
FROM subject_requests LEFT JOIN persons ON persons.id = subject_requests.person_id WHERE """
#: Her own site and organization; data-protection officers have none and see all.
VISIBLE: LiteralString = "(%s::text IS NULL OR site = %s) AND (%s::uuid IS NULL OR organization_id = %s)"


def scope(by: StaffActor | None) -> tuple[Any, ...]:
    """The parameters of `VISIBLE`."""
    site, organization = (by.site, by.employer) if by is not None else (None, None)
    return (site, site, organization, organization)


def add(work: Work, request: SubjectRequest) -> None:
    work.tx.execute(
        "INSERT INTO subject_requests (id, subject_right, person_id, enquiry_id, site, organization_id, channel,"
        " received_on, due_on, task_id, recorded_by, recorded_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            request.id,
            request.right,
            request.person_id,
            request.enquiry_id,
            request.site,
            request.organization_id,
            request.channel,
            request.received_on,
            request.due_on,
            request.task_id,
            work.actor,
            work.now,
        ),
    )


def load(work: Work, request_id: UUID, *, visible_to: StaffActor) -> SubjectRequest:
    """The request, locked, if it is this organization's at this site to answer."""
    row = work.tx.execute(
        SELECT + "subject_requests.id = %s AND " + VISIBLE + " FOR UPDATE OF subject_requests",
        (request_id, *scope(visible_to)),
    ).fetchone()
    if row is None:
        raise NotFoundError("subject-request.unknown")
    return from_row(row)


def save(work: Work, request: SubjectRequest) -> None:
    work.tx.execute(
        "UPDATE subject_requests SET due_on = %s, extension_reason = %s, extended_on = %s, task_id = %s, answer = %s,"
        " answered_on = %s, answered_by = %s WHERE id = %s",
        (
            request.due_on,
            request.extension_reason,
            request.extended_on,
            request.task_id,
            request.answer,
            request.answered_on,
            work.actor if request.answer else None,
            request.id,
        ),
    )


def from_row(row: Mapping[str, Any]) -> SubjectRequest:
    return SubjectRequest(
        id=row["id"],
        right=SubjectRight(row["subject_right"]),
        channel=RequestChannel(row["channel"]),
        site=Site(row["site"]),
        organization_id=row["organization_id"],
        received_on=row["received_on"],
        due_on=row["due_on"],
        person_id=row["person_id"],
        enquiry_id=row["enquiry_id"],
        extension_reason=ExtensionReason(row["extension_reason"]) if row["extension_reason"] else None,
        extended_on=row["extended_on"],
        answer=RequestAnswer(row["answer"]) if row["answer"] else None,
        answered_on=row["answered_on"],
        task_id=row["task_id"],
        is_contact=row["is_contact"],
    )


def requests(connection: Connection, by: StaffActor | None, *, is_open: bool, limit: int = 200) -> list[SubjectRequest]:
    """What is to be answered, the most urgent first; or what has been, the newest first."""
    order: LiteralString = "due_on, recorded_at" if is_open else "answered_on DESC, recorded_at DESC"
    rows = connection.execute(
        SELECT + "(answer IS NULL) = %s AND " + VISIBLE + " ORDER BY " + order + " LIMIT %s",
        (is_open, *scope(by), limit),
    )
    return [from_row(row) for row in rows.fetchall()]


def of_person(connection: Connection, person_id: UUID) -> list[SubjectRequest]:
    rows = connection.execute(SELECT + "person_id = %s ORDER BY received_on DESC, subject_requests.id", (person_id,))
    return [from_row(row) for row in rows.fetchall()]


def is_erased(connection: Connection, person_id: UUID | None) -> bool:
    """Of whom nothing is held there is nothing left to erase."""
    found = connection.execute("SELECT erased_at FROM persons WHERE id = %s", (person_id,)).fetchone()
    return found is None or found["erased_at"] is not None


def is_rectified_since(connection: Connection, person_id: UUID | None, day: date) -> bool:
    """Whether her record was changed on or after that day."""
    found = connection.execute("SELECT rectified_at FROM persons WHERE id = %s", (person_id,)).fetchone()
    changed = found and found["rectified_at"]
    return bool(changed and changed.astimezone(PLACE).date() >= day)


def add_access(
    work: Work,
    *,
    access_id: UUID,
    request_key: str,
    request_id: UUID | None,
    person_id: UUID,
    enquiry_id: UUID,
    identity_check: IdentityCheck,
    language: str,
    sha256: str,
) -> bool:
    """Note that everything was handed out; a form sent twice notes it once."""
    return (
        work.tx.execute(
            "INSERT INTO subject_accesses (id, request_key, request_id, person_id, enquiry_id, identity_check,"
            " language, sha256, given_by, given_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
            " ON CONFLICT DO NOTHING",
            (
                access_id,
                request_key,
                request_id,
                person_id,
                enquiry_id,
                identity_check,
                language,
                sha256,
                work.actor,
                work.now,
            ),
        ).rowcount
        == 1
    )


def accesses_of(connection: Connection, person_id: UUID) -> list[dict[str, Any]]:
    """When everything was handed out before, newest first."""
    rows = connection.execute(
        "SELECT id, given_at, language, identity_check, sha256 FROM subject_accesses WHERE person_id = %s"
        " ORDER BY given_at DESC, id LIMIT 20",
        (person_id,),
    )
    return [dict(row) for row in rows.fetchall()]


def language_of(connection: Connection, person_id: UUID) -> str | None:
    """The language of her newest consent: what she read before; her sealed record is not opened for that."""
    row = connection.execute(
        "SELECT language FROM consents WHERE person_id = %s ORDER BY given_at DESC, version DESC LIMIT 1", (person_id,)
    ).fetchone()
    return row["language"] if row else None


def enquiry_of(connection: Connection, person_id: UUID, *, visible_to: StaffActor) -> UUID:
    """The newest enquiry of a pseudonym, if it is this organization's at this site; one she was taken out of counts."""
    row = connection.execute(
        "SELECT id FROM enquiries e JOIN enquiry_persons m ON m.enquiry_id = e.id"
        " WHERE m.person_id = %s AND site = %s AND organization_id = %s"
        " ORDER BY m.removed_at IS NOT NULL, recorded_at DESC LIMIT 1",
        (person_id, visible_to.site, visible_to.employer),
    ).fetchone()
    if row is None:
        raise NotFoundError("person.unknown")
    enquiry_id: UUID = row["id"]
    return enquiry_id
