"""The second factor at the desk: a known device, remembered by a cookie of its own beside the session's.

A mailed link says which unit is meant, not who opened the mail. Only a device on which the unit once typed a code that
came past its mailbox opens a dossier or answers; without it there are the number, the state, and what concerns nobody.
"""

import hashlib
import hmac
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import redirect, render_template, request
from werkzeug.wrappers import Response

from contracts.capacity_link import sign
from contracts.codes import Capacity, ChannelKind
from services.chassis.access import current_caller, desk
from services.chassis.errors import ForbiddenError, InvalidError, NotFoundError
from services.chassis.room import count_refusal, room
from services.chassis.web import request_work
from services.referral.commands import desk_devices
from services.referral.domain.desk_devices import DEVICE_LIFE, Wrong
from services.referral.domain.lifecycle import Actor
from services.referral.domain.referral import Referral
from services.referral.store import desk_devices as store
from services.referral.store import directory, referrals
from services.referral.web.callers import house, partner_actor
from services.referral.web.names import Names

ROOM = "/referral/desk"
UNKNOWN = "desk.device-unknown"
#: What a unit may say of its places in one tap; "unknown" is what it is when nobody says anything.
CAPACITIES = tuple(one for one in Capacity if one is not Capacity.UNKNOWN)


def cookie_name(organization_id: UUID) -> str:
    """One per unit: a reception that works for two keeps two."""
    return f"lotsennetz_desk_{organization_id.hex}"


def signature(key: bytes, token: str, organization_id: UUID, unit: str) -> str:
    """Neither a row slipped into the database nor a stolen key alone makes a device."""
    words = b"\n".join((b"desk-device", token.encode(), organization_id.bytes, unit.encode()))
    return hmac.new(key, words, hashlib.sha256).hexdigest()


def is_signed(signed: str, token: str, organization_id: UUID, unit: str) -> bool:
    """By this deployment's key or a former one that is still accepted."""
    made = (signature(key, token, organization_id, unit) for key in room().settings.deployment_keys)
    return any(hmac.compare_digest(one.encode(), signed.encode()) for one in made)


def is_known() -> bool:
    """Whether this browser holds a device of the unit that is signed in."""
    caller, now = current_caller(), room().unit.clock.now()
    assert caller.organization_id is not None, "a unit always belongs to an organization"
    kept = request.cookies.get(cookie_name(caller.organization_id), "")
    token, _, signed = kept.partition(".")
    unit = caller.unit or ""
    if not is_signed(signed, token, caller.organization_id, unit):
        return False
    with room().unit.db.session() as connection:
        found = store.find_device(connection, caller.organization_id, unit, hashlib.sha256(token.encode()).digest())
        if found is None or not found.opens(now):
            return False
        if directory.channel_of(connection, caller.organization_id) is not ChannelKind.LIGHT:
            return False  # its part in the network was ended or rests: nothing opens, by no link, session or device
        store.touch(connection, found, now)
    return True


def expect_known() -> None:
    """Go on, or refuse: whoever only has the mail gets no further."""
    if not is_known():
        raise ForbiddenError(UNKNOWN)


def put_cookie(answer: Response, token: str, organization_id: UUID, unit: str) -> None:
    """Sent to the desk and nowhere else, read by no script, by no other site's doing."""
    answer.set_cookie(
        cookie_name(organization_id),
        f"{token}.{signature(room().settings.deployment_key, token, organization_id, unit)}",
        path=ROOM,
        max_age=int(DEVICE_LIFE.total_seconds()),
        secure=room().settings.secure_cookies,
        httponly=True,
        samesite="Strict",
    )


def capacity_link(organization_id: UUID, service_id: UUID | None, now: datetime) -> str:
    """Where the unit says whether it has places: a page of the directory."""
    until = now + room().sessions.longest
    return f"/directory/units/{sign(room().settings.deployment_key, organization_id, service_id, until)}"


def door(referral: Referral, *, wrong: Wrong | None = None, asked: bool = False) -> Response:
    """What whoever came by the link may see without a known device: the number, the state, and how to get further."""
    with room().unit.db.read() as connection:
        names = Names(connection)
        page: dict[str, Any] = {
            "partner": names.organization(referral.organization_id),
            "sender": names.organization(referral.sender_id),
        }
    body = render_template(
        "referral/desk/door.html",
        referral=referral,
        wrong=wrong,
        asked=asked,
        capacities=CAPACITIES,
        capacity=capacity_link(referral.organization_id, referral.service_id, room().unit.clock.now()),
        **page,
    )
    return Response(body, 403 if wrong else 200, mimetype="text/html")


def seen(referral_id: UUID, by: Actor) -> Referral:
    with room().unit.db.read() as connection:
        return referrals.load(connection, referral_id, visible_to=by)


@desk
def make_known(referral_id: UUID) -> Response:
    """The code makes this device known; a wrong one is counted, and the page says how often one may still try."""
    by = unit_of(referral_id)
    unit, typed = current_caller().unit or "", request.form.get("code", "")
    if not typed.strip():
        raise InvalidError("request.invalid", {"code": "the-eight-digits"})
    with request_work() as work:
        outcome = desk_devices.make_known(work, house().keys.vault, referral_id, by, unit, typed)
    if isinstance(outcome, Wrong):
        count_refusal(ForbiddenError("desk.code-wrong"))
        return door(seen(referral_id, by), wrong=outcome)
    device, token = outcome
    answer = redirect(f"{ROOM}/referrals/{referral_id}", 303)
    put_cookie(answer, token, device.organization_id, unit)
    return answer


@desk
def want_code(referral_id: UUID) -> Response:
    """Somebody has no code: whoever sent the referral is asked for one, and gives it past this mailbox."""
    by = unit_of(referral_id)
    with request_work() as work:
        desk_devices.want_code(work, referral_id, by)
    return redirect(f"{ROOM}/referrals/{referral_id}?asked=1", 303)


def unit_of(referral_id: UUID) -> Actor:
    """The signed-in unit, if this is the referral it came for; any other looks like none."""
    if current_caller().only != referral_id:
        raise NotFoundError("referral.unknown")
    return partner_actor()
