"""Everything a case page shows, read in one transaction that first notes that somebody looks."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from contracts.codes import (
    Action,
    ConsentState,
    ContactLimit,
    DataCategory,
    EnquirerKind,
    Party,
    Status,
    ViewPurpose,
)
from contracts.partner.dossier import categories_of
from services.chassis.work import Work
from services.referral.calendar import is_working_day
from services.referral.commands import appointing
from services.referral.config import Keys
from services.referral.domain.appointments import Appointment, Kept
from services.referral.domain.deadlines import DeadlineKind, due_on
from services.referral.domain.grounds import ENTERPRISE_CATEGORIES, holds_on, request_state_on, state_on
from services.referral.domain.referral import Referral
from services.referral.queries.referrals import recordable, timeline
from services.referral.store import consents, duplicates, persons, referrals
from services.referral.store.directory import Listing
from services.referral.store.duplicates import Seen
from services.referral.store.referrals import StaffActor
from services.referral.store.timeline import viewed
from services.referral.vault import PersonKey
from services.referral.web.forms import Form, navigator_form, record_form
from services.referral.web.names import Names
from services.referral.web.words import Line, Section, datum, record_sections, timeline_lines

LAST_DECISION = """
SELECT allowed, refusal, categories, point, decided_at FROM decisions
WHERE referral_id = %s AND point <> 'back_channel'
ORDER BY decided_at DESC, id DESC LIMIT 1"""
FOLLOWING = "SELECT id, reference, service_id FROM referrals WHERE based_on = %s ORDER BY drafted_on, id"


@dataclass(frozen=True, slots=True)
class Words:
    """Something a partner or we wrote, opened for this page."""

    title: str
    text: str | None
    at: datetime
    answer: str | None = None
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class Headline:
    """Who it is about and how to reach her, for somebody with a telephone at her ear."""

    name: str
    phone: str
    languages: str
    #: How and when she is reached so that nobody else hears of it, in words; it stands before any number.
    safely: tuple[str, ...] = ()
    #: What must not be done.
    limits: tuple[str, ...] = ()
    #: She is not telephoned: her number is shown, and no touch dials it.
    may_ring: bool = True
    #: When she has no time, in words.
    busy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseView:
    """One case as it is shown."""

    referral: Referral
    organization: str
    service: str
    listing: Listing | None
    person: Headline
    due_on: date | None
    due: tuple[tuple[DeadlineKind, datetime], ...]
    lines: list[Line]
    sections: list[Section]
    released: frozenset[DataCategory]
    decision: Any
    grounds: list[Any]
    words: list[Words]
    forms: list[Form]
    records: list[Form]
    duplicates: tuple[UUID, ...]
    #: In care on this topic somewhere this desk does not see; no more is said.
    elsewhere: bool
    better: tuple[UUID, str] | None
    following: list[Any]
    #: Hers in all referrals this caller may see.
    appointments: list[Kept]


def view_case(
    work: Work, keys: Keys, by: StaffActor, referral_id: UUID, purpose: ViewPurpose = ViewPurpose.CASE_WORK
) -> CaseView:
    """Read the case and note the view; the page is made only after this has committed."""
    referral = referrals.load(work.tx, referral_id, visible_to=by)
    names = Names(work.tx)
    record = record_of(work, keys, referral)
    note_view(work, by, referral, record, purpose)
    decision = work.tx.execute(LAST_DECISION, (referral.id,)).fetchone()
    better = referral.better_service_id
    seen = duplicates_of(work, by, referral)
    kept = appointing.of_person(work.tx, keys.vault, referral.person_id, visible_to=by)
    return CaseView(
        referral=referral,
        organization=names.organization(referral.organization_id),
        service=names.service(referral.service_id),
        listing=names.listing(referral.service_id),
        person=headline_of(record),
        due_on=due_on(referral, is_working_day),
        due=deadlines_of(work, referral),
        lines=timeline_lines(timeline(work.tx, referral.id), names),
        sections=record_sections(referral.enquirer, record),
        released=covered(work, referral),
        decision=decision,
        grounds=grounds_of(work, referral, names),
        words=words_of(work, keys, referral) if record else [],
        forms=[navigator_form(action, referral) for action in offered(referral)],
        records=[
            record_form(Action(action), referral.duties, referral.back_level, to_change(kept, referral))
            for action in recordable(referral)
        ],
        duplicates=seen.ours,
        elsewhere=seen.elsewhere,
        better=(better, names.service(better)) if better else None,
        following=work.tx.execute(FOLLOWING, (referral.id,)).fetchall(),
        appointments=kept,
    )


def to_change(kept: Iterable[Kept], referral: Referral) -> Appointment | None:
    """The referral's own appointment, for whoever moves it."""
    return next((one.what for one in kept if one.id == referral.appointment_id), None)


