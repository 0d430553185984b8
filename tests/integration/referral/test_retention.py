"""The deletion job on a real database: what goes on its day and not before, what never goes, and runs cut short."""

import multiprocessing
import os
import signal
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.codes import HoldReason, Relation, RetentionKind, Site, StaffRole, Status, TaskKind
from contracts.referral import (
    ConsentRecordDeleted,
    DocumentDeleted,
    EnquiryClosed,
    LegalHoldLifted,
    LegalHoldSet,
    PersonKeyDestroyed,
    ReferralDraftDeleted,
    RetentionRun,
)
from services.chassis.db import Database
from services.chassis.errors import ForbiddenError, InvalidError, NotFoundError, RefusedError
from services.referral.commands import enquiries, holds, referrals, retention
from services.referral.domain.retention import DEFAULTS, Period, Periods
from services.referral.store import enquiries as stored
from services.referral.store import persons
from services.referral.store.enquiries import Member
from services.referral.store.referrals import staff_actor
from services.referral.store.retention import HANGS_ON_REFERRAL, NAMES_REFERRAL
from tests.integration.referral.ageing import DRAFT, ENDED, RUNNING, Ageing, before, noon
from tests.integration.referral.scene import CENTER, HWK_SERVICE, NAVIGATOR, Scene

LEAD = staff_actor("staff:" + "b" * 32, Site.AACHEN, CENTER, StaffRole.LEAD)
ONE_DAY = timedelta(days=1)


@pytest.fixture
def ageing(scene: Scene) -> Ageing:
    return Ageing(scene.told_directory())


def kinds(ageing: Ageing, on: date | None = None) -> list[RetentionKind]:
    return [item.kind for item in ageing.due(on)]


# --- the day itself, and the day before -----------------------------------------------------------------------------


def an_enquiry_without_referral(ageing: Ageing, day: date) -> None:
    ageing.case(contact=before(day, months=6))


def an_ended_case(ageing: Ageing, day: date) -> None:
    start = before(day, months=12)
    enquiry = ageing.case(contact=start, closed=start)
    ageing.referral(enquiry, day=start)


def a_case_to_restrict(ageing: Ageing, day: date) -> None:
    enquiry = ageing.case(contact=before(day, days=40))
    ageing.referral(enquiry, day=before(day, days=30))


def an_enquiry_draft(ageing: Ageing, day: date) -> None:
    began = noon(before(day, days=14))
    insert(
        ageing,
        "INSERT INTO enquiry_drafts (id, key_id, kept_by, site, organization_id, enquirer, step, sealed, begun_at,"
        " changed_at) VALUES (%s, %s, 'staff:x', 'aachen', %s, 'person', 'needs', 'x', %s, %s)",
        uuid4(),
        uuid4(),
        CENTER,
        began,
        began,
    )


def a_referral_draft(ageing: Ageing, day: date) -> None:
    ageing.referral(ageing.case(contact=day), DRAFT, day=before(day, days=90))


def a_consent_draft(ageing: Ageing, day: date) -> None:
    enquiry = ageing.case(contact=day)
    insert(
        ageing,
        "INSERT INTO drafted_consents (id, version, code, person_id, enquiry_id, given_by, text_id, text_version,"
        " text_sha256, language, interpreter, recipients, controllers, secrecy_releases, valid_until, terms_sha256,"
        " signatures, prepared_at, prepared_by) VALUES (%s, 1, 'X', %s, %s, 'self', 't', 1, '0', 'de', false, '[]',"
        " '{}', '[]', %s, '0', '[]', %s, 'staff:x')",
        uuid4(),
        enquiry.person_id,
        enquiry.id,
        day,
        noon(before(day, days=90)),
    )


def a_custodial_dossier(ageing: Ageing, day: date) -> None:
    enquiry = ageing.case(contact=day)
    ended = ageing.referral(enquiry, day=before(day, days=30))
    ageing.referral(enquiry, RUNNING, day=day)
    insert(
        ageing,
        "INSERT INTO dossiers (referral_id, sealed, key_id, custodial, categories, sealed_at)"
        " VALUES (%s, 'x', 'k', true, '{}', %s)",
        ended,
        noon(day),
    )


