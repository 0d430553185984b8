"""A referral as FHIR sees it: a Task (R4) of codes and days, for whoever speaks that. Nothing about the person.

`status` is `FHIR_TASK_STATUS`; `businessStatus` carries our own code and, where there is one, that of HL7's
Bidirectional Services eReferral (BSeR). One table, which the partners' page is drawn from too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from contracts.codes import FHIR_TASK_STATUS, Status, Urgency
from services.referral.domain.referral import Referral

Json = dict[str, Any]

VERSION = "4.0.1"
BSER = "http://hl7.org/fhir/us/bser/CodeSystem/TaskBusinessStatusCS"
TASK_CODE = "http://hl7.org/fhir/CodeSystem/task-code"
CODES = "urn:lotsennetz:code:"
REFERENCE = "urn:lotsennetz:reference"
URI = "urn:ietf:rfc:3986"
ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"


class BserStatus(StrEnum):
    """The codes of BSeR's business status that a referral can have here."""

    CREATED = "2.0"
    ACCEPTED = "3.0"
    DECLINED = "4.0"
    CANCELLED = "6.0"
    COMPLETED = "7.0"


DISPLAY: Mapping[BserStatus, str] = MappingProxyType(
    {
        BserStatus.CREATED: "Service Request Created",
        BserStatus.ACCEPTED: "Service Request Accepted",
        BserStatus.DECLINED: "Service Request Declined",
        BserStatus.CANCELLED: "Service Request Fulfillment Cancelled",
        BserStatus.COMPLETED: "Service Request Fulfillment Completed",
    }
)
#: A draft is not created yet for anybody else, and what was entered in error never was: both have none.
BSER_STATUS: Mapping[Status, BserStatus | None] = MappingProxyType(
    {
        Status.DRAFT: None,
        Status.AWAITING_CONSENT: None,
        Status.REQUESTED: BserStatus.CREATED,
        Status.RECEIVED: BserStatus.CREATED,
        Status.CLARIFICATION: BserStatus.CREATED,
        Status.WAITLISTED: BserStatus.CREATED,
        Status.ACCEPTED: BserStatus.ACCEPTED,
        Status.IN_PROGRESS: BserStatus.ACCEPTED,
        Status.PAUSED: BserStatus.ACCEPTED,
        Status.COMPLETED: BserStatus.COMPLETED,
        Status.ENDED_EARLY: BserStatus.CANCELLED,
        Status.REJECTED: BserStatus.DECLINED,
        Status.EXPIRED: BserStatus.DECLINED,
        Status.CANCELLED: BserStatus.CANCELLED,
        Status.ENTERED_IN_ERROR: None,
    }
)
PRIORITY: Mapping[Urgency, str] = MappingProxyType(
    {Urgency.URGENT: "urgent", Urgency.NORMAL: "routine", Urgency.LOW: "routine"}
)


@dataclass(frozen=True, slots=True)
class Seen:
    """A referral with what only its row knows."""

    referral: Referral
    changed_at: datetime
    due_on: date | None


def task(seen: Seen) -> Json:
    """The Task; for whom it is stays masked, because that is in the sealed dossier alone."""
    referral = seen.referral
    reason = referral.rejection or referral.end_reason or referral.pause_reason
    resource: Json = {
        "resourceType": "Task",
        "id": str(referral.id),
        "meta": {"versionId": str(referral.version), "lastUpdated": instant(seen.changed_at)},
        "identifier": [{"system": REFERENCE, "value": referral.reference}],
        "status": FHIR_TASK_STATUS[referral.status],
        "statusReason": concept(type(reason).__name__, reason) if reason else None,
        "businessStatus": {"coding": business_status(referral.status)},
        "intent": "order",
        "priority": PRIORITY[referral.urgency],
        "code": {"coding": [{"system": TASK_CODE, "code": "fulfill"}]},
        "for": {"extension": [{"url": ABSENT, "valueCode": "masked"}]},
        "executionPeriod": period(referral.first_contact_on, referral.ended_on if referral.first_contact_on else None),
        "authoredOn": day(referral.requested_on),
        "lastModified": instant(seen.changed_at),
        "requester": organization(referral.sender_id),
        "owner": organization(referral.organization_id),
        "reasonCode": concept("Topic", referral.topic),
        "restriction": {"period": {"end": day(seen.due_on)}} if seen.due_on else None,
        "output": outputs(referral),
    }
    return {name: value for name, value in resource.items() if value}


def business_status(status: Status) -> list[Json]:
    own = coding("Status", status)
    bser = BSER_STATUS[status]
    return [own] if bser is None else [{"system": BSER, "code": bser.value, "display": DISPLAY[bser]}, own]


def outputs(referral: Referral) -> list[Json]:
    """What came of it, as codes: the outcome, and obstacles that were met."""
    found = [("Outcome", referral.outcome)] if referral.outcome else []
    return [
        {"type": {"text": name}, "valueCodeableConcept": concept(name, code)}
        for name, code in (*found, *(("Obstacle", one) for one in referral.obstacles))
    ]


def concept(name: str, code: str) -> Json:
    return {"coding": [coding(name, code)]}


def coding(name: str, code: str) -> Json:
    return {"system": CODES + name, "code": str(code)}


def organization(identity: object) -> Json:
    """Which organization, as the directory knows it; there is no FHIR resource of it here."""
    return {"type": "Organization", "identifier": {"system": URI, "value": f"urn:uuid:{identity}"}}


def period(start: date | None, end: date | None) -> Json:
    return {name: day(value) for name, value in (("start", start), ("end", end)) if value}


def day(value: date | None) -> str | None:
    return value.isoformat() if value else None


def instant(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


#: HTTP status -> the code of an OperationOutcome's issue.
ISSUES: Mapping[int, str] = MappingProxyType(
    {
        400: "invalid",
        401: "login",
        403: "forbidden",
        404: "not-found",
        405: "not-supported",
        406: "not-supported",
        409: "conflict",
        422: "invalid",
        429: "throttled",
        503: "transient",
    }
)


def outcome(status: int, slug: str, title: str) -> Json:
    """What went wrong: our own slug beside FHIR's word for it."""
    issue = {
        "severity": "error",
        "code": ISSUES.get(status, "exception"),
        "details": {"coding": [{"system": "urn:lotsennetz:problem", "code": slug}], "text": title},
    }
    return {"resourceType": "OperationOutcome", "issue": [issue]}


def capability(base: str) -> Json:
    """What this view can do: read one Task, and nothing else."""
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": "2026-11-26",
        "kind": "instance",
        "software": {"name": "Lotsennetz"},
        "implementation": {"description": "Referrals as Tasks, read-only", "url": base},
        "fhirVersion": VERSION,
        "format": ["application/fhir+json"],
        "rest": [
            {
                "mode": "server",
                "security": {"description": "An access token, as for the partners' interface or a member of staff."},
                "resource": [{"type": "Task", "interaction": [{"code": "read"}], "versioning": "versioned"}],
            }
        ],
    }
