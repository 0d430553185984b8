"""How much a partner may tell back: the lower of consent and terms now, and what becomes of it when a consent ends."""

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.codes import Action, BackLevel, ConsentChannel, GroundKind, Outcome, Purpose, RefusalReason
from services.referral.domain.answering import says_more
from services.referral.domain.consent import Refused, may_disclose
from services.referral.domain.grounds import Recipient, Unreadable
from services.referral.domain.lifecycle import REQUIRED_BACK_LEVEL, needed_level
from services.referral.domain.way_back import MayTell, level_at, may_tell_back
from tests.examples import tried
from tests.unit.referral.builders import (
    HWK,
    HWK_SERVICE,
    IHK,
    IHK_SERVICE,
    NOON,
    PERSON,
    TO_AUTHORITY,
    TO_HWK,
    TO_IHK,
    TODAY,
    a_consent,
    a_recipient_entry,
    an_enterprise_request,
)

ANERKENNUNG = Purpose.ANERKENNUNG
NONE, RECEIPT, STATUS, OUTCOME = BackLevel
LATER = NOON + timedelta(days=10)


def letting(level: BackLevel, **changes: Any) -> Any:
    """A consent that lets so much come back from the HWK."""
    return a_consent(a_recipient_entry(back_level=level), **changes)


def level(
    *grounds: Any, at: datetime = NOON, terms: BackLevel = OUTCOME, fetched_at: datetime | None = None, **more: Any
):
    usual = {"recipient": TO_HWK, "purpose": ANERKENNUNG, **more}
    answer = level_at(grounds, **usual, at=at, terms=terms, fetched_at=fetched_at)
    return answer.level if isinstance(answer, MayTell) else answer.reason


def told(needed: BackLevel, *grounds: Any, **more: Any) -> MayTell | Refused:
    usual = {"at": NOON, "terms": OUTCOME, **more}
    return may_tell_back(grounds, TO_HWK, ANERKENNUNG, needed, **usual)


@pytest.mark.parametrize("consented", BackLevel)
@pytest.mark.parametrize("terms", BackLevel)
@pytest.mark.parametrize("needed", BackLevel)
def test_the_lower_of_consent_and_terms_decides(consented, terms, needed):
    answer = told(needed, letting(consented), terms=terms)
    allowed = consented.covers(needed) and terms.covers(needed)
    assert isinstance(answer, MayTell) == allowed
    if not allowed:
        assert answer == Refused(RefusalReason.BACK_LEVEL_NOT_COVERED)


def test_a_yes_names_the_ground_that_carried_it():
    consent = letting(STATUS, version=3)
    assert told(RECEIPT, consent) == MayTell(STATUS, GroundKind.CONSENT, consent.id, 3)


@pytest.mark.parametrize(
    ("grounds", "more", "reason"),
    [
        ((), {}, RefusalReason.NO_CONSENT),
        ((letting(OUTCOME, withdrawn_at=NOON),), {}, RefusalReason.WITHDRAWN),
        ((letting(OUTCOME, superseded_at=NOON),), {}, RefusalReason.WITHDRAWN),
        ((letting(OUTCOME, valid_until=TODAY - timedelta(days=1)),), {}, RefusalReason.EXPIRED),
        ((letting(OUTCOME, given_at=NOON + timedelta(seconds=1)),), {}, RefusalReason.NOT_YET_VALID),
        ((letting(OUTCOME, text_reviewed=False),), {}, RefusalReason.TEXT_NOT_REVIEWED),
        ((letting(OUTCOME),), {"recipient": TO_IHK}, RefusalReason.RECIPIENT_NOT_COVERED),
        ((letting(OUTCOME),), {"purpose": Purpose.SPRACHE}, RefusalReason.PURPOSE_NOT_COVERED),
        ((Unreadable(PERSON),), {}, RefusalReason.GROUND_UNREADABLE),
    ],
)
def test_without_a_living_ground_nothing_comes_back_and_the_reason_is_told(grounds, more, reason):
    assert level(*grounds, **more) is reason