def words_of_a_partner(ageing: Ageing, day: date) -> None:
    enquiry = ageing.case(contact=day)
    ended = ageing.referral(enquiry, day=before(day, months=12))
    ageing.referral(enquiry, RUNNING, day=day)
    insert(
        ageing,
        "INSERT INTO comments (id, referral_id, action, sealed, made_at, actor)"
        " VALUES (%s, %s, 'reject', 'x', %s, 'p')",
        uuid4(),
        ended,
        noon(day),
    )


def a_link(ageing: Ageing, day: date) -> None:
    enquiry = ageing.case(contact=day)
    insert(
        ageing,
        "INSERT INTO person_links (id, purpose, way, person_id, enquiry_id, language, mail_is_safe, issued_by,"
        " issued_at, expires_at) VALUES (%s, 'self_service', 'mail', %s, %s, 'de', true, 'staff:x', %s, %s)",
        uuid4(),
        enquiry.person_id,
        enquiry.id,
        noon(before(day, days=104)),
        noon(before(day, days=90)),
    )


def a_document_of_a_case_that_ended_while_the_person_is_in_another(ageing: Ageing, day: date) -> None:
    start = before(day, months=12)
    enquiry = ageing.case(contact=start, closed=start)
    ageing.referral(enquiry, day=start)
    ageing.document(enquiry)
    ageing.case(contact=day, person_id=enquiry.person_id)


def a_person_without_case(ageing: Ageing, day: date) -> None:
    ageing.person(day=before(day, months=6))


def a_consent_record(ageing: Ageing, day: date) -> None:
    enquiry = ageing.case(contact=day)
    consent = ageing.scene.consent(enquiry)
    insert(
        ageing,
        "UPDATE consents SET given_at = %s, valid_from = %s, valid_until = %s WHERE id = %s",
        noon(before(day, months=40)),
        before(day, months=40),
        before(day, months=36),
        consent.id,
    )


def a_rights_record(ageing: Ageing, day: date) -> None:
    enquiry = ageing.case(contact=day)
    insert(
        ageing,
        "INSERT INTO subject_requests (id, subject_right, person_id, enquiry_id, site, organization_id, channel,"
        " received_on, due_on, answer, answered_on, recorded_by, recorded_at)"
        " VALUES (%s, 'access', %s, %s, 'aachen', %s, 'letter', %s, %s, 'granted', %s, 'staff:x', %s)",
        uuid4(),
        enquiry.person_id,
        enquiry.id,
        CENTER,
        before(day, months=37),
        before(day, months=36),
        before(day, months=36),
        noon(before(day, months=37)),
    )


def an_access_record(ageing: Ageing, day: date) -> None:
    enquiry = ageing.case(contact=day)
    insert(
        ageing,
        "INSERT INTO views (id, person_id, role, purpose, categories, actor, viewed_at)"
        " VALUES (%s, %s, 'navigator', 'case_work', '{IDENTITY}', 'staff:x', %s)",
        uuid4(),
        enquiry.person_id,
        noon(before(day, months=36)),
    )


def insert(ageing: Ageing, sql: str, *params: Any) -> None:
    with ageing.scene.unit.work(actor="system:test") as work:
        work.tx.execute(sql.encode(), params)


AGED: dict[RetentionKind, Callable[[Ageing, date], None]] = {
    RetentionKind.RESTRICTION: a_case_to_restrict,
    RetentionKind.ENQUIRY_DRAFT: an_enquiry_draft,
    RetentionKind.REFERRAL_DRAFT: a_referral_draft,
    RetentionKind.CONSENT_DRAFT: a_consent_draft,
    RetentionKind.CUSTODIAL_DOSSIER: a_custodial_dossier,
    RetentionKind.PARTNER_WORDS: words_of_a_partner,
    RetentionKind.PERSON_LINK: a_link,
    RetentionKind.DOCUMENT: a_document_of_a_case_that_ended_while_the_person_is_in_another,
    RetentionKind.ENQUIRY_WITHOUT_REFERRAL: an_enquiry_without_referral,
    RetentionKind.CLOSED_CASE: an_ended_case,
    RetentionKind.PERSON_WITHOUT_CASE: a_person_without_case,
    RetentionKind.CONSENT_RECORD: a_consent_record,
    RetentionKind.RIGHTS_RECORD: a_rights_record,
    RetentionKind.ACCESS_RECORD: an_access_record,
}


