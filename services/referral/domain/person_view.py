"""How a referral stands, as far as the person's own page may say it.

What the partner answered is shown no further than the back level lets it through, although an answer above it is never
kept in the first place: two locks, because what a body under § 35 SGB I says of a person is social data.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from contracts.codes import BackLevel, Outcome, RejectionReason, Status
from services.referral.domain.referral import Referral


class PersonState(StrEnum):
    """Where it stands, in a word for her."""

    PREPARING = "preparing"
    WAITS_FOR_CONSENT = "waits_for_consent"
    ON_ITS_WAY = "on_its_way"
    HANDED_OVER = "handed_over"
    RECEIVED = "received"
    QUESTION = "question"
    WAITLISTED = "waitlisted"
    ACCEPTED = "accepted"
    IN_PROGRESS = "in_progress"
    PAUSED = "paused"
    COMPLETED = "completed"
    CONTACT_MADE = "contact_made"
    ENDED = "ended"
    REJECTED = "rejected"
    NO_ANSWER = "no_answer"
    STOPPED = "stopped"
    BY_MISTAKE = "by_mistake"


#: What the welcome center, its clock or she herself decided; no body's word, so no level matters.
OURS = {
    Status.DRAFT: PersonState.PREPARING,
    Status.AWAITING_CONSENT: PersonState.WAITS_FOR_CONSENT,
    Status.EXPIRED: PersonState.NO_ANSWER,
    Status.CANCELLED: PersonState.STOPPED,
    Status.ENTERED_IN_ERROR: PersonState.BY_MISTAKE,
}
TOLD = {
    Status.RECEIVED: PersonState.RECEIVED,
    Status.CLARIFICATION: PersonState.QUESTION,
    Status.WAITLISTED: PersonState.WAITLISTED,
    Status.ACCEPTED: PersonState.ACCEPTED,
    Status.IN_PROGRESS: PersonState.IN_PROGRESS,
    Status.PAUSED: PersonState.PAUSED,
    Status.COMPLETED: PersonState.COMPLETED,
    Status.ENDED_EARLY: PersonState.ENDED,
    Status.REJECTED: PersonState.REJECTED,
}


def person_state(status: Status, back_level: BackLevel, *, fetched: bool) -> PersonState:
    """The state she may see."""
    if status in OURS:
        return OURS[status]
    handed_over = PersonState.HANDED_OVER if fetched else PersonState.ON_ITS_WAY
    if status is Status.REQUESTED:
        return handed_over
    if back_level.covers(BackLevel.STATUS):
        return TOLD[status]
    if status is Status.COMPLETED:  # below `status` only her own word ends a referral
        return PersonState.CONTACT_MADE
    return PersonState.RECEIVED if back_level is BackLevel.RECEIPT else handed_over


def may_tell_status(referral: Referral) -> bool:
    """May her page show more of this body's answers than that it has the matter? Appointments are such an answer."""
    return referral.back_level.covers(BackLevel.STATUS)


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonView:
    """One referral as her page shows it."""

    state: PersonState
    contact_by: date | None = None
    estimated_on: date | None = None
    first_contact_on: date | None = None
    rejection: RejectionReason | None = None
    outcome: Outcome | None = None


def as_she_may_see(referral: Referral) -> PersonView:
    """The state with its days and reasons, cut to the back level."""
    state = person_state(referral.status, referral.back_level, fetched=referral.is_fetched)
    if not may_tell_status(referral):
        own_word = state is PersonState.CONTACT_MADE
        return PersonView(state=state, first_contact_on=referral.first_contact_on if own_word else None)
    outcome = referral.outcome if referral.back_level.covers(BackLevel.OUTCOME) else None
    return PersonView(
        state=state,
        contact_by=referral.contact_by,
        estimated_on=referral.estimated_on,
        first_contact_on=referral.first_contact_on,
        rejection=referral.rejection,
        outcome=outcome if outcome is not Outcome.HANDED_OVER_NO_FEEDBACK else None,
    )
