"""A birth date is corrected: nobody's consent carries anything on a day on which somebody else has to consent."""

from dataclasses import replace
from datetime import date
from uuid import UUID

from contracts.codes import ConsentState
from services.chassis.work import Work
from services.referral.commands import cascade
from services.referral.config import Keys
from services.referral.domain import capture
from services.referral.domain.grounds import Consent, given, state_on
from services.referral.store import consents


def follow_birth_date(work: Work, keys: Keys, person_id: UUID, born_on: date) -> None:
    """Each consent in force that holds on a day it may not gets a version that does not.

    Where that day is today nothing was rightly given [law] - for her by guardians, or by her alone where she is under
    age: what it carried ends as if withdrawn.
    """
    for consent in consents.of_person(work.tx, person_id):
        shorter = capture.born_otherwise(consent, born_on, work.today, work.now)
        if shorter is not None and state_on(consent, work.today) is ConsentState.GIVEN:
            _follow(work, keys, consent, shorter)


def _follow(work: Work, keys: Keys, consent: Consent, shorter: Consent) -> None:
    consents.end(work, replace(consent, superseded_at=work.now))
    consents.add(work, shorter, consents.enquiry_of(work.tx, consent.id))
    work.announce(given(shorter))
    if state_on(shorter, work.today) is not ConsentState.GIVEN:
        named = {(one.organization_id, one.service_id) for one in shorter.recipients}
        cascade.follow_withdrawal(work, keys, consent.person_id, named)
