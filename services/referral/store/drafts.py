"""Prepared consents: what is printed, shown or linked, until everybody has signed or it comes to nothing."""

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, LiteralString
from uuid import UUID

from psycopg.types.json import Jsonb

from contracts.codes import ConsentChannel, DraftEnd, GivenBy, ProofKind, Signer
from services.chassis.db import Connection
from services.chassis.errors import NotFoundError
from services.chassis.work import Work
from services.referral.domain.drafting import Custody, DraftedConsent
from services.referral.domain.grounds import SecrecyRelease, Signature, Witness
from services.referral.store.recipients import recipient_from_json, recipient_to_json
from services.referral.vault import PersonKey

GIVEN = "given"
OPEN: LiteralString = "SELECT * FROM drafted_consents WHERE id = %s AND ended_at IS NULL"


def add(work: Work, drafted: DraftedConsent) -> None:
    """Keep it, in place of one that came to nothing for the same version; how that one ended stands in the log."""
    work.tx.execute(
        "DELETE FROM drafted_consents WHERE id = %s AND version = %s AND ended_as <> %s",
        (drafted.id, drafted.version, GIVEN),
    )
    work.tx.execute(
        "INSERT INTO drafted_consents (id, version, code, person_id, enquiry_id, given_by, text_id, text_version,"
        " text_sha256, language, interpreter, recipients, controllers, secrecy_releases, custody, valid_from,"
        " valid_until, terms_sha256, signatures, prepared_at, prepared_by)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            drafted.id,
            drafted.version,
            drafted.code,
            drafted.person_id,
            drafted.enquiry_id,
            drafted.given_by,
            drafted.text_id,
            drafted.text_version,
            drafted.text_sha256,
            drafted.language,
            drafted.interpreter,
            Jsonb([recipient_to_json(one) for one in drafted.recipients]),
            list(drafted.controllers),
            Jsonb([release_to_json(one) for one in drafted.secrecy_releases]),
            Jsonb(custody_to_json(drafted.custody)) if drafted.custody else None,
            drafted.valid_from,
            drafted.valid_until,
            drafted.terms_sha256,
            Jsonb([signature_to_json(one) for one in drafted.signatures]),
            drafted.prepared_at,
            drafted.prepared_by,
        ),
    )


def keep_signatures(work: Work, drafted: DraftedConsent) -> None:
    work.tx.execute(
        "UPDATE drafted_consents SET signatures = %s WHERE id = %s AND version = %s AND ended_at IS NULL",
        (Jsonb([signature_to_json(one) for one in drafted.signatures]), drafted.id, drafted.version),
    )


def end(work: Work, drafted: DraftedConsent, reason: DraftEnd | None = None) -> None:
    """It became a consent, or it never will."""
    work.tx.execute(
        "UPDATE drafted_consents SET ended_at = %s, ended_as = %s WHERE id = %s AND version = %s AND ended_at IS NULL",
        (work.now, reason or GIVEN, drafted.id, drafted.version),
    )


def load(connection: Connection, consent_id: UUID, *, lock: bool = False) -> DraftedConsent:
    """The open draft of a consent; whoever calls has made sure that it may be seen."""
    suffix: LiteralString = " FOR UPDATE" if lock else ""
    row = connection.execute(OPEN + suffix, (consent_id,)).fetchone()
    if row is None:
        raise NotFoundError("consent.not-drafted")
    return from_row(row)


def of_person(connection: Connection, person_id: UUID) -> list[DraftedConsent]:
    """What waits for this person's signature, newest first."""
    rows = connection.execute(
        "SELECT * FROM drafted_consents WHERE person_id = %s AND ended_at IS NULL ORDER BY prepared_at DESC, id",
        (person_id,),
    )
    return [from_row(row) for row in rows.fetchall()]


def of_code(connection: Connection, code: str) -> DraftedConsent:
    """The draft a printed form belongs to."""
    row = connection.execute("SELECT * FROM drafted_consents WHERE code = %s", (code,)).fetchone()
    if row is None:
        raise NotFoundError("consent.code-unknown")
    return from_row(row)


def remember(work: Work, key: PersonKey, drafted: DraftedConsent, names: Mapping[str, str]) -> None:
    """Names of interpreters, signers and witnesses lie under the person's key, beside what was remembered before."""
    if not names:
        return
    kept = {**remembered(work.tx, key, drafted.id, drafted.version), **names}
    work.tx.execute(
        "UPDATE drafted_consents SET sealed = %s WHERE id = %s AND version = %s",
        (key.seal(_place(drafted.id, drafted.version), json.dumps(kept).encode()), drafted.id, drafted.version),
    )


