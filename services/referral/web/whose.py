"""Whose data, where an enquiry is about several persons: the choice every form offers, by name."""

from contextlib import suppress
from uuid import UUID

from flask import request

from contracts.codes import ViewPurpose
from services.chassis.errors import InvalidError, NotFoundError
from services.chassis.pages import label, translate
from services.chassis.work import Work
from services.referral.commands import enquiries
from services.referral.store import persons
from services.referral.store.enquiries import Enquiry
from services.referral.store.referrals import StaffActor
from services.referral.web.callers import house
from services.referral.web.words import datum


def named(work: Work, by: StaffActor, enquiry: Enquiry, purpose: ViewPurpose) -> dict[UUID, str]:
    """Everybody of the enquiry who is not erased, by name and day of birth; that they are looked at is noted."""
    found: dict[UUID, str] = {}
    for member in enquiry.members:
        with suppress(NotFoundError):
            record = persons.record_of(work.tx, house().keys.vault, member.person_id)
            enquiries.view_person(work, by, enquiry, record, member.person_id, purpose)
            fields = ("given_name", "family_name", "birth_date", "company")
            said = " ".join(datum(name, record[name]) for name in fields if record.get(name))
            found[member.person_id] = said or label(member.relation)
            if member in enquiry.former:
                found[member.person_id] = removed(found[member.person_id])
    return found


def former(enquiry: Enquiry) -> dict[UUID, str]:
    """Who was taken out of it, by how she belonged: nobody opens her record for that."""
    return {one.person_id: removed(label(one.relation)) for one in enquiry.former}


def removed(said: str) -> str:
    return translate("%(person)s (removed from the case)") % {"person": said}


def typed(name: str = "person_id") -> UUID | None:
    """Whom the form names; nobody is whoever asked first."""
    given = request.form.get(name, "").strip()
    try:
        return UUID(given) if given else None
    except ValueError:
        raise InvalidError("request.invalid", {name: "an-id"}) from None
