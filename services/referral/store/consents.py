"""Grounds on which data may leave: consents with their versions, and employers' own requests."""

from collections.abc import Mapping
from datetime import date
from typing import Any, LiteralString
from uuid import UUID

from psycopg.types.json import Jsonb

from contracts.codes import AskedBy, BackLevel, ConsentChannel, EnterpriseGround, GivenBy, Purpose, WithdrawalChannel
from services.chassis.db import Connection
from services.chassis.errors import NotFoundError
from services.chassis.work import Work
from services.referral.domain.grounds import Consent, EnterpriseRequest
from services.referral.store.drafts import release_from_json, release_to_json, signature_from_json, signature_to_json
from services.referral.store.recipients import recipient_from_json, recipient_to_json

CURRENT = "withdrawn_at IS NULL AND superseded_at IS NULL"


def add(work: Work, consent: Consent, enquiry_id: UUID) -> None:
    """Keep one version; what it says never changes."""
    values: dict[LiteralString, Any] = {
        "id": consent.id,
        "version": consent.version,
        "person_id": consent.person_id,
        "enquiry_id": enquiry_id,
        "given_by": consent.given_by,
        "channel": consent.channel,
        "text_id": consent.text_id,
        "text_version": consent.text_version,
        "text_sha256": consent.text_sha256,
        "text_reviewed": consent.text_reviewed,
        "language": consent.language,
        "interpreter": consent.interpreter,
        "witnessed_by": consent.witnessed_by,
        "evidence_sha256": consent.evidence_sha256,
        "recipients": Jsonb([recipient_to_json(one) for one in consent.recipients]),
        "controllers": list(consent.controllers),
        "secrecy_releases": Jsonb([release_to_json(one) for one in consent.secrecy_releases]),
        "signatures": Jsonb([signature_to_json(one) for one in consent.signatures]),
        "terms_sha256": consent.terms_sha256,
        "code": consent.code,
        "prepared_at": consent.prepared_at,
        "given_at": consent.given_at,
        "valid_from": consent.valid_from,
        "valid_until": consent.valid_until,
        "ends_with_majority": consent.ends_with_majority,
        "lapses_on": consent.lapses_on,
        "confirmed_at": consent.confirmed_at,
        "recorded_by": work.actor,
    }
    _insert(work, "consents", values)


def end(work: Work, consent: Consent, *, by: str | None = None, channel: WithdrawalChannel | None = None) -> None:
    """Write what ended a version: a withdrawal, whole or in part and how it was told, or the version that follows."""
    work.tx.execute(
        "UPDATE consents SET withdrawn_at = %s, superseded_at = %s, withdrawn_by = %s, withdrawn_channel = %s"
        " WHERE id = %s AND version = %s AND withdrawn_at IS NULL AND superseded_at IS NULL",
        (consent.withdrawn_at, consent.superseded_at, by, channel, consent.id, consent.version),
    )


def enquiry_of(connection: Connection, consent_id: UUID) -> UUID:
    """The enquiry a consent, or an employer's request, was taken down in."""
    row = connection.execute(
        "SELECT enquiry_id FROM consents WHERE id = %s UNION ALL"
        " SELECT enquiry_id FROM enterprise_requests WHERE id = %s LIMIT 1",
        (consent_id, consent_id),
    ).fetchone()
    if row is None:
        raise NotFoundError("consent.unknown")
    enquiry_id: UUID = row["enquiry_id"]
    return enquiry_id


def versions(connection: Connection, consent_id: UUID, person_id: UUID) -> list[Consent]:
    """All versions of one consent of this person, newest first; there is at least one."""
    rows = connection.execute(
        "SELECT * FROM consents WHERE id = %s AND person_id = %s ORDER BY version DESC", (consent_id, person_id)
    ).fetchall()
    if not rows:
        raise NotFoundError("consent.unknown")
    return [from_row(row) for row in rows]


def load_request(connection: Connection, request_id: UUID, person_id: UUID) -> EnterpriseRequest:
    """An employer's request as it was made; what is left of one withdrawn in part is a request of its own."""
    row = connection.execute(
        "SELECT * FROM enterprise_requests WHERE id = %s AND person_id = %s", (request_id, person_id)
    ).fetchone()
    if row is None:
        raise NotFoundError("consent.unknown")
    return request_from_row(row)


def end_request(
    work: Work, request: EnterpriseRequest, following_id: UUID | None, *, by: str, channel: WithdrawalChannel
) -> None:
    work.tx.execute(
        "UPDATE enterprise_requests SET withdrawn_at = %s, withdrawn_by = %s, withdrawn_channel = %s, followed_by = %s"
        " WHERE id = %s AND withdrawn_at IS NULL",
        (request.withdrawn_at, by, channel, following_id, request.id),
    )


def load(connection: Connection, consent_id: UUID, person_id: UUID) -> Consent:
    """The newest version of one of this person's consents."""
    row = connection.execute(
        "SELECT * FROM consents WHERE id = %s AND person_id = %s ORDER BY version DESC LIMIT 1",
        (consent_id, person_id),
    ).fetchone()
    if row is None:
        raise NotFoundError("consent.unknown")
    return from_row(row)


def of_enquiry(connection: Connection, consent_id: UUID, enquiry_id: UUID) -> Consent:
    """The newest version of a consent taken down in this enquiry, whichever of its persons gave it."""
    row = connection.execute(
        "SELECT * FROM consents WHERE id = %s AND enquiry_id = %s ORDER BY version DESC LIMIT 1",
        (consent_id, enquiry_id),
    ).fetchone()
    if row is None:
        raise NotFoundError("consent.unknown")
    return from_row(row)


