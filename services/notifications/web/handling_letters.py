"""One visit to the mailroom, for the page and for programs alike: look, put back, give up."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import current_app

from contracts.codes import DiscardReason, LetterPlace
from services.chassis.broker import PublishError
from services.chassis.errors import InvalidError, UnavailableError
from services.chassis.web import request_work
from services.chassis.work import Work
from services.notifications.commands import letters as commands
from services.notifications.domain.letter import Letter, Letters
from services.notifications.mailroom import Found, Mailroom, Visit

BATCH = 100
Handle = Callable[[Work, Visit, Sequence[Letter]], None]


@dataclass(frozen=True, slots=True)
class Seen:
    """What lies in the queues: how many, and of the first of them what stands on their envelopes."""

    lying: Mapping[LetterPlace, int]
    letters: Sequence[Letter]

    @property
    def groups(self) -> list[dict[str, Any]]:
        """By queue, cause and where they belong, the largest first."""
        found: dict[tuple[Any, ...], list[Letter]] = defaultdict(list)
        for letter in self.letters:
            found[letter.place, letter.cause, letter.home].append(letter)
        rows = [
            {
                "place": place,
                "cause": cause,
                "home": home,
                "organization_id": ours[0].organization_id,
                "count": len(ours),
                "since": min((one.lies_since for one in ours if one.lies_since), default=None),
            }
            for (place, cause, home), ours in found.items()
        ]
        return sorted(rows, key=lambda row: -row["count"])


@dataclass(slots=True)
class Outcome:
    """How many were handled, how many stay because their return was not confirmed, and how many have no way back."""

    handled: int = 0
    unconfirmed: int = 0
    without_home: int = 0
    letters: list[Letter] = field(default_factory=list, repr=False)


def mailroom() -> Mailroom:
    """The one of this application; without the setting nobody can look."""
    found: Mailroom | None = current_app.extensions["notifications-mailroom"]
    if found is None:
        raise UnavailableError("letters.not-set-up", retry_after=3600)
    return found


def look(which: Letters) -> Seen:
    with mailroom().visit() as visit:
        found = [one.letter for place in which.places for one in visit.fetch(place) if which.mean(one.letter)]
    return Seen(visit.lying, found)


def put_back(which: Letters) -> Outcome:
    """What fits goes where it belongs, queue by queue: one that takes nothing holds up no other."""
    outcome = Outcome()
    with mailroom().visit() as visit:
        for batch in _batches(visit, which):
            if not batch[0].letter.homes:
                outcome.without_home += len(batch)
            elif _settled(visit, batch, commands.put_back):
                outcome.handled += len(batch)
            else:
                outcome.unconfirmed += len(batch)
    return outcome


def drop(which: Letters, reason: DiscardReason) -> Outcome:
    """What fits is given up. Somebody has to say what: one letter, or a cause in a queue."""
    if which.letter_id is None and (which.place is None or which.cause is None):
        raise InvalidError("request.invalid", {"letters": "one-letter-or-a-queue-and-a-cause"})
    outcome = Outcome()
    with mailroom().visit() as visit:
        for batch in _batches(visit, which):
            _settled(visit, batch, lambda work, _, letters: commands.drop(work, letters, reason))
            outcome.handled += len(batch)
    return outcome


def _batches(visit: Visit, which: Letters) -> Iterator[list[Found]]:
    """What fits, by where it belongs, so many at a time that nobody waits long for a commit."""
    by_home: dict[tuple[str, ...], list[Found]] = defaultdict(list)
    for place in which.places:
        for found in visit.fetch(place):
            if which.mean(found.letter):
                by_home[found.letter.homes].append(found)
    for same in by_home.values():
        for start in range(0, len(same), BATCH):
            yield same[start : start + BATCH]


def _settled(visit: Visit, batch: Sequence[Found], handle: Handle) -> bool:
    try:
        with request_work() as work:
            handle(work, visit, [one.letter for one in batch])
    except PublishError:
        return False
    visit.let_go(batch)
    return True
