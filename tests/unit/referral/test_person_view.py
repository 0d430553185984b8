"""What her own page may say of a body's answer: no more than the back level, in every status."""

from datetime import date

import pytest

from contracts.codes import BackLevel, Outcome, RejectionReason, Status
from services.referral.domain.person_view import TOLD, PersonState, as_she_may_see, person_state
from tests.unit.referral.builders import a_referral

DAY = date(2026, 11, 24)
#: All that may ever be read of a body that may say no more than this.
BELOW_STATUS = {
    PersonState.PREPARING,
    PersonState.WAITS_FOR_CONSENT,
    PersonState.ON_ITS_WAY,
    PersonState.HANDED_OVER,
    PersonState.CONTACT_MADE,
    PersonState.NO_ANSWER,
    PersonState.STOPPED,
    PersonState.BY_MISTAKE,
}


@pytest.mark.parametrize("fetched", [True, False])
@pytest.mark.parametrize("level", BackLevel)
@pytest.mark.parametrize("status", Status)
def test_no_status_says_more_than_the_level(status: Status, level: BackLevel, fetched: bool):
    state = person_state(status, level, fetched=fetched)
    if level is BackLevel.NONE:
        assert state in BELOW_STATUS
    elif level is BackLevel.RECEIPT:
        assert state in BELOW_STATUS | {PersonState.RECEIVED}
    elif status in TOLD:
        assert state is TOLD[status]


@pytest.mark.parametrize("fetched", [True, False])
@pytest.mark.parametrize("level", [BackLevel.NONE, BackLevel.RECEIPT])
def test_below_status_every_answer_looks_the_same(level: BackLevel, fetched: bool):
    answered = [status for status in TOLD if status is not Status.COMPLETED]
    assert len({person_state(status, level, fetched=fetched) for status in answered}) == 1


@pytest.mark.parametrize("level", BackLevel)
@pytest.mark.parametrize("status", Status)
def test_days_reasons_and_outcomes_are_cut_to_the_level(status: Status, level: BackLevel):
    referral = a_referral(
        status=status,
        back_level=level,
        contact_by=DAY,
        estimated_on=DAY,
        first_contact_on=DAY,
        rejection=RejectionReason.NO_CAPACITY,
        outcome=Outcome.GOAL_REACHED,
    )
    view = as_she_may_see(referral)
    told = (view.contact_by, view.estimated_on, view.rejection)
    assert told == ((DAY, DAY, RejectionReason.NO_CAPACITY) if level.covers(BackLevel.STATUS) else (None, None, None))
    assert (view.outcome is not None) == level.covers(BackLevel.OUTCOME)
    own_word = view.state is PersonState.CONTACT_MADE
    assert (view.first_contact_on is not None) == (level.covers(BackLevel.STATUS) or own_word)
