"""The pages of the public site. The language stands in the path, all else in the query: every page is linkable.

Nothing is remembered of a reader: no cookie is set, and answers may be kept by anybody on the way.
"""

from typing import Any
from urllib.parse import urlencode

import segno
from apiflask import APIBlueprint
from flask import Response, g, redirect, render_template, request, url_for
from werkzeug.exceptions import TooManyRequests
from werkzeug.wrappers import Response as Answer

from contracts.codes import EMPLOYER_TOPICS, Audience, Topic
from services.chassis.access import public
from services.chassis.clock import PLACE
from services.chassis.errors import NotFoundError
from services.chassis.i18n import PERSON_LANGUAGES, for_persons, negotiate
from services.chassis.pages import label, language
from services.chassis.web import room
from services.chassis.web_errors import on_http_exception, wants_page
from services.directory import config
from services.directory.domain import notices
from services.directory.domain.notices import NoticeKind
from services.directory.domain.publishing import is_retired
from services.directory.domain.translations import TEXTS
from services.directory.domain.wording import folded
from services.directory.queries import public as queries
from services.directory.queries import translations
from services.directory.web import limits
from services.directory.web.public import asked, markup, shown
from services.directory.web.public.known import situations
from services.directory.web.public.lists import lists

KEPT_SECONDS = 300
START = "directory_help.start"
TAG = f"/<any({', '.join(repr(tag) for tag in PERSON_LANGUAGES)}):tag>"

blueprint = APIBlueprint(
    "directory_help", __name__, url_prefix="/directory/help", template_folder="../templates", enable_openapi=False
)


@blueprint.url_value_preprocessor
def read_language(_: str | None, inside: dict[str, Any] | None) -> None:
    """The language is the first part of every address, also of one nobody knows; views need not read it."""
    given = inside or {}
    first = given.pop("tag", None) or given.pop("rest", "").partition("/")[0]
    g.tag = first if first in PERSON_LANGUAGES else None


@blueprint.before_request
def begin() -> None:
    """The language of the path is the page's, and is not remembered anywhere."""
    g.remembers = False
    g.language = g.tag or g.language
    limits.PAGES.expect_patience()


@blueprint.after_request
def keep(response: Response) -> Response:
    """Whoever has an answer may show it again for some minutes, and then ask whether it is still the same."""
    if response.status_code == 200 and request.method in {"GET", "HEAD"}:
        response.headers["Cache-Control"] = f"public, max-age={KEPT_SECONDS}"
        response.add_etag()
        response.make_conditional(request)
    return response


@blueprint.context_processor
def words_of_the_site() -> dict[str, Any]:
    return {"address_in": address_in, "page_languages": PERSON_LANGUAGES, "origin": room().settings.public_url}


def address_in(tag: str) -> str:
    """This page in another language."""
    if not g.tag or request.endpoint == "directory_help.nowhere":
        return url_for(START, tag=tag)
    query = {name: value for name, value in request.args.items() if name in asked.NAMES}
    path = url_for(str(request.endpoint), **(request.view_args or {}), tag=tag)
    return f"{path}?{urlencode(query)}" if query else path


@blueprint.get("/")
@public
@for_persons
def door() -> Answer:
    """To the language the reader's browser asks for."""
    response = redirect(url_for(START, tag=negotiate(request)), 302)
    response.headers["Vary"] = "Accept-Language, Cookie"
    return response


@blueprint.get(f"{TAG}/")
@public
@for_persons
def start() -> str:
    """What do you need? Situations, topics, and a search."""
    return start_page([])


def start_page(unknown: list[str]) -> str:
    return render_template(
        "directory/help/start.html",
        situations={
            audience: [one for one in situations().values() if one.audience is audience]
            for audience in (Audience.PERSON, Audience.EMPLOYER)
        },
        topics=sorted(Topic, key=lambda topic: (topic in EMPLOYER_TOPICS, label(topic))),
        unknown=unknown,
    )


