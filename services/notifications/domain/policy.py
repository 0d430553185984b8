"""What is worth telling a partner: from an event of referral to a notice, or to nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from contracts import referral as said
from contracts.codes import ChannelKind, Duty, NoticeKind, Participation, Party, Status

#: A partner never heard of a referral that was still with the sender.
UNSEEN = frozenset({Status.DRAFT, Status.AWAITING_CONSENT})

STATUS_AFTER: Mapping[type, Status] = {
    said.ReferralRequested: Status.REQUESTED,
    said.ReferralReceived: Status.RECEIVED,
    said.ClarificationAnswered: Status.RECEIVED,
    said.ReferralAccepted: Status.ACCEPTED,
    said.ReferralWaitlisted: Status.WAITLISTED,
    said.ReferralRejected: Status.REJECTED,
    said.ReferralStarted: Status.IN_PROGRESS,
    said.ReferralPaused: Status.PAUSED,
    said.ReferralResumed: Status.IN_PROGRESS,
    said.ReferralCompleted: Status.COMPLETED,
    said.ReferralConcluded: Status.COMPLETED,
    said.ReferralEndedEarly: Status.ENDED_EARLY,
    said.ReferralExpired: Status.EXPIRED,
    said.ReferralCancelled: Status.CANCELLED,
    said.ReferralRevoked: Status.CANCELLED,
    said.ReferralEnteredInError: Status.ENTERED_IN_ERROR,
}

STOPS = (said.ReferralCancelled, said.ReferralRevoked, said.ReferralEnteredInError, said.ReferralExpired)
BY_HAND = (
    said.ReferralReceived,
    said.ReferralAccepted,
    said.ReferralWaitlisted,
    said.ReferralRejected,
    said.ReferralStarted,
    said.AppointmentSet,
    said.AppointmentCancelled,
    said.ReferralCompleted,
    said.ReferralEndedEarly,
    said.StopAcknowledged,
    said.DeletionStated,
    said.RectificationAcknowledged,
)

PARTNER_SAYS = (
    *BY_HAND,
    said.ClarificationAsked,
    said.ReferralPaused,
    said.ReferralResumed,
    said.DossierFetched,
    said.DeskEntered,
)


#: After one of these nobody needs to be reminded of it any more; to have looked is not yet an answer.
ANSWERS = tuple(
    kind for kind in PARTNER_SAYS if kind not in (said.ReferralReceived, said.DossierFetched, said.DeskEntered)
)


@dataclass(frozen=True, slots=True)
class Decision:
    """What an event means here: tell the partner this, and take back what has not left yet."""

    referral_id: UUID
    organization_id: UUID
    notice: NoticeKind | None = None
    withdraws: bool = False


def status_after(event: Any) -> Status | None:
    """The status a referral has after this event; None if the event leaves it as it was."""
    if isinstance(event, said.ClarificationAsked):
        return Status.CLARIFICATION if event.changes_status else None
    return STATUS_AFTER.get(type(event))


def decide(event: Any) -> Decision:
    """The whole policy in one place."""
    return Decision(
        referral_id=event.referral_id,
        organization_id=event.organization_id,
        notice=_notice(event),
        withdraws=isinstance(event, STOPS),
    )


def _notice(event: Any) -> NoticeKind | None:
    if isinstance(event, STOPS):
        return None if getattr(event, "previous", None) in UNSEEN else NoticeKind.REFERRAL_STOPPED
    if isinstance(event, BY_HAND):
        return None if event.by_hand is None else NoticeKind.RECORDED_BY_HAND
    if isinstance(event, said.DutyOpened) and event.duty is Duty.ACKNOWLEDGE_RECTIFICATION:
        return NoticeKind.DATA_CORRECTED
    if isinstance(event, said.ReminderDue):
        return NoticeKind.REMINDER if event.waiting_for is Party.PARTNER else None
    return _PLAIN.get(type(event))


_PLAIN: Mapping[type, NoticeKind] = {
    said.ReferralRequested: NoticeKind.REFERRAL_REQUESTED,
    said.ClarificationAnswered: NoticeKind.QUESTION_ANSWERED,
    said.ReferralConcluded: NoticeKind.REFERRAL_CLOSED,
    said.DutyOpened: NoticeKind.DUTY_OPENED,
    said.DutyEscalated: NoticeKind.DUTY_ESCALATED,
    said.DeskLinkRequested: NoticeKind.DESK_LINK_RENEWED,
}


def is_receipt(event: Any) -> bool:
    """Whether the partner itself showed that it knows; what is recorded by hand or printed is never a receipt."""
    by_itself = getattr(event, "by_hand", None) is None and not getattr(event, "printed", False)
    return by_itself and isinstance(event, PARTNER_SAYS)


#: Channels that say nothing of themselves: that a notice arrived shows only by what the partner does next.
SHOWN_BY_DEEDS = frozenset({ChannelKind.AMQP, ChannelKind.LIGHT, ChannelKind.CONTACT})
#: Kinds after which nothing has to be done, so that no deed ever shows that they arrived.
NOBODY_ANSWERS = frozenset(
    {NoticeKind.TEST, NoticeKind.REFERRAL_CLOSED, NoticeKind.REFERRAL_STOPPED, NoticeKind.RECORDED_BY_HAND}
)
#: Kinds of what is owed also when the referral has long ended; all others are answered while it runs, or never.
OWED = frozenset({NoticeKind.DUTY_OPENED, NoticeKind.DATA_CORRECTED, NoticeKind.DUTY_ESCALATED})

#: Channels where handing over is all we do: the queue and the feed keep the notice until the partner takes it.
LEAVES_AT_ONCE = frozenset({ChannelKind.AMQP, ChannelKind.PULL})


def link_leads_somewhere(channel: ChannelKind | None, status: Status | None, *, owes: bool) -> bool:
    """Whether a new link is any use: only on the light path, while the referral runs or the partner owes something."""
    return channel is ChannelKind.LIGHT and (owes or (status is not None and not status.is_terminal))


#: Ways that end in a mailbox, where somebody may be disturbed or buried.
MAILED = frozenset({ChannelKind.LIGHT, ChannelKind.CONTACT})
#: Of these many become one mail.
GATHERED = frozenset({(ChannelKind.LIGHT, NoticeKind.REMINDER), (ChannelKind.CONTACT, NoticeKind.DUTY_ESCALATED)})
REMINDERS = frozenset(kind for _, kind in GATHERED)
#: How long the first of them waits for the others.
GATHER = timedelta(minutes=10)
#: What leaves at night, too: work has to stop, or somebody sits before a page and waits. So does all about a referral
#: that is urgent itself.
URGENT = frozenset({NoticeKind.REFERRAL_STOPPED, NoticeKind.DESK_LINK_RENEWED})


def channels_for(
    channel: ChannelKind, kind: NoticeKind, participation: Participation = Participation.TAKING_PART
) -> tuple[ChannelKind, ...]:
    """By which channels an organization is told; one without a channel is told by people, not by us.

    What has waited too long goes to the contact named in the agreement, whatever the channel: that one was tried. Of
    whoever has left nobody but that contact is told, and only what is owed still.
    """
    if kind is NoticeKind.DUTY_ESCALATED:
        return (ChannelKind.CONTACT,)
    if participation is Participation.ENDED:
        return (ChannelKind.CONTACT,) if kind is NoticeKind.DUTY_OPENED else ()
    return () if channel is ChannelKind.NONE else (channel,)
