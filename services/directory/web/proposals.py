"""The page of proposals: what partners would like changed about themselves, and what editors keep as drafts.

An editor looks at what would change and how it would read, and releases it, changes it before, or declines it and says
why. The partner sees how each of its own stands.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from flask import redirect, render_template, request
from werkzeug.wrappers import Response

from services.chassis.db import Connection
from services.chassis.errors import InvalidError, StaleError
from services.chassis.pages import sentence
from services.chassis.web import request_work, room
from services.chassis.work import Work
from services.directory import store
from services.directory.commands import editing
from services.directory.commands import proposals as commands
from services.directory.commands.editing import Wish
from services.directory.domain.assurance import due_before
from services.directory.domain.differences import clashes
from services.directory.queries import assurance
from services.directory.queries import objects as object_queries
from services.directory.queries import proposals as queries
from services.directory.store.proposals import Proposal, State
from services.directory.web import objects, words
from services.directory.web.form import in_words
from services.directory.web.objects import editors, readers
from services.directory.web.preview import public_pages
from services.directory.web.reports import speaks_for

PAGE = "/directory/proposals"
Answer = str | tuple[str, int] | Response

blueprint = APIBlueprint(
    "directory_proposals", __name__, url_prefix=PAGE, template_folder="templates", enable_openapi=False
)


@blueprint.get("")
@readers
def listing() -> str:
    """What waits with what it would change, the oldest first; and what was decided last."""
    own = speaks_for()
    with room().unit.db.read() as connection:
        waiting = [_shown(connection, one) for one in queries.waiting(connection, own)]
        decided = [_shown(connection, one) for one in queries.decided(connection, own)]
        to_do = assurance.to_do(connection, due_before(room().unit.clock.today())) if objects.is_editor() else {}
    done = request.args.get("done", "")
    return render_template(
        "directory/object/proposals.html",
        waiting=waiting,
        decided=decided,
        done=done if done in {*State, "decided"} else "",
        may_edit=objects.is_editor(),
        to_do=to_do,
    )


def _shown(connection: Connection, proposal: Proposal) -> dict[str, Any]:
    """One proposal with what it changes of the object as it is now."""
    name = (proposal.kind, proposal.object_id)
    held: Mapping[str, Any] = store.find(connection, [name]).get(name, {}) if proposal.object_id else {}
    # A draft may be anything: what cannot be read yet is not looked up either.
    document = proposal.document if proposal.state is not State.DRAFT else {}
    is_to_see = proposal.state in (State.WAITING, State.DECLINED)
    names = {**_names(connection, proposal, held), **_names(connection, proposal, document)}
    _, pseudonym = words.who(proposal.proposed_by, {})
    return {
        "href": f"{PAGE}/{proposal.id}",
        "id": proposal.id,
        "kind": words.kind_word(proposal.kind),
        "title": _title(proposal, names),
        "is_new": not held,
        "state": proposal.state,
        "why": proposal.why,
        "at": proposal.proposed_at,
        "by": pseudonym if objects.is_editor() else "",
        "decided_at": proposal.decided_at,
        "reason": proposal.reason,
        "changes": objects.difference_rows(proposal.kind, held, document, names) if is_to_see else [],
        "continued": _continued(proposal, held),
    }


def _names(connection: Connection, proposal: Proposal, document: Mapping[str, Any]) -> words.Names:
    return object_queries.names(connection, proposal.kind, document) if document else {}


def _title(proposal: Proposal, names: words.Names) -> str:
    if proposal.state is State.DRAFT:
        name = proposal.document.get("name") or proposal.document.get("title") or ""
        return words.words_in(name) if isinstance(name, Mapping) else str(name)
    return objects.title(proposal.kind, proposal.document, names)


def _continued(proposal: Proposal, held: Mapping[str, Any]) -> str:
    """The form in which it is gone on with."""
    path = f"{held['id']}/edit" if held else "new"
    return f"{objects.PAGE}/{proposal.kind}/{path}?proposal={proposal.id}"


@blueprint.get("/<uuid:proposal_id>")
@readers
def show(proposal_id: UUID) -> str:
    """What would change, and how the public pages would look."""
    return _page(proposal_id, {})


def _page(proposal_id: UUID, problems: Mapping[str, str], reason: str = "") -> str:
    with request_work() as work:
        proposal = queries.one(work.tx, proposal_id, speaks_for())
        seen = store.last_number(work.tx, proposal.kind, proposal.object_id)
        pages, found = _looked_at(work, proposal, seen) if proposal.state is State.WAITING else ([], {})
        shown = _shown(work.tx, proposal)
        meanwhile = _meanwhile(work, proposal)
    return render_template(
        "directory/object/proposal.html",
        proposal=shown,
        seen=seen,
        pages=pages,
        meanwhile=meanwhile,
        problems=[(words.field_word([name]) if name else "", said) for name, said in {**found, **problems}.items()],
        reason=reason,
        may_edit=objects.is_editor(),
        may_withdraw=not objects.is_editor() or proposal.state is State.DRAFT,
    )


def _looked_at(work: Work, proposal: Proposal, seen: int) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """The public pages as they would be; or why it cannot be released as it is any more."""
    try:
        planned = editing.planned(work, Wish(proposal.kind, commands.wanted(work, proposal), seen))
    except InvalidError as error:
        return [], {name: in_words(expected) for name, expected in error.fields.items()}
    with editing.as_if(work, planned):
        return public_pages(work.tx, planned), {}


def _meanwhile(work: Work, proposal: Proposal) -> list[str]:
    """The fields somebody else changed since, in words."""
    name = (proposal.kind, proposal.object_id)
    held = store.find(work.tx, [name]).get(name) if proposal.object_id and proposal.is_open else None
    base = store.state_at(work.tx, proposal.kind, proposal.object_id, proposal.seen)
    return (
        [words.field_word([one.field]) for one in clashes(base, held or {}, proposal.document)] if held and base else []
    )


@blueprint.post("/<uuid:proposal_id>/release")
@editors
def release(proposal_id: UUID) -> Answer:
    """Do it."""
    try:
        with request_work() as work:
            commands.release(work, proposal_id, objects.state_number(request.form.get("_seen", "")))
    except InvalidError as error:
        return _page(proposal_id, {name: in_words(said) for name, said in error.fields.items()}), 422
    except StaleError as error:
        return _page(proposal_id, {"": sentence(error.slug)}), 412
    return redirect(f"{PAGE}?done=released", 303)


@blueprint.post("/<uuid:proposal_id>/decline")
@editors
def decline(proposal_id: UUID) -> Answer:
    """Leave it, and say why."""
    reason = request.form.get("reason", "").replace("\0", "").strip()[:1000]
    try:
        with request_work() as work:
            commands.decline(work, proposal_id, reason)
    except InvalidError as error:
        return _page(proposal_id, {name: in_words(said) for name, said in error.fields.items()}, reason), 422
    except StaleError as error:
        return _page(proposal_id, {"": sentence(error.slug)}), 412
    return redirect(f"{PAGE}?done=declined", 303)


@blueprint.post("/<uuid:proposal_id>/withdraw")
@readers
def withdraw(proposal_id: UUID) -> Answer:
    """Take one's own back."""
    try:
        with request_work() as work:
            commands.withdraw(work, proposal_id, speaks_for())
    except StaleError as error:
        return _page(proposal_id, {"": sentence(error.slug)}), 412
    return redirect(f"{PAGE}?done=withdrawn", 303)
