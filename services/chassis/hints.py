"""A short word at the first use of a page: whoever has read it sends it away, in this browser and for every service.

What is remembered is a cookie with the names of hints, as the language is, and nothing about anybody. Without script: a
form.
"""

from collections.abc import Iterable

from apiflask import APIBlueprint
from flask import redirect, request
from werkzeug.wrappers import Response as AnyResponse

from services.chassis.access import staff
from services.chassis.errors import NotFoundError
from services.chassis.pages import HINT, HINTS_COOKIE, YEAR_SECONDS, hints_read
from services.chassis.room import room
from services.chassis.sign_in import local_path

#: More than there are; somebody who makes up names fills her own cookie and no more.
MOST = 20


def blueprint(service: str) -> APIBlueprint:
    door = APIBlueprint("hints", __name__, url_prefix=f"/{service}", enable_openapi=False)
    door.post("/hints")(show_again)
    door.post("/hints/<name>")(send_away)
    return door


@staff()
def send_away(name: str) -> AnyResponse:
    """Read; back to the page it stood on."""
    if not HINT.fullmatch(name):
        raise NotFoundError("request.no-such-page")
    return remember({*hints_read(), name})


@staff()
def show_again() -> AnyResponse:
    """All of them, for who comes next to this browser."""
    return remember(())


def remember(names: Iterable[str]) -> AnyResponse:
    answer = redirect(local_path(request.form.get("page")), 303)
    kept, secure = ".".join(sorted(names)[:MOST]), room().settings.secure_cookies
    answer.set_cookie(HINTS_COOKIE, kept, max_age=YEAR_SECONDS, samesite="Lax", httponly=True, secure=secure)
    return answer
