"""Forms of actions: which fields a person is asked for, drawn from the published bodies, and read back into them."""

import hashlib
import json
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from flask import g, request
from joserfc import jwe
from marshmallow import ValidationError
from werkzeug.datastructures import MultiDict

from contracts.codes import (
    Action,
    BackLevel,
    Deletion,
    EndReason,
    Obstacle,
    Outcome,
    PauseReason,
    QuestionCode,
    RejectionReason,
    RetentionGround,
    Way,
)
from contracts.partner.actions import fields_of, read_body
from services.chassis.errors import InvalidError, RefusedError
from services.chassis.room import room
from services.chassis.work import Work
from services.referral.domain.appointments import Appointment
from services.referral.domain.duties import OpenDuty
from services.referral.domain.lifecycle import is_above
from services.referral.domain.referral import Referral
from services.referral.domain.workdays import PLACE
from services.referral.sealing import ALLOWED, CONTENT, KEY_WRAPPING, OwnKeys, public_key
from services.referral.web.appointment_form import typed
from services.referral.web.callers import house

Choices = Sequence[tuple[object, str]]
CODES: dict[str, type[StrEnum]] = {
    "question": QuestionCode,
    "outcome": Outcome,
    "obstacles": Obstacle,
    "deletion": Deletion,
    "ground": RetentionGround,
}
REASONS: dict[Action, type[StrEnum]] = {
    Action.REJECT: RejectionReason,
    Action.PAUSE: PauseReason,
    Action.END: EndReason,
    Action.CANCEL: EndReason,
}
MOMENTS = frozenset({"became_aware_at"})
DAYS = frozenset({"contact_by", "estimated_on", "first_contact_on", "contact_on", "told_on"})
REQUIRED = frozenset({"question", "reason", "outcome", "deletion", "first_contact_on", "contact_on"})
#: What a browser sends along and nobody has said.
UNSAID = frozenset({"csrf_token", "typed"})
WORDS = "sealed_comment"
APPOINTMENT = "sealed_appointment"


@dataclass(frozen=True, slots=True)
class Field:
    """One question of a form: a day, a choice, several choices, a service or words."""

    name: str
    kind: str
    choices: tuple[Any, ...] = ()
    required: bool = False
    #: What stands there already, to be changed.
    value: Appointment | None = None


@dataclass(frozen=True, slots=True)
class Form:
    """What is asked when somebody wants to do this."""

    action: Action
    fields: tuple[Field, ...]
    request_key: str

    @property
    def is_one_button(self) -> bool:
        return not self.fields


def partner_form(
    action: Action,
    services: Sequence[Any] = (),
    owed: Sequence[OpenDuty] = (),
    level: BackLevel = BackLevel.OUTCOME,
    appointment: Appointment | None = None,
) -> Form:
    """The form of a partner's action, as its published body says; what may not come back is not asked for."""
    fields = [
        appointment_field(action, appointment) if name == APPOINTMENT else field_of(name, action, services, owed)
        for name in fields_of(action)
    ]
    if is_above(action, level, says_more=True):
        fields = [Field("outcome", "choice", (Outcome.HANDED_OVER_NO_FEEDBACK,), required=True)]
    return Form(action, tuple(field for field in fields if field is not None), uuid.uuid4().hex)


def appointment_field(action: Action, standing: Appointment | None) -> Field:
    """What stands is there to be changed only where that is asked: with a first contact it has usually passed."""
    if action is not Action.SET_APPOINTMENT:
        return Field(APPOINTMENT, "appointment")
    return Field(APPOINTMENT, "appointment", required=True, value=standing)


def field_of(name: str, action: Action, services: Sequence[Any] = (), owed: Sequence[OpenDuty] = ()) -> Field | None:
    required = name in REQUIRED
    if name == "category":
        asked = tuple(one.category for one in owed if one.duty.value == action.value and one.category is not None)
        return Field(name, "choice", asked) if len(asked) > 1 else None
    if name in DAYS:
        return Field(name, "day", required=required)
    if name == "better_service_id":
        return Field(name, "service", tuple(services)) if services else None
    if name == WORDS:
        return Field(name, "words")
    codes = REASONS[action] if name == "reason" else CODES[name]
    return Field(name, "several" if name == "obstacles" else "choice", tuple(codes), required)


