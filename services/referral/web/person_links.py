"""At the desk: give the person a link to her own page - shown, printed or mailed - or invite a worker.

A shown link stands on the page that answers the form and nowhere else; a mailed one nobody here ever sees.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import segno
from apiflask import APIBlueprint
from flask import redirect, render_template, request
from werkzeug.wrappers import Response

from contracts.codes import EnquirerKind, PersonLinkPurpose, PersonLinkWay, StaffRole
from services.chassis import i18n
from services.chassis.access import staff
from services.chassis.db import Connection
from services.chassis.errors import InvalidError, NotFoundError
from services.chassis.room import room
from services.chassis.web import request_work
from services.chassis.work import Work
from services.referral.commands import enquiries, invitations
from services.referral.commands import person_links as links
from services.referral.store import drafts, letters
from services.referral.store import person_links as store
from services.referral.store.enquiries import Enquiry
from services.referral.store.letters import State
from services.referral.store.person_links import PersonLink
from services.referral.web import bodies, whose
from services.referral.web.callers import house, staff_actor, validated
from services.referral.web.forms import once_per_form

navigators = staff(StaffRole.NAVIGATOR, StaffRole.LEAD)


def blueprint() -> APIBlueprint:
    pages = APIBlueprint("person_links", __name__, url_prefix="/referral/enquiries", enable_openapi=False)
    pages.post("/<uuid:enquiry_id>/person-links")(give)
    pages.post("/<uuid:enquiry_id>/person-links/<uuid:link_id>/voidances")(void)
    return pages


@dataclass(frozen=True, slots=True)
class GivenLink:
    """A link as the desk sees it: what for, how it went out, and whether it is still open."""

    link: PersonLink
    state: str
    letter: State | None


def links_of(connection: Connection, enquiry: Enquiry) -> list[GivenLink]:
    """What was given out. Whether an invitation was answered is not said, so that nobody tells it by accident."""
    now, under_way = room().unit.clock.now(), letters.of_links(connection, enquiry.id)
    found = [one for one in store.of_enquiry(connection, enquiry.id) if one.person_id not in enquiry.erased]
    return [GivenLink(link, state_of(link, now), under_way.get(link.id, (None, None))[0]) for link in found]


def state_of(link: PersonLink, now: Any) -> str:
    if link.purpose is PersonLinkPurpose.INVITATION:
        return "invited"
    if link.voided_at is not None:
        return "voided"
    if link.used_at is not None:
        return "used"
    return "expired" if link.expires_at <= now else "open"


def asked() -> tuple[str, PersonLinkWay, bool]:
    """Language and way, and the answer to the question that is asked each time: may we write to her by mail?"""
    form = request.form
    wrong = {}
    if form.get("language") not in i18n.PERSON_LANGUAGES:
        wrong["language"] = "one-of-the-persons-languages"
    if form.get("way") not in set(PersonLinkWay):
        wrong["way"] = "mailed-or-shown"
    if form.get("mail_is_safe") not in {"yes", "no"}:
        wrong["mail_is_safe"] = "yes-or-no"
    elif form.get("way") == PersonLinkWay.MAILED and form["mail_is_safe"] == "no":
        wrong["mail_is_safe"] = "yes-for-a-letter"
    if wrong:
        raise InvalidError("person-link.incomplete", wrong)
    return form["language"], PersonLinkWay(form["way"]), form["mail_is_safe"] == "yes"


@navigators
def give(enquiry_id: UUID) -> str | Response:
    """Make the link once per form, whatever the browser repeats; then show it, or say that the letter is on its way."""
    by = staff_actor()
    language, way, mail_is_safe = asked()

    def run(work: Work) -> tuple[int, dict[str, Any]]:
        enquiry = enquiries.load(work, enquiry_id, by)
        if enquiry.enquirer is EnquirerKind.EMPLOYER:
            mailbox = mailbox_typed() if way is PersonLinkWay.MAILED else None
            issued = invitations.invite(work, house(), by, enquiry_id, language=language, mailbox=mailbox)
            return 201, {"id": str(issued.id)}
        return 201, {"id": str(own_page(work, enquiry, language, way, mail_is_safe=mail_is_safe))}

    made = once_per_form(by.actor, enquiry_id, "person-link", run)
    if way is PersonLinkWay.MAILED:
        return redirect(f"/referral/enquiries/{enquiry_id}?done=letter#links", 303)
    return shown(enquiry_id, UUID(made["id"]))


def mailbox_typed() -> str:
    """Where the one letter goes; it is sealed at once and gone with the letter."""
    typed = request.form.get("mailbox", "").strip()
    if not typed:
        raise InvalidError("person-link.incomplete", {"mailbox": "a-mail-address"})
    return str(validated(bodies.ClosedPerson(), {"email": typed})["email"])


def consent_named(work: Work, person_id: UUID) -> UUID | None:
    """The prepared consent the link is to lead to, of her own; none: her own page."""
    named = request.form.get("consent_id", "")
    found = [one.id for one in drafts.of_person(work.tx, person_id) if str(one.id) == named]
    if named and not found:
        raise InvalidError("request.invalid", {"consent_id": "a-prepared-consent-of-hers"})
    return found[0] if found else None


def own_page(work: Work, enquiry: Enquiry, language: str, way: PersonLinkWay, *, mail_is_safe: bool) -> UUID:
    """Of a household each has a page of her own, and nobody sees another's."""
    keys, person_id = house().keys, enquiry.living(whose.typed()).person_id
    consent_id = consent_named(work, person_id)
    purpose = PersonLinkPurpose.CONSENT if consent_id else PersonLinkPurpose.SELF_SERVICE
    if way is PersonLinkWay.MAILED:
        if links.mailbox_of(work.tx, keys, person_id) is None:
            raise InvalidError("person-link.no-address", {"way": "shown-without-a-mail-address"})
        return links.send(work, keys, person_id, enquiry.id, purpose, language=language, consent_id=consent_id)
    issued = links.issue(
        work,
        keys,
        person_id,
        enquiry.id,
        purpose,
        language=language,
        mail_is_safe=mail_is_safe,
        consent_id=consent_id,
    )
    return issued.id


def shown(enquiry_id: UUID, link_id: UUID) -> str:
    """The turned screen, or the sheet to take along: a picture to photograph, a code to type, in her language."""
    with room().unit.db.read() as connection:
        link = store.load(connection, link_id)
    issued = links.as_handed_over(house().keys, link)
    spoken = i18n.translations("referral", link.language)
    return render_template(
        "referral/person_link_shown.html",
        enquiry_id=enquiry_id,
        link=link,
        issued=issued,
        picture=segno.make(issued.url, error="m", micro=False).svg_data_uri(scale=6, border=4, light="white"),
        address=f"{house().keys.person_links.public_url}/referral/my/code",
        say=spoken.gettext,
        spoken_direction="rtl" if link.language in i18n.RIGHT_TO_LEFT else "ltr",
        until=i18n.format_moment(issued.expires_at, link.language),
    )


@navigators
def void(enquiry_id: UUID, link_id: UUID) -> Response:
    """Given to the wrong hands, or sent to the wrong address: it opens nothing any more."""
    by = staff_actor()
    with request_work() as work:
        enquiry = enquiries.load(work, enquiry_id, by)
        link = store.load(work.tx, link_id)
        if link.enquiry_id != enquiry.id:
            raise NotFoundError("person-link.unknown")
        links.void(work, link)
    return redirect(f"/referral/enquiries/{enquiry_id}?done=link-void#links", 303)