def is_shown_by(connection: Connection, person_id: UUID, document_id: UUID) -> bool:
    """Whether one of her consents, in whatever version, rests on this paper."""
    signed = Jsonb([{"document_id": str(document_id)}])
    return (
        connection.execute(
            "SELECT FROM consents WHERE person_id = %s AND signatures @> %s LIMIT 1", (person_id, signed)
        ).fetchone()
        is not None
    )


def of_person(connection: Connection, person_id: UUID) -> list[Consent]:
    """Every version there ever was, newest first."""
    rows = connection.execute(
        "SELECT * FROM consents WHERE person_id = %s ORDER BY given_at DESC, version DESC", (person_id,)
    )
    return [from_row(row) for row in rows.fetchall()]


def requests_of(connection: Connection, person_id: UUID) -> list[EnterpriseRequest]:
    """What an employer asked for, newest first."""
    rows = connection.execute(
        "SELECT * FROM enterprise_requests WHERE person_id = %s ORDER BY requested_at DESC, id DESC", (person_id,)
    )
    return [request_from_row(row) for row in rows.fetchall()]


def add_request(work: Work, request: EnterpriseRequest, enquiry_id: UUID) -> None:
    """The ground that carries an employer's own contact data, and nothing of any worker's."""
    named = [{"organization_id": str(one), "service_id": str(service)} for one, service in request.recipients]
    values: dict[LiteralString, Any] = {
        "id": request.id,
        "enquiry_id": enquiry_id,
        "person_id": request.person_id,
        "recipients": Jsonb(named),
        "purposes": [str(purpose) for purpose in request.purposes],
        "back_level": request.back_level,
        "requested_at": request.requested_at,
        "valid_until": request.valid_until,
        "notice_given": request.notice_given,
        "asked_by": request.asked_by,
        "asked_on": request.asked_on or work.today,
        "ground": request.ground,
        "notice_text_id": request.notice_text_id,
        "notice_version": request.notice_version,
        "notice_sha256": request.notice_sha256,
        "notice_language": request.notice_language,
        "controllers": list(request.controllers),
        "recorded_by": work.actor,
        "recorded_at": work.now,
    }
    _insert(work, "enterprise_requests", values)


def _insert(work: Work, table: LiteralString, values: Mapping[LiteralString, Any]) -> None:
    columns, places = ", ".join(values), ", ".join(["%s"] * len(values))
    work.tx.execute(f"INSERT INTO {table} ({columns}) VALUES ({places})", tuple(values.values()))  # noqa: S608 - fixed


def from_row(row: Mapping[str, Any]) -> Consent:
    return Consent(
        id=row["id"],
        version=row["version"],
        person_id=row["person_id"],
        given_by=GivenBy(row["given_by"]),
        channel=ConsentChannel(row["channel"]),
        text_id=row["text_id"],
        text_sha256=row["text_sha256"],
        text_reviewed=row["text_reviewed"],
        language=row["language"],
        recipients=tuple(recipient_from_json(one) for one in row["recipients"]),
        given_at=row["given_at"],
        valid_from=row["valid_from"],
        valid_until=row["valid_until"],
        interpreter=row["interpreter"],
        witnessed_by=row["witnessed_by"],
        secrecy_releases=tuple(release_from_json(one) for one in row["secrecy_releases"]),
        evidence_sha256=row["evidence_sha256"],
        text_version=row["text_version"],
        controllers=tuple(row["controllers"]),
        signatures=tuple(signature_from_json(one) for one in row["signatures"]),
        terms_sha256=row["terms_sha256"],
        code=row["code"],
        prepared_at=row["prepared_at"],
        ends_with_majority=row["ends_with_majority"],
        lapses_on=row["lapses_on"],
        confirmed_at=row["confirmed_at"],
        withdrawn_at=row["withdrawn_at"],
        withdrawn_by=row["withdrawn_by"],
        withdrawn_channel=WithdrawalChannel(row["withdrawn_channel"]) if row["withdrawn_channel"] else None,
        superseded_at=row["superseded_at"],
    )


def request_from_row(row: Mapping[str, Any]) -> EnterpriseRequest:
    return EnterpriseRequest(
        id=row["id"],
        person_id=row["person_id"],
        recipients=tuple((UUID(one["organization_id"]), UUID(one["service_id"])) for one in row["recipients"]),
        purposes=tuple(Purpose(code) for code in row["purposes"]),
        requested_at=row["requested_at"],
        valid_until=row["valid_until"],
        notice_given=row["notice_given"],
        asked_by=AskedBy(row["asked_by"]),
        asked_on=row["asked_on"],
        ground=EnterpriseGround(row["ground"]),
        notice_text_id=row["notice_text_id"],
        notice_version=row["notice_version"],
        notice_sha256=row["notice_sha256"],
        notice_language=row["notice_language"],
        controllers=tuple(row["controllers"]),
        back_level=BackLevel(row["back_level"]),
        withdrawn_at=row["withdrawn_at"],
    )


def running_out(connection: Connection, on: date, limit: int) -> list[Consent]:
    """Versions in force that end by this day, for the clock."""
    rows = connection.execute(
        f"SELECT * FROM consents WHERE {CURRENT} AND valid_until <= %s ORDER BY valid_until LIMIT %s",  # noqa: S608 - fixed
        (on, limit),
    )
    return [from_row(row) for row in rows.fetchall()]
