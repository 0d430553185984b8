"""How a light-path unit comes in: by a mailed link, and what becomes of one that is used or too old.

The link only shows a button. Pressing it uses the link up, which mail scanners never do. Whoever lost the session
after that - a browser that died, a service that was restarted - stands before a spent link; it opens nothing any more
but may still ask for a new one, which goes to the unit's known mailbox and nowhere else.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from flask import g, redirect, render_template, request
from joserfc import jwt
from joserfc.errors import JoseError
from werkzeug.wrappers import Response

from contracts.codes import Party
from contracts.event import Slug
from contracts.referral import DeskEntered
from services.chassis.access import Caller, Kind, public
from services.chassis.errors import ForbiddenError
from services.chassis.room import count_refusal, room
from services.chassis.sessions import Session
from services.chassis.work import Work
from services.referral.commands import desk_links
from services.referral.domain.lifecycle import Actor
from services.referral.store import referrals, timeline
from services.referral.web import resting
from services.referral.web.callers import house
from services.referral.web.names import Names

ISSUER = "lotsennetz/notifications"
AUDIENCE = "lotsennetz/referral/desk"
ALGORITHM = "Ed25519"
#: A type of its own (RFC 8725, 3.11): nothing else that is signed with this key is ever taken for a link.
TYPE = "desk-link"
PURPOSE = "desk-link"
USED, EXPIRED = Slug("desk.link-used"), Slug("desk.link-expired")
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

    def is_expired(self, now: datetime) -> bool:
        return self.expires < now.timestamp()


def read_link(token: str) -> Link:
    """The link, if notifications signed it for us; it may be used or too old all the same."""
    try:
        found = jwt.decode(token, house().keys.desk_links, algorithms=[ALGORITHM])
        claims = found.claims
        link = Link(
            UUID(claims["jti"]),
            UUID(claims["organization_id"]),
            str(claims["unit"])[:100],
            UUID(claims["referral_id"]),
            int(claims["exp"]),
        )
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise ForbiddenError("desk.link-invalid") from error
    if found.header.get("typ") != TYPE or "crit" in found.header:
        raise ForbiddenError("desk.link-invalid")
    if claims.get("iss") != ISSUER or claims.get("aud") != AUDIENCE:
        raise ForbiddenError("desk.link-invalid")
    return link


def read_living_link(token: str) -> Link:
    """The same of a unit that takes part. Asked before the link is used up: it opens again when the unit is back."""
    link = read_link(token)
    resting.expect(link.organization_id)
    return link


def why_spent(link: Link) -> Slug | None:
    """Why this link opens nothing any more; None if it still does."""
    with room().unit.db.read() as connection:
        used = connection.execute(
            "SELECT FROM used_tokens WHERE purpose = %s AND token_id = %s", (PURPOSE, str(link.id))
        ).fetchone()
    if used is not None:
        return USED
    return EXPIRED if link.is_expired(room().unit.clock.now()) else None


def page(token: str, link: Link, *, spent: Slug | None, asked: bool = False) -> str:
    with room().unit.db.read() as connection:
        unit = Names(connection).organization(link.organization_id)
    return render_template("referral/desk/enter.html", token=token, unit=unit, spent=spent, asked=asked)


@public
def show_link(token: str) -> str:
    """One button and nothing else: looking at a link does not use it up, nor does it ask for a new one."""
    link = read_living_link(token)
    return page(token, link, spent=why_spent(link))


@public
def enter(token: str) -> Response:
    """Use the link up, begin the session, say so: one transaction; only then the cookie."""
    link, here = read_living_link(token), room()
    former = here.sessions.find(request)
    try:
        with here.unit.work(
            actor=link.partner.actor, correlation_id=g.correlation_id, traceparent=g.trace.header
        ) as work:
            session = begin_session(work, link)
            here.sessions.end(work.tx, former.caller.session_id if former else None)
    except ForbiddenError as refused:
        # The refusal every door gives and counts, on the page where a new link can be asked for.
        count_refusal(refused)
        g.slug = refused.slug
        return Response(page(token, link, spent=Slug(refused.slug)), 403, mimetype="text/html")
    answer = redirect(f"/referral/desk/referrals/{link.referral_id}", 303)
    here.sessions.put_cookie(answer, session)
    return answer


def begin_session(work: Work, link: Link) -> Session:
    if link.is_expired(work.now):
        raise ForbiddenError(EXPIRED)
    burned = work.tx.execute(BURN, (PURPOSE, str(link.id), work.now, link.expires)).rowcount
    if burned != 1:
        raise ForbiddenError(USED)
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


@public
def renew(token: str) -> Response:
    """Ask for a new link in place of a spent one. The answer is the same whatever comes of it: it tells nothing."""
    link, here = read_living_link(token), room()
    spent = why_spent(link)
    if spent is None:
        return redirect(f"/referral/desk/enter/{token}", 303)
    with here.unit.work(actor=link.partner.actor, correlation_id=g.correlation_id, traceparent=g.trace.header) as work:
        desk_links.ask_for_new(work, link.referral_id, link.partner, link.id)
    return Response(page(token, link, spent=spent, asked=True), mimetype="text/html")
