"""What has to hold after every fault: what was acknowledged is committed, announced, heard and logged - once, in order.

`Seen` is what clients, tables and the log say; `wrong` is pure, so that a planted violation of each kind shows that it
is found.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Event:
    """One event where somebody found it."""

    event_id: str
    subject: str
    sequence: int


@dataclass(frozen=True, slots=True)
class Seen:
    """The same commands and events, as they were found at each place on their way."""

    #: Commands whose client was told that they are done.
    acknowledged: Sequence[str]
    #: Commands whose effect is in the database, as often as it is there.
    committed: Sequence[str]
    #: Events in the outbox, and those that no broker has confirmed.
    announced: Sequence[Event]
    unconfirmed: int
    #: In the order in which they were handled, and in which they stand in the log.
    heard: Sequence[Event]
    logged: Sequence[Event]
    #: Rows of `parked_events` and `held_events`: none, unless a fault was to park something.
    set_aside: int = 0
    log_verifies: bool = True


@dataclass(frozen=True, slots=True)
class Verdict:
    """The counts behind the promise; `wrong` is empty if everything held."""

    events: int
    lost: int
    twice: int
    out_of_order: int
    wrong: list[str] = field(default_factory=list)


def verdict(seen: Seen) -> Verdict:
    lost = missing(seen)
    twice = {
        "effects": repeated(seen.committed),
        "heard": repeated(line.event_id for line in seen.heard),
        "logged": repeated(line.event_id for line in seen.logged),
    }
    disorder = {"heard": inversions(seen.heard), "logged": inversions(seen.logged)}
    found = [f"{count} {what}" for what, count in lost.items() if count]
    found += [f"{count} twice: {what}" for what, count in twice.items() if count]
    found += [f"{count} out of order: {what}" for what, count in disorder.items() if count]
    found += [f"{seen.unconfirmed} not confirmed"] * bool(seen.unconfirmed)
    found += [f"{seen.set_aside} set aside"] * bool(seen.set_aside)
    found += ["the log does not verify"] * (not seen.log_verifies)
    return Verdict(len(seen.announced), sum(lost.values()), sum(twice.values()), sum(disorder.values()), found)


def missing(seen: Seen) -> dict[str, int]:
    """What is known at one place and not at the next; an event nobody announced is as wrong as one nobody heard."""
    announced = {line.event_id for line in seen.announced}
    heard, logged = ({line.event_id for line in lines} for lines in (seen.heard, seen.logged))
    return {
        "acknowledged and not committed": len(set(seen.acknowledged) - set(seen.committed)),
        "committed and not announced": max(0, len(set(seen.committed)) - len(announced)),
        "announced and not heard": len(announced - heard),
        "announced and not logged": len(announced - logged),
        "heard or logged and never announced": len((heard | logged) - announced),
    }


def repeated(names: Iterable[str]) -> int:
    return sum(count - 1 for count in Counter(names).values())


def inversions(lines: Iterable[Event]) -> int:
    """Steps of a subject's numbers that are not one forward; the same event again is counted elsewhere."""
    last: dict[str, int] = defaultdict(int)
    known: set[str] = set()
    wrong = 0
    for line in lines:
        if line.event_id in known:
            continue
        known.add(line.event_id)
        wrong += line.sequence != last[line.subject] + 1
        last[line.subject] = line.sequence
    return wrong
