"""What a person does herself: look, take back, say that there was contact. The same commands as at the desk."""

from datetime import date
from uuid import UUID

from contracts.codes import Action, ViewPurpose, WithdrawalChannel
from services.chassis.errors import RefusedError
from services.chassis.work import Work
from services.referral import domain
from services.referral.calendar import moment_of
from services.referral.commands.saving import load, save
from services.referral.commands.withdrawing import withdraw
from services.referral.config import Keys
from services.referral.domain.grounds import Consent
from services.referral.domain.withdrawing import Part, covers
from services.referral.store import consents, persons, timeline
from services.referral.store.person_links import PersonLink
from services.referral.store.referrals import PersonActor, person_actor

#: Nothing named: all of it.
WHOLE = Part()


def look(work: Work, link: PersonLink) -> None:
    """Note that she looks at what is kept of her; committed before anything is shown."""
    timeline.viewed(
        work,
        role=None,
        purpose=ViewPurpose.PERSON_SELF,
        categories=(),
        person_id=link.person_id,
        enquiry_id=link.enquiry_id,
    )


def in_force(work: Work, person_id: UUID) -> list[Consent]:
    """What she could take back."""
    return [
        one for one in consents.of_person(work.tx, person_id) if one.withdrawn_at is None and one.superseded_at is None
    ]


def take_back(work: Work, keys: Keys, person_id: UUID, part: Part = WHOLE) -> int:
    """Withdraw everything, or all that names one recipient or one kind of data, in whichever consents it stands."""
    persons.raise_epoch(work, person_id)
    concerned = [one for one in in_force(work, person_id) if covers(one.recipients, part)]
    if not concerned:
        raise RefusedError("consent.withdrawn")
    for consent in concerned:
        withdraw(
            work,
            keys,
            consent,
            service_id=part.service_id,
            category=part.category,
            by_channel=WithdrawalChannel.ONLINE,
            actor=person_actor(person_id),
        )
    return len(concerned)


def had_contact(work: Work, person_id: UUID, referral_id: UUID, contact_on: date) -> None:
    """She says that contact took place, where the body itself may not say so."""
    by: PersonActor = person_actor(person_id)
    referral = load(work, referral_id, by)
    moved, facts = domain.conclude(referral, by, moment_of(work), contact_on=contact_on)
    save(work, moved, facts, action=Action.CONCLUDE)