def test_a_body_that_must_stand_alone_tells_nothing_on_a_consent_that_names_another():
    both = a_consent(
        a_recipient_entry(TO_AUTHORITY.organization_id, TO_AUTHORITY.service_id), a_recipient_entry(IHK, IHK_SERVICE)
    )
    assert level(both, recipient=TO_AUTHORITY) is RefusalReason.RECIPIENT_MUST_STAND_ALONE


def test_of_two_living_consents_the_wider_counts_and_of_two_entries_in_one_the_narrower():
    assert level(letting(RECEIPT), letting(STATUS)) is STATUS
    both = a_consent(a_recipient_entry(back_level=OUTCOME), a_recipient_entry(back_level=RECEIPT))
    assert level(both) is RECEIPT


def test_a_narrower_version_counts_from_the_instant_it_was_given():
    old = letting(OUTCOME, superseded_at=NOON)
    new = letting(RECEIPT, version=2, given_at=NOON)
    assert level(old, new, at=NOON) is RECEIPT
    assert level(old, new, at=NOON - timedelta(microseconds=1)) is OUTCOME


def test_word_of_mouth_lets_back_what_it_says_as_long_as_it_holds():
    spoken = letting(STATUS, channel=ConsentChannel.VERBAL_WITNESSED, lapses_on=TODAY + timedelta(days=7))
    assert level(spoken) is STATUS
    assert level(spoken, at=NOON + timedelta(days=8)) is RefusalReason.EXPIRED


def test_an_employers_request_says_how_much_may_come_back():
    ask = {"recipient": TO_IHK, "purpose": Purpose.FACHKRAEFTEVERFAHREN}
    assert level(an_enterprise_request(back_level=STATUS), **ask) is STATUS


def test_where_nothing_about_anybody_was_passed_on_the_terms_alone_count():
    assert told(STATUS, about_nobody=True, terms=STATUS) == MayTell(STATUS, GroundKind.NO_PERSONAL_DATA)
    assert isinstance(told(OUTCOME, about_nobody=True, terms=STATUS), Refused)


class TestAConsentThatRanOut:
    """By time: the work goes on at the level it had, for a partner that has the dossier. By will: it does not."""

    ran_out = letting(STATUS, valid_until=TODAY)

    def test_a_partner_that_has_the_dossier_goes_on_at_the_level_it_had(self):
        assert level(self.ran_out, at=LATER, fetched_at=NOON) is STATUS

    def test_but_never_above_its_terms(self):
        assert level(self.ran_out, at=LATER, fetched_at=NOON, terms=RECEIPT) is RECEIPT

    def test_one_that_never_fetched_does_not(self):
        assert level(self.ran_out, at=LATER) is RefusalReason.EXPIRED

    def test_one_that_fetched_on_another_ground_after_it_had_run_out_does_not(self):
        end = datetime(TODAY.year, TODAY.month, TODAY.day, 23, 0, tzinfo=UTC)  # midnight in Aachen
        assert level(self.ran_out, at=LATER, fetched_at=end) is RefusalReason.EXPIRED
        assert level(self.ran_out, at=LATER, fetched_at=end - timedelta(seconds=1)) is STATUS

    def test_what_holds_now_counts_before_what_ran_out(self):
        newer = letting(RECEIPT, valid_until=TODAY + timedelta(days=30))
        assert level(self.ran_out, newer, at=LATER, fetched_at=NOON) is RECEIPT

    def test_the_persons_last_word_counts_even_after_the_end(self):
        withdrawn = dataclasses.replace(self.ran_out, withdrawn_at=LATER - timedelta(days=1))
        assert level(withdrawn, at=LATER, fetched_at=NOON) is RefusalReason.WITHDRAWN

    def test_a_later_withdrawal_of_another_consent_counts_for_all_that_ended_before(self):
        other = letting(OUTCOME, withdrawn_at=NOON + timedelta(days=3))
        assert level(self.ran_out, other, at=LATER, fetched_at=NOON) is RefusalReason.WITHDRAWN

    def test_an_earlier_withdrawal_does_not_stop_what_held_on(self):
        other = letting(OUTCOME, withdrawn_at=NOON + timedelta(hours=1))
        assert level(self.ran_out, other, at=LATER, fetched_at=NOON) is STATUS

    def test_a_consent_that_names_another_body_ends_nothing_here(self):
        other = a_consent(a_recipient_entry(IHK, IHK_SERVICE), withdrawn_at=NOON + timedelta(days=3))
        assert level(self.ran_out, other, at=LATER, fetched_at=NOON) is STATUS

    def test_of_what_ran_out_on_the_same_day_the_wider_counts(self):
        assert level(letting(RECEIPT, valid_until=TODAY), self.ran_out, at=LATER, fetched_at=NOON) is STATUS

    def test_of_what_ran_out_the_last_counts(self):
        first = letting(OUTCOME, valid_until=TODAY)
        last = letting(RECEIPT, valid_until=TODAY + timedelta(days=1))
        assert level(first, last, at=LATER, fetched_at=NOON) is RECEIPT


