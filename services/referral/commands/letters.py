"""What becomes of a letter to a person: sent, tried once more, or parked with somebody told."""

from dataclasses import dataclass
from datetime import datetime

from contracts.codes import PersonLinkPurpose, TaskKind
from contracts.event import Code
from contracts.referral import PersonLetterFailed, PersonLetterSent
from services.chassis.db import Connection
from services.chassis.mail import HandedIn
from services.chassis.work import Work
from services.referral.commands import desk_tasks
from services.referral.commands.person_links import IssuedLink, as_handed_over, is_neutral_only, mailbox_of
from services.referral.config import Keys
from services.referral.domain.letters import next_attempt
from services.referral.store import letters, person_links, persons
from services.referral.store.letters import Letter, State
from services.referral.store.person_links import PersonLink


@dataclass(frozen=True, slots=True)
class Ready:
    """A letter with its address, for as long as it takes to hand it in."""

    link: PersonLink
    issued: IssuedLink
    mailbox: str
    #: She shares her mailbox: the letter does not say that it is meant for anybody.
    is_neutral: bool = False


def open_letter(connection: Connection, keys: Keys, letter: Letter, now: datetime) -> Ready | None:
    """Look up where it goes; None if its link opens nothing any more, or she has no address now."""
    link = person_links.load(connection, letter.link_id)
    if link.is_spent or link.expires_at <= now:
        return None
    mailbox = mailbox_of(connection, keys, link.person_id)
    if mailbox is None:
        return None
    return Ready(link, as_handed_over(keys, link), mailbox, is_neutral_only(connection, keys, link.person_id))


def withdraw(work: Work, letter: Letter) -> None:
    """Nobody needs it any more."""
    letters.change(work, letter.id, State.WITHDRAWN)


def record(work: Work, keys: Keys, letter: Letter, link: PersonLink, handed: HandedIn, *, scale: float) -> State:
    """Write down how the attempt went; after the last one a navigator is told."""
    again = None if handed.final else next_attempt(letter.attempt, work.now, scale=scale)
    failed = State.PARKED if again is None else State.PENDING
    state = failed if handed.cause else State.SENT
    if letters.change(work, letter.id, state, due_at=again, cause=handed.cause):
        _tell(work, letter, link, state, handed.cause)
        if state is not State.PENDING and link.purpose is PersonLinkPurpose.INVITATION:
            # The address was given for this one letter.
            persons.replace(work, keys.vault, link.person_id, {})
    return state


def _tell(work: Work, letter: Letter, link: PersonLink, state: State, cause: str | None) -> None:
    if cause is None:
        sent = PersonLetterSent(letter_id=letter.id, link_id=link.id, purpose=link.purpose, attempt=letter.attempt)
        work.announce(sent)
        return
    work.announce(
        PersonLetterFailed(
            letter_id=letter.id,
            link_id=link.id,
            purpose=link.purpose,
            attempt=letter.attempt,
            cause=Code(cause),
            parked=state is State.PARKED,
        )
    )
    if state is State.PARKED:
        desk_tasks.open_for_enquiry(work, link.enquiry_id, TaskKind.LETTER_UNDELIVERED)
