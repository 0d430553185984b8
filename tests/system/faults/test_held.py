"""The checker of the fault suite finds each kind of violation that is planted, and nothing where nothing is wrong."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.system.faults.held import Event, Seen, verdict

LINES = [Event(f"{subject}{number}", subject, number) for number in (1, 2, 3) for subject in ("a", "b")]
NAMES = [line.event_id for line in LINES]
SOUND = Seen(acknowledged=NAMES, committed=NAMES, announced=LINES, unconfirmed=0, heard=LINES, logged=LINES)

Change = Callable[[Seen], Seen]
PLANTED: dict[str, Change] = {
    "1 acknowledged and not committed": lambda seen: replace(seen, acknowledged=[*NAMES, "c1"]),
    "1 committed and not announced": lambda seen: replace(seen, committed=[*NAMES, "c1"]),
    "1 announced and not heard": lambda seen: replace(seen, heard=LINES[:-1]),
    "1 announced and not logged": lambda seen: replace(seen, logged=LINES[:-1]),
    "1 heard or logged and never announced": lambda seen: replace(seen, heard=[*LINES, Event("c1", "c", 1)]),
    "1 twice: effects": lambda seen: replace(seen, committed=[*NAMES, "a1"]),
    "1 twice: heard": lambda seen: replace(seen, heard=[*LINES, LINES[0]]),
    "1 twice: logged": lambda seen: replace(seen, logged=[*LINES, LINES[0]]),
    "1 not confirmed": lambda seen: replace(seen, unconfirmed=1),
    "1 set aside": lambda seen: replace(seen, set_aside=1),
    "the log does not verify": lambda seen: replace(seen, log_verifies=False),
}


def test_where_everything_holds_nothing_is_said() -> None:
    assert verdict(SOUND).wrong == []
    assert verdict(replace(SOUND, acknowledged=NAMES[:3])).wrong == [], "an effect nobody was told of is no loss"


@pytest.mark.parametrize("said", list(PLANTED))
def test_a_planted_violation_is_found(said: str) -> None:
    assert said in verdict(PLANTED[said](SOUND)).wrong


def test_two_events_of_one_subject_the_wrong_way_round_are_found() -> None:
    swapped = [LINES[0], LINES[1], LINES[4], LINES[3], LINES[2], LINES[5]]
    found = verdict(replace(SOUND, logged=swapped))
    assert found.out_of_order == 2
    assert (found.lost, found.twice) == (0, 0)