@pytest.mark.parametrize("action", Action)
def test_what_an_action_needs(action):
    assert needed_level(action) == REQUIRED_BACK_LEVEL.get(action)


@pytest.mark.parametrize(
    ("details", "more"),
    [
        ({}, False),
        ({"outcome": Outcome.HANDED_OVER_NO_FEEDBACK}, False),
        ({"outcome": Outcome.GOAL_REACHED}, True),
        ({"has_comment": True}, True),
        ({"reason": "anything", "contact_by": None}, False),
    ],
)
def test_an_end_that_says_more_than_that_it_is_one_needs_the_outcome(details, more):
    assert says_more(**details) is more
    assert needed_level(Action.COMPLETE, says_more=more) is (OUTCOME if more else STATUS)


@tried(400)
@given(
    consented=st.lists(
        st.tuples(st.sampled_from(BackLevel), st.integers(-3, 3), st.none() | st.integers(-60, 60)), max_size=3
    ),
    terms=st.sampled_from(BackLevel),
    fetched=st.none() | st.integers(-60, 0),
)
def test_a_withdrawal_never_lets_more_back(consented, terms, fetched):
    grounds = [
        letting(
            one,
            valid_from=TODAY - timedelta(days=9),
            given_at=NOON - timedelta(days=9),
            valid_until=TODAY + timedelta(days=days),
            withdrawn_at=None if hours is None else NOON + timedelta(hours=hours),
        )
        for one, days, hours in consented
    ]
    ask = {"terms": terms, "fetched_at": None if fetched is None else NOON + timedelta(hours=fetched)}
    before = level_at(grounds, TO_HWK, ANERKENNUNG, NOON, **ask)
    for number in range(len(grounds)):
        fewer = [*grounds]
        fewer[number] = dataclasses.replace(fewer[number], withdrawn_at=fewer[number].withdrawn_at or NOON)
        after = level_at(fewer, TO_HWK, ANERKENNUNG, NOON, **ask)
        if isinstance(after, MayTell):
            assert isinstance(before, MayTell)
            assert before.level.covers(after.level)


@pytest.mark.parametrize("at", [NOON.replace(tzinfo=None)])
def test_an_instant_without_time_zone_decides_nothing(at):
    with pytest.raises(ValueError, match="time zone"):
        level_at([], TO_HWK, ANERKENNUNG, at, terms=OUTCOME)
    with pytest.raises(ValueError, match="time zone"):
        may_disclose([], Recipient(HWK, HWK_SERVICE), ANERKENNUNG, [], at)
