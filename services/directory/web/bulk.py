"""Changing many at once: tick services and say one thing of all, or change a contact wherever it is said.

First every change is shown, with what it was and what it would be; then all of it is done, or nothing.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from apiflask import APIBlueprint
from flask import redirect, render_template, request
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from contracts.codes import StaffRole, Topic
from services.chassis.access import staff
from services.chassis.db import Connection
from services.chassis.errors import InvalidError, StaleError
from services.chassis.pages import label
from services.chassis.web import request_work, room
from services.directory.commands import bulk
from services.directory.commands.bulk import Planned
from services.directory.domain.assurance import due_before
from services.directory.domain.bulk import MOST, OF_CONTACTS, OF_SERVICES, Wish
from services.directory.domain.bulk import Change as Said
from services.directory.domain.objects import RETIRED_STATUSES, STATUSES, Kind
from services.directory.domain.planning import Change, Name
from services.directory.queries import contacts, picking
from services.directory.queries import objects as objects_named
from services.directory.queries.picking import Sought
from services.directory.web import objects, words
from services.directory.web.form import in_words
from services.directory.web.objects import difference_rows

PAGE = "/directory/bulk"
Answer = tuple[str, int] | Response | str
Form = MultiDict[str, str]
LONGEST = 300

blueprint = APIBlueprint("directory_bulk", __name__, url_prefix=PAGE, template_folder="templates", enable_openapi=False)
editors = staff(StaffRole.DIRECTORY_EDITOR)


@blueprint.get("")
@editors
def pick() -> str:
    """Services to tick, and what is to be said of them."""
    return _page()


@blueprint.post("/preview")
@editors
def preview() -> Answer:
    """Every change, with what it was and what it would be; nothing is done."""
    try:
        wish, names = _read(request.form)
        with request_work() as work:
            plan = bulk.planned(work, wish, names)
            return _preview(work.tx, plan)
    except InvalidError as error:
        return _page(error), 422


@blueprint.post("/changes")
@editors
def change() -> Answer:
    """All that was looked at, or nothing."""
    try:
        wish, names = _read(request.form)
        with request_work() as work:
            plan = bulk.apply(work, wish, names, request.form.get("plan", ""))
    except InvalidError as error:
        return _page(error), 422
    except StaleError:
        with request_work() as work:
            plan = bulk.planned(work, wish, names)
            return _preview(work.tx, plan, changed=True), 409
    return redirect(_with_filter(PAGE, done=str(len(plan.changed))), 303)


def _with_filter(address: str, **more: str) -> str:
    """With what the list was narrowed to, so that nobody has to look for it again; what was done is said once."""
    asked = [(name, value) for name, value in request.args.items(multi=True) if name not in {"done", "pick", *more}]
    query = urlencode([*asked, *more.items()])
    return f"{address}?{query}" if query else address


def _read(form: Form) -> tuple[Wish, Collection[Name]]:
    """What is to be said, and of what."""
    said = next((one for one in Said if one == form.get("change")), None)
    if said is None:
        raise InvalidError(bulk.INVALID, {"change": "expected:one-of-the-list"})
    if said in OF_CONTACTS:
        return _contact(said, form)
    picked = [_as_id(one) for one in form.getlist("pick")]
    names = {(Kind.SERVICE, str(one)) for one in picked if one}
    return Wish(said, _value(said, form), why=_text(form, "why")), names


def _contact(said: Said, form: Form) -> tuple[Wish, Collection[Name]]:
    """Wherever the contact is said just now; the plan shows if that has become something else."""
    former = form.get("former", "").replace("\x00", "")[:LONGEST]
    with room().unit.db.read() as connection:
        rows = contacts.users(connection, said.value, former, MOST)
    if rows and rows[0]["total"] > MOST:
        raise InvalidError(bulk.INVALID, {"pick": "expected:between-one-and-five-hundred"})
    return Wish(said, _text(form, said.value), former, _text(form, "why")), {
        (Kind(row["kind"]), str(row["id"])) for row in rows
    }


def _value(said: Said, form: Form) -> Any:
    if said is not Said.FUNDING:
        return _text(form, said.value)
    names = {"source": "funding_source", "code": "funding_code", "valid_to": "funding_to"}
    given = {name: text for name, field in names.items() if (text := _text(form, field))}
    return given or None


def _text(form: Form, name: str) -> str:
    return form.get(name, "").replace("\x00", "").strip()[:LONGEST]


def _as_id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _page(error: InvalidError | None = None) -> str:
    given = request.args if request.method == "GET" else request.form
    sought = _sought(request.args)
    picked = {one for text in given.getlist("pick")[:MOST] if (one := _as_id(text))}
    with room().unit.db.read() as connection:
        rows = picking.services(connection, sought, picked)
        bodies, sources = picking.choices(connection)
    return render_template(
        "directory/bulk.html",
        sought=sought,
        rows=[_row(row) for row in rows],
        total=rows[0]["total"] if rows else 0,
        shown=sum(row["fits"] for row in rows),
        action=_with_filter(f"{PAGE}/preview"),
        of_contact=request.form.get("change") if request.form.get("change") in OF_CONTACTS else "",
        bodies=[(str(row["id"]), words.words_in(row["name"])) for row in bodies],
        sources=[(row["id"], row["title"]) for row in sources],
        topics=[(one.value, label(one)) for one in Topic],
        statuses=[(one, words.code_word(one)) for one in STATUSES],
        due=bool(sought.before),
        changes=[(one.value, label(f"bulk:{one}")) for one in OF_SERVICES],
        form=request.form,
        error=_told(error) if error else [],
        today=room().unit.clock.today().isoformat(),
        done=_number(request.args.get("done", "")),
    )


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else None


def _sought(given: Mapping[str, str]) -> Sought:
    """Which services the address asks for; what nobody knows is left out."""
    return Sought(
        words=given.get("q", "").replace("\x00", "").strip()[:100],
        organization_id=_as_id(given.get("organization", "")),
        topic=next((one.value for one in Topic if one == given.get("topic")), None),
        status=next((one for one in STATUSES if one == given.get("of_status")), None),
        before=due_before(room().unit.clock.today()) if given.get("due") else None,
    )


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **row,
        "name": words.words_in(row["name"]),
        "body": words.words_in(row["body"]),
        "state": words.code_word(row["status"]),
        "picked": row["is_picked"],
    }


def _preview(connection: Connection, plan: Planned, *, changed: bool = False) -> str:
    kept = [(name, value) for name, value in request.form.items(multi=True) if name not in {"csrf_token", "plan"}]
    return render_template(
        "directory/bulk_preview.html",
        changes=[_shown(connection, one) for one in plan.changed],
        untouched=len(plan.changes) - len(plan.changed),
        retires=any(one.row.document.get("status") in RETIRED_STATUSES for one in plan.changed),
        kept=kept,
        plan=plan.print,
        changed=changed,
        action=_with_filter(f"{PAGE}/changes"),
        back=_with_filter(PAGE),
    )


def _shown(connection: Connection, change: Change) -> dict[str, Any]:
    """One object with every value that would change: before and after."""
    kind, document = change.row.kind, change.row.document
    held = change.held or {"service_id": document["service_id"]}
    names = {**objects_named.names(connection, kind, held), **objects_named.names(connection, kind, document)}
    if kind is Kind.REPORT:
        title = words.words_in(names[Kind.SERVICE, document["service_id"]])
        return {"title": title, "rows": difference_rows(kind, held, document, names)}
    return {
        "title": f"{words.kind_word(kind)}: {objects.title(kind, document, names)}",
        "rows": difference_rows(kind, held, document, names),
    }


def _told(error: InvalidError) -> list[tuple[str, str]]:
    """What does not fit: which field, and what was expected."""
    return [(_field(name), _expected(expected)) for name, expected in error.fields.items()]


def _field(name: str) -> str:
    own = label(f"bulk:{name}")
    return own if own != name else words.field_word([re.split(r"[.\[]", name)[0]])


def _expected(expected: str) -> str:
    return label(expected) if expected.startswith(("slug:", "expected:")) else in_words(expected)
