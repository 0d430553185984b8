"""Which event is worth a notice."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import pytest

from contracts import referral as said
from contracts.codes import (
    OWN_CHANNELS,
    ChannelKind,
    DataCategory,
    Deletion,
    Duty,
    DutyCause,
    EndReason,
    NoticeKind,
    Outcome,
    Party,
    QuestionCode,
    ReminderKind,
    Status,
    Way,
)
from services.chassis.hear import doors_of
from services.notifications.domain.policy import channels_for, decide, is_receipt, link_leads_somewhere, status_after
from services.notifications.service import NotificationsService

IDS: dict[str, Any] = {"referral_id": uuid4(), "organization_id": uuid4()}
TODAY = date(2026, 11, 23)


def cancelled(previous: Status) -> said.ReferralCancelled:
    return said.ReferralCancelled(**IDS, reason=EndReason.MISTAKE, previous=previous)


NOTICES: list[tuple[Any, NoticeKind | None]] = [
    (said.ClarificationAnswered(**IDS, question_id=uuid4()), NoticeKind.QUESTION_ANSWERED),
    (
        said.ReferralConcluded(**IDS, contact_on=TODAY, outcome=Outcome.HANDED_OVER_NO_FEEDBACK),
        NoticeKind.REFERRAL_CLOSED,
    ),
    (
        said.DutyOpened(
            **IDS,
            duty_id=IDS["referral_id"],
            duty=Duty.STATE_DELETION,
            cause=DutyCause.CANCEL,
            category=None,
            due_on=TODAY,
        ),
        NoticeKind.DUTY_OPENED,
    ),
    (said.ReminderDue(**IDS, reminder=ReminderKind.FIRST, waiting_for=Party.PARTNER), NoticeKind.REMINDER),
    (said.ReminderDue(**IDS, reminder=ReminderKind.CONSENT, waiting_for=Party.NAVIGATOR), None),
    (cancelled(Status.REQUESTED), NoticeKind.REFERRAL_STOPPED),
    (cancelled(Status.AWAITING_CONSENT), None),
    (said.ReferralRevoked(**IDS, previous=Status.ACCEPTED), NoticeKind.REFERRAL_STOPPED),
    (said.ReferralExpired(**IDS, previous=Status.RECEIVED), NoticeKind.REFERRAL_STOPPED),
    (
        said.ReferralEnteredInError(
            **IDS, previous=Status.COMPLETED, breach_check=True, became_aware_at=datetime(2026, 11, 23, tzinfo=UTC)
        ),
        NoticeKind.REFERRAL_STOPPED,
    ),
    (
        said.DutyOpened(
            **IDS,
            duty_id=IDS["referral_id"],
            duty=Duty.ACKNOWLEDGE_RECTIFICATION,
            cause=DutyCause.RECTIFICATION,
            category=DataCategory.CONTACT,
            due_on=TODAY,
        ),
        NoticeKind.DATA_CORRECTED,
    ),
    (said.DutyEscalated(**IDS, duties=(Duty.STATE_DELETION,), due_on=TODAY), NoticeKind.DUTY_ESCALATED),
    (said.ReferralAccepted(**IDS, contact_by=TODAY), None),
    (said.ReferralAccepted(**IDS, contact_by=TODAY, by_hand=Way.PHONE), NoticeKind.RECORDED_BY_HAND),
    (said.ReferralResumed(**IDS), None),
    (said.DeskLinkRequested(**IDS, link_id=uuid4()), NoticeKind.DESK_LINK_RENEWED),
]


@pytest.mark.parametrize(("event", "notice"), NOTICES, ids=lambda item: type(item).__name__)
def test_the_policy_says_what_is_told(event: Any, notice: NoticeKind | None) -> None:
    assert decide(event).notice is notice


def test_every_event_that_is_heard_can_be_decided() -> None:
    heard = set(doors_of(NotificationsService).by_type)
    assert {"referral.requested.v1", "referral.revoked.v1", "referral.dossier_fetched.v1"} <= heard


def test_a_question_after_acceptance_leaves_the_status() -> None:
    asked = {**IDS, "question_id": uuid4(), "question": QuestionCode.OTHER}
    assert status_after(said.ClarificationAsked(**asked, changes_status=True)) is Status.CLARIFICATION
    assert status_after(said.ClarificationAsked(**asked, changes_status=False)) is None


def test_what_was_recorded_by_hand_is_no_receipt() -> None:
    assert is_receipt(said.ReferralReceived(**IDS))
    assert not is_receipt(said.ReferralReceived(**IDS, by_hand=Way.LETTER))
    assert not is_receipt(cancelled(Status.REQUESTED))


def test_each_channel_is_used_and_no_channel_is_none() -> None:
    assert {kind: channels_for(kind, NoticeKind.REMINDER) for kind in OWN_CHANNELS} == {
        ChannelKind.AMQP: (ChannelKind.AMQP,),
        ChannelKind.WEBHOOK: (ChannelKind.WEBHOOK,),
        ChannelKind.PULL: (ChannelKind.PULL,),
        ChannelKind.LIGHT: (ChannelKind.LIGHT,),
        ChannelKind.NONE: (),
    }


@pytest.mark.parametrize("kind", OWN_CHANNELS)
def test_what_waited_too_long_goes_to_the_contact_of_the_agreement_whatever_the_channel(kind: ChannelKind) -> None:
    assert channels_for(kind, NoticeKind.DUTY_ESCALATED) == (ChannelKind.CONTACT,)


def test_an_answer_by_telephone_is_shown_to_the_partner_and_is_no_receipt() -> None:
    told = said.DeletionStated(**IDS, deletion=Deletion.DELETED, ground=None, by_hand=Way.PHONE)
    assert decide(told).notice is NoticeKind.RECORDED_BY_HAND
    assert not is_receipt(told)
    assert is_receipt(said.DeletionStated(**IDS, deletion=Deletion.DELETED, ground=None))


@pytest.mark.parametrize(
    ("channel", "status", "owes", "useful"),
    [
        (ChannelKind.LIGHT, Status.RECEIVED, False, True),
        (ChannelKind.LIGHT, Status.CANCELLED, True, True),
        (ChannelKind.LIGHT, Status.COMPLETED, False, False),
        (ChannelKind.LIGHT, None, False, False),
        (ChannelKind.PULL, Status.RECEIVED, False, False),
        (None, Status.RECEIVED, True, False),
    ],
)
def test_a_new_link_is_sent_only_where_it_leads_to_something(
    channel: ChannelKind | None, status: Status | None, owes: bool, useful: bool
) -> None:
    assert link_leads_somewhere(channel, status, owes=owes) is useful


def test_asking_for_a_link_is_no_receipt() -> None:
    assert not is_receipt(said.DeskLinkRequested(**IDS, link_id=uuid4()))
