"""The person's own pages: what was passed to whom, and how to take it back."""

from apiflask import APIBlueprint
from flask import render_template

from contracts.codes import PersonLinkPurpose
from services.chassis.access import person
from services.chassis.i18n import for_persons
from services.chassis.web import request_work
from services.referral.web import self_service_door as door
from services.referral.web.self_service_door import her_link


def blueprint() -> APIBlueprint:
    pages = APIBlueprint("my", __name__, url_prefix="/referral/my", template_folder="templates", enable_openapi=False)
    pages.get("/enter/<token>")(door.show_link)
    pages.post("/enter/<token>")(door.enter)
    pages.post("/enter/<token>/renewals")(door.renew)
    pages.get("/code")(door.ask_code)
    pages.post("/code")(door.take_code)
    pages.post("/sign-out")(door.sign_out)
    pages.get("/signed-out")(door.signed_out)
    pages.get("/")(show)
    return pages


@person(PersonLinkPurpose.SELF_SERVICE)
@for_persons
def show() -> str:
    """Her page."""
    with request_work() as work:
        her_link(work)
    return render_template("referral/my/overview.html")
