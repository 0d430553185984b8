"""The editors' list of what is not translated, or older than the German text: counted by language and organization."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from apiflask import APIBlueprint
from flask import redirect, render_template, request
from werkzeug.wrappers import Response

from contracts.codes import StaffRole
from services.chassis.access import staff
from services.chassis.db import Connection
from services.chassis.errors import InvalidError, StaleError
from services.chassis.i18n import NAMES
from services.chassis.pages import label, language
from services.chassis.web import request_work, room
from services.directory.commands import translations
from services.directory.domain.objects import Kind
from services.directory.domain.translations import (
    LANGUAGES,
    TEXTS,
    Gap,
    State,
    alike,
    gaps,
    german_of,
    print_of,
    texts_of,
)
from services.directory.queries import translations as queries
from services.directory.queries.translations import Entry

Answer = tuple[str, int] | Response
PAGE = "/directory/translations"
KINDS = ("organization", "service", "location", "service_at_location")
PER_PAGE = 50
#: So many organizations are counted by name; the filter has the others.
BODIES = 30
CHOICES = (State.MISSING, State.OUTDATED)

blueprint = APIBlueprint(
    "directory_translations", __name__, url_prefix=PAGE, template_folder="templates", enable_openapi=False
)
editors = staff(StaffRole.DIRECTORY_EDITOR)


@blueprint.get("")
@editors
def show() -> str:
    """What is missing, or outdated: first counted, then each."""
    return _page()


@blueprint.post(f"/<any({', '.join(KINDS)}):kind>/<uuid:name>/<tag>")
@editors
def still_fits(kind: str, name: UUID, tag: str) -> Answer:
    """An editor has compared: the translation still fits."""
    if tag not in LANGUAGES:
        raise InvalidError("request.invalid", {"language": "one-of-the-list"})
    pairs = (one.partition(":") for one in request.form.getlist("seen"))
    seen = {field: shown for field, _, shown in pairs if field in TEXTS}
    try:
        with request_work() as work:
            translations.still_fits(work, Kind(kind), name, tag, seen)
    except StaleError:
        return _page(changed=True), 409
    return redirect(_address(done="fits"), 303)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which gaps somebody looks for; what is not given lets everything pass."""

    language: str | None = None
    state: State | None = None
    organization_id: UUID | None = None
    page: int = 1


@dataclass(frozen=True, slots=True)
class Lacking:
    """An entry with what it lacks."""

    entry: Entry
    gaps: Sequence[Gap]


def _wanted() -> Wanted:
    """What the address asks for; what nobody knows is left out."""
    given = request.args
    page = given.get("page", "")
    return Wanted(
        language=next((one for one in LANGUAGES if one == given.get("language")), None),
        state=next((one for one in CHOICES if one == given.get("state")), None),
        organization_id=_as_id(given.get("organization", "")),
        page=max(1, int(page)) if page.isascii() and page.isdigit() and len(page) < 7 else 1,
    )


def _as_id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _address(**changes: object) -> str:
    """This list with something else asked for."""
    wanted = _wanted()
    given = {
        "language": wanted.language,
        "state": wanted.state,
        "organization": wanted.organization_id,
        "page": wanted.page if wanted.page > 1 else None,
        **changes,
    }
    query = urlencode({name: value for name, value in given.items() if value})
    return f"{PAGE}?{query}" if query else PAGE


def _page(*, changed: bool = False) -> str:
    wanted = _wanted()
    with room().unit.db.read() as connection:
        entries = queries.entries(connection, wanted.organization_id)
        bodies = queries.bodies(connection)
        found = _with_gaps(connection, entries or [])
    rows = [one for one in (_fitting(one, wanted) for one in found) if one.gaps]
    rows.sort(key=_order)
    shown = rows[(wanted.page - 1) * PER_PAGE : wanted.page * PER_PAGE]
    return render_template(
        "directory/translations.html",
        wanted=wanted,
        here=_address(),
        rows=list(map(_row, shown)),
        total=len(rows),
        is_too_much=entries is None,
        texts=sum(len(texts_of(one.document)) for one in entries or []),
        tongues=_by_language(found),
        bodies=[] if wanted.organization_id else _by_body(rows),
        body_choices=[(str(row["id"]), _words(row["name"])) for row in bodies],
        language_choices=[(tag, NAMES[tag]) for tag in LANGUAGES],
        state_choices=[(one.value, label(one)) for one in CHOICES],
        first=_address(page=None) if wanted.page > 1 else None,
        next=_address(page=wanted.page + 1) if wanted.page * PER_PAGE < len(rows) else None,
        done=request.args.get("done"),
        changed=changed,
    )


def _with_gaps(connection: Connection, entries: Sequence[Entry]) -> list[Lacking]:
    old: dict[str, set[tuple[str, str]]] = {}
    for kind in KINDS:
        old |= queries.outdated_of(connection, kind, [one.id for one in entries if one.kind == kind])
    return [Lacking(one, gaps(one.document, old.get(one.id, ()))) for one in entries]


def _fitting(one: Lacking, wanted: Wanted) -> Lacking:
    """The same with what was asked for."""
    kept = [
        gap
        for gap in one.gaps
        if wanted.language in (None, gap.language) and (wanted.state is None or wanted.state is gap.state)
    ]
    return Lacking(one.entry, kept)


def _order(one: Lacking) -> tuple[int, str, str, str]:
    """What is outdated first, then by body."""
    return (
        -_count(one.gaps, State.OUTDATED),
        one.entry.body["de"],
        one.entry.kind,
        one.entry.name["de"],
    )


def _count(found: Sequence[Gap], state: State) -> int:
    return sum(gap.state is state for gap in found)


def _by_language(found: Sequence[Lacking]) -> list[dict[str, Any]]:
    """For each language how many texts are missing in it, and how many outdated."""
    counted = Counter((gap.language, gap.state) for one in found for gap in one.gaps)
    return [
        {
            "name": NAMES[tag],
            "tag": tag,
            "missing": counted[tag, State.MISSING],
            "outdated": counted[tag, State.OUTDATED],
            "address": _address(language=tag, page=None),
        }
        for tag in LANGUAGES
    ]


def _by_body(rows: Sequence[Lacking]) -> list[dict[str, Any]]:
    """The organizations with the most gaps."""
    own: defaultdict[UUID, list[Gap]] = defaultdict(list)
    for one in rows:
        own[one.entry.organization_id] += one.gaps
    names = {one.entry.organization_id: one.entry.body for one in rows}
    most = sorted(own.items(), key=lambda pair: -len(pair[1]))[:BODIES]
    return [
        {
            "name": _words(names[name]),
            "missing": _count(found, State.MISSING),
            "outdated": _count(found, State.OUTDATED),
            "address": _address(organization=name, page=None),
        }
        for name, found in most
    ]


def _row(one: Lacking) -> dict[str, Any]:
    entry = one.entry
    return {
        "kind": entry.kind,
        "id": entry.id,
        "name": _words(entry.name),
        "body": _words(entry.body),
        "missing": alike(gap for gap in one.gaps if gap.state is State.MISSING),
        "outdated": {tag: texts for tag in LANGUAGES if (texts := _outdated(one, tag))},
    }


def _outdated(one: Lacking, tag: str) -> dict[str, str]:
    """The texts that are outdated in a language, each with the sum over its German."""
    old = {gap.field for gap in one.gaps if gap.state is State.OUTDATED and gap.language == tag}
    return {field: print_of(german_of(one.entry.document, field)) for field in TEXTS if field in old}


def _words(texts: Mapping[str, str]) -> str:
    return texts.get(language(), texts["de"])
