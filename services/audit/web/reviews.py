"""Reviews: searches kept under a name, "review done" under a signed head, and what was reviewed before."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import urlencode
from uuid import UUID, uuid4

from apiflask import APIBlueprint
from flask import redirect, render_template, request
from werkzeug.wrappers import Response

from contracts.codes import StaffRole
from contracts.event import REGISTRY
from services.audit.domain.entry import REFERENCES
from services.audit.notes import LONGEST, Opened, note_of
from services.audit.queries import tree
from services.audit.queries.reviews import (
    MOST_COUNTED,
    PAGE,
    Review,
    SavedSearch,
    counted,
    reviews,
    saved_search,
    saved_searches,
)
from services.audit.queries.tally import years
from services.audit.reviewing import (
    LONGEST_NAME,
    Asked,
    about_review,
    about_search,
    drop_search,
    hold_review,
    save_search,
)
from services.audit.web.findings import notes, number_typed, once_per_form
from services.audit.web.looking import ACTOR, look, sought
from services.audit.web.wanted import identity, search_of
from services.chassis.access import staff
from services.chassis.errors import InvalidError, NotFoundError
from services.chassis.web import room
from services.chassis.work import Result, Work

blueprint = APIBlueprint(
    "audit_reviews", __name__, url_prefix="/audit/reviews", template_folder="templates", enable_openapi=False
)
officers = staff(StaffRole.DPO)
KEPT = ("type", "subject", "actor", "from", "until", "controller", *REFERENCES)
SUBJECT = re.compile(r"[a-z_]{1,40}/[0-9a-f-]{36}")
LAST = (datetime.max.replace(tzinfo=UTC), UUID(int=2**128 - 1))


@blueprint.get("")
@officers
def listing() -> str:
    """What is reviewed again and again, and what was reviewed when under which head."""
    before = cursor_asked()
    look("reviews")
    with room().unit.db.read() as connection:
        saved, held = saved_searches(connection), reviews(connection, before or LAST, PAGE + 1)
        known = years(connection, room().unit.clock.now())
    names = {one.search_id: name_of(one) for one in saved}
    shown = held[:PAGE]
    return render_template(
        "audit/reviews.html",
        saved=[(one, names[one.search_id], opened_name(one).altered, urlencode(one.filters)) for one in saved],
        held=[(one, words_of(one), names.get(one.search_id) if one.search_id else None) for one in shown],
        following=f"{shown[-1].reviewed_at.isoformat()}|{shown[-1].review_id}" if len(held) > PAGE else "",
        is_first=before is None,
        years=known,
        request_key=lambda: uuid4().hex,
        done=request.args.get("done", ""),
    )


@blueprint.get("/new")
@officers
def new() -> str:
    """What there is to be reviewed under the newest signed head, and the form that says it was."""
    known = _known(request.args.get("search"))
    filters = {**(known.filters if known else {}), **{n: request.args[n] for n in KEPT if request.args.get(n)}}
    asked = asked_of(filters)
    look("review", asked.wanted)
    with room().unit.db.read() as connection:
        signed = tree.latest_checkpoint(connection)
        if signed is None:
            raise NotFoundError("audit.nothing-signed")
        seen = counted(connection, asked.wanted, signed.size, exactly=False)
    return render_template(
        "audit/review.html",
        search=known,
        name=name_of(known) if known else None,
        filters=asked.filters,
        address=urlencode(asked.filters),
        signed=signed,
        seen=seen,
        most=MOST_COUNTED,
        longest=LONGEST,
        longest_name=LONGEST_NAME,
        request_key=uuid4().hex,
    )


@blueprint.post("")
@officers
def hold() -> Response:
    """The review is done: who, when, under which head, how much, and her note."""
    asked, size, note = asked_of(request.form), number_typed("size"), note_of(request.form.get("note", ""))
    search = identity("search", request.form["search"]) if request.form.get("search") else None

    def run(work: Work) -> Result:
        return 200, {"review_id": str(hold_review(work, notes(), search, asked, size, note))}

    once_per_form("review", run)
    return redirect("/audit/reviews?done=held", 303)


@blueprint.post("/searches")
@officers
def save() -> Response:
    """Keep a search under a name."""
    asked, name = asked_of(request.form), request.form.get("name", "")

    def run(work: Work) -> Result:
        return 200, {"search_id": str(save_search(work, notes(), name, asked))}

    once_per_form("saved_search", run)
    return redirect("/audit/reviews?done=saved", 303)


@blueprint.post("/searches/<uuid:search_id>/end")
@officers
def drop(search_id: UUID) -> Response:
    """Keep a search no longer."""
    with room().unit.db.read() as connection:
        asked = asked_of(saved_search(connection, search_id).filters)

    def run(work: Work) -> Result:
        drop_search(work, search_id, asked)
        return 200, {}

    once_per_form(f"saved_search:{search_id}", run)
    return redirect("/audit/reviews?done=dropped", 303)


def asked_of(arguments: Mapping[str, str]) -> Asked:
    """A search that may be kept: ids, codes and times only, for what somebody types may be a name."""
    filters = {name: arguments[name].strip() for name in KEPT if arguments.get(name, "").strip()}
    wanted = search_of(filters)
    for name, holds in (
        ("type", lambda text: text in REGISTRY),
        ("actor", lambda text: ACTOR.fullmatch(text) or text.startswith("system:")),
        ("subject", SUBJECT.fullmatch),
    ):
        if name in filters and not holds(filters[name]):
            raise InvalidError("audit.review-invalid", {name: "an-id-or-a-code"})
    if not filters:
        raise InvalidError("audit.review-invalid", {"": "something-to-look-for"})
    return Asked(filters, wanted, sought(wanted))


def name_of(search: SavedSearch) -> str:
    return opened_name(search).words or str(search.search_id)[-8:]


def opened_name(search: SavedSearch) -> Opened:
    return notes().open(search.name, about_search(search.search_id), search.name_sha256, search.saved_by)


def words_of(review: Review) -> Opened:
    return notes().open(review.note, about_review(review.review_id), review.note_sha256, review.reviewed_by)


def cursor_asked() -> tuple[datetime, UUID] | None:
    text = request.args.get("cursor", "")
    if not text:
        return None
    try:
        at, _, review_id = text.partition("|")
        return datetime.fromisoformat(at).astimezone(UTC), UUID(review_id)
    except (ValueError, OverflowError):
        raise InvalidError("audit.search-invalid", {"cursor": "a-cursor-of-this-search"}) from None


def _known(text: str | None) -> SavedSearch | None:
    if not text:
        return None
    with room().unit.db.read() as connection:
        return saved_search(connection, identity("search", text))