@blueprint.get(f"{TAG}/find")
@public
@for_persons
def find() -> str | tuple[str, int] | Answer:
    """Who helps with that, there, in that language; each answer says why it is one."""
    limits.SEARCHES.expect_patience()
    known = lists()
    wanted = asked.read(request.args, known.places)
    if not wanted.query():
        return (start_page(wanted.unknown), 404) if wanted.unknown else redirect(url_for(START, tag=language()))
    with room().unit.db.read() as connection:
        rows = queries.found(connection, wanted.wanted(known.places))
    total = rows[0]["total"] if rows else 0
    page = render_template(
        "directory/help/find.html",
        asked=wanted,
        total=total,
        found=[shown.summary(row, wanted.about, wanted.spoken, _today()) for row in rows],
        is_last=wanted.page * queries.PER_PAGE >= total,
        areas=sorted(known.places.areas, key=lambda area: folded(area.name(language()))),
        tongues=shown.names_of_languages(sorted({*known.spoken, *PERSON_LANGUAGES} - {"de-simple"})),
        tongue=shown.language_name(wanted.spoken) if wanted.spoken else None,
    )
    return (page, 404) if wanted.unknown else page


@blueprint.get(f"{TAG}/services/<name>")
@public
@for_persons
def service(name: str) -> str | tuple[str, int]:
    """One service: what it is, who decides, what to bring, cost, hours, way, contact, languages, source."""
    row = _row(name)
    page = render_template(
        "directory/help/service.html",
        service=shown.entry(row, _today(), _outdated(row)),
        retired=is_retired(row["document"]),
        markup=markup.government_service(row, _address(row), language()),
    )
    return (page, 410) if is_retired(row["document"]) else page


@blueprint.get(f"{TAG}/services/<name>/card")
@public
@for_persons
def card(name: str) -> str:
    """One page to print and take along: the body, the way there, what to bring, and the matter in German."""
    row = _row(name)
    if is_retired(row["document"]):
        raise NotFoundError("directory.service-unknown")
    return render_template(
        "directory/help/card.html",
        service=shown.entry(row, _today()),
        german=row["document"]["name"]["de"],
        german_organization=row["organization"]["name"]["de"],
        link=_address(row),
        picture=segno.make(_address(row), error="m", micro=False).svg_data_uri(scale=4, border=2, light="white"),
    )


@blueprint.get(f"{TAG}/legal/<any({', '.join(NoticeKind)}):name>")
@public
@for_persons
def legal(name: str) -> str:
    """Who runs this, what becomes of data, how accessible it is: in the operator's own words."""
    kind = NoticeKind(name)
    text, spoken = config.legal_notices().text(kind, language())
    return render_template(
        "directory/help/legal.html", kind=kind, blocks=list(notices.blocks(text)), spoken=spoken.partition("-")[0]
    )


def _row(name: str) -> dict[str, Any]:
    with room().unit.db.read() as connection:
        row = queries.entry(connection, name)
    if row is None:
        raise NotFoundError("directory.service-unknown")
    return row


def _outdated(row: dict[str, Any]) -> list[str]:
    """The languages in which a text the page shows of the service, its body or its places is older than in German."""
    named = [("service", row["document"], TEXTS), ("organization", row["organization"], ("name",))]
    for link, place in row["places"]:
        of_place = ("transportation",) if "description" in link else TEXTS
        named += [("service_at_location", link, TEXTS), ("location", place, of_place)]
    with room().unit.db.read() as connection:
        return [
            tag
            for kind, one, fields in named
            for field, tag in translations.outdated(connection, kind, one["id"])
            if field in fields
        ]


def _address(row: dict[str, Any]) -> str:
    path = url_for("directory_help.service", tag=language(), name=shown.address_name(row["document"]))
    return f"{room().settings.public_url}{path}"


def _today() -> Any:
    return room().unit.clock.now().astimezone(PLACE).date()


@blueprint.get("/<path:rest>")
@public
@for_persons
def nowhere() -> tuple[str, int]:
    """An address nobody knows leads to the start page."""
    return start_page(["address"]), 404


@blueprint.errorhandler(NotFoundError)
def not_there(_: NotFoundError) -> tuple[str, int]:
    return start_page(["address"]), 404


@blueprint.errorhandler(TooManyRequests)
def too_many(error: TooManyRequests) -> Response | tuple[str, int, dict[str, str]]:
    if not wants_page():
        return on_http_exception(error)
    return render_template("directory/help/busy.html"), 429, {"Retry-After": str(error.retry_after)}
