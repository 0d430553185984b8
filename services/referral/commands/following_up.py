"""Asking the partners of many referrals how it stands: a reminder each, carried by the way that partner has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from contracts.codes import ChannelKind, Participation, Party, ReminderKind, Status
from contracts.referral import ReminderDue
from services.chassis.errors import InvalidError
from services.chassis.work import Work
from services.referral.calendar import is_working_day
from services.referral.domain.following_up import MOST, LeftOut, Standing, left_out
from services.referral.domain.workdays import PLACE
from services.referral.store import followed, timeline
from services.referral.store.referrals import StaffActor


@dataclass(slots=True)
class Outcome:
    """The numbers of whom was asked, and of who was left out because of what."""

    asked: list[str] = field(default_factory=list)
    left_out: dict[LeftOut, list[str]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {"asked": self.asked, "left_out": {str(why): numbers for why, numbers in self.left_out.items()}}


def follow_up(work: Work, by: StaffActor, referral_ids: Sequence[UUID]) -> Outcome:
    """Each at most once in a few days, whoever asks: the rows are locked, so that two at once do not both."""
    if not 1 <= len(referral_ids) <= MOST:
        raise InvalidError("follow-up.invalid", {"referral": "between-one-and-five-hundred"})
    rows = followed.standing(work, referral_ids, visible_to=by)
    outcome = Outcome()
    if missing := len(set(referral_ids)) - len(rows):
        outcome.left_out[LeftOut.UNKNOWN] = ["–"] * missing
    for row in rows:
        why = left_out(_standing(row), work.today, is_working_day)
        if why is None:
            timeline.tell(work, row["id"], _reminder(row))
            outcome.asked.append(row["reference"])
        else:
            outcome.left_out.setdefault(why, []).append(row["reference"])
    return outcome


def _reminder(row: Mapping[str, Any]) -> ReminderDue:
    return ReminderDue(
        referral_id=row["id"],
        organization_id=row["organization_id"],
        reminder=ReminderKind.FOLLOW_UP,
        waiting_for=Party.PARTNER,
    )


def _standing(row: Mapping[str, Any]) -> Standing:
    at = row["last_reminded_at"]
    return Standing(
        status=Status(row["status"]),
        waiting_for=Party(row["waiting_for"]) if row["waiting_for"] else None,
        participation=Participation(row["participation"] or Participation.TAKING_PART),
        channel=ChannelKind(row["channel"] or ChannelKind.NONE),
        last_reminded_on=at.astimezone(PLACE).date() if at else None,
    )
