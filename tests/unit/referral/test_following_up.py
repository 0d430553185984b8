"""Whose partner is asked how it stands, and who is left in peace for which reason."""

from dataclasses import replace
from datetime import date

import pytest

from contracts.codes import ChannelKind, Participation, Party, Status
from services.referral.domain.following_up import LeftOut, Standing, left_out
from services.referral.domain.workdays import is_weekday

MONDAY = date(2026, 11, 23)
WAITING = Standing(
    status=Status.RECEIVED,
    waiting_for=Party.PARTNER,
    participation=Participation.TAKING_PART,
    channel=ChannelKind.LIGHT,
    last_reminded_on=None,
)


def test_whoever_is_waited_for_is_asked() -> None:
    assert left_out(WAITING, MONDAY, is_weekday) is None


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"waiting_for": Party.NAVIGATOR}, LeftOut.NOT_WAITING),
        ({"waiting_for": None, "status": Status.COMPLETED}, LeftOut.NOT_WAITING),
        ({"status": Status.CANCELLED}, LeftOut.NOT_WAITING),
        ({"participation": Participation.SUSPENDED}, LeftOut.RESTING),
        ({"participation": Participation.ENDED}, LeftOut.RESTING),
        ({"channel": ChannelKind.NONE}, LeftOut.NO_CHANNEL),
        ({"last_reminded_on": MONDAY}, LeftOut.LATELY),
        ({"last_reminded_on": date(2026, 11, 19)}, LeftOut.LATELY),
    ],
    ids=lambda given: given.value if isinstance(given, LeftOut) else "-".join(map(str, given)),
)
def test_everybody_else_is_left_out_for_a_reason(change: dict[str, object], why: LeftOut) -> None:
    assert left_out(replace(WAITING, **change), MONDAY, is_weekday) is why  # type: ignore[arg-type]


def test_after_three_working_days_one_may_ask_again() -> None:
    assert left_out(replace(WAITING, last_reminded_on=date(2026, 11, 18)), MONDAY, is_weekday) is None
