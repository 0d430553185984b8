"""What editors look at: lists of objects, and one object with all that is said of it, by whom, since when.

A partner's clerk sees its own organization's objects; all others look as if they were not there.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any
from urllib.parse import urlencode

from apiflask import APIBlueprint
from flask import render_template, request

from contracts.codes import StaffRole, Topic
from services.chassis.access import current_caller, staff
from services.chassis.db import Connection
from services.chassis.errors import NotFoundError
from services.chassis.pages import label, translate
from services.chassis.web import room
from services.directory.domain.differences import differences
from services.directory.domain.formats import as_id
from services.directory.domain.freshness import Freshness, freshness
from services.directory.domain.objects import RETIRED_STATUSES, STATUSES, Kind
from services.directory.queries import objects as queries
from services.directory.queries import proposals
from services.directory.queries.objects import EDITED, PER_PAGE, STATES, Asked, State
from services.directory.web import words
from services.directory.web.reports import speaks_for
from services.directory.web.upkeep import upkeep

Json = Mapping[str, Any]
PAGE = "/directory/objects"
KINDS = f"<any({', '.join(EDITED)}):kind>"
#: Kinds whose objects belong to an organization; a clerk is shown no others.
OWNED = tuple(kind for kind in EDITED if kind is not Kind.SOURCE)
#: What is made anew from the list; a service is brought to a place where it stands.
NEW = (Kind.ORGANIZATION, Kind.SERVICE, Kind.LOCATION, Kind.SOURCE)
NEW_OF_PARTNERS = (Kind.SERVICE, Kind.LOCATION)

blueprint = APIBlueprint(
    "directory_objects", __name__, url_prefix=PAGE, template_folder="templates", enable_openapi=False
)
readers = staff(StaffRole.DIRECTORY_EDITOR, StaffRole.PARTNER_CLERK)
editors = staff(StaffRole.DIRECTORY_EDITOR)


@blueprint.get("")
@readers
def listing() -> str:
    """Objects of one kind, found by name, topic, body, state and freshness."""
    kinds, asked = offered_kinds(), _asked()
    with room().unit.db.read() as connection:
        rows = queries.listed(connection, asked, room().unit.clock.today())
        bodies = [] if speaks_for() else queries.listed(connection, Asked(Kind.ORGANIZATION), room().unit.clock.today())
    total = rows[0]["total"] if rows else 0
    return render_template(
        "directory/object/listing.html",
        asked=asked,
        rows=[_row(asked.kind, row) for row in rows],
        total=total,
        kinds=[(kind.value, words.kind_word(kind)) for kind in kinds],
        topics=[(one.value, label(one)) for one in Topic],
        bodies=[(row["id"], words.words_in(row["name"])) for row in bodies],
        statuses=[(status, words.code_word(status)) for status in STATUSES],
        freshnesses=[(one.value, label(f"freshness:{one}")) for one in Freshness],
        next=_page_address(asked.page + 1) if asked.page * PER_PAGE < total else None,
        first=_page_address(1) if asked.page > 1 else None,
        may_edit=is_editor(),
        new=[_new(kind) for kind in kinds if kind in (NEW if is_editor() else NEW_OF_PARTNERS)],
    )


def _new(kind: Kind, query: str = "") -> tuple[str, str]:
    """What is made anew, and where."""
    return translate("New: %(kind)s") % {"kind": words.kind_word(kind)}, f"{PAGE}/{kind}/new{query}"


def is_editor() -> bool:
    return current_caller().role is StaffRole.DIRECTORY_EDITOR


def offered_kinds() -> Sequence[Kind]:
    return EDITED if is_editor() else OWNED


def _asked() -> Asked:
    """What the address asks for; what nobody knows is left out."""
    given = request.args
    kind = next((one for one in offered_kinds() if one == given.get("kind")), Kind.SERVICE)
    page = given.get("page", "1")
    return Asked(
        kind=kind,
        words=given.get("q", "").replace("\0", "").strip()[:100],
        organization_id=speaks_for() or _organization(given.get("organization", "")),
        topic=next((one.value for one in Topic if one == given.get("topic")), None),
        status=next((one for one in STATUSES if one == given.get("status")), None),
        freshness=next((one for one in Freshness if one == given.get("freshness")), None),
        page=int(page) if page.isascii() and page.isdigit() and 0 < len(page) < 5 and int(page) else 1,
    )


def _organization(name: str) -> str | None:
    found = as_id(Kind.ORGANIZATION, name)
    return str(found) if found else None


def _page_address(page: int) -> str:
    given = {name: value for name, value in request.args.items() if name not in ("page", "lang") and value}
    return f"{PAGE}?{urlencode({**given, 'page': page})}"


def _row(kind: Kind, row: Json) -> dict[str, Any]:
    return {
        "href": words.address(kind, row["id"]),
        "name": words.words_in(row["name"]),
        "body": words.words_in(row["body"]) if row["body"] else "",
        "topics": [Topic(topic) for topic in row["topics"] or ()],
        "status": row["status"],
        "retired": row["status"] in RETIRED_STATUSES,
        "assured_on": row["assured_on"],
        "freshness": freshness(row["assured_on"], room().unit.clock.today()),
        "changed_at": row["changed_at"],
    }


@blueprint.get(f"/{KINDS}/<name>")
@readers
def show(kind: str, name: str) -> str:
    """One object: its fields, sources, origin, what hangs below it, and its history."""
    with room().unit.db.read() as connection:
        document = visible(connection, Kind(kind), name)
        page = _object(connection, Kind(kind), document)
    return render_template("directory/object/page.html", object=page, done=request.args.get("done", ""))


def visible(connection: Connection, kind: Kind, name: str) -> dict[str, Any]:
    """The object, if this caller may see it; another organization's looks as if it were not there."""
    document = queries.one(connection, kind, object_id(kind, name))
    own = speaks_for()
    if own is not None and queries.owner_of(connection, kind, document) != own:
        raise NotFoundError("directory.object-unknown")
    return document


