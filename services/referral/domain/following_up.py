"""Asking partners how it stands, many at once: who is asked, and who is left out for which reason."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from contracts.codes import ChannelKind, Participation, Party, Status
from services.referral.domain.lifecycle import RUNNING
from services.referral.domain.workdays import IsWorkingDay, working_days_between

#: Whoever was asked or reminded within so many working days is left in peace.
PEACE_WORKING_DAYS = 3
#: Nobody asks more partners than this with one click.
MOST = 500


class LeftOut(StrEnum):
    """Why a referral was passed over."""

    UNKNOWN = "unknown"
    NOT_WAITING = "not_waiting"
    RESTING = "resting"
    NO_CHANNEL = "no_channel"
    LATELY = "lately"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What decides whether its partner is asked."""

    status: Status
    waiting_for: Party | None
    participation: Participation
    channel: ChannelKind
    last_reminded_on: date | None


def left_out(one: Standing, today: date, is_working_day: IsWorkingDay) -> LeftOut | None:
    """The first reason not to ask; None if the partner is asked."""
    if one.status not in RUNNING or one.waiting_for is not Party.PARTNER:
        return LeftOut.NOT_WAITING
    if one.participation is not Participation.TAKING_PART:
        return LeftOut.RESTING
    if one.channel is ChannelKind.NONE:
        return LeftOut.NO_CHANNEL
    last = one.last_reminded_on
    if last is not None and working_days_between(last, today, is_working_day) < PEACE_WORKING_DAYS:
        return LeftOut.LATELY
    return None
