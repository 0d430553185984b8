"""Server-rendered pages: the shell, its words, and the error pages. Works without JavaScript, nothing inline."""

import hashlib
import re
from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from apiflask import APIBlueprint
from flask import Flask, Response, g, has_request_context, render_template, request, send_from_directory
from flask.globals import request_ctx
from jinja2 import StrictUndefined

from services.chassis import i18n, kept_forms
from services.chassis.access import caller_or_none, public
from services.chassis.addresses import harmless_query
from services.chassis.clock import PLACE
from services.chassis.room import room
from services.chassis.sessions import Session, csrf_token, persons_room

STATIC = Path(__file__).parent / "static"
WARNING = "session-warning.css"
YEAR_SECONDS = 31_536_000
HINTS_COOKIE = "lotsennetz_hints"
HINT = re.compile(r"[a-z]{3,20}")


def blueprint(service: str) -> APIBlueprint:
    """``/<service>/static/...``: style sheets, fonts and the one small script."""
    assets = APIBlueprint("assets", __name__, url_prefix=f"/{service}/static", enable_openapi=False)
    assets.get("/<path:name>")(static_file)
    assets.get("/session-warning/<int(max=36000):after>.css")(warning_sheet)
    return assets


@public
def static_file(name: str) -> Response:
    response = send_from_directory(STATIC, name, max_age=YEAR_SECONDS)
    response.headers["Cache-Control"] = f"public, max-age={YEAR_SECONDS}, immutable"
    return response


@public
def warning_sheet(after: int) -> Response:
    """The sheet of the line that warns before a sign-in ends: after so many seconds, without script."""
    sheet = (STATIC / WARNING).read_text(encoding="utf-8").replace("DELAY", str(after))
    response = Response(sheet, content_type="text/css; charset=utf-8")
    response.headers["Cache-Control"] = f"public, max-age={YEAR_SECONDS}, immutable"
    return response


@cache
def fingerprint(name: str) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]


def prepare(app: Flask, service: str) -> None:
    """Give the templates their words: gettext, labels of codes, dates, addresses of assets."""
    environment = app.jinja_env
    environment.undefined = StrictUndefined
    environment.trim_blocks = environment.lstrip_blocks = True
    environment.add_extension("jinja2.ext.i18n")
    environment.install_gettext_callables(translate, translate_many, newstyle=True)  # type: ignore[attr-defined]
    environment.filters["day"] = lambda value, style="medium": i18n.format_day(value, language(), style)
    environment.filters["isoday"] = lambda value: i18n.format_day(date.fromisoformat(value), language())
    environment.filters["localday"] = lambda value: value.astimezone(PLACE).date()
    environment.filters["label"] = label
    environment.filters["moment"] = lambda value: i18n.format_moment(value, language())
    environment.globals.update(
        t=label,
        sentence=sentence,
        asset=asset,
        expectation=expectation,
        service=service,
        language_names=i18n.NAMES,
    )
    environment.globals.update(csrf_token=csrf_token, language_url=language_url, typed_for=kept_forms.typed_for)
    app.context_processor(shell_values)


def language() -> str:
    return str(g.get("language", "de")) if has_request_context() else "de"


def service_name() -> str:
    return room().service


def translate(message: str) -> str:
    return i18n.translations(service_name(), language()).gettext(message)


def translate_many(one: str, many: str, number: int) -> str:
    return i18n.translations(service_name(), language()).ngettext(one, many, number)


def label(value: Any) -> str:
    """The word for a code in the reader's language."""
    return "" if value is None else i18n.label(service_name(), language(), value)


def sentence(slug: str) -> str:
    """The sentence of a slug in the reader's language."""
    return i18n.label(service_name(), language(), f"slug:{slug}")


#: What marshmallow expects, by the beginning of its English sentence, as the words of a page.
SAID_BY_SCHEMAS = (
    ("Missing data", "something"),
    ("Field may not be null", "something"),
    ("Unknown field", "nothing-more"),
    ("Must be one of", "one-of-the-list"),
    ("Not a valid integer", "a-number"),
    ("Not a valid number", "a-number"),
    ("Not a valid date", "a-day"),
    ("Longer than", "shorter"),
    ("Shorter than", "longer"),
)


def expectation(expected: Any) -> str:
    """What would be right, in the reader's words, whoever says so: a code of ours, or what a schema says of a field."""
    while isinstance(expected, Mapping | list) and expected:
        expected = next(iter(expected.values() if isinstance(expected, Mapping) else expected))
    said = str(expected)
    code = next((code for begins, code in SAID_BY_SCHEMAS if said.startswith(begins)), None)
    is_sentence = said.endswith(".")
    return label(f"expected:{code or ('another-form' if is_sentence else said)}")


def asset(name: str) -> str:
    return f"/{service_name()}/static/{name}?v={fingerprint(name)}"


def language_url(tag: str) -> str:
    """This page in another language, its path not repeated; where it cannot be asked for, the service's first page."""
    adapter = request_ctx.url_adapter
    is_readable = request.method == "GET" or (adapter is not None and adapter.test(request.path, method="GET"))
    path = "" if is_readable else f"/{service_name()}/"
    return f"{path}?{urlencode({**harmless_query(request.args), 'lang': tag})}"


def home(service: str) -> str:
    """Where the shell leads back to: a person's own pages know no other room."""
    own = persons_room(service)
    return own if request.path.startswith(f"{own}/") else f"/{service}"


def hints_read() -> set[str]:
    """Names of the first-use hints that were sent away in this browser."""
    return {name for name in request.cookies.get(HINTS_COOKIE, "").split(".") if HINT.fullmatch(name)}


def shell_values() -> dict[str, Any]:
    """What the shell of every page shows."""
    here = room()
    caller = caller_or_none()
    role = caller.role.value if caller and caller.role else ""
    return {
        "language": language(),
        "direction": "rtl" if language() in i18n.RIGHT_TO_LEFT else "ltr",
        "languages": i18n.offered(request),
        "caller": caller,
        "home": home(here.service),
        "navigation": [item for item in here.navigation if role and (not item.roles or role in item.roles)],
        "demo": here.settings.is_demo,
        "hints_read": hints_read(),
        "warning": warning(),
    }


#: So long before a sign-in ends its page says so.
WARNED_BEFORE = timedelta(minutes=2)


def warning() -> dict[str, Any] | None:
    """The sheet by which a page warns in time of the end of its sign-in, and whether that can be put off."""
    session = g.get("session")
    if not isinstance(session, Session) or session.ends_at is None:
        return None
    left = session.ends_at - room().unit.clock.now() - WARNED_BEFORE
    after = max(1, int(left.total_seconds()) // 60 * 60)
    sheet = f"/{service_name()}/static/session-warning/{after}.css?v={fingerprint(WARNING)}"
    return {"sheet": sheet, "is_last": session.is_last}


def error_page(status: int, slug: str, reference: str, data: Mapping[str, Any]) -> Response:
    """What went wrong, what to do now, and the number to quote, in the reader's language."""
    page = render_template("chassis/error.html", status=status, slug=slug, reference=reference, data=data)
    return Response(page, status, content_type="text/html; charset=utf-8")
