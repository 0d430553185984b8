"""What the data-protection officer should look at - and what she should not be bothered with."""

from datetime import date, timedelta
from uuid import UUID

import pytest

from contracts.codes import (
    BreachReason,
    BreachRisk,
    DataCategory,
    Deletion,
    Duty,
    DutyCause,
    GroundKind,
    StaffRole,
    ViewPurpose,
    WithdrawalChannel,
)
from contracts.codes import FindingKind as Noticed
from contracts.referral import (
    BreachAssessed,
    ConsentWithdrawn,
    DeletionStated,
    DossierFetched,
    DutyOpened,
    FindingRaised,
    PersonalDataViewed,
)
from services.audit.queries.findings import FindingKind, findings
from tests.integration.audit.conftest import START, an_arrival
from tests.integration.audit.test_web import hear
from tests.unit.audit.events import CONSENT, ORGANIZATION, PERSON, REFERRAL, a_consent_given

OTHER = UUID(int=0xBB)
TODAY = date(2026, 12, 10)


def withdrawn(organization_id=None):
    return ConsentWithdrawn(
        consent_id=CONSENT,
        consent_version=3,
        person_id=PERSON,
        organization_id=organization_id,
        channel=WithdrawalChannel.ONLINE,
    )


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


def viewed():
    return PersonalDataViewed(
        view_id=UUID(int=5),
        enquiry_id=None,
        referral_id=None,
        person_id=PERSON,
        role=StaffRole.NAVIGATOR,
        purpose=ViewPurpose.CASE_WORK,
        categories=(DataCategory.IDENTITY,),
    )


def owed(due_on, duty=Duty.STATE_DELETION):
    return DutyOpened(
        referral_id=REFERRAL,
        organization_id=ORGANIZATION,
        duty_id=UUID(int=0xD),
        duty=duty,
        cause=DutyCause.WITHDRAWAL,
        category=None,
        due_on=due_on,
    )


def stated(organization_id=ORGANIZATION):
    return DeletionStated(referral_id=REFERRAL, organization_id=organization_id, deletion=Deletion.DELETED, ground=None)


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
    hear(log, *(an_arrival(number, event) for number, event in enumerate(events, start=1)))
    return [
        (one.kind, one.entry.position, one.because.position if one.because else None)
        for one in findings(log.connection, TODAY)
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
        [owed(TODAY - timedelta(days=1), Duty.ACKNOWLEDGE_STOP)],
        [owed(TODAY - timedelta(days=1)), stated()],
        [raised(), assessed()],
        [fetched(ground=GroundKind.ENTERPRISE_REQUEST, ground_id=UUID(int=9), ground_version=None)],
    ],
)
def test_what_is_in_order_is_no_finding(log, events):
    assert found(log, *events) == []


def test_a_fetch_after_the_withdrawal_is_found_with_the_withdrawal(log):
    assert found(log, a_consent_given(), withdrawn(ORGANIZATION), fetched()) == [
        (FindingKind.USED_AFTER_WITHDRAWAL, 2, 1)
    ]


def test_a_look_after_everything_was_withdrawn_is_found(log):
    assert found(log, a_consent_given(), withdrawn(), viewed()) == [(FindingKind.USED_AFTER_WITHDRAWAL, 2, 1)]


def test_a_fetch_on_a_consent_nobody_recorded_is_found(log):
    assert found(log, a_consent_given(), fetched(ground_version=7), fetched(ground_id=UUID(int=9))) == [
        (FindingKind.CONSENT_NOT_IN_LOG, 2, None),
        (FindingKind.CONSENT_NOT_IN_LOG, 1, None),
    ]


def test_a_statement_on_deletion_that_is_overdue_is_found(log):
    assert found(log, owed(TODAY - timedelta(days=1)), stated(OTHER)) == [(FindingKind.DELETION_OVERDUE, 0, None)]
    assert START


@pytest.mark.parametrize("kind", Noticed)
def test_what_referral_noticed_itself_is_found(log, kind):
    assert found(log, raised(kind), assessed(OTHER)) == [(FindingKind.RAISED, 0, None)]
