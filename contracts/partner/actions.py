"""What a partner may answer: one closed body per action. An unknown field is refused, so no text slips in unsealed."""

import dataclasses
from collections.abc import Mapping
from datetime import date
from typing import Any, TypeVar, dataclass_transform
from uuid import UUID

import marshmallow

from contracts.codes import (
    Action,
    DataCategory,
    Deletion,
    EndReason,
    Obstacle,
    Outcome,
    PauseReason,
    QuestionCode,
    RejectionReason,
    RetentionGround,
)
from contracts.event import build, object_schema
from contracts.fields import SealedText

T = TypeVar("T")

BODIES: dict[Action, type] = {}
"""The body of each action a partner may take."""


@dataclass_transform(frozen_default=True, kw_only_default=True)
def _body(made: type[T]) -> type[T]:
    cls, kinds, schema = build(made, unknown=marshmallow.RAISE)
    cls.__kinds__ = kinds  # type: ignore[attr-defined]
    cls.__schema__ = schema  # type: ignore[attr-defined]
    return cls


def _of(action: Action) -> Any:
    def register(cls: type) -> type:
        BODIES[action] = cls
        return cls

    return register


@_of(Action.RECEIVE)
@_body
class Receive:
    """We have it."""


@_of(Action.ASK)
@_body
class Ask:
    """We need to know something first; the question's own words travel sealed."""

    question: QuestionCode
    sealed_comment: SealedText | None = None


@_of(Action.ACCEPT)
@_body
class Accept:
    """We take over and make contact by this day, or at an appointment that travels sealed."""

    contact_by: date | None = None
    sealed_appointment: SealedText | None = None


@_of(Action.WAITLIST)
@_body
class Waitlist:
    """Yes in principle; the day is an estimate or unknown."""

    estimated_on: date | None = None


@_of(Action.REJECT)
@_body
class Reject:
    """We decline before doing any work, and may name the better service."""

    reason: RejectionReason
    better_service_id: UUID | None = None
    sealed_comment: SealedText | None = None


@_of(Action.START)
@_body
class Start:
    """First contact was made on this day; the next appointment may come along, sealed."""

    first_contact_on: date
    sealed_appointment: SealedText | None = None


@_of(Action.SET_APPOINTMENT)
@_body
class SetAppointment:
    """She has an appointment with us; one that is still to come gives way to it."""

    sealed_appointment: SealedText


@_of(Action.CANCEL_APPOINTMENT)
@_body
class CancelAppointment:
    """The appointment does not take place."""


@_of(Action.PAUSE)
@_body
class Pause:
    """We wait for something outside."""

    reason: PauseReason
    sealed_comment: SealedText | None = None


@_of(Action.RESUME)
@_body
class Resume:
    """Work goes on."""


@_of(Action.COMPLETE)
@_body
class Complete:
    """Done, with this outcome; obstacles met on the way are asked for, not demanded."""

    outcome: Outcome
    obstacles: tuple[Obstacle, ...] = ()
    sealed_comment: SealedText | None = None


@_of(Action.END)
@_body
class End:
    """It began and ended without reaching the goal."""

    reason: EndReason
    sealed_comment: SealedText | None = None


@_of(Action.ACKNOWLEDGE_STOP)
@_body
class AcknowledgeStop:
    """We have stopped."""


@_of(Action.STATE_DELETION)
@_body
class StateDeletion:
    """We deleted what we had fetched, or keep it on this legal ground; without a category: all that is owed."""

    deletion: Deletion
    ground: RetentionGround | None = None
    category: DataCategory | None = None


@_of(Action.ACKNOWLEDGE_RECTIFICATION)
@_body
class AcknowledgeRectification:
    """We have corrected what we had fetched; without a category: all that was corrected."""

    category: DataCategory | None = None


@_of(Action.DISPUTE)
@_body
class Dispute:
    """What was recorded by hand in our name is not so."""

    sealed_comment: SealedText | None = None


def type_of_action(action: Action) -> str:
    """The CloudEvents type a partner's command travels under, such as ``partner.accept.v1``."""
    return f"partner.{action.value}.v1"


ACTIONS: Mapping[str, Action] = {type_of_action(action): action for action in BODIES}


def read_body(action: Action, data: Mapping[str, Any]) -> Any:
    """The body of an action; marshmallow's ValidationError names each wrong field, KeyError an action of nobody."""
    return BODIES[action].__schema__.load(dict(data))  # type: ignore[attr-defined]


def write_body(body: Any) -> dict[str, Any]:
    """A body as plain JSON values."""
    data: dict[str, Any] = body.__schema__.dump(body)
    return data


def in_one_form(action: Action, data: Any) -> Any:
    """What a body says, however it was written: a field left out says the same as one that is null.

    One that cannot be read stands for itself: it is refused wherever it is obeyed.
    """
    try:
        return write_body(read_body(action, data))
    except (marshmallow.ValidationError, TypeError, ValueError):
        return data


def fields_of(action: Action) -> tuple[str, ...]:
    """The names of the fields an action's body may have, for forms."""
    return tuple(field.name for field in dataclasses.fields(BODIES[action]))


def schema_of(action: Action) -> dict[str, Any]:
    """The JSON Schema of an action's body."""
    body = BODIES[action]
    kinds = body.__kinds__  # type: ignore[attr-defined]
    return {**object_schema(body, kinds), "additionalProperties": False}
