"""A prepared consent on her own device: her language beside German, nothing ticked, refusing as easy as agreeing."""

from typing import Any
from uuid import UUID, uuid4

from flask import redirect, render_template, request
from werkzeug.wrappers import Response

from contracts.codes import PersonLinkPurpose
from services.chassis.access import current_caller, person
from services.chassis.errors import InvalidError, NotFoundError
from services.chassis.i18n import RIGHT_TO_LEFT, for_persons
from services.chassis.web import request_work
from services.chassis.work import Work
from services.referral.commands import online_consent, self_service
from services.referral.commands import person_links as links
from services.referral.consent_texts import GERMAN
from services.referral.web.callers import house
from services.referral.web.consent_drafts import fits_of, say
from services.referral.web.forms import once_per_form
from services.referral.web.limits import expect_patience_of_session
from services.referral.web.names import Names
from services.referral.web.self_service_door import her_link

PATH = "/referral/my/consent"
consenting = person(PersonLinkPurpose.CONSENT)
DONE = frozenset({"agreed", "refused"})


@consenting
@for_persons
def show_draft() -> str:
    """The whole of it, before anything is asked."""
    expect_patience_of_session()
    done = request.args.get("done", "")
    with request_work() as work:
        link = her_link(work)
        self_service.look(work, link)
        try:
            drafted = online_consent.draft_behind(work, house(), link)
        except NotFoundError:
            return render_template("referral/my/consent_over.html", done=done if done in DONE else "")
        names, fits = Names(work.tx), fits_of(work, drafted)
        recipients = [
            (
                one,
                names.organization(one.organization_id),
                names.service(one.service_id) if one.service_id else "",
                online_consent.fields_of(one.categories),
                fits.get(one.service_id) if one.service_id else None,
            )
            for one in drafted.recipients
        ]
    own = house()
    hers, german = online_consent.words_shown(own, drafted)
    return render_template(
        "referral/my/consent.html",
        drafted=drafted,
        recipients=recipients,
        texts=[hers] if hers.text.language == GERMAN else [hers, german],
        right_to_left=RIGHT_TO_LEFT,
        say=say,
        seen=online_consent.sha256_of(online_consent.statement(own, drafted)),
        request_key=uuid4().hex,
    )


def ticked() -> set[UUID]:
    try:
        return {UUID(one) for one in request.form.getlist("recipients")}
    except ValueError:
        raise InvalidError("request.invalid", {"recipients": "ids"}) from None


@consenting
@for_persons
def answer_draft() -> Response:
    """One form, two buttons."""
    expect_patience_of_session()
    caller = current_caller()
    agrees = request.form.get("answer") == "agree"
    services = ticked() if agrees else set()

    def run(work: Work) -> tuple[int, dict[str, Any]]:
        assert caller.only is not None
        link = links.hers(work, caller.only)
        if agrees:
            seen = request.form.get("seen", "")
            online_consent.agree(work, house(), link, services=services, seen_sha256=seen)
        else:
            online_consent.refuse(work, house(), link)
        return 200, {}

    once_per_form(caller.actor, caller.only or UUID(int=0), "consent", run)
    return redirect(f"{PATH}?done={'agreed' if agrees else 'refused'}", 303)
