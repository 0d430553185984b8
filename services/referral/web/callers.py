"""From a request to a command: who acts, once per key, and what the commands need."""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from typing import Any

import marshmallow
from flask import current_app, g, request

from contracts.codes import Party, StaffRole, ViewPurpose
from services.chassis.access import current_caller
from services.chassis.errors import ForbiddenError, InvalidError, RefusedError
from services.chassis.web import room
from services.chassis.work import Work
from services.referral.commands.referrals import Withheld
from services.referral.config import ReferralSettings
from services.referral.domain import same_answer
from services.referral.domain.lifecycle import Actor
from services.referral.store.referrals import StaffActor
from services.referral.web.bodies import fields_of

LONGEST_KEY = 128
Run = Callable[[Work], tuple[int, dict[str, Any]]]


def house() -> ReferralSettings:
    """What the commands of this application need besides the database."""
    found: ReferralSettings = current_app.extensions["referral"]
    return found


def staff_actor() -> StaffActor:
    """The signed-in member of staff, in the role used here, at the own site and organization."""
    caller = current_caller()
    if caller.site is None or caller.employer is None:
        raise ForbiddenError("auth.site-missing")
    role = caller.role or StaffRole.NAVIGATOR
    return StaffActor(
        Party.NAVIGATOR, caller.actor, None, caller.site, caller.employer, role, substituting="standing_in" in g
    )


def view_purpose() -> ViewPurpose:
    """Why somebody looks: case work, unless the address names another purpose."""
    named = request.args.get("purpose", "")
    return ViewPurpose(named) if named in set(ViewPurpose) else ViewPurpose.CASE_WORK


def partner_actor() -> Actor:
    """The partner that calls: its own system, or a unit at the desk."""
    caller = current_caller()
    if caller.organization_id is None:
        raise ForbiddenError("auth.organization-missing")
    return Actor(Party.PARTNER, caller.actor, caller.organization_id)


def once(run: Run, content: bytes | None = None) -> tuple[dict[str, Any], int]:
    """Do it once per idempotency key: a repetition gets the same answer, another request under it is refused.

    ``content`` is what makes it the same request where the body has been read already, as a form with a file has.
    """
    sent = request.get_data() if content is None else content
    # the version seen is not part of it, so a lost answer can be asked for
    return _once(_name_of(_key()), b"\n".join((request.method.encode(), request.path.encode(), sent)), run)


def once_by_any_way(run: Run, said: bytes) -> tuple[dict[str, Any], int]:
    """A partner's answer once per key, even if the other time it came by queue."""
    key = _key()
    identity = same_answer.as_uuid(key)
    return _once(same_answer.name_of(identity) if identity else _name_of(key), said, run)


def _once(name: str, said: bytes, run: Run) -> tuple[dict[str, Any], int]:
    actor = current_caller().actor
    digest, *formerly = house().keys.vault.digests(said)
    status, body = room().unit.idempotent(
        actor,
        name,
        digest,
        run,
        actor=actor,
        correlation_id=g.correlation_id,
        traceparent=g.trace.header,
        formerly=formerly,
    )
    if status >= 400:
        raise RefusedError(body.pop("slug"), **body)
    return body, status


def _key() -> str:
    key = request.headers.get("Idempotency-Key", "")
    if not key or len(key) > LONGEST_KEY or not key.isprintable():
        raise InvalidError("idempotency.key-missing", {"Idempotency-Key": "a-key-of-1-to-128-characters"})
    return key


def _name_of(key: str) -> str:
    """Callers name their keys as they like, after a person perhaps; a change of keys renames none."""
    return hmac.new(room().settings.pseudonym_key, b"idempotency-key/" + key.encode(), hashlib.sha256).hexdigest()


def withheld(answer: Withheld) -> tuple[int, dict[str, Any]]:
    """A refusal of the consent engine: kept as the answer, because its decision is committed."""
    slug = f"consent.{answer.reason.value.lower().replace('_', '-')}"
    return 409, {"slug": slug, "status": answer.referral.status, "version": answer.referral.version}


def validated(schema: marshmallow.Schema, body: Any) -> dict[str, Any]:
    """The body of an action whose schema is known only now; each wrong field is named."""
    if not isinstance(body, Mapping):
        raise InvalidError("request.invalid", {"": "an-object"})
    try:
        loaded: dict[str, Any] = schema.load(body)
    except marshmallow.ValidationError as error:
        raise InvalidError("request.invalid", fields_of(error)) from error
    return loaded


def json_body() -> Any:
    """The JSON of a request; nothing at all is an empty object."""
    if not request.get_data():
        return {}
    return request.get_json(force=True)
