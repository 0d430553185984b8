"""What the data-protection officer should look at - and what she should not be bothered with.

Every case is read entry by entry, and what that came to is held against the rules run over the whole log at once.
"""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from contracts.codes import (
    BreachReason,
    BreachRisk,
    DataCategory,
    Deletion,
    DocumentKind,
    Duty,
    DutyCause,
    GroundKind,
    StaffRole,
    ViewPurpose,
    WithdrawalChannel,
)
from contracts.codes import FindingKind as Noticed
from contracts.codes import LogFindingKind as FindingKind
from contracts.referral import (
    BreachAssessed,
    ConsentWithdrawn,
    DeletionStated,
    DocumentFetched,
    DossierFetched,
    DutyOpened,
    FindingRaised,
    PersonalDataViewed,
)
from services.audit import noticing
from services.audit.queries.disclosures import with_consents
from services.audit.queries.findings import Wanted, findings
from services.audit.queries.search import entries_at
from tests.integration.audit.conftest import START, an_arrival
from tests.integration.audit.test_retention import LATER, as_owner, expire
from tests.integration.audit.test_web import hear
from tests.unit.audit.events import CONSENT, ORGANIZATION, PERSON, REFERRAL, a_consent_given

OTHER = UUID(int=0xBB)
TODAY = date(2026, 12, 10)
YESTERDAY = TODAY - timedelta(days=1)


IDENTITY, CONTACT, HEALTH, DOCUMENTS = (
    DataCategory.IDENTITY,
    DataCategory.CONTACT,
    DataCategory.HEALTH,
    DataCategory.DOCUMENTS,
)


def withdrawn(organization_id=None, category=None):
    """The consent of version 2, or a part of it; what is left of it is given as version 3 at the same time."""
    return ConsentWithdrawn(
        consent_id=CONSENT,
        consent_version=2,
        person_id=PERSON,
        organization_id=organization_id,
        category=category,
        channel=WithdrawalChannel.ONLINE,
    )


def what_is_left(organization_id=ORGANIZATION, categories=(IDENTITY, CONTACT)):
    (recipient,) = a_consent_given().recipients
    left = replace(recipient, organization_id=organization_id, categories=categories)
    return a_consent_given(consent_version=3, recipients=(left,))


def fetched(**changes):
    usual = {
        "referral_id": REFERRAL,
        "organization_id": ORGANIZATION,
        "person_id": PERSON,
        "decision_id": UUID(int=1),
        "categories": (DataCategory.IDENTITY,),
        "ground": GroundKind.CONSENT,
        "ground_id": CONSENT,
        "ground_version": 2,
        "first": True,
    }
    return DossierFetched(**{**usual, **changes})


def document_fetched(ground_version=2):
    return DocumentFetched(
        referral_id=REFERRAL,
        organization_id=ORGANIZATION,
        person_id=PERSON,
        document_id=UUID(int=0xE1),
        kind=DocumentKind.CERTIFICATE,
        decision_id=UUID(int=1),
        ground=GroundKind.CONSENT,
        ground_id=CONSENT,
        ground_version=ground_version,
    )


def viewed(purpose=ViewPurpose.CASE_WORK):
    return PersonalDataViewed(
        view_id=UUID(int=5),
        enquiry_id=None,
        referral_id=None,
        person_id=PERSON,
        role=StaffRole.NAVIGATOR,
        purpose=purpose,
        categories=(DataCategory.IDENTITY,),
    )


def owed(due_on, duty=Duty.STATE_DELETION, category=None):
    return DutyOpened(
        referral_id=REFERRAL,
        organization_id=ORGANIZATION,
        duty_id=UUID(int=0xD),
        duty=duty,
        cause=DutyCause.WITHDRAWAL,
        category=category,
        due_on=due_on,
    )


def stated(organization_id=ORGANIZATION, category=None):
    return DeletionStated(
        referral_id=REFERRAL,
        organization_id=organization_id,
        deletion=Deletion.DELETED,
        ground=None,
        category=category,
    )


def raised(kind=Noticed.BREACH_OVERDUE):
    return FindingRaised(
        finding_id=UUID(int=0xF), kind=kind, referral_id=REFERRAL, enquiry_id=None, organization_id=ORGANIZATION
    )


def assessed(referral_id=REFERRAL):
    return BreachAssessed(
        referral_id=referral_id,
        breach_id=UUID(int=0xE),
        risk=BreachRisk.NONE,
        reasons=(BreachReason.UNREADABLE,),
        hours=80,
        notified_authority_at=None,
        delay=None,
        notified_person_at=None,
        no_notice_ground=None,
    )


