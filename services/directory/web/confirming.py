"""The page a partner's mail leads to: are these entries still true? One tap says yes, words say what is wrong.

No account, and no personal data: the link names a question, and the page shows what everybody may see anyway. Looking
uses nothing up. What can be said concerns the organization's own entries alone.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from flask import g, redirect, render_template, request
from werkzeug.wrappers import Response

from contracts import assurance_link
from services.chassis.access import public
from services.chassis.errors import ForbiddenError, InvalidError, NotFoundError, StaleError
from services.chassis.room import count_refusal, room
from services.directory.commands import assurance
from services.directory.domain.assurance import WORDS_AT_MOST, print_of
from services.directory.domain.freshness import freshness
from services.directory.queries.assurance import asked_entries
from services.directory.store.assurance import asked_organization
from services.directory.web import limits, resting
from services.directory.web.public import shown

blueprint = APIBlueprint(
    "directory_confirming",
    __name__,
    url_prefix="/directory/confirm",
    template_folder="templates",
    enable_openapi=False,
)
Answer = tuple[str, int] | Response


@blueprint.before_request
def begin() -> None:
    """So often and no more; whoever guesses links gets nowhere."""
    limits.LOOKS.expect_patience()


def _asked(token: str) -> tuple[UUID, UUID]:
    """The question a link is about, and whose entries that is."""
    here = room()
    genuine = (assurance_link.read(key, token) for key in here.settings.deployment_keys)
    link = next(filter(None, genuine), None)
    with here.unit.db.read() as connection:
        organization_id = asked_organization(connection, link.ask_id) if link else None
    if link is None or organization_id is None:
        raise ForbiddenError("directory.assurance-link-invalid")
    if link.until <= here.unit.clock.now():
        raise ForbiddenError("directory.assurance-link-over")
    resting.expect_taking_part(organization_id)
    return link.ask_id, organization_id


@blueprint.get("/<token>")
@public
def show(token: str) -> str:
    """The entries as everybody sees them, those that wait first; a look changes nothing."""
    return _page(token)


@blueprint.post("/<token>/confirmations")
@public
def confirm(token: str) -> Answer:
    """The tap: what was shown is still true."""
    ask_id, organization_id = _asked(token)
    limits.CONFIRMATIONS.expect_patience(str(ask_id))
    try:
        with _work(organization_id) as work:
            assurance.confirm(work, organization_id, _seen(request.form.getlist("seen")))
    except StaleError:
        return _page(token, changed=True), 409
    return redirect(f"/directory/confirm/{token}?done=confirmed", 303)


@blueprint.post("/<token>/doubts")
@public
def doubt(token: str) -> Answer:
    """Something is wrong, and what."""
    ask_id, organization_id = _asked(token)
    limits.DOUBTS.expect_patience(str(ask_id))
    service_id, words = _as_id(request.form.get("service_id", "")), request.form.get("words", "")
    try:
        with _work(organization_id) as work:
            assurance.doubt(work, organization_id, ask_id, service_id, words)
    except InvalidError:
        return _page(token, wrong=service_id, words=words), 422
    return redirect(f"/directory/confirm/{token}?done=doubted", 303)


def _work(organization_id: UUID) -> Any:
    actor = f"partner:{organization_id}"
    return room().unit.work(actor=actor, correlation_id=g.correlation_id, traceparent=g.trace.header)


def _seen(given: list[str]) -> Mapping[UUID, str]:
    """Which entries, and the sum over what was shown of each."""
    pairs = [one.partition(".") for one in given]
    if not pairs:
        raise NotFoundError("directory.service-unknown")
    return {_as_id(name): shown_print for name, _, shown_print in pairs}


def _as_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFoundError("directory.service-unknown") from None


def _page(token: str, *, changed: bool = False, wrong: UUID | None = None, words: str = "") -> str:
    _, organization_id = _asked(token)
    today = room().unit.clock.today()
    with room().unit.db.read() as connection:
        entries = [_entry(row, today) for row in asked_entries(connection, organization_id)]
    waiting = [one for one in entries if one["waits"]]
    return render_template(
        "directory/confirming.html",
        token=token,
        waiting=waiting,
        doubted=[one for one in entries if one["doubted_at"]],
        confirmed=[one for one in entries if not one["waits"] and not one["doubted_at"]],
        done=request.args.get("done"),
        changed=changed,
        wrong=str(wrong) if wrong else None,
        words=words,
        longest=WORDS_AT_MOST,
    )


def _entry(row: Mapping[str, Any], today: date) -> dict[str, Any]:
    entry = shown.entry(row, today)
    return {
        **entry,
        "print": print_of(row),
        "freshness": freshness(entry["assured_on"], today),
        "waits": assurance.waits(row, today) and row["doubted_at"] is None,
        "doubted_at": row["doubted_at"],
    }


@blueprint.errorhandler(ForbiddenError)
def closed(error: ForbiddenError) -> tuple[str, int]:
    """A link that is none, or no more: what that means and what to do, not a word about signing in."""
    count_refusal(error)
    return render_template("directory/confirming_closed.html", slug=error.slug), 403