def test_every_kind_is_tried() -> None:
    assert set(AGED) == set(RetentionKind)


@pytest.mark.parametrize("kind", RetentionKind)
def test_it_goes_on_its_day_and_not_the_day_before(ageing: Ageing, kind: RetentionKind) -> None:
    day = ageing.today
    AGED[kind](ageing, day)
    assert kinds(ageing, day - ONE_DAY) == []
    (item,) = ageing.due(day)
    assert (item.kind, item.due_on) == (kind, day)
    ageing.scene.clock.instant -= ONE_DAY
    assert dict(ageing.night().deleted) == {}
    ageing.scene.clock.instant += ONE_DAY
    assert dict(ageing.night().deleted) == {kind: 1}
    assert ageing.due(day) == []


# --- what a run does ------------------------------------------------------------------------------------------------


def test_a_person_is_erased_as_at_her_own_wish_and_nothing_waits_about_her(ageing: Ageing) -> None:
    scene, start = ageing.scene, before(ageing.today, months=13)
    enquiry = ageing.case(contact=start)
    referral_id = ageing.referral(enquiry, day=start)
    ageing.document(enquiry)
    insert(
        ageing,
        "INSERT INTO tasks (id, kind, referral_id, enquiry_id, organization_id, site, role, due_on, opened_at)"
        " VALUES (%s, %s, %s, %s, %s, 'aachen', 'navigator', %s, %s)",
        uuid4(),
        TaskKind.ANSWERED_LATE,
        referral_id,
        enquiry.id,
        CENTER,
        start,
        noon(start),
    )
    assert dict(ageing.night().deleted) == {RetentionKind.CLOSED_CASE: 1}
    scene.tick()
    assert [fact.person_id for fact in scene.said(PersonKeyDestroyed)] == [enquiry.person_id]
    with scene.db.read() as connection, pytest.raises(NotFoundError):
        persons.record_of(connection, scene.keys.vault, enquiry.person_id)
    assert scene.rows("SELECT occasion FROM deletions") == [{"occasion": "retention"}]
    assert scene.rows("SELECT FROM documents WHERE sealed IS NOT NULL") == []
    assert scene.rows("SELECT FROM tasks WHERE closed_at IS NULL") == []
    assert scene.rows("SELECT FROM enquiries WHERE closed_at IS NULL") == []
    assert scene.rows("SELECT status FROM referrals") == [{"status": "completed"}]


def test_a_run_says_what_it_deleted_and_whom_a_hold_kept(ageing: Ageing) -> None:
    day, scene = ageing.today, ageing.scene
    for _ in range(3):
        an_enquiry_without_referral(ageing, day)
    a_referral_draft(ageing, day)
    held = ageing.case(contact=before(day, months=9))
    ageing.hold(held, day + timedelta(days=60))
    outcome = ageing.night()
    assert dict(outcome.deleted) == {RetentionKind.REFERRAL_DRAFT: 1, RetentionKind.ENQUIRY_WITHOUT_REFERRAL: 3}
    assert (outcome.held, outcome.held_until) == (1, day + timedelta(days=60))
    (told,) = scene.said(RetentionRun)
    assert {count.kind: count.deleted for count in told.counts} == dict(outcome.deleted)
    assert (told.as_of, told.held, told.held_until) == (day, 1, day + timedelta(days=60))
    assert len(scene.said(ReferralDraftDeleted)) == 1
    assert held.person_id not in ageing.erased()
    items = scene.rows("SELECT kind, item_id FROM retention_items WHERE held_until IS NULL")
    assert len(items) == 4


def test_the_clock_runs_it_once_a_night_and_after_its_hour(ageing: Ageing) -> None:
    scene = ageing.scene
    scene.clock.instant = datetime.fromisoformat("2026-11-23T00:30:00+00:00")  # half past one in Aachen
    an_enquiry_without_referral(ageing, ageing.today)
    scene.tick()
    assert ageing.runs() == 0
    scene.clock.instant += timedelta(hours=1)
    for _ in range(15):
        scene.tick()
    assert scene.tick() == 0
    assert ageing.runs() == 1
    assert len(ageing.erased()) == 1
    assert len(scene.said(RetentionRun)) == 1
    scene.clock.instant += ONE_DAY
    for _ in range(15):
        scene.tick()
    assert ageing.runs() == 2


