"""Where an object is made or changed: a form, a look at what comes of it, and only then the change itself.

Nothing is kept between the steps but what the form carries: the values, and the number of the state that was looked
at. If somebody else changed the object meanwhile, both see it: what is not touched here keeps her value. What a
partner's clerk saves is a proposal; an editor may keep a draft, which is not checked before it is saved.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from apiflask import APIBlueprint
from flask import redirect, render_template, request
from werkzeug.wrappers import Response

from services.chassis.db import Connection
from services.chassis.errors import InvalidError, StaleError
from services.chassis.web import request_work, room
from services.directory.commands import editing, proposals
from services.directory.domain import forms
from services.directory.domain.objects import Kind
from services.directory.domain.planning import Change
from services.directory.queries import objects as queries
from services.directory.web import objects, sheets, words
from services.directory.web.form import Form, in_words
from services.directory.web.form_controls import Choices
from services.directory.web.objects import KINDS, PAGE, readers
from services.directory.web.preview import public_pages
from services.directory.web.reports import speaks_for
from services.directory.web.sheets import Sheet

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
#: Among these a clerk sees those of its own organization only.
OWN_CHOICES = {
    (Kind.SERVICE, Kind.ORGANIZATION),
    (Kind.LOCATION, Kind.ORGANIZATION),
    (Kind.SERVICE_AT_LOCATION, Kind.SERVICE),
    (Kind.SERVICE_AT_LOCATION, Kind.LOCATION),
}


@blueprint.get(f"/{KINDS}/new")
@readers
def new(kind: str) -> str:
    """An empty form; what the address says already is filled in."""
    return _form(sheets.begun(sheets.offered(kind)))


@blueprint.get(f"/{KINDS}/<name>/edit")
@readers
def edit(kind: str, name: str) -> str:
    """The form with what is said now."""
    return _form(sheets.opened(Kind(kind), name))


@blueprint.post(f"/{KINDS}/new")
@readers
def make(kind: str) -> Answer:
    """A step with something new: one more line, a look, or keeping it."""
    return _step(sheets.typed(sheets.empty(sheets.offered(kind))))


@blueprint.post(f"/{KINDS}/<name>/edit")
@readers
def change(kind: str, name: str) -> Answer:
    """The same step with what is there."""
    return _step(sheets.typed(sheets.held(Kind(kind), name)))


def _step(sheet: Sheet) -> Answer:
    more = request.form.get("_more")
    if more:
        return _form(replace(sheet, value=forms.with_one_more(sheet.kind, sheet.value, more)))
    step = STEPS.get(request.form.get("_do", ""))
    if step is None:
        return _form(sheet)
    try:
        return step(sheet)
    except InvalidError as error:
        told = {_of_form(name): in_words(expected) for name, expected in error.fields.items()}
        return _form(replace(sheet, problems=told)), 422
    except StaleError as error:
        if error.slug == proposals.DECIDED:
            return redirect("/directory/proposals?done=decided", 303)
        return _form(sheets.with_both(sheet)), 412


def _of_form(name: str) -> str:
    """An id nobody typed is wrong where it was made from."""
    return "slug" if name == "id" else name


def _save(sheet: Sheet) -> Answer:
    own = speaks_for()
    with request_work() as work:
        if own:
            proposals.propose(work, sheet.wish, own, sheet.key)
            return redirect("/directory/proposals?done=waiting", 303)
        wish = sheet.wish
        saved = proposals.go_on(work, wish, sheet.key) if sheet.is_continued else editing.save(work, wish)
    return redirect(f"{words.address(sheet.kind, saved.row.id)}?done=1", 303)


def _keep_draft(sheet: Sheet) -> Answer:
    """What is not ready yet; a proposal of a partner stays what it is."""
    if objects.is_editor():
        with request_work() as work:
            proposals.keep_draft(work, sheet.wish, sheet.key)
    return redirect("/directory/proposals?done=draft", 303)


def _preview(sheet: Sheet) -> str:
    """What would change, and how the public pages would look that show it."""
    own = speaks_for()
    with request_work() as work:
        planned = editing.planned(work, sheet.wish)
        if own:
            proposals.refuse_foreign(work, planned, own)
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
        may_edit=objects.is_editor(),
    )


STEPS = {"preview": _preview, "save": _save, "draft": _keep_draft}


def _changes(planned: Change, names: words.Names) -> list[dict[str, Any]]:
    return objects.difference_rows(planned.row.kind, planned.held or {}, planned.row.document, names)


def carried() -> list[tuple[str, str]]:
    """Every input as it was typed, to be sent again with the next step."""
    own = ("csrf_token", "_do", "_more", "_why")
    return [(name, value) for name, values in request.form.lists() if name not in own for value in values]


def _form(sheet: Sheet) -> str:
    held = sheet.held
    with room().unit.db.read() as connection:
        choices = {kind: _choices(connection, sheet.kind, kind) for kind in CHOSEN[sheet.kind]}
        names = queries.names(connection, sheet.kind, held) if held else {}
    form = Form(sheet.kind, sheet.value, held is None, sheet.problems, choices)
    return render_template(
        "directory/object/form.html",
        sheet=sheet,
        title=objects.title(sheet.kind, held, names) if held else "",
        kind_word=words.kind_word(sheet.kind),
        sections=form.drawn(),
        mistakes=form.found(),
        slug=request.form.get("_slug", "") or str(sheet.value.get("slug", sheet.value.get("id", ""))).strip("-"),
        slug_error=sheet.problems.get("slug", ""),
        is_named=sheet.kind is not Kind.SERVICE_AT_LOCATION,
        back=_back(sheet),
        may_edit=objects.is_editor(),
    )


def _back(sheet: Sheet) -> str:
    return words.address(sheet.kind, str(sheet.held["id"])) if sheet.held else f"{PAGE}?kind={sheet.kind}"


def _choices(connection: Connection, about: Kind, kind: Kind) -> Choices | None:
    rows = queries.choices(connection, kind, speaks_for() if (about, kind) in OWN_CHOICES else None)
    return None if rows is None else [(row["id"], _choice(kind, row)) for row in rows]


def _choice(kind: Kind, row: Mapping[str, Any]) -> str:
    name = words.words_in(row["name"])
    if kind is Kind.AREA:
        return f"{name} ({row['id']})"
    beside = words.words_in(row["body"]) if row["body"] else ""
    return f"{beside}: {name}" if kind is Kind.SOURCE else f"{name} – {beside}" if beside else name