def state_number(typed: str) -> int:
    """The number of a state as a form carries it; what is no number is no state."""
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 19 else -1


def object_id(kind: Kind, name: str) -> str:
    """The id in an address, which may be the slug people know; sources are kept by theirs."""
    if kind is Kind.SOURCE:
        return name
    found = as_id(kind, name)
    if found is None:
        raise NotFoundError("directory.object-unknown")
    return str(found)


def _object(connection: Connection, kind: Kind, document: Json) -> dict[str, Any]:
    name = str(document["id"])
    names = queries.names(connection, kind, document)
    below = queries.below(connection, kind, name)
    return {
        "kind": kind,
        "kind_word": words.kind_word(kind),
        "id": name,
        "document": document,
        "href": words.address(kind, name),
        "name": title(kind, document, names),
        "slug": document.get("slug", ""),
        "status": document.get("status"),
        "retired": document.get("status") in RETIRED_STATUSES,
        "fields": list(words.told(kind, document, names)),
        "sources": [_source(connection, one) for one in document.get("sources", ())],
        "origin": document.get("origin"),
        "below": [(other, _below(kind, other, row)) for other, row in below],
        "more": [_new(other, f"?{kind}_id={name}") for other in queries.BELOW.get(kind, ())],
        "upkeep": upkeep(connection, kind, document),
        "waiting": proposals.about(connection, kind, name, speaks_for()),
        "history": history(connection, kind, name),
        "is_public": kind is Kind.SERVICE and document["status"] not in RETIRED_STATUSES,
        "may_edit": is_editor(),
    }


def title(kind: Kind, document: Json, names: words.Names) -> str:
    """What an object is called; a service at a place by both."""
    if kind is Kind.SERVICE_AT_LOCATION:
        parts = ((Kind.SERVICE, document["service_id"]), (Kind.LOCATION, document["location_id"]))
        return " – ".join(words.words_in(names.get(part, {"de": part[1]})) for part in parts)
    return words.words_in(queries.name_of(document))


def _source(connection: Connection, name: str) -> dict[str, Any]:
    found = queries.one(connection, Kind.SOURCE, name)
    return {
        "text": f"{found['publisher']}: {found['title']}",
        "url": found.get("url"),
        "day": found.get("retrieved_on") or found.get("published_on"),
        "href": words.address(Kind.SOURCE, name) if is_editor() else "",
    }


def _below(kind: Kind, other: Kind, row: Json) -> dict[str, Any]:
    beside = kind is Kind.SERVICE and other is Kind.SERVICE_AT_LOCATION
    return {
        "kind": words.kind_word(other),
        "name": words.words_in(row["body"] if beside else row["name"]),
        "href": words.address(other, row["id"]),
        "status": row["status"],
        "retired": row["status"] in RETIRED_STATUSES,
    }


def history(connection: Connection, kind: Kind, name: str) -> list[dict[str, Any]]:
    """Who changed what from what to what, the newest first."""
    states = queries.states(connection, kind, name)
    shown = [_change(connection, kind, state, before) for state, before in pairwise(states)]
    if states and len(states) <= STATES:
        shown.append(_entry(states[-1], []))
    return shown


def _change(connection: Connection, kind: Kind, state: State, before: State) -> dict[str, Any]:
    names = {**queries.names(connection, kind, before.document), **queries.names(connection, kind, state.document)}
    return _entry(state, difference_rows(kind, before.document, state.document, names))


def difference_rows(kind: Kind, before: Json, after: Json, names: words.Names) -> list[dict[str, Any]]:
    """What differs, a row for each value: where, what it was, what it is."""
    return [
        {
            "where": words.place_word(one.path),
            "before": words.at_path(kind, one.path, one.before, names),
            "after": words.at_path(kind, one.path, one.after, names),
        }
        for one in differences(before, after)
    ]


def _entry(state: State, changes: list[dict[str, Any]]) -> dict[str, Any]:
    by, pseudonym = words.who(state.changed_by, {})
    return {
        "at": state.changed_at,
        "by": by,
        # To a partner editors are editors; which of them it was is nobody's business outside.
        "pseudonym": pseudonym if is_editor() else "",
        "why": state.why,
        "proposal": f"/directory/proposals/{state.proposal_id}" if state.proposal_id else "",
        "changes": changes,
    }