def read_partner_form(action: Action, form: MultiDict[str, str], own_keys: OwnKeys) -> Any:
    """The published body from what was typed; words are sealed to ourselves at once, as a partner's program does."""
    data: dict[str, Any] = {}
    for name in fields_of(action):
        if name == APPOINTMENT:
            if (appointment := typed(form)) is not None:
                data[name] = seal_words(json.dumps(appointment), own_keys)
            continue
        given = form.getlist(name) if name == "obstacles" else form.get(name, "").strip()
        if given:
            data[name] = seal_words(str(given), own_keys) if name == WORDS else given
    try:
        return read_body(action, data)
    except ValidationError as error:
        raise InvalidError("request.invalid", dict.fromkeys(map(str, error.messages), "as-asked")) from error


def seal_words(words: str, own_keys: OwnKeys) -> str:
    """Free text exists in the open only between the browser and here."""
    key = public_key(own_keys.public()["keys"][0])
    header = {"alg": KEY_WRAPPING[key.key_type], "enc": CONTENT, "kid": str(key.kid)}
    return jwe.encrypt_compact(header, words.encode(), key, algorithms=ALLOWED)


def instant_typed(name: str, given: str) -> datetime | None:
    """Day and time as the clock on the wall here shows it."""
    try:
        return datetime.fromisoformat(given).replace(tzinfo=PLACE).astimezone(UTC) if given else None
    except ValueError:
        raise InvalidError("request.invalid", {name: "a-day-and-time"}) from None


def version_of(form: MultiDict[str, str]) -> int | None:
    """The version the page showed; a form made by hand without one is judged on what stands."""
    seen = form.get("version", "")
    return int(seen) if seen.isdecimal() else None


def request_key_of(form: MultiDict[str, str]) -> str:
    given = form.get("request_key", "")
    return given if given.isalnum() and len(given) == 32 else uuid.uuid4().hex


def once_per_form(
    actor: str,
    referral_id: UUID,
    action: str,
    run: Callable[[Work], tuple[int, dict[str, Any]]],
    *,
    key: str | None = None,
    file: bytes = b"",
) -> Any:
    """Do it once per form shown, or per `key`: a second click, or a page sent again, has no second effect."""
    said = sorted((key, value) for key, value in request.form.items(multi=True) if key not in UNSAID)
    if file:
        said.append(("file", hashlib.sha256(file).hexdigest()))
    digest, *formerly = house().keys.vault.digests(json.dumps([str(referral_id), action, said]).encode())
    status, body = room().unit.idempotent(
        actor,
        f"form:{key or request_key_of(request.form)}",
        digest,
        run,
        actor=actor,
        correlation_id=g.correlation_id,
        traceparent=g.trace.header,
        formerly=formerly,
    )
    if status >= 400:
        raise RefusedError(body.pop("slug"), **body)
    return body


def navigator_form(action: Action, referral: Referral) -> Form:
    """What the navigator is asked when she does this."""
    fields: dict[Action, tuple[Field, ...]] = {
        Action.ANSWER: (
            Field("question_id", "question", tuple((one.id, one.code) for one in referral.questions), required=True),
            Field("answer", "words"),
        ),
        Action.CONCLUDE: (Field("contact_on", "day", required=True),),
        Action.CANCEL: (Field("reason", "choice", tuple(EndReason), required=True), Field("comment", "words")),
        Action.MARK_ENTERED_IN_ERROR: (
            Field("became_aware_at", "moment"),
            Field("confirmed", "yes", required=True),
        ),
    }
    return Form(action, fields.get(action, ()), uuid.uuid4().hex)


def record_form(
    action: Action,
    owed: Sequence[OpenDuty] = (),
    level: BackLevel = BackLevel.OUTCOME,
    appointment: Appointment | None = None,
) -> Form:
    """What the partner told by telephone, letter or in person: how, when, and what it would have said itself."""
    how = (Field("way", "choice", tuple(Way), required=True), Field("told_on", "day", required=True))
    asked = partner_form(action, owed=owed, level=level, appointment=appointment).fields
    own = tuple(Field("comment", "words") if field.name == WORDS else field for field in asked)
    return Form(action, (*how, *own), uuid.uuid4().hex)