def duplicates_of(work: Work, by: StaffActor, referral: Referral) -> Seen:
    """What the questions of this case found, before it is sent; looking at a page asks nothing."""
    if referral.status is not Status.DRAFT:
        return Seen()
    return duplicates.seen(
        work.tx,
        by,
        referral_id=referral.id,
        enquiry_id=referral.enquiry_id,
        person_id=referral.person_id,
        topic=referral.topic,
    )


def offered(referral: Referral) -> Iterable[Action]:
    return referral.allowed_to(Party.NAVIGATOR)


def record_of(work: Work, keys: Keys, referral: Referral) -> dict[str, Any]:
    """The person's record; nothing once she is erased."""
    row = work.tx.execute("SELECT sealed IS NULL AS gone FROM persons WHERE id = %s", (referral.person_id,)).fetchone()
    return {} if row is None or row["gone"] else persons.record_of(work.tx, keys.vault, referral.person_id)


def headline_of(record: Mapping[str, Any]) -> Headline:
    parts = (record.get("given_name"), record.get("family_name")) if "family_name" in record else ()
    name = " ".join(part for part in parts if part) or record.get("company", "")
    limits = record.get("contact_limits", [])
    return Headline(
        str(name),
        str(record.get("phone", "")),
        datum("languages", record.get("languages", [])),
        tuple(datum(field, record[field]) for field in ("safe_channel", "contact_times") if record.get(field)),
        tuple(datum("contact_limits", one) for one in limits),
        ContactLimit.NO_PHONE not in limits,
        datum("unavailable_times", record.get("unavailable_times", [])),
    )


def note_view(work: Work, by: StaffActor, referral: Referral, record: dict[str, Any], purpose: ViewPurpose) -> None:
    viewed(
        work,
        role=by.role,
        purpose=by.why(purpose),
        categories=tuple(sorted(categories_of(referral.enquirer, record))),
        person_id=referral.person_id if referral.enquirer is EnquirerKind.PERSON else None,
        enquiry_id=referral.enquiry_id,
        referral_id=referral.id,
    )


def deadlines_of(work: Work, referral: Referral) -> tuple[tuple[DeadlineKind, datetime], ...]:
    rows = work.tx.execute(
        "SELECT kind, due_at FROM deadlines WHERE referral_id = %s AND done_at IS NULL ORDER BY due_at", (referral.id,)
    )
    return tuple((DeadlineKind(row["kind"]), row["due_at"]) for row in rows.fetchall())


def grounds_of(work: Work, referral: Referral, names: Names) -> list[dict[str, Any]]:
    """The consents that name this body, the one in force first, each with what it lets this body see."""
    return [
        {
            "consent": consent,
            "state": state_on(consent, work.today).value,
            "recipient": recipient,
            "service": names.service(recipient.service_id) if recipient.service_id else "",
        }
        for consent in consents.of_person(work.tx, referral.person_id)
        for recipient in consent.recipients
        if recipient.organization_id == referral.organization_id
    ]


def covered(work: Work, referral: Referral) -> frozenset[DataCategory]:
    """What the partner may see as things stand, by consents in force that name it (a business contact by request)."""
    if referral.enquirer is EnquirerKind.EMPLOYER:
        return ENTERPRISE_CATEGORIES if is_requested(work, referral) else frozenset()
    found = [
        recipient.categories
        for consent in consents.of_person(work.tx, referral.person_id)
        if holds_on(consent, work.today)
        for recipient in consent.recipients
        if recipient.organization_id == referral.organization_id and recipient.service_id in {None, referral.service_id}
    ]
    return frozenset(category for categories in found for category in categories)


def is_requested(work: Work, referral: Referral) -> bool:
    """Has the company asked for this body, and does that still hold?"""
    return any(
        (referral.organization_id, referral.service_id) in request.recipients
        and request_state_on(request, work.today) is ConsentState.GIVEN
        for request in consents.requests_of(work.tx, referral.person_id)
    )


def words_of(work: Work, keys: Keys, referral: Referral) -> list[Words]:
    """Questions, answers and comments, opened with the person's key."""
    key = persons.key_of(work.tx, keys.vault, referral.person_id)
    asked = work.tx.execute(
        "SELECT * FROM questions WHERE referral_id = %s ORDER BY asked_at DESC", (referral.id,)
    ).fetchall()
    told = work.tx.execute(
        "SELECT * FROM comments WHERE referral_id = %s ORDER BY made_at DESC", (referral.id,)
    ).fetchall()
    return [question_of(row, key) for row in asked] + [
        Words(f"action:{row['action']}", opened(key, "comments", row["id"], row["sealed"]), row["made_at"])
        for row in told
    ]


def question_of(row: Any, key: PersonKey) -> Words:
    return Words(
        f"question_code:{row['code']}",
        opened(key, "questions", row["id"], row["sealed_question"]),
        row["asked_at"],
        opened(key, "answers", row["id"], row["sealed_answer"]),
        row["answered_at"] is None,
    )


def opened(key: PersonKey, place: str, identity: UUID, sealed: bytes | None) -> str | None:
    return key.open(f"{place}/{identity}", sealed).decode() if sealed else None
