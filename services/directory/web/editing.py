"""Where an object is made or changed: a form, a look at what comes of it, and only then the change itself.

Nothing is kept between the steps but what the form carries: the values, and the number of the state that was looked
at. If somebody else changed the object meanwhile, both see it: what is not touched here keeps her value.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from apiflask import APIBlueprint
from flask import redirect, render_template, request
from werkzeug.wrappers import Response

from contracts.identity import id_of
from services.chassis.db import Connection
from services.chassis.errors import InvalidError, NotFoundError, StaleError
from services.chassis.web import request_work, room
from services.directory import store
from services.directory.commands import editing
from services.directory.commands.editing import Wish
from services.directory.domain import forms
from services.directory.domain.differences import clashes, merged
from services.directory.domain.objects import Kind
from services.directory.domain.planning import Change
from services.directory.queries import objects as queries
from services.directory.web import objects, words
from services.directory.web.form import Form, in_words
from services.directory.web.form_controls import Choices
from services.directory.web.objects import KINDS, PAGE, editors
from services.directory.web.preview import public_pages
from services.directory.web.reports import speaks_for

Json = dict[str, Any]
Answer = str | tuple[str, int] | Response

blueprint = APIBlueprint(
    "directory_editing", __name__, url_prefix=PAGE, template_folder="templates", enable_openapi=False
)

#: What each kind refers to, and so has to be chosen from.
CHOSEN: Mapping[Kind, tuple[Kind, ...]] = {
    Kind.ORGANIZATION: (Kind.ORGANIZATION, Kind.SOURCE),
    Kind.SERVICE: (Kind.ORGANIZATION, Kind.AREA, Kind.SERVICE, Kind.SOURCE),
    Kind.LOCATION: (Kind.ORGANIZATION, Kind.SOURCE),
    Kind.SERVICE_AT_LOCATION: (Kind.SERVICE, Kind.LOCATION, Kind.SOURCE),
    Kind.SOURCE: (),
}


@dataclass(frozen=True, slots=True)
class Sheet:
    """A form as it stands: the object it is about, what is typed, and the state somebody looked at."""

    kind: Kind
    held: Mapping[str, Any] | None
    value: Json
    seen: int
    problems: Mapping[str, str]
    why: str = ""
    clash: Mapping[str, Any] | None = None

    @property
    def wish(self) -> Wish:
        return Wish(self.kind, self.value, self.seen, self.why or None)


@blueprint.get(f"/{KINDS}/new")
@editors
def new(kind: str) -> str:
    """An empty form; what the address says already is filled in."""
    chosen = ("organization_id", "service_id", "location_id")
    given = {name: str(request.args[name]) for name in chosen if request.args.get(name)}
    return _form(Sheet(_offered(kind), None, {**given, "status": "inactive"}, 0, {}))


@blueprint.get(f"/{KINDS}/<name>/edit")
@editors
def edit(kind: str, name: str) -> str:
    """The form with what is said now."""
    return _form(_held(Kind(kind), name))


def _held(kind: Kind, name: str) -> Sheet:
    with room().unit.db.read() as connection:
        document = objects.visible(connection, kind, name)
        seen = store.last_number(connection, kind, str(document["id"]))
    return Sheet(kind, document, document, seen, {})


def _offered(kind: str) -> Kind:
    found = next((one for one in objects.offered_kinds() if one == kind), None)
    if found is None:
        raise NotFoundError("directory.object-unknown")
    return found


@blueprint.post(f"/{KINDS}/new")
@editors
def make(kind: str) -> Answer:
    """A step with something new: one more line, a look, or keeping it."""
    sheet = _typed(Sheet(_offered(kind), None, {}, 0, {}))
    return _step(replace(sheet, value=_called(sheet)))


@blueprint.post(f"/{KINDS}/<name>/edit")
@editors
def change(kind: str, name: str) -> Answer:
    """The same step with what is there."""
    seen = request.form.get("_seen", "")
    held = _held(Kind(kind), name)
    return _step(_typed(replace(held, seen=int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 19 else -1)))


def _typed(sheet: Sheet) -> Sheet:
    inputs = forms.inputs_of(request.form.lists())
    why = request.form.get("_why", "").replace("\r\n", "\n").replace("\0", "").strip()[:1000]
    return replace(sheet, value=forms.typed(sheet.kind, inputs, sheet.held), why=why)


def _called(sheet: Sheet) -> Json:
    """Something new gets its short name from whoever makes it, or else from its name; a link from what it links."""
    value = sheet.value
    if sheet.kind is Kind.SERVICE_AT_LOCATION:
        linked = f"{value.get('service_id')}-at-{value.get('location_id')}"
        return {"id": str(id_of(sheet.kind, linked)), **value}
    name = value.get("name", value.get("title", ""))
    german = name.get("de", "") if isinstance(name, dict) else name
    return {"id": request.form.get("_slug", "").strip() or forms.slug_from(str(german or "")) or "-", **value}


def _step(sheet: Sheet) -> Answer:
    more, do = request.form.get("_more"), request.form.get("_do")
    if more:
        return _form(replace(sheet, value=forms.with_one_more(sheet.kind, sheet.value, more)))
    if do not in ("preview", "save"):
        return _form(sheet)
    try:
        return _save(sheet) if do == "save" else _preview(sheet)
    except InvalidError as error:
        told = {_of_form(name): in_words(expected) for name, expected in error.fields.items()}
        return _form(replace(sheet, problems=told)), 422
    except StaleError:
        return _form(_both(sheet)), 412


def _of_form(name: str) -> str:
    """An id nobody typed is wrong where it was made from."""
    return "slug" if name == "id" else name


def _save(sheet: Sheet) -> Answer:
    with request_work() as work:
        saved = editing.save(work, sheet.wish)
    return redirect(f"{words.address(sheet.kind, saved.row.id)}?done=1", 303)


def _preview(sheet: Sheet) -> str:
    """What would change, and how the public pages would look that show it."""
    with request_work() as work:
        planned = editing.planned(work, sheet.wish)
        with editing.as_if(work, planned):
            pages = public_pages(work.tx, planned)
            names = queries.names(work.tx, sheet.kind, planned.row.document)
        names = {**queries.names(work.tx, sheet.kind, planned.held or {}), **names}
    return render_template(
        "directory/object/preview.html",
        sheet=sheet,
        title=objects.title(sheet.kind, planned.row.document, names),
        effect=planned.effect,
        changes=_changes(planned, names),
        pages=pages,
        carried=carried(),
        back=_back(sheet),
    )


def _changes(planned: Change, names: words.Names) -> list[dict[str, Any]]:
    return objects.difference_rows(planned.row.kind, planned.held or {}, planned.row.document, names)


def carried() -> list[tuple[str, str]]:
    """Every input as it was typed, to be sent again with the next step."""
    own = ("csrf_token", "_do", "_more", "_why")
    return [(name, value) for name, values in request.form.lists() if name not in own for value in values]


def _both(sheet: Sheet) -> Sheet:
    """The form with what somebody else changed meanwhile, which is kept where it was not touched here."""
    held = sheet.held or {}
    name = str(held["id"])
    with room().unit.db.read() as connection:
        base = store.state_at(connection, sheet.kind, name, sheet.seen)
        now = store.last_number(connection, sheet.kind, name)
        names = {
            **queries.names(connection, sheet.kind, base or held),
            **queries.names(connection, sheet.kind, held),
        }
    found = [
        {
            "where": words.field_word([one.field]),
            "base": words.at_path(sheet.kind, [one.field], one.base, names),
            "theirs": words.at_path(sheet.kind, [one.field], one.theirs, names),
            "mine": words.at_path(sheet.kind, [one.field], one.mine, names),
            "is_contested": one.is_contested,
        }
        for one in clashes(base, held, sheet.value)
    ]
    return replace(sheet, value=merged(base, held, sheet.value), seen=now, clash={"rows": found})


def _form(sheet: Sheet) -> str:
    with room().unit.db.read() as connection:
        choices = {kind: _choices(connection, sheet.kind, kind) for kind in CHOSEN[sheet.kind]}
        held = sheet.held
        names = queries.names(connection, sheet.kind, held) if held else {}
    form = Form(sheet.kind, sheet.value, held is None, sheet.problems, choices)
    return render_template(
        "directory/object/form.html",
        sheet=sheet,
        title=objects.title(sheet.kind, held, names) if held else "",
        kind_word=words.kind_word(sheet.kind),
        sections=form.drawn(),
        mistakes=form.found(),
        slug=request.form.get("_slug", ""),
        slug_error=sheet.problems.get("slug", ""),
        is_named=sheet.kind is not Kind.SERVICE_AT_LOCATION,
        back=_back(sheet),
    )


def _back(sheet: Sheet) -> str:
    return words.address(sheet.kind, str(sheet.held["id"])) if sheet.held else f"{PAGE}?kind={sheet.kind}"


def _choices(connection: Connection, about: Kind, kind: Kind) -> Choices | None:
    """The objects to choose from; a clerk chooses among its own organization's, other bodies it only names."""
    own = None if kind in (Kind.SOURCE, Kind.AREA) or (about, kind) == (Kind.SERVICE, Kind.SERVICE) else speaks_for()
    rows = queries.choices(connection, kind, own)
    return None if rows is None else [(row["id"], _choice(kind, row)) for row in rows]


def _choice(kind: Kind, row: Mapping[str, Any]) -> str:
    name = words.words_in(row["name"])
    if kind is Kind.AREA:
        return f"{name} ({row['id']})"
    beside = words.words_in(row["body"]) if row["body"] else ""
    return f"{beside}: {name}" if kind is Kind.SOURCE else f"{name} – {beside}" if beside else name
