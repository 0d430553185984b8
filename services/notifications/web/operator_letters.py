"""The operators' door to letters the broker could not deliver: look at envelopes, put back, give up."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from apiflask import APIBlueprint, Schema, fields
from apiflask.validators import Length, OneOf

from contracts.codes import DiscardReason, LetterPlace
from services.chassis.errors import NotFoundError
from services.notifications.domain.letter import Letter, Letters
from services.notifications.web import handling_letters as mailroom
from services.notifications.web.operator import operators, plain

Json = dict[str, Any]
SHOWN = (
    *("letter_id", "place", "cause", "home", "organization_id", "type", "time", "died_at", "times"),
    *("exchange", "routing_key", "size", "sha256"),
)


class LettersQuery(Schema):
    """Which letters are meant; what is left out narrows nothing."""

    place = fields.String(validate=OneOf([place.value for place in LetterPlace]))
    cause = fields.String(validate=Length(1, 100))
    home = fields.String(validate=Length(1, 200))
    letter_id = fields.UUID()


class LettersDropped(LettersQuery):
    """The same, with the reason."""

    reason = fields.String(required=True, validate=OneOf([reason.value for reason in DiscardReason]))


door = APIBlueprint("operator_letters", __name__, url_prefix="/notifications/operator/letters", tag="Letters")


@door.get("")
@door.input(LettersQuery, location="query")
@operators
def letters(query_data: Json) -> Json:
    """How many lie in which queue, grouped by cause, and what stands on the first thousand of each queue."""
    seen = mailroom.look(letters_of(query_data))
    return {
        "lying": {place.value: count for place, count in seen.lying.items()},
        "groups": [plain(row) for row in seen.groups],
        "letters": [shown(letter) for letter in seen.letters],
    }


@door.get("/<uuid:letter_id>")
@operators
def letter(letter_id: UUID) -> Json:
    """Everything that stands on one letter; never what is in it."""
    seen = mailroom.look(Letters(letter_id=letter_id))
    if not seen.letters:
        raise NotFoundError("letter.unknown")
    return shown(seen.letters[0])


@door.post("/returns")
@door.input(LettersQuery)
@operators
def put_back(json_data: Json) -> Json:
    """Put back where it belongs whatever fits; with nothing named, everything. What nobody confirms stays there."""
    return told(mailroom.put_back(letters_of(json_data)))


@door.post("/drops")
@door.input(LettersDropped)
@operators
def drop(json_data: Json) -> Json:
    """Give up one letter, or a queue's that died of one cause, for a reason."""
    return told(mailroom.drop(letters_of(json_data), DiscardReason(json_data["reason"])))


def letters_of(given: Mapping[str, Any]) -> Letters:
    place = given.get("place")
    return Letters(
        LetterPlace(place) if place else None, given.get("cause") or None, given.get("home") or None,
        given.get("letter_id"),
    )  # fmt: skip


def shown(letter: Letter) -> Json:
    """What may be looked at: ids, codes, numbers and times."""
    return plain({name: getattr(letter, name) for name in SHOWN})


def told(outcome: mailroom.Outcome) -> Json:
    return {
        "handled": outcome.handled,
        "unconfirmed": outcome.unconfirmed,
        "without_home": outcome.without_home,
    }