def remembered(connection: Connection, key: PersonKey, consent_id: UUID, version: int) -> dict[str, str]:
    row = connection.execute(
        "SELECT sealed FROM drafted_consents WHERE id = %s AND version = %s", (consent_id, version)
    ).fetchone()
    if row is None or row["sealed"] is None:
        return {}
    names: dict[str, str] = json.loads(key.open(_place(consent_id, version), row["sealed"]))
    return names


def _place(consent_id: UUID, version: int) -> str:
    return f"drafted_consents/{consent_id}/{version}"


def from_row(row: Mapping[str, Any]) -> DraftedConsent:
    return DraftedConsent(
        id=row["id"],
        version=row["version"],
        code=row["code"],
        person_id=row["person_id"],
        enquiry_id=row["enquiry_id"],
        given_by=GivenBy(row["given_by"]),
        text_id=row["text_id"],
        text_version=row["text_version"],
        text_sha256=row["text_sha256"],
        language=row["language"],
        interpreter=row["interpreter"],
        recipients=tuple(recipient_from_json(one) for one in row["recipients"]),
        controllers=tuple(row["controllers"]),
        secrecy_releases=tuple(release_from_json(one) for one in row["secrecy_releases"]),
        custody=custody_from_json(row["custody"]) if row["custody"] else None,
        valid_from=row["valid_from"],
        valid_until=row["valid_until"],
        signatures=tuple(signature_from_json(one) for one in row["signatures"]),
        prepared_at=row["prepared_at"],
        prepared_by=row["prepared_by"],
        ended_at=row["ended_at"],
        ended_as=DraftEnd(row["ended_as"]) if row["ended_as"] not in (None, GIVEN) else None,
    )


def release_to_json(one: SecrecyRelease) -> dict[str, Any]:
    return {
        "from_organization_id": str(one.from_organization_id),
        "to_organization_id": str(one.to_organization_id),
        "to_service_id": str(one.to_service_id) if one.to_service_id else None,
    }


def release_from_json(document: Mapping[str, Any]) -> SecrecyRelease:
    return SecrecyRelease(
        UUID(document["from_organization_id"]),
        UUID(document["to_organization_id"]),
        _id(document["to_service_id"]),
    )


def custody_to_json(custody: Custody) -> dict[str, Any]:
    guardian = custody.guardian_organization_id
    return {
        "holders": custody.holders,
        "guardianship": custody.guardianship,
        "guardian_organization_id": str(guardian) if guardian else None,
    }


def custody_from_json(document: Mapping[str, Any]) -> Custody:
    return Custody(
        holders=document["holders"],
        guardianship=document["guardianship"],
        guardian_organization_id=_id(document["guardian_organization_id"]),
    )


def signature_to_json(one: Signature) -> dict[str, Any]:
    return {
        "signer": one.signer,
        "channel": one.channel,
        "text_id": one.text_id,
        "text_version": one.text_version,
        "text_sha256": one.text_sha256,
        "language": one.language,
        "interpreter": one.interpreter,
        "signed_on": one.signed_on.isoformat(),
        "recorded_at": one.recorded_at.isoformat(),
        "recorded_by": one.recorded_by,
        "evidence_sha256": one.evidence_sha256,
        "document_id": str(one.document_id) if one.document_id else None,
        "proof": one.proof,
        "witness": one.witness,
        "witnessed_by": one.witnessed_by,
    }


def signature_from_json(document: Mapping[str, Any]) -> Signature:
    return Signature(
        signer=Signer(document["signer"]),
        channel=ConsentChannel(document["channel"]),
        text_id=document["text_id"],
        text_version=document["text_version"],
        text_sha256=document["text_sha256"],
        language=document["language"],
        interpreter=document["interpreter"],
        signed_on=date.fromisoformat(document["signed_on"]),
        recorded_at=datetime.fromisoformat(document["recorded_at"]),
        recorded_by=document["recorded_by"],
        evidence_sha256=document["evidence_sha256"],
        document_id=_id(document["document_id"]),
        proof=ProofKind(document["proof"]) if document["proof"] else None,
        witness=Witness(document["witness"]) if document["witness"] else None,
        witnessed_by=document["witnessed_by"],
    )


def _id(text: str | None) -> UUID | None:
    return UUID(text) if text else None