def found(log, *events):
    for number, event in enumerate(events, start=1):
        hear(log, an_arrival(number, event))
        read_on(log)
    return waiting(log)


def read_on(log, now=START, today=TODAY):
    """What the clock does, until the whole log is read; it must have come to what the rules say of the whole log."""
    with log.connection.transaction():
        noticing.read_on(log.connection, now, today)
    assert holding(log) == noticing.anew(log.connection, now, today)


def holding(log):
    rows = log.connection.execute(
        "SELECT DISTINCT ON (kind, anchor) kind, anchor, position, because, entries, last, holds"
        " FROM finding_facts ORDER BY kind, anchor, number DESC"
    )
    known = [(FindingKind(row.pop("kind")), noticing.Facts(**row)) for row in rows]
    return {(kind, facts) for kind, facts in known if facts.holds}


def waiting(log):
    return [
        (one.kind, one.entry.position, one.because.position if one.because else None)
        for one in findings(log.connection, Wanted())[0]
    ]


@pytest.mark.parametrize(
    "events",
    [
        [a_consent_given(), fetched()],
        [a_consent_given(), fetched(), withdrawn()],
        [a_consent_given(), withdrawn(OTHER), fetched()],
        [a_consent_given(), withdrawn(OTHER), viewed()],
        [a_consent_given(), withdrawn(), a_consent_given(consent_version=4), fetched(ground_version=4), viewed()],
        [a_consent_given(), fetched(person_id=UUID(int=0xCC)), withdrawn()],
        [owed(TODAY)],
        [owed(YESTERDAY, Duty.ACKNOWLEDGE_STOP)],
        [owed(YESTERDAY), stated()],
        [raised(), assessed()],
        [
            owed(YESTERDAY, category=HEALTH),
            owed(YESTERDAY, category=CONTACT),
            stated(category=CONTACT),
            stated(category=HEALTH),
        ],
        [a_consent_given(), withdrawn(OTHER), what_is_left(), fetched(ground_version=3), document_fetched(3)],
        [a_consent_given(), withdrawn(category=HEALTH), what_is_left(), fetched(ground_version=3)],
        [a_consent_given(), a_consent_given(consent_id=OTHER), withdrawn(), fetched(ground_id=OTHER)],
        [a_consent_given(), withdrawn(), viewed(ViewPurpose.PERSON_SELF), viewed(ViewPurpose.SUBJECT_ACCESS)],
        [fetched(ground=GroundKind.ENTERPRISE_REQUEST, ground_id=UUID(int=9), ground_version=None)],
    ],
)
def test_what_is_in_order_is_no_finding(log, events):
    assert found(log, *events) == []


def test_a_fetch_after_the_withdrawal_is_found_with_the_withdrawal(log):
    assert found(log, a_consent_given(), withdrawn(ORGANIZATION), fetched()) == [
        (FindingKind.USED_AFTER_WITHDRAWAL, 2, 1)
    ]


@pytest.mark.parametrize(
    "after",
    [
        pytest.param((withdrawn(ORGANIZATION), what_is_left(OTHER), fetched(ground_version=2)), id="on what had ended"),
        pytest.param((withdrawn(ORGANIZATION), what_is_left(OTHER), fetched(ground_version=3)), id="on what was left"),
        pytest.param((withdrawn(ORGANIZATION), what_is_left(OTHER), document_fetched(3)), id="a paper"),
        pytest.param(
            (
                withdrawn(category=CONTACT),
                what_is_left(categories=(IDENTITY,)),
                fetched(ground_version=3, categories=(IDENTITY, CONTACT)),
            ),
            id="a kind of data",
        ),
        pytest.param(
            (withdrawn(category=DOCUMENTS), what_is_left(categories=(IDENTITY,)), document_fetched(3)),
            id="papers as a kind of data",
        ),
    ],
)
def test_a_fetch_after_a_withdrawal_in_part_is_found_though_the_rest_is_given_anew(log, after):
    assert found(log, a_consent_given(), *after) == [(FindingKind.USED_AFTER_WITHDRAWAL, 3, 1)]


def test_a_look_after_everything_was_withdrawn_is_found(log):
    assert found(log, a_consent_given(), withdrawn(), viewed()) == [(FindingKind.USED_AFTER_WITHDRAWAL, 2, 1)]


def test_a_fetch_on_a_consent_nobody_recorded_is_found(log):
    assert found(log, a_consent_given(), fetched(ground_version=7), fetched(ground_id=UUID(int=9))) == [
        (FindingKind.CONSENT_NOT_IN_LOG, 2, None),
        (FindingKind.CONSENT_NOT_IN_LOG, 1, None),
    ]


