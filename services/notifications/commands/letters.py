"""What an operator does about letters the broker could not deliver: put them back where they belong, or give them up.

First the fact, then the deed, then the commit, then the acknowledgement: a letter never leaves its queue without an
audit fact, and one whose return is not confirmed stays where it lies and no fact is told. Whoever does it twice finds
nothing the second time; where only the acknowledgement was lost, the receiver knows the letter by its id.
"""

from collections.abc import Sequence

from contracts.codes import DiscardReason
from contracts.event import Code
from contracts.notifications import LetterDropped, LetterReturned
from services.chassis.work import Work
from services.notifications.domain.letter import Letter
from services.notifications.mailroom import Visit


def put_back(work: Work, visit: Visit, letters: Sequence[Letter]) -> None:
    """Into the queues they belong to; told per queue."""
    for letter in letters:
        for home in letter.homes:
            work.announce(
                LetterReturned(
                    letter_id=letter.letter_id, place=letter.place, cause=Code(letter.cause), home=Code(home)
                )
            )
    visit.put_back(letters)


def drop(work: Work, letters: Sequence[Letter], reason: DiscardReason) -> None:
    """Given up, for a reason of the list."""
    for letter in letters:
        work.announce(
            LetterDropped(letter_id=letter.letter_id, place=letter.place, cause=Code(letter.cause), reason=reason)
        )
