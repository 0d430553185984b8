"""The editors' list of what is not translated, or older than the German text: counted by language and organization."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from apiflask import APIBlueprint
from flask import redirect, render_template, request
from werkzeug.wrappers import Response

from contracts.codes import StaffRole
from services.chassis.access import staff
from services.chassis.errors import InvalidError, StaleError
from services.chassis.i18n import NAMES
from services.chassis.pages import label, language
from services.chassis.web import request_work, room
from services.directory.commands import translations
from services.directory.domain.translations import LANGUAGES, TEXTS, State, alike
from services.directory.queries import translations as queries
from services.directory.queries.translations import PER_PAGE, Wanted

Answer = tuple[str, int] | Response
PAGE = "/directory/translations"
KINDS = ("organization", "service")
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


@blueprint.post("/<any(organization, service):kind>/<uuid:name>/<tag>")
@editors
def still_fits(kind: str, name: UUID, tag: str) -> Answer:
    """An editor has compared: the translation still fits."""
    if tag not in LANGUAGES:
        raise InvalidError("request.invalid", {"language": "one-of-the-list"})
    pairs = (one.partition(":") for one in request.form.getlist("seen"))
    seen = {field: shown for field, _, shown in pairs if field in TEXTS}
    try:
        with request_work() as work:
            translations.still_fits(work, kind, name, tag, seen)
    except StaleError:
        return _page(changed=True), 409
    return redirect(_address(done="fits"), 303)


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
        rows = queries.listed(connection, wanted)
        languages = queries.by_language(connection, wanted.organization_id)
        bodies = queries.by_organization(connection, Wanted(wanted.language, wanted.state))
        texts = queries.texts(connection, wanted.organization_id)
    total = rows[0]["total"] if rows else 0
    return render_template(
        "directory/translations.html",
        wanted=wanted,
        here=_address(),
        rows=[_row(row) for row in rows],
        total=total,
        texts=texts,
        tongues=[
            {"name": NAMES[tag], "tag": tag, **counted, "address": _address(language=tag, page=None)}
            for tag, counted in languages.items()
        ],
        bodies=[
            {**row, "name": _words(row["name"]), "address": _address(organization=row["id"], page=None)}
            for row in bodies
        ],
        body_choices=[(str(row["id"]), _words(row["name"])) for row in bodies],
        language_choices=[(tag, NAMES[tag]) for tag in LANGUAGES],
        state_choices=[(one.value, label(one)) for one in CHOICES],
        first=_address(page=None) if wanted.page > 1 else None,
        next=_address(page=wanted.page + 1) if wanted.page * PER_PAGE < total else None,
        done=request.args.get("done"),
        changed=changed,
    )


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **row,
        "name": _words(row["name"]),
        "body": _words(row["body"]),
        "missing": alike((tag, field) for tag, field in row["missing"]),
        "outdated": {tag: texts for tag in LANGUAGES if (texts := _outdated(row, tag))},
    }


def _outdated(row: Mapping[str, Any], tag: str) -> dict[str, str]:
    """The texts that are outdated in a language, each with the sum over its German."""
    shown = {field: german for language, field, german in row["outdated"] if language == tag}
    return {field: shown[field] for field in TEXTS if field in shown}


def _words(texts: Mapping[str, str]) -> str:
    return texts.get(language(), texts["de"])
