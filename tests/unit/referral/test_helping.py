"""Coming along: what a code opens, what has to be signed first, and when all of it is over."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.codes import HelperEnd, HelperKind
from services.chassis.errors import RefusedError
from services.referral.domain import helping
from services.referral.domain.appointments import Kept
from services.referral.domain.drafting import ConsentText, Review
from services.referral.domain.form_code import is_code
from services.referral.domain.helping import CODE_LIFE, GRACE, Invitation, may_see
from tests.unit.referral.builders import NOON, PERSON, a_moment
from tests.unit.referral.test_appointments import kept

HELPER, OTHER = "staff:" + "1" * 32, "staff:" + "2" * 32
TEXT = ConsentText("confidentiality-1", "0" * 64, "de", Review.REVIEWED)


def to_come(**changes: Any) -> Kept:
    return kept(7, NOON + timedelta(days=3), **changes)


def an_invitation() -> Invitation:
    return helping.invite(to_come(), PERSON, HelperKind.INTERPRETER, a_moment())[0]


def signed() -> Invitation:
    return helping.declare(an_invitation(), HELPER, TEXT, a_moment())[0]


def test_the_fact_of_an_invitation_tells_nothing_of_when_the_appointment_is():
    near, far = (
        helping.invite(kept(7, NOON + timedelta(days=days)), PERSON, HelperKind.VOLUNTEER, a_moment())[1]
        for days in (1, 90)
    )
    assert near == far


@pytest.mark.parametrize("changes", [{"cancelled_at": NOON}, {"is_void": True}])
def test_nobody_is_invited_to_what_does_not_take_place(changes: dict[str, Any]):
    with pytest.raises(RefusedError, match=r"helper\.appointment-over"):
        helping.invite(to_come(**changes), PERSON, HelperKind.VOLUNTEER, a_moment())
    with pytest.raises(RefusedError, match=r"helper\.appointment-over"):
        helping.invite(to_come(), PERSON, HelperKind.VOLUNTEER, a_moment(4))


def test_before_the_declaration_nothing_is_seen():
    assert not may_see(replace(an_invitation(), helper=HELPER), HELPER, to_come(), NOON)
    assert may_see(signed(), HELPER, to_come(), NOON)


def test_a_text_nobody_has_reviewed_is_not_signed():
    with pytest.raises(RefusedError, match=r"helper\.declaration-missing"):
        helping.declare(an_invitation(), HELPER, replace(TEXT, review=Review.DRAFT), a_moment())


def test_a_code_opens_once_and_not_for_ever():
    with pytest.raises(RefusedError, match=r"helper\.code-over"):
        helping.declare(signed(), OTHER, TEXT, a_moment())
    assert an_invitation().waits(NOON + CODE_LIFE - timedelta(seconds=1))
    assert not an_invitation().waits(NOON + CODE_LIFE)


def test_until_the_grace_is_over_and_not_a_moment_longer():
    ends_at = to_come().what.ends_at
    assert may_see(signed(), HELPER, to_come(), ends_at + GRACE - timedelta(seconds=1))
    assert not may_see(signed(), HELPER, to_come(), ends_at + GRACE)
    assert not may_see(signed(), HELPER, to_come(), ends_at, timedelta())


@pytest.mark.parametrize(
    "appointment",
    [to_come(id=UUID(int=8)), to_come(cancelled_at=NOON), to_come(is_void=True)],
    ids=["another", "called off", "stopped"],
)
def test_another_appointment_or_one_that_is_off_is_not_seen(appointment: Kept):
    assert not may_see(signed(), HELPER, appointment, NOON)


def test_nobody_else_sees_it_and_once_ended_nobody_does():
    assert not may_see(signed(), OTHER, to_come(), NOON)
    ended, told = helping.end(signed(), HelperEnd.BY_NAVIGATOR, a_moment())
    assert told.ending is HelperEnd.BY_NAVIGATOR
    assert not may_see(ended, HELPER, to_come(), NOON)
    with pytest.raises(RefusedError, match=r"helper\.ended"):
        helping.end(ended, HelperEnd.BY_HERSELF, a_moment())


@given(st.binary(min_size=32, max_size=32))
def test_every_code_can_be_said_on_the_telephone(digest: bytes):
    assert is_code(helping.code_of(digest.hex()))