def test_a_draft_goes_with_all_that_hangs_on_it(ageing: Ageing) -> None:
    scene = ageing.scene
    enquiry = scene.an_enquiry()
    with scene.unit.work(actor=NAVIGATOR.actor) as work:
        drafted = referrals.draft(work, scene.keys, NAVIGATOR, enquiry.id, enquiry.needs[0].id, HWK_SERVICE)
    scene.clock.instant += timedelta(days=90)
    assert dict(ageing.night().deleted) == {RetentionKind.REFERRAL_DRAFT: 1}
    assert scene.rows("SELECT FROM referrals") == []
    assert [fact.referral_id for fact in scene.said(ReferralDraftDeleted)] == [drafted.id]


def test_everything_that_hangs_on_a_referral_is_known(scene: Scene) -> None:
    """A new table that points at referrals has to be deleted with them, too."""
    found = scene.rows(
        "SELECT conrelid::regclass::text AS name FROM pg_constraint"
        " WHERE contype = 'f' AND confrelid = 'referrals'::regclass AND conrelid <> 'referrals'::regclass"
    )
    assert {row["name"] for row in found} == {*HANGS_ON_REFERRAL, *NAMES_REFERRAL}


@pytest.mark.parametrize("table", ["consents", "drafted_consents", "subject_requests", "person_links"])
def test_what_hangs_on_other_rows_that_are_deleted_is_known(scene: Scene, table: str) -> None:
    found = scene.rows(
        "SELECT conrelid::regclass::text AS name FROM pg_constraint WHERE contype = 'f' AND confrelid = %s::regclass",
        table,
    )
    assert {row["name"] for row in found} <= {"subject_accesses", "person_letters"}


def test_other_periods_count_where_they_are_configured(ageing: Ageing) -> None:
    ageing.case(contact=before(ageing.today, days=30))
    shorter = Periods({**DEFAULTS, RetentionKind.ENQUIRY_WITHOUT_REFERRAL: Period(days=30)})
    assert dict(ageing.night(shorter).deleted) == {RetentionKind.ENQUIRY_WITHOUT_REFERRAL: 1}


# --- holds ----------------------------------------------------------------------------------------------------------


def put(ageing: Ageing, enquiry_id: UUID, until: date, by: Any = LEAD, words: str = "a law suit") -> Any:
    with ageing.scene.unit.work(actor=by.actor) as work:
        return holds.put(
            work,
            ageing.scene.keys.vault,
            by,
            enquiry_id,
            reason=HoldReason.LEGAL_CLAIM,
            words=words,
            until=until,
            most_months=12,
        )


def test_a_hold_keeps_through_its_last_day_and_then_ends_by_itself(ageing: Ageing) -> None:
    day = ageing.today
    enquiry = ageing.case(contact=before(day, months=7))
    ageing.document(enquiry)
    hold = put(ageing, enquiry.id, day + ONE_DAY)
    (told,) = ageing.scene.said(LegalHoldSet)
    assert (told.hold_id, told.person_id, told.until) == (hold.id, enquiry.person_id, day + ONE_DAY)
    for _ in range(2):
        assert (dict(ageing.night().deleted), ageing.erased()) == ({}, set())
        ageing.scene.clock.instant += ONE_DAY
    assert dict(ageing.night().deleted) == {RetentionKind.ENQUIRY_WITHOUT_REFERRAL: 1}


def test_a_hold_that_is_lifted_holds_no_longer(ageing: Ageing) -> None:
    enquiry = ageing.case(contact=before(ageing.today, months=7))
    hold = put(ageing, enquiry.id, ageing.today + timedelta(days=90))
    with ageing.scene.unit.work(actor=LEAD.actor) as work:
        holds.lift(work, LEAD, hold.id)
    assert len(ageing.scene.said(LegalHoldLifted)) == 1
    with pytest.raises(RefusedError), ageing.scene.unit.work(actor=LEAD.actor) as work:
        holds.lift(work, LEAD, hold.id)
    assert dict(ageing.night().deleted) == {RetentionKind.ENQUIRY_WITHOUT_REFERRAL: 1}