def test_a_statement_on_deletion_that_is_overdue_is_found(log):
    assert found(log, owed(YESTERDAY), stated(OTHER)) == [(FindingKind.DELETION_OVERDUE, 0, None)]
    assert START


@pytest.mark.parametrize("kind", Noticed)
def test_what_referral_noticed_itself_is_found(log, kind):
    assert found(log, raised(kind), assessed(OTHER)) == [(FindingKind.RAISED, 0, None)]


@pytest.mark.parametrize("answered", [None, CONTACT])
def test_a_statement_about_other_data_does_not_answer_for_these(log, answered):
    events = owed(YESTERDAY, category=HEALTH), owed(YESTERDAY, category=answered), stated(category=answered)
    assert found(log, *events) == [(FindingKind.DELETION_OVERDUE, 0, None)]


def test_a_statement_that_was_taken_back_answers_for_nothing(log):
    assert found(log, owed(YESTERDAY), stated(), owed(YESTERDAY)) == [(FindingKind.DELETION_OVERDUE, 2, None)]


MONTH = timedelta(days=30)


def after_emptying(log, *told):
    """Each event with its age; what is older than three years has been emptied."""
    now = datetime.now(UTC)
    for number, (age, event) in enumerate(told, start=1):
        hear(log, an_arrival(number, event, time=now - age), now=now - age)
    log.sign(LATER)
    log.publish()
    assert expire(log) == sum(age > 37 * MONTH for age, _ in told)
    read_on(log, now, now.date())
    return [(kind, position) for kind, position, _ in waiting(log)]


def test_what_was_emptied_after_its_time_is_no_consent_that_was_never_given(log):
    assert after_emptying(log, (40 * MONTH, a_consent_given()), (30 * MONTH, fetched())) == []


@pytest.mark.parametrize("used", [fetched(), document_fetched()], ids=["dossier", "paper"])
def test_a_disclosure_whose_consent_has_been_emptied_says_so_and_raises_no_alarm(log, used):
    after_emptying(log, (40 * MONTH, a_consent_given()), (30 * MONTH, used), (2 * MONTH, used))
    once, lately = with_consents(log.connection, list(entries_at(log.connection, [1, 2]).values()))
    assert (once.without_ground, once.ground_no_longer_kept) == (False, True)
    assert (lately.without_ground, lately.ground_no_longer_kept) == (True, False)


def test_a_consent_that_was_never_given_is_found_beside_what_was_emptied(log):
    told = (40 * MONTH, a_consent_given(consent_id=OTHER)), (2 * MONTH, fetched())
    assert after_emptying(log, *told) == [(FindingKind.CONSENT_NOT_IN_LOG, 1)]


def test_a_kind_that_is_kept_shorter_makes_nobody_owe_what_was_stated(log):
    """Statements go after a year here, what was owed stays: its answer may be among them."""
    row = "('referral.deletion_stated.v1', '1 year', 'Art. 5(1)(e) GDPR', 'PROOF_OF_DISCLOSURE')"
    as_owner(log, f"INSERT INTO retention_periods (kind, keep, legal_reason, ground) VALUES {row}")
    now = datetime.now(UTC)
    for number, event in enumerate((owed(date(2025, 6, 1)), stated()), start=1):
        hear(log, an_arrival(number, event, time=now - 18 * MONTH), now=now - 18 * MONTH)
    log.sign(LATER)
    log.publish()
    assert expire(log) == 1
    read_on(log, now, now.date())
    assert waiting(log) == []


def test_what_was_found_stays_found_when_what_it_rests_on_has_been_emptied(log):
    now = datetime.now(UTC)
    hear(log, an_arrival(1, fetched(), time=now - 30 * MONTH), now=now - 40 * MONTH)
    read_on(log, now, now.date())
    log.sign(LATER)
    log.publish()
    assert expire(log) == 1
    with log.connection.transaction():
        noticing.read_on(log.connection, now, now.date() + timedelta(days=1))
    assert waiting(log) == [(FindingKind.CONSENT_NOT_IN_LOG, 0, None)]


def test_a_statement_becomes_overdue_by_a_day_ending_alone(log):
    hear(log, an_arrival(1, owed(TODAY)))
    read_on(log)
    assert waiting(log) == []
    read_on(log, today=TODAY + timedelta(days=1))
    assert waiting(log) == [(FindingKind.DELETION_OVERDUE, 0, None)]
