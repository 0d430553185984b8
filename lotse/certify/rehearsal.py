"""The scripted welcome center: every branch a referral can take, one after another, told as it happens."""

from collections.abc import Callable, Iterable

from lotse.certify.checks import chosen
from lotse.certify.exam import Check, Exam, Outcome, examine

#: Taken on, asked, declined; withdrawn, cancelled, mistaken, run out; and the network itself fails.
BRANCHES = (
    "life.accept",
    "life.ask",
    "life.reject",
    "stop.withdrawn",
    "stop.cancelled",
    "stop.mistaken",
    "stop.expired",
    "fault.away",
)


def rehearse_all(exam: Exam, tell: Callable[[str], None], branches: Iterable[Check] = ()) -> bool:
    """Once through; True if the partner did its part in each."""
    held = True
    for number, check in enumerate(branches or chosen(BRANCHES), start=1):
        tell(f"{number}. {check.sent}\n   awaited: {check.expected}")
        [result] = examine(exam, [check])
        tell(f"   seen: {result.seen} ({result.seconds} s)")
        if result.outcome is Outcome.FAILED:
            held = False
            tell(f"   {check.hint}")
    return held