def test_not_even_at_her_own_wish_is_erased_what_a_hold_keeps(ageing: Ageing) -> None:
    enquiry = ageing.case(contact=ageing.today)
    put(ageing, enquiry.id, ageing.today + timedelta(days=90))
    with pytest.raises(RefusedError) as caught, ageing.scene.unit.work(actor=LEAD.actor) as work:
        enquiries.erase(work, LEAD, enquiry.id)
    assert caught.value.slug == "person.held"
    assert ageing.erased() == set()


@pytest.mark.parametrize(
    ("days", "words", "field"),
    [(-1, "why", "until"), (366, "why", "until"), (30, " ", "words"), (30, "x" * 2_001, "words")],
)
def test_a_hold_without_end_or_reason_is_refused_by_name(ageing: Ageing, days: int, words: str, field: str) -> None:
    enquiry = ageing.case(contact=ageing.today)
    with pytest.raises(InvalidError) as caught:
        put(ageing, enquiry.id, ageing.today + timedelta(days=days), words=words)
    assert list(caught.value.fields) == [field]
    assert ageing.scene.rows("SELECT FROM legal_holds") == []


def test_only_the_lead_holds_and_only_at_her_own_desk(ageing: Ageing) -> None:
    enquiry = ageing.case(contact=ageing.today)
    with pytest.raises(ForbiddenError):
        put(ageing, enquiry.id, ageing.today, by=NAVIGATOR)
    stranger = staff_actor("staff:" + "c" * 32, Site.NEUSS, CENTER, StaffRole.LEAD)
    with pytest.raises(NotFoundError):
        put(ageing, enquiry.id, ageing.today, by=stranger)


def test_why_somebody_is_held_lies_sealed(ageing: Ageing) -> None:
    enquiry = ageing.case(contact=ageing.today)
    put(ageing, enquiry.id, ageing.today, words="Klage vor dem Arbeitsgericht")
    (row,) = ageing.scene.rows("SELECT sealed FROM legal_holds")
    assert b"Arbeitsgericht" not in bytes(row["sealed"])


# --- what never goes ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [status for status in Status if not status.is_terminal])
def test_nothing_with_a_referral_that_goes_on_is_deleted(ageing: Ageing, status: Status) -> None:
    long_ago = before(ageing.today, months=60)
    enquiry = ageing.case(contact=long_ago)
    ageing.document(enquiry)
    ageing.referral(enquiry, day=long_ago)
    ageing.referral(enquiry, status, day=ageing.today)
    assert dict(ageing.night().deleted) == {}


def test_nothing_a_partner_still_owes_about_is_deleted(ageing: Ageing) -> None:
    long_ago = before(ageing.today, months=60)
    ageing.referral(ageing.case(contact=long_ago), day=long_ago, owed=True)
    assert dict(ageing.night().deleted) == {}


def test_a_paper_on_its_way_to_a_partner_stays_though_its_own_case_is_over(ageing: Ageing) -> None:
    day = ageing.today
    start = before(day, months=13)
    old = ageing.case(contact=start, closed=start)
    ageing.referral(old, day=start)
    document_id = ageing.document(old)
    new = ageing.case(contact=day, person_id=old.person_id)
    running = ageing.referral(new, RUNNING, day=day)
    sql = "INSERT INTO referral_documents (referral_id, document_id, enclosed_by, enclosed_at) VALUES (%s, %s, 'x', %s)"
    insert(ageing, sql, running, document_id, noon(day))
    assert dict(ageing.night().deleted) == {}
    insert(ageing, "UPDATE referrals SET status = 'completed', ended_on = %s WHERE id = %s", day, running)
    assert dict(ageing.night().deleted) == {RetentionKind.DOCUMENT: 1}
    assert [fact.document_id for fact in ageing.scene.said(DocumentDeleted)] == [document_id]


def test_a_request_of_the_person_that_waits_for_its_answer_keeps_her(ageing: Ageing) -> None:
    a_rights_record(ageing, ageing.today)
    insert(ageing, "UPDATE subject_requests SET answer = NULL, answered_on = NULL")
    insert(ageing, "UPDATE enquiries SET last_contact_at = %s", noon(before(ageing.today, months=40)))
    assert dict(ageing.night().deleted) == {}


