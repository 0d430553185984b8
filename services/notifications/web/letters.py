"""Pages on letters the broker could not deliver: what lies where and why, one envelope, and what can be done."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from flask import redirect, render_template, request
from werkzeug.wrappers import Response

from contracts.codes import DiscardReason, LetterPlace
from services.chassis.errors import InvalidError, NotFoundError
from services.chassis.web import room
from services.notifications import queries
from services.notifications.domain.letter import Letters
from services.notifications.mailroom import AT_MOST
from services.notifications.web import handling_letters as mailroom
from services.notifications.web.operator_letters import letters_of, shown
from services.notifications.web.pages import name_of, overseers, reason_given

PAGE = "/notifications/letters"
LISTED = 100
COUNTS = ("handled", "unconfirmed", "without_home")


def blueprint() -> APIBlueprint:
    pages = APIBlueprint("letters", __name__, url_prefix=PAGE, enable_openapi=False)
    pages.get("/")(overview)
    pages.get("/<uuid:letter_id>")(one)
    pages.post("/returns")(put_back)
    pages.post("/drops")(drop)
    return pages


@overseers
def overview() -> str:
    """How many letters lie in which queue, grouped by cause, and the oldest of them."""
    seen = mailroom.look(Letters())
    names = _names([row["organization_id"] for row in seen.groups])
    return render_template(
        "notifications/letters.html",
        lying=[(place, seen.lying[place]) for place in LetterPlace],
        groups=[{**row, "organization": names.get(row["organization_id"])} for row in seen.groups],
        letters=seen.letters[:LISTED],
        cut=any(count > AT_MOST for count in seen.lying.values()),
        at_most=AT_MOST,
        reasons=list(DiscardReason),
        done=_done(),
    )


@overseers
def one(letter_id: UUID) -> str:
    """What stands on one letter, and what can be done with it. Never the content."""
    seen = mailroom.look(Letters(letter_id=letter_id))
    if not seen.letters:
        raise NotFoundError("letter.unknown")
    letter = seen.letters[0]
    return render_template(
        "notifications/letter.html", letter=letter, envelope=shown(letter), reasons=list(DiscardReason), done=_done()
    )


@overseers
def put_back() -> Response:
    """Put one, a group or everything back where it belongs."""
    return _after(mailroom.put_back(_named()))


@overseers
def drop() -> Response:
    """Give one letter or a group up, for a reason."""
    reason = reason_given()
    return _after(mailroom.drop(_named(), reason))


def _named() -> Letters:
    """What a form names; one that names nothing means everything."""
    letter_id = request.form.get("letter_id")
    try:
        return letters_of({**request.form.to_dict(), "letter_id": UUID(letter_id) if letter_id else None})
    except ValueError as error:
        raise InvalidError("request.invalid", {"letters": "one-letter-or-a-queue-and-a-cause"}) from error


def _after(outcome: mailroom.Outcome) -> Response:
    counts = "&".join(f"{name}={getattr(outcome, name)}" for name in COUNTS)
    return redirect(f"{PAGE}/?{counts}", 303)


def _done() -> Mapping[str, int]:
    """What became of the last intervention, if the address says so in numbers."""
    said = {name: request.args.get(name, "") for name in COUNTS}
    return {name: int(count) for name, count in said.items() if count.isdecimal() and len(count) < 10}


def _names(organizations: list[Any]) -> dict[Any, str]:
    wanted = [organization_id for organization_id in organizations if organization_id]
    with room().unit.db.read() as connection:
        return {row["organization_id"]: name_of(row) for row in queries.names(connection, wanted)}
