"""How an enquiry begins at the desk: everything on one page, taking it down, and finding somebody who has been here."""

from typing import Any
from uuid import UUID, uuid4

from flask import redirect, render_template, request
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from contracts.codes import StaffRole
from services.chassis.access import staff
from services.chassis.errors import InvalidError, NotFoundError
from services.chassis.web import request_work
from services.chassis.work import Work
from services.referral.commands import enquiries
from services.referral.web import bodies, intake, intake_steps
from services.referral.web.callers import house, staff_actor, validated
from services.referral.web.forms import once_per_form
from services.referral.web.intake_steps import PAGE

navigators = staff(StaffRole.NAVIGATOR, StaffRole.LEAD)


@navigators
def new() -> str:
    """An empty form, for a person or an employer; an address may choose topics beforehand and nothing else."""
    kind = intake.kind_of(request.args)
    chosen = MultiDict([("topics", topic) for topic in request.args.getlist("topics")])
    return intake.page(uuid4(), kind, intake.expected(kind, PAGE), chosen)


@navigators
def take_down() -> str | Response | tuple[str, int]:
    """Seal the record at once; what is wrong is kept as it is and shown beside its field."""
    by, form = staff_actor(), request.form
    kind, named = intake.kind_of(form), draft_named()
    draft_id = named or uuid4()
    try:
        record, needs = intake_steps.read(kind, form)
    except InvalidError as error:
        here = intake.expected(kind, PAGE)
        try:
            intake.keep(by, draft_id, kind, here, form)
        except NotFoundError:  # that one is over, or never was hers: what she typed goes on under a number of its own
            intake.keep(by, draft_id := uuid4(), kind, here, form)
        return intake.page(draft_id, kind, here, form, error.fields), 422

    def run(work: Work) -> tuple[int, dict[str, Any]]:
        return intake.record_once(work, by, kind, record, needs, draft_id)

    key = f"draft-{named.hex}" if named else None
    body = once_per_form(by.actor, intake.NOWHERE, "enquiry", run, key=key)
    return redirect(f"/referral/enquiries/{body['id']}", 303)


def draft_named() -> UUID | None:
    """Under which number the page kept what was typed; a form made by hand may name none."""
    try:
        return UUID(request.form.get("draft", ""))
    except ValueError:
        return None


@navigators
def search() -> str | Response:
    """Find somebody by exact name and birth date, in the body so that no address holds them; a find is a view."""
    given = {name: request.form.get(name, "").strip() for name in ("given_name", "family_name", "birth_date")}
    wanted = validated(bodies.SearchIn(), given)
    with request_work() as work:
        found = enquiries.search(work, house().keys.vault, staff_actor(), **wanted)
    if len(found) == 1:
        return redirect(f"/referral/enquiries/{found[0].enquiry_id}", 303)
    return render_template("referral/found.html", found=found)
