"""Who takes a unit's mail while nobody is there; a link in a mail opens a dossier, so it stays in the house."""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from services.chassis.errors import InvalidError

LONGEST = timedelta(days=92)


@dataclass(frozen=True, slots=True)
class Absence:
    """From the first to the last day, both included."""

    absence_id: UUID
    organization_id: UUID
    from_on: date
    until_on: date
    substitute_mailbox: str


def check(absence: Absence, today: date, unit_mailbox: str | None, contact: str | None) -> None:
    """Every mistake at once: days the wrong way round, longer than a quarter, a mailbox outside the house."""
    wrong: dict[str, str] = {}
    if absence.until_on < today:
        wrong["until_on"] = "today-or-later"
    elif absence.until_on < absence.from_on:
        wrong["until_on"] = "not-before-the-first-day"
    elif absence.until_on - absence.from_on > LONGEST:
        wrong["until_on"] = "within-92-days"
    houses = {house_of(mailbox) for mailbox in (unit_mailbox, contact) if mailbox} - {""}
    mailbox = absence.substitute_mailbox
    if not house_of(mailbox) or any(letter.isspace() for letter in mailbox):
        wrong["substitute_mailbox"] = "a-mailbox"
    elif house_of(mailbox) not in houses:
        wrong["substitute_mailbox"] = "a-mailbox-of-the-same-house"
    elif unit_mailbox and mailbox.lower() == unit_mailbox.lower():
        wrong["substitute_mailbox"] = "another-mailbox"
    if wrong:
        raise InvalidError("unit.absence-invalid", wrong)


def house_of(mailbox: str) -> str:
    """What stands behind the at sign; nothing if it is no mailbox."""
    name, _, house = mailbox.rpartition("@")
    return house.lower() if name and "@" not in name else ""
