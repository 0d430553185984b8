"""Where a contact is used: one list of numbers, mail addresses and places, and for each the services that show it."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from apiflask import APIBlueprint
from flask import render_template, request

from contracts.codes import StaffRole
from services.chassis.access import staff
from services.chassis.errors import NotFoundError
from services.chassis.pages import language
from services.chassis.web import room
from services.directory.domain.bulk import MOST
from services.directory.domain.objects import Kind
from services.directory.queries import contacts as queries
from services.directory.queries.contacts import PER_PAGE, Sought
from services.directory.web import words

PAGE = "/directory/contacts"
SORTS = ("phone", "email", "location")
LONGEST = 200

blueprint = APIBlueprint(
    "directory_contacts", __name__, url_prefix=PAGE, template_folder="templates", enable_openapi=False
)
editors = staff(StaffRole.DIRECTORY_EDITOR)


@blueprint.get("")
@editors
def listing() -> str:
    """Numbers, mail addresses and places, those that most services show first."""
    sought = _sought()
    with room().unit.db.read() as connection:
        rows = queries.listed(connection, sought)
    total = rows[0]["total"] if rows else 0
    return render_template(
        "directory/contacts.html",
        sought=sought,
        rows=[{**row, "address": address(row["sort"], row["name"])} for row in rows],
        total=total,
        first=_page_address(sought, 1) if sought.page > 1 else None,
        next=_page_address(sought, sought.page + 1) if sought.page * PER_PAGE < total else None,
    )


@blueprint.get("/uses")
@editors
def uses() -> str:
    """Which objects say it, and at which services it is shown."""
    sort = request.args.get("sort", "")
    name = request.args.get("name", "").replace("\x00", "")[:LONGEST]
    if sort not in SORTS:
        raise NotFoundError("directory.object-unknown")
    with room().unit.db.read() as connection:
        rows = queries.users(connection, sort, name)
    if not rows:
        raise NotFoundError("directory.object-unknown")
    return render_template(
        "directory/contact.html",
        sort=sort,
        name=name,
        text=rows[0]["value"],
        users=list(map(_user, rows)),
        total=rows[0]["total"],
        most=MOST,
    )


def address(sort: str, name: str) -> str:
    """Where the uses of one contact stand."""
    return f"{PAGE}/uses?{urlencode({'sort': sort, 'name': name})}"


def _sought() -> Sought:
    given = request.args
    page = given.get("page", "")
    return Sought(
        words=given.get("q", "").replace("\x00", "").strip()[:LONGEST],
        organization_id=_as_id(given.get("organization", "")),
        page=max(1, int(page)) if page.isascii() and page.isdigit() and len(page) < 7 else 1,
    )


def _as_id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _page_address(sought: Sought, page: int) -> str:
    given = {"q": sought.words, "organization": sought.organization_id, "page": page}
    return f"{PAGE}?{urlencode({name: value for name, value in given.items() if value})}"


def _user(row: Mapping[str, Any]) -> dict[str, Any]:
    services = [{**one, "name": _words(one["name"])} for one in row["services"]]
    kind = words.kind_word(Kind(row["kind"]))
    return {**row, "kind_word": kind, "name": _words(row["name"]), "body": _words(row["body"]), "services": services}


def _words(texts: Mapping[str, str] | str) -> str:
    return texts if isinstance(texts, str) else texts.get(language(), texts["de"])
