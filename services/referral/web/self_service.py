"""The person's own page: what was passed to whom, when, why and on which consent - and how to take it back."""

from datetime import date
from typing import Any
from uuid import UUID, uuid4

from apiflask import APIBlueprint
from flask import redirect, render_template, request
from werkzeug.wrappers import Response

from contracts.codes import DataCategory, PersonLinkPurpose
from services.chassis.access import current_caller, person
from services.chassis.errors import InvalidError, NotFoundError
from services.chassis.i18n import for_persons
from services.chassis.pages import translate
from services.chassis.session_pages import stays
from services.chassis.web import request_work
from services.chassis.work import Work
from services.referral.commands import appointing, external_disclosures, helping, self_service
from services.referral.domain.appointments import Kept
from services.referral.domain.external_disclosure import ExternalDisclosure
from services.referral.domain.person_view import may_tell_status
from services.referral.domain.withdrawing import Part
from services.referral.queries import self_service as self_service_queries
from services.referral.store import enquiries, plan
from services.referral.store.referrals import person_actor
from services.referral.web import appointments, self_service_consent, self_service_invitation
from services.referral.web import self_service_door as door
from services.referral.web.callers import house
from services.referral.web.forms import once_per_form
from services.referral.web.limits import expect_patience_of_session
from services.referral.web.names import Names
from services.referral.web.self_service_door import her_link
from services.referral.web.self_service_view import RecipientView, overview

SELF = PersonLinkPurpose.SELF_SERVICE
HOME = "/referral/my/"
DONE = frozenset({"withdrawn", "contact"})


def blueprint() -> APIBlueprint:
    pages = APIBlueprint("my", __name__, url_prefix="/referral/my", template_folder="templates", enable_openapi=False)
    pages.get("/enter/<token>")(door.show_link)
    pages.post("/enter/<token>")(door.enter)
    pages.post("/enter/<token>/renewals")(door.renew)
    pages.get("/code")(door.ask_code)
    pages.post("/code")(door.take_code)
    pages.post("/sign-out")(door.sign_out)
    pages.get("/signed-out")(door.signed_out)
    pages.get("/stay")(stay)
    pages.get("/")(show)
    pages.get("/appointments/<uuid:appointment_id>.ics")(appointment_file)
    pages.get("/withdrawal")(ask_to_withdraw)
    pages.post("/withdrawal")(withdraw)
    pages.post("/contact")(had_contact)
    pages.get("/consent")(self_service_consent.show_draft)
    pages.post("/consent")(self_service_consent.answer_draft)
    pages.get("/invitation")(self_service_invitation.show_invitation)
    pages.post("/invitation")(self_service_invitation.answer_invitation)
    return pages


@person()
@for_persons
def stay() -> str:
    """She needs more time on the page where she is."""
    return stays()


@person(SELF)
@for_persons
def show() -> str:
    """That she looks is committed before anything is shown."""
    expect_patience_of_session()
    with request_work() as work:
        link = her_link(work)
        self_service.look(work, link)
        names = Names(work.tx)
        recipients = overview(work, link.person_id, names, work.today)
        outside = told_outside(work, link.person_id, names)
        came_along = [pair for pair in helping.beside(work.tx, house().keys.vault, link.person_id) if pair[0].helper]
        expected = appointments.shown_days(expected_at(work, link.person_id), names)
        _, organization_id = enquiries.desk_of(work.tx, link.enquiry_id)
        today, has_plan = work.today, link.person_id in plan.has_plan(work.tx, link.enquiry_id)
    done = request.args.get("done", "")
    return render_template(
        "referral/my/overview.html",
        recipients=recipients,
        outside=outside,
        expected=expected,
        came_along=came_along,
        controllers=house().controllers.of(organization_id),
        may_withdraw=any(one.may_withdraw for one in recipients),
        done=done if done in DONE else "",
        today=today,
        has_plan=has_plan,
        request_key=uuid4().hex,
    )


