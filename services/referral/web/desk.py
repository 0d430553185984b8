"""The light path: a unit without a system of its own works on one referral, after it came in by a mailed link.

The session sees this one referral, in the name of the addressed organization, under the same rules as a partner's
program. How it begins stands in `entrance`, and what besides the link it takes to see a dossier in `device`.
"""

from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from flask import redirect, render_template, request
from werkzeug.wrappers import Response

from contracts.codes import Action, Party
from contracts.partner.receipts import MEDIA_TYPE
from services.chassis.access import desk
from services.chassis.db import Connection
from services.chassis.errors import InvalidError, NotFoundError
from services.chassis.room import room
from services.chassis.web import request_work
from services.chassis.work import Work
from services.referral.commands import appointing, partners
from services.referral.commands.referrals import Withheld
from services.referral.domain.appointments import Appointment
from services.referral.domain.lifecycle import RUNNING, Actor
from services.referral.domain.referral import Referral
from services.referral.sealing import open_with
from services.referral.store import keys as custodial
from services.referral.store import receipts, referrals
from services.referral.store.receipts import Receipt
from services.referral.web import device, entrance
from services.referral.web.callers import house
from services.referral.web.forms import Form, once_per_form, partner_form, read_partner_form, version_of
from services.referral.web.names import Names
from services.referral.web.words import dossier_sections


def blueprint() -> APIBlueprint:
    door = APIBlueprint(
        "desk", __name__, url_prefix="/referral/desk", template_folder="templates", enable_openapi=False
    )
    door.get("/enter/<token>")(entrance.show_link)
    door.post("/enter/<token>")(entrance.enter)
    door.post("/enter/<token>/renewals")(entrance.renew)
    door.get("/referrals/<uuid:referral_id>")(show)
    door.post("/referrals/<uuid:referral_id>/device")(device.make_known)
    door.post("/referrals/<uuid:referral_id>/code-requests")(device.want_code)
    door.post("/referrals/<uuid:referral_id>/actions/<action>")(act)
    door.get("/referrals/<uuid:referral_id>/receipts/<uuid:number>")(receipt)
    return door


def known_unit_of(referral_id: UUID) -> Actor:
    """The signed-in unit at a device it made known; nothing about a person goes anywhere else."""
    by = device.unit_of(referral_id)
    device.expect_known()
    return by


@desk
def show(referral_id: UUID) -> str | Response:
    """The dossier and what may be done; the disclosure is decided and committed before anything is shown."""
    by = device.unit_of(referral_id)
    if not device.is_known():
        return device.door(device.seen(referral_id, by), asked=request.args.get("asked") == "1")
    referral, document, withheld = open_dossier(referral_id, by)
    with room().unit.db.read() as connection:
        appointment = appointing.of_this(connection, house().keys.vault, referral, by) if document else None
        names = Names(connection)
        page: dict[str, Any] = {
            "partner": names.organization(referral.organization_id),
            "service": names.service(referral.service_id),
            "sender": names.organization(referral.sender_id),
            "receipts": signed_for(connection, referral),
        }
    done = request.args.get("done", "")
    return render_template(
        "referral/desk/referral.html",
        referral=referral,
        sections=dossier_sections(document) if document else (),
        papers=papers_in(document or {}),
        withheld=withheld,
        forms=forms_of(referral, appointment.what if appointment else None),
        appointment=appointment,
        done=Action(done) if done in set(Action) else None,
        capacities=device.CAPACITIES,
        capacity=device.capacity_link(referral.organization_id, referral.service_id, room().unit.clock.now()),
        **page,
    )


def open_dossier(referral_id: UUID, by: Actor) -> tuple[Referral, dict[str, Any] | None, Withheld | None]:
    """Ask the consent engine at this very moment, commit its answer, then open what was sealed."""
    keys = house().keys
    with room().unit.db.read() as connection:
        referral = referrals.load(connection, referral_id, visible_to=by)
    if referral.status not in RUNNING:
        return referral, None, None
    with request_work() as work:
        handed = partners.fetch_dossier(work, keys, referral_id, by)
    if isinstance(handed, Withheld):
        return handed.referral, None, handed
    with room().unit.db.read() as connection:
        private = custodial.custodial_private(connection, keys.vault, handed.referral.organization_id)
        current = referrals.load(connection, referral_id, visible_to=by)
    return current, open_with(handed.sealed.jwe, private), None


def signed_for(connection: Connection, referral: Referral) -> list[Receipt]:
    """What the network has signed for this unit about the referral, in its order."""
    found = receipts.of_referral(connection, referral.id, referral.organization_id)
    return [one for one in found if one.issuer == receipts.NETWORK]


@desk
def receipt(referral_id: UUID, number: UUID) -> Response:
    """One of these as it was signed, to be saved: ids, codes and times."""
    by = known_unit_of(referral_id)
    with room().unit.db.read() as connection:
        referral = referrals.load(connection, referral_id, visible_to=by)
        found = next((one for one in signed_for(connection, referral) if one.number == str(number)), None)
    if found is None:
        raise NotFoundError("receipt.unknown")
    answer = Response(found.token, content_type=MEDIA_TYPE)
    answer.headers["Content-Disposition"] = f'attachment; filename="{referral.reference}-{number}.jwt"'
    return answer


def papers_in(document: dict[str, Any]) -> list[Any]:
    """The papers the dossier names that can be fetched here."""
    return [paper for paper in document.get("person", {}).get("documents", ()) if "id" in paper]


def forms_of(referral: Referral, appointment: Appointment | None = None) -> list[Form]:
    return [
        partner_form(action, owed=referral.duties, level=referral.back_level, appointment=appointment)
        for action in referral.allowed_to(Party.PARTNER)
    ]


@desk
def act(referral_id: UUID, action: str) -> Response:
    """Do what the unit says: the same command as over the interface, once per form."""
    by = known_unit_of(referral_id)
    if action not in set(partners.VERBS):
        raise InvalidError("request.invalid", {"action": "a-known-action"})
    form = request.form
    verb, keys, version = Action(action), house().keys, version_of(form)

    def run(work: Work) -> tuple[int, dict[str, Any]]:
        body = read_partner_form(verb, form, keys.own)
        done = partners.perform(work, keys, referral_id, by, verb, body, version)
        return 200, {"status": done.referral.status}

    once_per_form(by.actor, referral_id, action, run)
    return redirect(f"/referral/desk/referrals/{referral_id}?done={action}", 303)
