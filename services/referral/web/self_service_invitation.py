"""An invited worker: she enters what she wants to say of herself, or declines; until then nobody knows anything."""

from dataclasses import asdict
from typing import Any
from uuid import UUID, uuid4

from flask import redirect, render_template, request
from werkzeug.wrappers import Response

from contracts.codes import EnquirerKind, PersonLinkPurpose, Topic
from contracts.partner.dossier import PERSON
from services.chassis.access import current_caller, person
from services.chassis.errors import InvalidError
from services.chassis.i18n import RIGHT_TO_LEFT, for_persons
from services.chassis.pages import language
from services.chassis.web import request_work
from services.chassis.work import Work
from services.referral.commands import invitations
from services.referral.commands import person_links as links
from services.referral.commands.enquiries import topics_of
from services.referral.config import ReferralSettings
from services.referral.consent_texts import PrintedText, TextKind, filled
from services.referral.keeping import told
from services.referral.store import enquiries
from services.referral.web import bodies
from services.referral.web.callers import house, validated
from services.referral.web.enquiry_form import INPUTS, LANGUAGES
from services.referral.web.forms import once_per_form
from services.referral.web.limits import expect_patience_of_session
from services.referral.web.self_service_door import her_link
from services.referral.web.subject_access import span

PATH = "/referral/my/invitation"
#: Her own first words: who she is and how to reach her. Everything else is asked in the conversation.
FIELDS = ("given_name", "family_name", "birth_date", "phone", "email", "postal_code")
#: What the browser may offer her for it, and what a reader with other symbols shows (WCAG 1.3.5): it is her own device.
HER_OWN = dict(zip(FIELDS, ("given-name", "family-name", "bday", "tel", "email", "postal-code"), strict=True))
#: In whose name the new enquiry is told: not the placeholder's, so that no log leads from the employer to her.
HERSELF = "person:self"
#: How long what she enters is kept, as far as nothing has been passed on yet and after that.
KEPT = ("enquiry", "case")
invited = person(PersonLinkPurpose.INVITATION)


@invited
@for_persons
def show_invitation() -> str:
    """A short form and two buttons."""
    expect_patience_of_session()
    return page({})


def page(errors: dict[str, Any]) -> str:
    done = request.args.get("done", "")
    own = house()
    with request_work() as work:
        link = her_link(work)
        over = invitations.is_over(work.tx, link)
        _, organization_id = enquiries.desk_of(work.tx, link.enquiry_id)
    return render_template(
        "referral/my/invitation.html",
        over=over,
        notices=notices(own, organization_id),
        periods=[asdict(one) for one in told(own.retention.periods) if one.what in KEPT],
        spans=span,
        right_to_left=RIGHT_TO_LEFT,
        done=done if done in {"accepted", "declined"} else "",
        fields=FIELDS,
        her_own=HER_OWN,
        inputs=INPUTS,
        languages_known=LANGUAGES,
        topics=topics_of(EnquirerKind.PERSON),
        given=request.form,
        errors=errors,
        request_key=uuid4().hex,
    )


def notices(own: ReferralSettings, organization_id: UUID) -> list[PrintedText]:
    """The one that counts first, and hers beside it where that is not reviewed yet."""
    texts, ids = own.texts, [one.organization_id for one in own.controllers.of(organization_id)]
    counts = texts.notice(TextKind.INVITATION, language())
    if counts is None:
        return []
    hers = [one for one in texts.in_use(TextKind.INVITATION) if one.text.language == language()]
    return [filled(one, own.controllers, ids) for one in dict.fromkeys((counts, *hers))]


def typed() -> tuple[dict[str, Any], list[Topic]]:
    """Only what she wants to say - but somebody to answer, and something to help with."""
    form = request.form
    given: dict[str, Any] = {name: form.get(name, "").strip() for name in FIELDS}
    given = {name: value for name, value in given.items() if value}
    if form.getlist("languages"):
        given["languages"] = form.getlist("languages")
    record = dict(PERSON.dump(validated(bodies.ClosedPerson(), given)))
    known = {topic.value: topic for topic in topics_of(EnquirerKind.PERSON)}
    topics = [known[name] for name in form.getlist("topics") if name in known]
    missing = {} if topics else {"topics": "at-least-one"}
    if not (record.get("phone") or record.get("email")):
        missing["phone"] = "a-way-to-reach-you"
    if not record.get("family_name"):
        missing["family_name"] = "a-name"
    if missing:
        raise InvalidError("request.invalid", missing)
    return record, topics


@invited
@for_persons
def answer_invitation() -> str | Response | tuple[str, int]:
    """Accept with her own data, or decline; either way the placeholder is gone."""
    expect_patience_of_session()
    caller, declines = current_caller(), request.form.get("answer") == "decline"
    try:
        record, topics = ({}, []) if declines else typed()
    except InvalidError as error:
        return page(error.fields), 422
    wants_link = request.form.get("wants_link") == "true"

    def run(work: Work) -> tuple[int, dict[str, Any]]:
        assert caller.only is not None
        link = links.hers(work, caller.only)
        if declines:
            invitations.decline(work, link)
        else:
            invitations.accept(
                work,
                house(),
                link,
                record=record,
                topics=topics,
                notice_sha256=request.form.get("notice", ""),
                wants_link=wants_link,
            )
        return 200, {}

    once_per_form(HERSELF, caller.only or UUID(int=0), "invitation", run)
    return redirect(f"{PATH}?done={'declined' if declines else 'accepted'}", 303)