def told_outside(work: Work, person_id: UUID, names: Names) -> list[tuple[ExternalDisclosure, str]]:
    """What staff told others about her without her consent, with whom they told."""
    told = external_disclosures.told_of(work, house().keys.vault, person_id)
    return [(one, names.organization(one.recipient_id) if one.recipient_id else words) for one, words in told]


def expected_at(work: Work, person_id: UUID) -> list[Kept]:
    """Her appointments to come, also those that were called off, as far as the body may tell of them."""
    told = {one.id for one in self_service_queries.her_referrals(work.tx, person_id) if may_tell_status(one)}
    hers = appointing.of_person(work.tx, house().keys.vault, person_id, visible_to=person_actor(person_id))
    return [one for one in hers if one.referral_id in told and one.what.ends_at > work.now]


@person(SELF)
@for_persons
def appointment_file(appointment_id: UUID) -> Response:
    """One of them for her own calendar."""
    expect_patience_of_session()
    with request_work() as work:
        link = her_link(work)
        self_service.look(work, link)
        one = appointing.one_of(expected_at(work, link.person_id), appointment_id)
        organization = Names(work.tx).organization(one.organization_id)
    notes = f"{translate('Please bring')}: {one.what.bring}" if one.what.bring else ""
    return appointments.calendar_file(one, title=organization, notes=notes)


def named_service(given: str) -> UUID | None:
    """Which recipient she means; none named is all of them."""
    try:
        return UUID(given) if given else None
    except ValueError:
        raise InvalidError("request.invalid", {"service": "an-id"}) from None


@person(SELF)
@for_persons
def ask_to_withdraw() -> str:
    """What follows, in plain words, before it is done."""
    expect_patience_of_session()
    service_id = named_service(request.args.get("service", ""))
    with request_work() as work:
        link = her_link(work)
        self_service.look(work, link)
        every = overview(work, link.person_id, Names(work.tx), work.today)
    concerned = [one for one in every if one.may_withdraw and service_id in (None, one.service_id)]
    if not concerned:
        raise NotFoundError("consent.unknown")
    return render_template(
        "referral/my/withdraw.html",
        concerned=concerned,
        service_id=service_id,
        kinds=kinds_of(concerned) if service_id else [],
        request_key=uuid4().hex,
    )


def kinds_of(concerned: list[RecipientView]) -> list[DataCategory]:
    """What could be taken back by itself; the last kind of data is all of it."""
    told = {category for one in concerned for _, categories in one.may_receive for category in categories}
    return [category for category in DataCategory if category in told] if len(told) > 1 else []


def part_named() -> Part:
    kind = request.form.get("category", "")
    if kind and kind not in set(DataCategory):
        raise InvalidError("request.invalid", {"category": "a-known-kind"})
    service_id = named_service(request.form.get("service", ""))
    return Part(service_id=service_id, category=DataCategory(kind) if kind else None)


@person(SELF)
@for_persons
def withdraw() -> Response:
    """As easy as giving it: one button, no reason, at once."""
    expect_patience_of_session()
    part, link = part_named(), link_of_session()

    def run(work: Work) -> tuple[int, dict[str, Any]]:
        return 200, {"consents": self_service.take_back(work, house().keys, link.person_id, part)}

    once_per_form(current_caller().actor, link.id, "withdraw", run)
    return redirect(f"{HOME}?done=withdrawn", 303)


def link_of_session() -> Any:
    with request_work() as work:
        return her_link(work)


@person(SELF)
@for_persons
def had_contact() -> Response:
    """Where the body may not say it, her word counts."""
    expect_patience_of_session()
    link, form = link_of_session(), request.form
    try:
        referral_id, contact_on = UUID(form.get("referral", "")), date.fromisoformat(form.get("contact_on", ""))
    except ValueError:
        raise InvalidError("request.invalid", {"contact_on": "a-day"}) from None

    def run(work: Work) -> tuple[int, dict[str, Any]]:
        self_service.had_contact(work, link.person_id, referral_id, contact_on)
        return 200, {}

    once_per_form(current_caller().actor, referral_id, "contact", run)
    return redirect(f"{HOME}?done=contact", 303)
