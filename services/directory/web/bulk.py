"""Changing many at once: tick services and say one thing of all, or change a contact wherever it is said.

First every change is shown, with what it was and what it would be; then all of it is done, or nothing.
"""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from flask import redirect, render_template, request
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from contracts.codes import StaffRole, Topic
from services.chassis.access import staff
from services.chassis.errors import InvalidError, StaleError
from services.chassis.pages import label, language
from services.chassis.web import request_work, room
from services.directory import store
from services.directory.commands import bulk
from services.directory.commands.bulk import Planned
from services.directory.domain.assurance import due_before
from services.directory.domain.bulk import OF_CONTACTS, OF_SERVICES, Wish
from services.directory.domain.bulk import Change as Said
from services.directory.domain.objects import RETIRED_STATUSES, STATUSES, Kind
from services.directory.domain.planning import Change, Name
from services.directory.queries import contacts, picking
from services.directory.queries.picking import Sought

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
            return _preview(plan, _titles(work.tx, plan))
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
            return _preview(plan, _titles(work.tx, plan), changed=True), 409
    return redirect(f"{PAGE}?done={len(plan.changed)}", 303)


def _read(form: Form) -> tuple[Wish, Collection[Name]]:
    """What is to be said, and of what."""
    said = next((one for one in Said if one == form.get("change")), None)
    if said is None:
        raise InvalidError(bulk.INVALID, {"change": "one-of-the-list"})
    if said in OF_CONTACTS:
        return _contact(said, form)
    picked = [_as_id(one) for one in form.getlist("pick")]
    names = {(Kind.SERVICE, str(one)) for one in picked if one}
    return Wish(said, _value(said, form)), names


def _contact(said: Said, form: Form) -> tuple[Wish, Collection[Name]]:
    """Wherever the contact is said just now; the plan shows if that has become something else."""
    former = form.get("former", "")[:LONGEST]
    with room().unit.db.read() as connection:
        rows = contacts.users(connection, said.value, former)
    return Wish(said, _text(form, said.value), former), {(Kind(row["kind"]), str(row["id"])) for row in rows}


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
    with room().unit.db.read() as connection:
        rows = picking.services(connection, sought)
        bodies, sources = picking.choices(connection)
    picked = set(given.getlist("pick"))
    return render_template(
        "directory/bulk.html",
        sought=sought,
        rows=[_row(row, picked) for row in rows],
        total=rows[0]["total"] if rows else 0,
        bodies=[(str(row["id"]), _words(row["name"])) for row in bodies],
        sources=[(row["id"], row["title"]) for row in sources],
        topics=[(one.value, label(one)) for one in Topic],
        statuses=[(one, label(f"status:{one}")) for one in STATUSES],
        due=bool(sought.before),
        changes=[(one.value, label(f"bulk:{one}")) for one in OF_SERVICES],
        form=request.form,
        error=error.fields if error else {},
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


def _row(row: Mapping[str, Any], picked: Collection[str]) -> dict[str, Any]:
    return {
        **row,
        "name": _words(row["name"]),
        "body": _words(row["body"]),
        "picked": str(row["id"]) in picked,
    }


def _preview(plan: Planned, titles: Mapping[Name, str], *, changed: bool = False) -> str:
    kept = [(name, value) for name, value in request.form.items(multi=True) if name not in {"csrf_token", "plan"}]
    return render_template(
        "directory/bulk_preview.html",
        changes=[_shown(one, titles) for one in plan.changed],
        untouched=len(plan.changes) - len(plan.changed),
        retires=any(one.row.document.get("status") in RETIRED_STATUSES for one in plan.changed),
        kept=kept,
        plan=plan.print,
        changed=changed,
    )


def _titles(connection: Any, plan: Planned) -> Mapping[Name, str]:
    """What each object is called; a report by its service, a service at a place by its service."""
    subjects = {(one.row.kind, one.row.id): _subject(one) for one in plan.changes}
    held = store.find(connection, subjects.values())
    return {name: _words(held[subject].get("name", name[1])) for name, subject in subjects.items() if subject in held}


def _subject(change: Change) -> Name:
    if change.row.kind in {Kind.REPORT, Kind.SERVICE_AT_LOCATION}:
        return Kind.SERVICE, str(change.row.document["service_id"])
    return change.row.kind, change.row.id


def _shown(change: Change, titles: Mapping[Name, str]) -> dict[str, Any]:
    """One object with each field that would change: before and after."""
    held = change.held or {}
    fields = change.fields or tuple(name for name in change.row.document if name != "service_id")
    return {
        "name": titles.get((change.row.kind, change.row.id), change.row.id),
        "kind": change.row.kind,
        "fields": [(name, _told(held.get(name)), _told(change.row.document.get(name))) for name in fields],
    }


def _told(value: Any) -> str:
    """A value of an object for people: its parts, one after the other."""
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return ", ".join(_told(inner) for inner in value.values())
    if isinstance(value, list):
        return "; ".join(map(_told, value))
    return str(value)


def _words(texts: Mapping[str, str] | str) -> str:
    return texts if isinstance(texts, str) else texts.get(language(), texts["de"])
