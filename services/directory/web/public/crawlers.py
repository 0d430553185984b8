"""What stands at the root of the origin: for search engines, which pages there are; for everybody, the notices."""

from typing import Any

from apiflask import APIBlueprint
from flask import Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from services.chassis.access import public
from services.chassis.errors import NotFoundError
from services.chassis.i18n import PERSON_LANGUAGES, for_persons, negotiate
from services.chassis.web import room
from services.directory.domain.notices import NoticeKind
from services.directory.queries import public as queries
from services.directory.web.public.known import situations

DAY = "public, max-age=86400"
ROBOTS = """User-agent: *
Allow: /directory/help/
Allow: /directory/static/
Disallow: /

Sitemap: {origin}/directory/help/sitemap.xml
"""

blueprint = APIBlueprint("directory_crawlers", __name__, template_folder="../templates", enable_openapi=False)


def _answer(content: str, kind: str) -> Response:
    response = Response(content, content_type=f"{kind}; charset=utf-8")
    response.headers["Cache-Control"] = DAY
    return response


@blueprint.get("/robots.txt")
@public
def robots() -> Response:
    """Everything but the public site is for those who work here."""
    return _answer(ROBOTS.format(origin=room().settings.public_url), "text/plain")


@blueprint.get(f"/legal/<any({', '.join(NoticeKind)}):name>")
@public
@for_persons
def legal(name: str) -> Answer:
    """Where every page of every service leads; from here in the reader's language."""
    response = redirect(url_for("directory_help.legal", tag=negotiate(request), name=name), 302)
    response.headers["Vary"] = "Accept-Language, Cookie"
    return response


@blueprint.get("/directory/help/sitemap.xml")
@public
def sitemap() -> Response:
    """The files of the map: the pages that do not depend on entries, and the services piece by piece."""
    with room().unit.db.read() as connection:
        pages = -(-queries.open_services(connection) // queries.PER_SITEMAP)
    names = ["start", *(str(number) for number in range(1, pages + 1))]
    addresses = [_address("directory_crawlers.sitemap_part", part=name) for name in names]
    return _answer(render_template("directory/help/sitemap_index.xml", addresses=addresses), "application/xml")


@blueprint.get("/directory/help/sitemap-<part>.xml")
@public
def sitemap_part(part: str) -> Response:
    """Addresses of one file, each in every language."""
    if part == "start":
        entries = [(address, "") for address in _fixed()]
    elif part.isascii() and part.isdigit() and int(part[:6]) > 0:
        with room().unit.db.read() as connection:
            rows = queries.sitemap(connection, int(part[:6]))
        entries = [
            (_address("directory_help.service", tag=tag, name=name), changed_at.date().isoformat())
            for name, changed_at in rows
            for tag in PERSON_LANGUAGES
        ]
    else:
        raise NotFoundError("request.no-such-page")
    return _answer(render_template("directory/help/sitemap.xml", entries=entries), "application/xml")


def _fixed() -> list[str]:
    return [
        address
        for tag in PERSON_LANGUAGES
        for address in (
            _address("directory_help.start", tag=tag),
            *(_address("directory_help.find", tag=tag, situation=name) for name in situations()),
        )
    ]


def _address(endpoint: str, **values: Any) -> str:
    return f"{room().settings.public_url}{url_for(endpoint, **values)}"
