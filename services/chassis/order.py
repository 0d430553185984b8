"""Order per subject as a rule: the next number goes, an early one waits, an old one is passed over."""

from dataclasses import dataclass
from enum import StrEnum


class Turn(StrEnum):
    """What happens to an event now."""

    GO = "go"
    WAIT = "wait"
    BEHIND = "behind"
    TOO_OLD = "too_old"


@dataclass(slots=True)
class Line:
    """Where one subject stands: the last number heard, and whether something of it is parked or held."""

    last: int | None = None
    blocked: bool = False
    waiting: bool = False
    moved: bool = False

    def turn_of(self, sequence: int, *, starts: bool) -> Turn:
        """Decide and move on. ``starts``: the event carries everything known of its subject, so it may be the first.

        The first number seen of a subject is its beginning only if it is number 1 or carries a snapshot; whoever came
        in the middle would otherwise never know what it missed.
        """
        is_next = (sequence == 1 or starts) if self.last is None else sequence == self.last + 1
        if is_next:
            self.last, self.moved = sequence, True
            return Turn.GO
        if self.last is not None and sequence <= self.last:
            return Turn.TOO_OLD
        self.waiting = True
        return Turn.BEHIND if self.blocked else Turn.WAIT
