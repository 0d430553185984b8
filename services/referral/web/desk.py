"""The light path: a unit without a system of its own comes in by a mailed link and works on one referral.

The link only shows a button. Pressing it uses the link up, which mail scanners never do. The session that begins sees
this one referral, in the name of the addressed organization, under the same rules as a partner's program.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from flask import g, redirect, render_template, request
from joserfc import jwt
from joserfc.errors import JoseError
from werkzeug.wrappers import Response

from contracts.codes import Action, Party
from contracts.referral import DeskEntered
from services.chassis.access import Caller, Kind, current_caller, desk, public
from services.chassis.errors import ForbiddenError, InvalidError, NotFoundError
from services.chassis.room import room
from services.chassis.sessions import Session
from services.chassis.web import request_work
from services.chassis.work import Work
from services.referral.commands import partners
from services.referral.commands.referrals import Withheld
from services.referral.domain.lifecycle import RUNNING, Actor
from services.referral.domain.referral import Referral
from services.referral.sealing import open_with
from services.referral.store import keys as custodial
from services.referral.store import referrals, timeline
from services.referral.web.callers import house, partner_actor
from services.referral.web.forms import Form, once_per_form, partner_form, read_partner_form, version_of
from services.referral.web.names import Names
from services.referral.web.words import dossier_sections

ISSUER = "lotsennetz/notifications"
AUDIENCE = "lotsennetz/referral/desk"
ALGORITHM = "Ed25519"
PURPOSE = "desk-link"
BURN = """
INSERT INTO used_tokens (purpose, token_id, used_at, expires_at) VALUES (%s, %s, %s, to_timestamp(%s))
ON CONFLICT DO NOTHING"""


@dataclass(frozen=True, slots=True)
class Link:
    """What a genuine link says: one unit, one referral, once."""

    id: UUID
    organization_id: UUID
    unit: str
    referral_id: UUID
    expires: int

    @property
    def partner(self) -> Actor:
        return Actor(Party.PARTNER, f"partner:{self.organization_id}", self.organization_id)


def blueprint() -> APIBlueprint:
    door = APIBlueprint(
        "desk", __name__, url_prefix="/referral/desk", template_folder="templates", enable_openapi=False
    )
    door.get("/enter/<token>")(show_link)
    door.post("/enter/<token>")(enter)
    door.get("/referrals/<uuid:referral_id>")(show)
    door.post("/referrals/<uuid:referral_id>/actions/<action>")(act)
    return door


def read_link(token: str) -> Link:
    """The link, if notifications signed it for us and its time is not over."""
    try:
        claims = jwt.decode(token, house().keys.desk_links, algorithms=[ALGORITHM]).claims
        link = Link(
            UUID(claims["jti"]),
            UUID(claims["organization_id"]),
            str(claims["unit"])[:100],
            UUID(claims["referral_id"]),
            int(claims["exp"]),
        )
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise ForbiddenError("desk.link-invalid") from error
    if claims.get("iss") != ISSUER or claims.get("aud") != AUDIENCE:
        raise ForbiddenError("desk.link-invalid")
    if link.expires < room().unit.clock.now().timestamp():
        raise ForbiddenError("desk.link-expired")
    return link


@public
def show_link(token: str) -> str:
    """One button and nothing else: looking at a link does not use it up."""
    link = read_link(token)
    with room().unit.db.read() as connection:
        used = connection.execute(
            "SELECT FROM used_tokens WHERE purpose = %s AND token_id = %s", (PURPOSE, str(link.id))
        ).fetchone()
        unit = Names(connection).organization(link.organization_id)
    return render_template("referral/desk/enter.html", token=token, used=used is not None, unit=unit)


@public
def enter(token: str) -> Response:
    """Use the link up, begin the session, say so: one transaction; only then the cookie."""
    link = read_link(token)
    here = room()
    with here.unit.work(actor=link.partner.actor, correlation_id=g.correlation_id, traceparent=g.trace.header) as work:
        session = begin_session(work, link)
    answer = redirect(f"/referral/desk/referrals/{link.referral_id}", 303)
    here.sessions.put_cookie(answer, session)
    return answer


def begin_session(work: Work, link: Link) -> Session:
    burned = work.tx.execute(BURN, (PURPOSE, str(link.id), work.now, link.expires)).rowcount
    if burned != 1:
        raise ForbiddenError("desk.link-used")
    referral = referrals.load(work.tx, link.referral_id, visible_to=link.partner)
    caller = Caller(
        Kind.DESK,
        link.partner.actor,
        organization_id=link.organization_id,
        unit=link.unit,
        only=referral.id,
        session_id=work.new_id(),
    )
    assert caller.session_id is not None
    entered = DeskEntered(referral_id=referral.id, organization_id=link.organization_id, link_id=link.id)
    timeline.tell(work, referral.id, entered)
    return room().sessions.begin(work.tx, caller, caller.session_id)


def unit_of(referral_id: UUID) -> Actor:
    """The signed-in unit, if this is the referral it came for; any other looks like none."""
    if current_caller().only != referral_id:
        raise NotFoundError("referral.unknown")
    return partner_actor()


@desk
def show(referral_id: UUID) -> str:
    """The dossier and what may be done; the disclosure is decided and committed before anything is shown."""
    by = unit_of(referral_id)
    referral, document, withheld = open_dossier(referral_id, by)
    with room().unit.db.read() as connection:
        names = Names(connection)
        page: dict[str, Any] = {
            "partner": names.organization(referral.organization_id),
            "service": names.service(referral.service_id),
            "sender": names.organization(referral.sender_id),
        }
    done = request.args.get("done", "")
    return render_template(
        "referral/desk/referral.html",
        referral=referral,
        sections=dossier_sections(document) if document else (),
        withheld=withheld,
        forms=forms_of(referral),
        done=Action(done) if done in set(Action) else None,
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


def forms_of(referral: Referral) -> list[Form]:
    return [partner_form(action) for action in referral.allowed_to(Party.PARTNER)]


@desk
def act(referral_id: UUID, action: str) -> Response:
    """Do what the unit says: the same command as over the interface, once per form."""
    by = unit_of(referral_id)
    if action not in set(partners.VERBS):
        raise InvalidError("request.invalid", {"action": "a-known-action"})
    form = request.form
    verb, keys, version = Action(action), house().keys, version_of(form)

    def run(work: Work) -> tuple[int, dict[str, Any]]:
        body = read_partner_form(verb, form, keys.own)
        moved = partners.perform(work, keys, referral_id, by, verb, body, version)
        return 200, {"status": moved.status}

    once_per_form(by.actor, referral_id, action, run)
    return redirect(f"/referral/desk/referrals/{referral_id}?done={action}", 303)
