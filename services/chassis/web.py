"""The web application every service builds upon: APIFlask on waitress, no eventlet anywhere near.

A service hands in its blueprints and gets: callers identified before anything is parsed, refusals counted as facts,
problem details, health, metrics, the operators' door, security headers and one canonical log line per request.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from select import select
from time import monotonic
from typing import IO, Any
from uuid import uuid4

from apiflask import APIFlask
from flask import Request, Response, current_app, g, request
from prometheus_client import Histogram
from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import create_server
from werkzeug.datastructures import Headers
from werkzeug.exceptions import PreconditionRequired, RequestEntityTooLarge

from services.chassis import (
    hints,
    i18n,
    kept_forms,
    logging,
    operator,
    pages,
    probes,
    session_pages,
    sign_in,
    supervisor,
    telemetry,
    tracing,
    web_errors,
)
from services.chassis.access import Access, Caller, Kind, access_of, caller_or_none, public, refuse_unmarked_views
from services.chassis.auth import admit, bearer_of, caller_from_bearer, expect_strength
from services.chassis.config import Settings
from services.chassis.db import Connection
from services.chassis.errors import InvalidError
from services.chassis.room import NavigationItem, Room, SecurityFacts, refuse_impatience, request_work, room
from services.chassis.sessions import check_csrf
from services.chassis.stubs import uuid_of
from services.chassis.tokens import AccessTokens, IssuerKeys
from services.chassis.work import Unit

SECONDS = Histogram("lotsennetz_http_request_seconds", "Requests by route", ["service", "method", "route", "status"])
STANDING_HEADERS = {
    "Content-Security-Policy": (  # data: images are the icons inside the style sheet
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self';"
        " frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), interest-cohort=()",
    "Cache-Control": "no-store, private",
}
LOOK_SECONDS = 0.2
#: A role that leaves: so long who is in may still ask and be told that it was the last time; so long at most in all.
LAST_WORD_SECONDS, LEAVE_SECONDS = 1.0, 5.0
TRANSPORT_HEADERS = {"Strict-Transport-Security": "max-age=31536000; includeSubDomains"}


class RequestInMemory(Request):
    """A file that comes in stays in memory: on a disk it would lie in the open, until somebody else reads that disk."""

    def _get_file_stream(self, *_: object, **__: object) -> IO[bytes]:
        return BytesIO()


def create_app(
    service: str,
    settings: Settings,
    unit: Unit,
    *,
    blueprints: Sequence[Any] = (),
    facts: SecurityFacts | None = None,
    navigation: Sequence[NavigationItem] = (),
    status: Callable[[Connection], Mapping[str, object]] | None = None,
    issuer_keys: IssuerKeys | None = None,
    upload_bytes: int = 0,
) -> APIFlask:
    """The WSGI application of one service; refuses to be made if a view does not say who may use it."""
    settings = replace(settings, service=service)
    app = APIFlask(
        __name__,
        title=f"Lotsennetz {service}",
        version="1",
        spec_path=f"/{service}/openapi.json",
        docs_path=None,
        static_folder=None,  # type: ignore[arg-type]  # Flask takes None: we serve our own
        template_folder="templates",
        json_errors=False,
    )
    app.request_class = RequestInMemory
    app.config.update(OPENAPI_VERSION="3.1.0", MAX_CONTENT_LENGTH=settings.max_request_bytes)
    keys = issuer_keys or IssuerKeys(settings.issuer_url, settings.issuer_jwks_url)
    tokens = AccessTokens(settings.issuer_url, settings.token_audience, keys)
    app.extensions["lotsennetz"] = Room(
        service, settings, unit, tokens, facts or SecurityFacts(), navigation, status, upload_bytes
    )
    web_errors.register(app)
    app.before_request(begin_request)
    app.after_request(end_request)
    own = (module.blueprint(service) for module in (probes, pages, hints, sign_in, session_pages, operator))
    for blueprint in (*own, *blueprints):
        app.register_blueprint(blueprint)
    pages.prepare(app, service)
    public(app.view_functions["openapi.spec"])
    refuse_unmarked_views(app)
    return app


def begin_request() -> None:
    """Where in a trace we are, which language is read, who is calling - in this order, before any parsing."""
    g.began = time.perf_counter()
    g.trace = tracing.continue_from(request.headers.get("traceparent"))
    g.correlation_id = uuid_of(request.headers.get("X-Correlation-Id")) or uuid4()
    g.language = i18n.negotiate(request)
    view = current_app.view_functions.get(request.endpoint or "")
    access = (access_of(view) if view is not None else None) or Access()
    refuse_too_large(access)
    if view is not None:
        admit(access, identify(access))
        expect_strength(access, room().settings, room().unit.clock.now())
        expect_moderation()


def expect_moderation() -> None:
    """A partner's system may call so often in a minute and is told how often still; people are not counted here."""
    caller, here = caller_or_none(), room()
    if caller is not None and caller.kind is Kind.PARTNER_SYSTEM:
        g.allowance = here.partners.take(caller.actor, here.unit.clock.now())
        refuse_impatience(g.allowance)


def refuse_too_large(access: Access) -> None:
    """Before anything is read; a view that takes files may be sent more than others."""
    here = room()
    request.max_content_length = here.largest_request if access.uploads else here.settings.max_request_bytes
    if (request.content_length or 0) > request.max_content_length:
        raise RequestEntityTooLarge()


