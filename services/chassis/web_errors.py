"""The border between errors and HTTP: one table says which kind becomes which answer."""

import secrets
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from apiflask.exceptions import HTTPError
from flask import Flask, Response, g, request
from psycopg import DataError
from werkzeug.exceptions import HTTPException

from services.chassis import kept_forms
from services.chassis.access import (
    DESK_OVER,
    PERSON_OVER,
    ExpiredFormError,
    StepUpError,
    UnauthenticatedError,
    caller_or_none,
)
from services.chassis.addresses import harmless
from services.chassis.errors import (
    ForbiddenError,
    InvalidError,
    LotsennetzError,
    NotFoundError,
    RefusedError,
    StaleError,
    UnavailableError,
)
from services.chassis.logging import get_logger
from services.chassis.pages import error_page, sentence
from services.chassis.problem import problem
from services.chassis.room import count_refusal, room

STATUS: Mapping[type[LotsennetzError], int] = {
    InvalidError: 422,
    UnauthenticatedError: 401,
    ForbiddenError: 403,
    NotFoundError: 404,
    RefusedError: 409,
    StaleError: 412,
    ExpiredFormError: 419,
    UnavailableError: 503,
}
WERKZEUG_SLUGS = {400: "request.malformed", 404: "request.no-such-page", 405: "request.method-not-allowed"}
WERKZEUG_SLUGS |= {413: "request.too-large", 415: "request.media-type", 406: "request.not-acceptable"}
WERKZEUG_SLUGS |= {429: "request.too-many", 428: "request.if-match-missing"}
#: What marshmallow says of a field that is not in the schema.
UNKNOWN_FIELD = ["Unknown field."]


def wants_page() -> bool:
    """A person in a browser gets a page; a program gets problem details."""
    if "Authorization" in request.headers or "/api/" in request.path or request.path.startswith("/partner/"):
        return False
    return "text/html" in request.headers.get("Accept", "")


def answer(status: int, slug: str, data: Mapping[str, Any] | None = None) -> Response:
    """The failure as a page in the reader's language, or as problem details; both carry the number to quote."""
    g.slug = slug
    instance = f"urn:lotsennetz:trace:{g.trace.trace_id}"
    if wants_page():
        return error_page(status, slug, g.trace.trace_id[:12], data or {})
    return problem(status, slug, sentence(slug), instance=instance, data=data)


def sign_in_redirect(error: UnauthenticatedError) -> Response:
    """To the sign-in door, which leads back here afterwards."""
    is_form = request.method == "POST"
    here = harmless(where_the_form_stood() if is_form else request.full_path)
    asked = ({"next": here} if here else {}) | ({"step-up": "1"} if isinstance(error, StepUpError) else {})
    query = f"?{urlencode(asked)}" if asked else ""
    answer = Response(status=303, headers={"Location": f"/{room().service}/sign-in{query}"})
    caller = caller_or_none()
    if is_form and caller is not None:
        with suppress(UnavailableError):  # the way in stays open, if only without what was typed
            kept_forms.keep(caller, answer)
    return answer


def where_the_form_stood() -> str:
    """The page that led here, as an address without a host; whether it is one of ours is asked of it afterwards."""
    try:
        parts = urlsplit(request.referrer or request.path)
    except ValueError:  # no browser says so
        return ""
    return urlunsplit(("", "", parts.path, parts.query, ""))


def leads_to_sign_in(error: UnauthenticatedError) -> bool:
    is_ours = wants_page() and error.slug not in {DESK_OVER, PERSON_OVER}
    return is_ours and (request.method == "GET" or isinstance(error, StepUpError))


def challenge(error: LotsennetzError) -> str:
    """What a program has to do better (RFC 6750; for a stronger sign-in RFC 9470)."""
    if not isinstance(error, StepUpError):
        return 'Bearer error="invalid_token"'
    told = room().settings
    acr = f', acr_values="{" ".join(told.step_up_acr)}"' if told.step_up_acr else ""
    age = f", max_age={60 * told.step_up_minutes}" if told.step_up_minutes else ""
    return f'Bearer error="insufficient_user_authentication"{acr}{age}'


def on_our_error(error: LotsennetzError) -> Response:
    status = next((status for kind, status in STATUS.items() if isinstance(error, kind)), 500)
    if isinstance(error, UnauthenticatedError) and leads_to_sign_in(error):
        return sign_in_redirect(error)  # not a refusal: the way in
    if status in {401, 403, 419}:
        try:
            count_refusal(error)
        except Exception as failure:
            get_logger().error("refusal.not-recorded", exc_info=failure)
            status, error = 503, UnavailableError("refusal.not-recorded")
    fields = {"fields": known_fields(error.fields)} if isinstance(error, InvalidError) else {}
    response = answer(status, error.slug, {**error.data, **fields})
    if isinstance(error, UnavailableError):
        response.headers["Retry-After"] = str(error.retry_after)
    if status == 401:
        response.headers["WWW-Authenticate"] = challenge(error)
    return response


def on_invalid_input(error: HTTPError) -> Response:
    """APIFlask's own refusals: a body or query that does not fit its schema."""
    if error.status_code == 422:
        return answer(422, "request.invalid", {"fields": known_fields(error.detail)})
    return answer(error.status_code, WERKZEUG_SLUGS.get(error.status_code, "request.refused"))


def known_fields(messages: Any) -> Any:
    """What was expected of which field. A field nobody knows is not named: its name is whatever somebody sent."""
    if not isinstance(messages, Mapping):
        return messages
    unknown = [name for name, expected in messages.items() if expected == UNKNOWN_FIELD]
    named = {name: known_fields(expected) for name, expected in messages.items() if name not in unknown}
    return {**named, "?": UNKNOWN_FIELD} if unknown else named


def on_http_exception(error: HTTPException) -> Response:
    code = error.code or 500
    if error.response is not None or code < 400:
        return Response(response=error.get_response().response, status=code, headers=error.get_headers())
    response = answer(code, WERKZEUG_SLUGS.get(code, "request.refused"))
    for name, value in error.get_headers():
        if name in {"Allow", "Retry-After"}:
            response.headers[name] = value
    return response


def on_deep_nesting(_: RecursionError) -> Response:
    """JSON nested deeper than anybody means is malformed input; nothing of ours calls itself without end."""
    return answer(400, "request.malformed")


def on_unstorable(error: DataError) -> Response:
    """No text in PostgreSQL holds a NUL; a field nobody looked into may have brought one as far as there."""
    given = (request.view_args, request.args, request.form, request.get_json(silent=True))
    # as Python writes it, in a text or anywhere within a list or an object
    found = [name for one in given if isinstance(one, Mapping) for name, value in one.items() if r"\x00" in repr(value)]
    fields = {"fields": dict.fromkeys(found, "text-without-nul")}
    return answer(422, "request.invalid", fields) if found else on_bug(error)


def on_bug(error: Exception) -> Response:
    """Anything else is our mistake: an incident number for the reader, type and place for us, the text for nobody."""
    incident = secrets.token_hex(6)
    get_logger().error("incident", incident=incident, trace_id=g.trace.trace_id, exc_info=error)
    return answer(500, "request.incident", {"incident": incident})


def register(app: Flask) -> None:
    app.register_error_handler(LotsennetzError, on_our_error)
    app.register_error_handler(HTTPError, on_invalid_input)
    app.register_error_handler(HTTPException, on_http_exception)
    app.register_error_handler(RecursionError, on_deep_nesting)
    app.register_error_handler(DataError, on_unstorable)
    app.register_error_handler(Exception, on_bug)