def test_a_draft_begun_at_the_last_moment_keeps_the_person(ageing: Ageing, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the look and the lock somebody begins a referral: the second look sees it."""
    enquiry = ageing.case(contact=before(ageing.today, months=7))
    locked = retention.LOCKS[RetentionKind.ENQUIRY_WITHOUT_REFERRAL]

    def late(work: Any, item: Any) -> None:
        ageing.referral(enquiry, DRAFT, day=ageing.today)
        locked(work, item)

    monkeypatch.setattr(retention, "LOCKS", dict.fromkeys(RetentionKind, late))
    assert dict(ageing.night().deleted) == {}
    assert ageing.erased() == set()


def test_whoever_begins_a_referral_while_the_case_goes_is_refused(ageing: Ageing) -> None:
    enquiry = ageing.case(contact=before(ageing.today, months=7))
    ageing.night()
    with pytest.raises(RefusedError) as caught, ageing.scene.unit.work(actor=NAVIGATOR.actor) as work:
        referrals.draft(work, ageing.scene.keys, NAVIGATOR, enquiry.id, enquiry.needs[0].id, HWK_SERVICE)
    assert caught.value.slug == "enquiry.restricted"


def test_everybody_of_a_household_stays_until_the_case_of_all_is_over(ageing: Ageing) -> None:
    long_ago = before(ageing.today, months=13)
    enquiry = ageing.case(contact=long_ago)
    daughter = ageing.person(day=long_ago)
    with ageing.scene.unit.work(actor=NAVIGATOR.actor) as work:
        stored.add_member(work, enquiry.id, Member(daughter, Relation.CHILD))
    running = ageing.referral(enquiry, RUNNING, day=ageing.today, person_id=daughter)
    ageing.referral(enquiry, day=long_ago)
    assert dict(ageing.night().deleted) == {}
    insert(ageing, "UPDATE referrals SET status = 'completed', ended_on = %s WHERE id = %s", long_ago, running)
    insert(ageing, "UPDATE referrals SET drafted_on = %s", long_ago)
    assert dict(ageing.night().deleted) == {RetentionKind.CLOSED_CASE: 2}
    assert ageing.erased() == {enquiry.person_id, daughter}


def test_whoever_was_taken_out_of_a_household_goes_when_her_own_matters_are_over(ageing: Ageing) -> None:
    day = ageing.today
    enquiry, daughter = ageing.case(contact=day), ageing.person(day=before(day, months=20))
    with ageing.scene.unit.work(actor=NAVIGATOR.actor) as work:
        stored.add_member(work, enquiry.id, Member(daughter, Relation.CHILD))
        stored.remove_member(work, enquiry.id, daughter)
    assert kinds(ageing, Period(months=6).after(day) - ONE_DAY) == []
    assert RetentionKind.PERSON_WITHOUT_CASE in kinds(ageing, Period(months=6).after(day))


# --- over generated cases -------------------------------------------------------------------------------------------

DAYS = st.integers(0, 1_500)
REFERRALS = st.lists(
    st.tuples(st.sampled_from([ENDED, ENDED, Status.CANCELLED, RUNNING, DRAFT]), DAYS, st.booleans()), max_size=3
)
CASES = st.lists(st.tuples(DAYS, st.booleans(), REFERRALS), min_size=1, max_size=2)
PEOPLE = st.lists(st.tuples(CASES, st.one_of(st.none(), st.integers(-5, 5))), min_size=1, max_size=4)


@settings(
    max_examples=15,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(PEOPLE)
@pytest.mark.timeout(600)
def test_after_one_run_everything_past_its_period_is_gone_and_nothing_that_goes_on_is_owed_or_held(
    ageing: Ageing, people: list[Any]
) -> None:
    expected_gone: set[UUID] = set()
    expected_kept: set[UUID] = set()
    for cases, held in people:
        person_id, gone = grown(ageing, cases, held)
        (expected_gone if gone else expected_kept).add(person_id)
    ageing.night()
    erased = ageing.erased()
    assert expected_gone <= erased
    assert not expected_kept & erased
    assert [item for item in ageing.due() if not item.is_held] == []


def grown(ageing: Ageing, cases: list[Any], held: int | None) -> tuple[UUID, bool]:
    """Somebody with these cases; and whether, by the rules in plain words, she should be gone after a run."""
    today = ageing.today
    person_id = ageing.person(day=today)
    last_days: list[date | None] = []
    for contact_days, closed, referrals_of in cases:
        contact = today - timedelta(days=contact_days)
        enquiry = ageing.case(contact=contact, closed=contact if closed else None, person_id=person_id)
        ended: list[date] = []
        goes_on = False
        for status, days, owed in referrals_of:
            day = today - timedelta(days=days)
            ageing.referral(enquiry, status, day=day, owed=owed and status.is_terminal)
            if status.is_terminal:
                ended.append(day)
                goes_on = goes_on or owed
            elif (status is DRAFT and days < 90) or status is not DRAFT:
                goes_on = True
            contact = max(contact, day) if status is not DRAFT or days < 90 else contact
        by_contact = Period(months=6).after(contact)
        by_end = Period(months=12).after(max(ended)) if ended else None
        last = by_contact if by_end is None else by_end if closed else max(by_end, by_contact)
        last_days.append(None if goes_on else last)
    if held is not None:
        ageing.hold(enquiry, today + timedelta(days=held))
    is_held = held is not None and held >= 0
    return person_id, not is_held and all(day is not None and day <= today for day in last_days)


# --- killed in the middle -------------------------------------------------------------------------------------------


def die_in_the_middle(dsn: str, steps: int, inside: bool) -> None:
    """In a process of its own: some steps of a run, then gone without a word - between two steps, or within one."""
    with Database(dsn) as db:
        ageing = Ageing(Scene(db))
        with ageing.scene.unit.work(actor="system:clock") as work:
            retention.begin(work, ageing.today)
        for _ in range(steps):
            with ageing.scene.unit.work(actor="system:clock") as work:
                retention.step(work, Periods())
        if inside:
            with ageing.scene.unit.work(actor="system:clock") as work:
                retention.step(work, Periods())
                os.kill(os.getpid(), signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("inside", [False, True], ids=["between steps", "within a step"])
@pytest.mark.parametrize("steps", [5, 6, 7])
def test_a_run_that_was_killed_goes_on_where_it_stood_and_nothing_is_half_done(
    ageing: Ageing, steps: int, inside: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "DELETED", 2)
    day = ageing.today
    for _ in range(6):
        an_enquiry_without_referral(ageing, day)
    a_referral_draft(ageing, day)
    child = multiprocessing.get_context("fork").Process(
        target=die_in_the_middle, args=(ageing.scene.db.dsn, steps, inside)
    )
    child.start()
    child.join(60)
    assert child.exitcode == -signal.SIGKILL
    rows = ageing.scene.rows("SELECT item_id FROM retention_items WHERE person_id = item_id")
    noted = {row["item_id"] for row in rows}
    assert noted == ageing.erased()
    assert len(noted) < 6
    assert ageing.scene.said(RetentionRun) == []

    outcome = ageing.night()
    assert ageing.runs() == 1
    assert dict(outcome.deleted) == {RetentionKind.REFERRAL_DRAFT: 1, RetentionKind.ENQUIRY_WITHOUT_REFERRAL: 6}
    assert len(ageing.erased()) == 6
    assert len(ageing.scene.said(RetentionRun)) == 1
    assert len(ageing.scene.rows("SELECT FROM deletions")) == 6


def test_consent_records_go_three_years_after_they_ended_and_the_fact_stays(ageing: Ageing) -> None:
    a_consent_record(ageing, ageing.today)
    ageing.night()
    assert ageing.scene.rows("SELECT FROM consents") == []
    assert len(ageing.scene.said(ConsentRecordDeleted)) == 1


def test_whoever_came_again_is_restricted_by_itself_after_a_month_and_not_forgotten_for_it(ageing: Ageing) -> None:
    enquiry = ageing.case(contact=before(ageing.today, months=2))
    ageing.referral(enquiry, day=before(ageing.today, months=13))
    assert dict(ageing.night().deleted) == {RetentionKind.RESTRICTION: 1}
    assert dict(ageing.night().deleted) == {}
    assert ageing.erased() == set()


def test_a_case_nobody_closed_is_restricted_by_itself(ageing: Ageing) -> None:
    a_case_to_restrict(ageing, ageing.today)
    ageing.night()
    assert len(ageing.scene.said(EnquiryClosed)) == 1
    assert ageing.scene.rows("SELECT FROM enquiries WHERE closed_at IS NULL") == []