def identify(access: Access) -> Caller | None:
    """The caller by bearer token or by session; a public view asks for neither."""
    if access.public:
        return None
    here = room()
    token = bearer_of(request)
    if token is not None:
        return caller_from_bearer(here.tokens, here.settings.pseudonym_key, token)
    is_person = access.kinds == {Kind.PERSON}
    g.session = session = here.sessions.find_person(request) if is_person else here.sessions.find(request)
    if session is not None:
        check_csrf(request, session)
    return session.caller if session else None


def end_request(response: Response) -> Response:
    set_unless_given(response.headers, STANDING_HEADERS)
    response.headers["traceresponse"] = g.trace.header
    response.headers.update(g.allowance.headers if "allowance" in g else {})
    kept_forms.forget(response)
    here = room()
    if request.args.get("lang") == g.language and g.get("remembers", True):
        secure = here.settings.secure_cookies
        response.set_cookie(i18n.COOKIE, g.language, max_age=31_536_000, samesite="Lax", httponly=True, secure=secure)
    if here.settings.secure_cookies:
        set_unless_given(response.headers, TRANSPORT_HEADERS)
    log_request(here.service, response)
    return response


def set_unless_given(headers: Headers, standing: Mapping[str, str]) -> None:
    """What a view has said itself stays. One look at them all: `setdefault` looks three times, for each of them."""
    given = {name.lower() for name, _ in headers}
    headers.extend([(name, value) for name, value in standing.items() if name.lower() not in given])


def log_request(service: str, response: Response) -> None:
    """The canonical line: the route's pattern, not its address, because an address may hold what must not be kept."""
    route = str(request.url_rule) if request.url_rule else "unknown"
    seconds = time.perf_counter() - g.began
    SECONDS.labels(service, request.method, route, str(response.status_code)).observe(seconds)
    told: telemetry.Attributes = {"http.request.method": request.method, "http.route": route}
    told["http.response.status_code"] = response.status_code
    telemetry.ended(g.trace, f"{request.method} {route}", telemetry.Kind.SERVER, seconds, told)
    caller = caller_or_none()
    logging.get_logger().info(
        "request",
        method=request.method,
        route=route,
        status=response.status_code,
        slug=g.get("slug"),
        caller=caller.kind if caller else None,
        correlation_id=str(g.correlation_id),
        trace_id=g.trace.trace_id,
        duration_ms=round(seconds * 1000, 1),
    )


def expected_version() -> int:
    """The version the caller saw (``If-Match: "3"``)."""
    if "If-Match" not in request.headers:
        raise PreconditionRequired()
    value = request.headers["If-Match"].removeprefix("W/").strip('"')
    if not (value.isascii() and value.isdigit() and len(value) < 10):
        raise InvalidError("request.if-match-malformed", {"If-Match": "the-version-you-saw"})
    return int(value)


def proxied(settings: Settings) -> dict[str, Any]:
    """Who asks is who the reverse proxy says, if one is named; otherwise whoever opened the connection."""
    named = settings.trusted_proxy
    return {"trusted_proxy": named, "trusted_proxy_headers": {"x-forwarded-for"}} if named else {}


class Guest(HTTPChannel):  # type: ignore[misc]
    """Whoever has come in by a door; once that is shut, the next answer tells that it was the last."""

    def service(self) -> None:
        if not self.server.accepting:
            self.requests[0].headers["CONNECTION"] = "close"
        super().service()

    @property
    def is_idle(self) -> bool:
        """Nothing was asked that is not answered."""
        return not (self.requests or self.request or self.total_outbufs_len)


def serve(app: APIFlask, settings: Settings) -> None:
    """Answer requests until the process is told to stop; from then on who comes finds no door and goes to another."""
    here: Room = app.extensions["lotsennetz"]
    host, _, port = settings.http_address.rpartition(":")
    doors: dict[int, Any] = {}
    stop = supervisor.stop_on_signals()
    server = create_server(
        app,
        doors,
        host=host.strip("[]"),
        port=int(port),
        threads=settings.http_threads,
        ident=None,
        clear_untrusted_proxy_headers=True,
        **proxied(settings),
        **buffers(here.largest_request),
    )
    for door in doors.values():
        door.channel_class = Guest
    while not stop.is_set():
        wasyncore.loop(LOOK_SECONDS, map=doors, count=1)
    see_off(doors)
    server.task_dispatcher.shutdown(timeout=1)
    here.refusals.flush(here.unit.clock.now() + timedelta(minutes=1))  # what the last minute counted


def see_off(doors: dict[int, Any]) -> None:
    """Shut the doors behind whoever stands before them, and answer all who are in."""
    for door in [one for one in doors.values() if one.accepting]:
        while select([door.socket], [], [], 0)[0]:
            door.handle_accept()
        wasyncore.dispatcher.close(door)  # and not its own close: those who answer still wake us by its bell
    began = monotonic()
    while (guests := [one for one in doors.values() if isinstance(one, Guest)]) and monotonic() < began + LEAVE_SECONDS:
        for guest in guests:
            if guest.is_idle and monotonic() > began + LAST_WORD_SECONDS:
                guest.handle_close()
        wasyncore.loop(0.05, map=doors, count=1)


def buffers(largest: int) -> dict[str, int]:
    """How much the server takes in and holds: in memory alone, and somewhat more than allowed, so that we say no."""
    taken = 2 * largest
    return {"max_request_body_size": taken, "inbuf_overflow": taken + 1, "outbuf_overflow": taken + 1}


__all__ = ["NavigationItem", "SecurityFacts", "request_work", "room"]
