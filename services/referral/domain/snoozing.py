"""Putting a task off: until a day on which it comes back by itself, and never past a deadline that a law sets."""

from collections.abc import Mapping
from datetime import date, timedelta
from types import MappingProxyType

from contracts.codes import TaskKind
from services.chassis.errors import InvalidError

#: Nobody remembers longer why something was put off.
LONGEST = timedelta(days=31)
#: The day of these tasks is set by a law or is the last on which something may happen, not by our own order of work.
#: [law]
SET_BY_LAW: Mapping[TaskKind, str] = MappingProxyType(
    {
        TaskKind.SUBJECT_REQUEST_DUE: "Art. 12(3) GDPR: without undue delay, within a month",
        TaskKind.BREACH_CHECK: "Art. 33(1) GDPR: 72 hours",
        TaskKind.BREACH_ESCALATED: "Art. 33(1) GDPR: 72 hours",
        TaskKind.DUTY_OVERDUE: "Art. 17, 19 GDPR: what a partner owes is overdue already",
        TaskKind.DISCLOSURE_UNCONFIRMED: "Art. 15 GDPR: she hears of it once a second person has looked",
        TaskKind.CONSENT_RUNS_OUT: "Art. 6(1)(a), 7 GDPR: nothing leaves after its last day",
        TaskKind.CONSENT_TO_CONFIRM: "Art. 7(1) GDPR: unconfirmed it lapses",
        TaskKind.CONSENT_TO_WITNESS: "Art. 7(1) GDPR: unwitnessed it carries nothing",
        TaskKind.COMES_OF_AGE: "§ 2 BGB: her guardian's consent ends with this day",
        TaskKind.AGREEMENT_ENDS: "Art. 26, 28 GDPR: nothing is sent without one",
        TaskKind.AGREEMENT_ENDED: "Art. 26, 28 GDPR: nothing is sent without one",
    }
)


def latest(kind: TaskKind, due_on: date, today: date) -> date:
    """The last day until which this may be put off; today or before, where it may not be put off at all."""
    return min(due_on, today + LONGEST) if kind in SET_BY_LAW else today + LONGEST


def check(kind: TaskKind, due_on: date, until: date, today: date) -> None:
    """Refuse a day that is over, one too far away, and one behind a deadline of the law."""
    if until <= today:
        raise InvalidError("task.snooze-invalid", {"until": "a-day-to-come"})
    if until > latest(kind, due_on, today):
        by_law = kind in SET_BY_LAW and until > due_on
        raise InvalidError(
            "task.snooze-invalid", {"until": "not-past-a-legal-deadline" if by_law else "within-31-days"}
        )
