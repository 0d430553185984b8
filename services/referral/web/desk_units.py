"""The welcome center's side of the second factor: give a unit a code past its mailbox, take devices back."""

from typing import Any
from uuid import UUID

import segno
from apiflask import APIBlueprint, Schema, fields
from apiflask.validators import OneOf
from flask import redirect, render_template, request
from werkzeug.wrappers import Response

from contracts.codes import StaffRole, Way
from services.chassis import i18n
from services.chassis.access import staff
from services.chassis.errors import InvalidError
from services.chassis.room import room
from services.chassis.web import request_work
from services.chassis.work import Work
from services.referral.commands import desk_devices
from services.referral.domain.desk_devices import DeskCode, DeskDevice
from services.referral.queries.desk_units import DeskUnit, desk_units
from services.referral.store import desk_devices as store
from services.referral.web.callers import house, once, staff_actor
from services.referral.web.forms import once_per_form
from services.referral.web.names import Names

PAGE = "/referral/desk-units"
welcome_center = staff(StaffRole.NAVIGATOR, StaffRole.LEAD)
api = APIBlueprint("api_desk_units", __name__, url_prefix="/referral/api/v1/desk-units", tag="Desk units")


class NewCode(Schema):
    """By which way the unit is told the code; never by its mailbox."""

    way = fields.String(required=True, validate=OneOf([str(way) for way in Way]))


def blueprint() -> APIBlueprint:
    pages = APIBlueprint("desk_units", __name__, url_prefix=PAGE, enable_openapi=False)
    pages.get("")(listed)
    pages.post("/<uuid:organization_id>/codes")(give_code)
    pages.post("/codes/<uuid:code_id>/revocations")(revoke_code)
    pages.post("/devices/<uuid:device_id>/revocations")(revoke_device)
    return pages


def units() -> list[DeskUnit]:
    with room().unit.db.read() as connection:
        return desk_units(connection, room().unit.clock.now())


@welcome_center
def listed() -> str:
    """Every light-path unit: its codes, its devices, and whether somebody there waits."""
    return render_template(
        "referral/desk_units.html",
        units=units(),
        ways=list(Way),
        now=room().unit.clock.now(),
        done=request.args.get("done", ""),
    )


@welcome_center
def give_code(organization_id: UUID) -> str:
    """Make a code once per form and show it on the answer alone: a letter to print, or what to say on the phone."""
    by, way = staff_actor(), chosen_way(request.form.get("way", ""))

    def run(work: Work) -> tuple[int, dict[str, Any]]:
        return 201, {"id": str(desk_devices.issue(work, organization_id, way))}

    made = once_per_form(by.actor, organization_id, "desk-code", run)
    with room().unit.db.read() as connection:
        code = store.code(connection, UUID(made["id"]))
        unit = Names(connection).organization(organization_id)
    words = desk_devices.words_of(house().keys.vault, code.id)[0]
    digits = segno.make("".join(words.split()), error="m", micro=False)
    return render_template(
        "referral/desk_code.html",
        code=code,
        words=words,
        picture=digits.svg_data_uri(scale=4, border=4, light="white"),
        unit=unit,
        on=room().unit.clock.today(),
        letters=[(tag, i18n.translations("referral", tag).gettext, until_of(code, tag)) for tag in ("de", "en")],
    )


def chosen_way(given: str) -> Way:
    if given not in set(Way):
        raise InvalidError("request.invalid", {"way": "one-of-the-list"})
    return Way(given)


def until_of(code: DeskCode, language: str) -> str:
    return i18n.format_moment(code.expires_at, language)


@welcome_center
def revoke_code(code_id: UUID) -> Response:
    with request_work() as work:
        desk_devices.revoke_code(work, code_id)
    return redirect(f"{PAGE}?done=code", 303)


@welcome_center
def revoke_device(device_id: UUID) -> Response:
    with request_work() as work:
        desk_devices.revoke_device(work, device_id)
    return redirect(f"{PAGE}?done=device", 303)


# --- the same by program: `lotse desk` ------------------------------------------------------------------------------


@api.get("")
@api.doc(summary="Light-path units, their codes and devices")
@welcome_center
def list_units() -> dict[str, Any]:
    now = room().unit.clock.now()
    return {
        "units": [
            {
                "organization_id": str(unit.id),
                "waiting": unit.is_waiting,
                "codes": [code_as_json(code) for code in unit.codes if code.is_open(now)],
                "devices": [device_as_json(device) for device in unit.devices if device.opens(now)],
            }
            for unit in units()
        ]
    }


@api.post("/<uuid:organization_id>/codes")
@api.input(NewCode)
@api.doc(summary="Give a unit a code; it is shown in this answer")
@welcome_center
def make_code(organization_id: UUID, json_data: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """What is kept under the request's key is the code's id; what is to be typed is computed from it each time."""

    def run(work: Work) -> tuple[int, dict[str, Any]]:
        return 201, {"id": str(desk_devices.issue(work, organization_id, Way(json_data["way"])))}

    made, status = once(run)
    with room().unit.db.read() as connection:
        code = store.code(connection, UUID(made["id"]))
    return {**code_as_json(code), "code": desk_devices.words_of(house().keys.vault, code.id)[0]}, status


@api.post("/devices/<uuid:device_id>/revocations")
@api.doc(summary="Take a device's right to open dossiers back")
@welcome_center
def end_device(device_id: UUID) -> dict[str, Any]:
    with request_work() as work:
        desk_devices.revoke_device(work, device_id)
    return {"device_id": str(device_id)}


def code_as_json(code: DeskCode) -> dict[str, Any]:
    return {
        "code_id": str(code.id),
        "way": code.way,
        "expires_at": code.expires_at.isoformat(),
        "tries_left": code.tries_left,
    }


def device_as_json(device: DeskDevice) -> dict[str, Any]:
    times = {name: getattr(device, name).isoformat() for name in ("known_at", "seen_at", "expires_at")}
    return {"device_id": str(device.id), **times}
