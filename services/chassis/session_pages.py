"""Where am I signed in, and away with it: one's own sessions at this service, and those of an account that is no more.

The issuer ends them, too (OpenID Connect Back-Channel Logout 1.0). Whatever ends one is a fact that names the session.
"""

from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from flask import g, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from contracts.codes import SessionEnd, StaffRole
from services.chassis.access import UnauthenticatedError, current_caller, desk, public, staff
from services.chassis.auth import actor_of_account, pseudonym
from services.chassis.errors import ForbiddenError, InvalidError, NotFoundError
from services.chassis.room import caller_address, count_refusal, refuse_impatience, request_work, room
from services.chassis.sessions import Session
from services.chassis.sign_in import issuer
from services.chassis.stubs import uuid_of
from services.chassis.web_errors import wants_page
from services.chassis.work import Work

#: A logout token counts once; whoever sends it again is told that it is not one.
USE_ONCE = "INSERT INTO used_tokens VALUES ('logout', %s, %s, %s) ON CONFLICT DO NOTHING"


def blueprint(service: str) -> APIBlueprint:
    door = APIBlueprint("sessions", __name__, url_prefix=f"/{service}", enable_openapi=False)
    door.get("/sessions")(own_sessions)
    door.get("/stay")(stay)
    door.post("/sessions/ends")(end_own)
    door.post("/sessions/accounts/ends")(end_account)
    door.post("/sign-in/back-channel-logout")(logged_out_at_the_issuer)
    return door


@staff(*StaffRole)
def own_sessions() -> str:
    """Since when, last used, in which role: no device and no address, for none is kept."""
    caller, here = current_caller(), room()
    with here.unit.db.read() as connection:
        found = here.sessions.living(connection, caller.actor)
    return render_template(
        "chassis/sessions.html",
        sessions=found,
        this=caller.session_id,
        may_end_accounts=caller.role in {StaffRole.OPERATIONS, StaffRole.LEAD},
    )


@staff(*StaffRole)
@desk
def stay() -> str:
    """She needs more time on the page where she is."""
    return stays()


def stays() -> str:
    session = g.get("session")
    if not isinstance(session, Session):
        raise UnauthenticatedError("auth.sign-in-required")
    return render_template("chassis/stay.html", until=room().sessions.stay(session))


@staff(*StaffRole)
def end_own() -> AnyResponse:
    """One of them, or all; whoever ends the one she sits at is signed out."""
    caller, asked = current_caller(), request.form.get("session", "")
    session_id = uuid_of(asked)
    if asked and session_id is None:
        raise NotFoundError("session.unknown")
    with request_work() as work:
        ended = end(work, SessionEnd.BY_ITS_OWNER, actor=caller.actor, session_id=session_id)
    if caller.session_id not in ended:
        return redirect(f"/{room().service}/sessions?ended={len(ended)}", 303)
    answer = redirect(f"/{room().service}/signed-out", 303)
    room().sessions.take_cookie(answer)
    return answer


@staff(StaffRole.OPERATIONS, StaffRole.LEAD)
def end_account() -> Any:
    """All sessions of an account, of somebody who left; a lead ends those of her own site."""
    caller = current_caller()
    if caller.role is StaffRole.LEAD and caller.site is None:
        raise ForbiddenError("auth.role-missing")
    site = caller.site if caller.role is StaffRole.LEAD else None
    with request_work() as work:
        ended = end(work, SessionEnd.BY_RESPONSIBLE, actor=account_typed(), site=site)
    if wants_page():
        return redirect(f"/{room().service}/sessions?ended={len(ended)}", 303)
    return {"ended": len(ended)}


def account_typed() -> str:
    text = request.form.get("account") or (request.get_json(silent=True) or {}).get("account")
    actor = actor_of_account(str(text or ""), room().settings)
    if actor is None:
        raise InvalidError("request.invalid", {"account": "an-account-or-a-pseudonym"})
    return actor


@public
def logged_out_at_the_issuer() -> AnyResponse:
    """The issuer says that a session there, or all of an account, are over: so are those here that came of them."""
    here = room()
    refuse_impatience(here.sign_ins.take(caller_address(), here.unit.clock.now()))
    try:
        told = issuer().checked_logout_token(request.form.get("logout_token", ""))
        with here.unit.work(actor="system:issuer") as work:
            if work.tx.execute(USE_ONCE, (told.token_id, work.now, told.expires_at)).rowcount == 0:
                raise UnauthenticatedError("auth.token-invalid")
            actor = pseudonym(here.settings.pseudonym_key, told.issuer, told.subject) if told.subject else None
            end(work, SessionEnd.BY_SIGN_IN_SERVICE, actor=actor, issuer_session=told.session)
    except UnauthenticatedError as error:
        count_refusal(error)
        return AnyResponse('{"error":"invalid_request"}', 400, content_type="application/json")
    return AnyResponse("", 200)


def end(work: Work, how: SessionEnd, **meant: Any) -> list[UUID]:
    """End these sessions and say so of each, in one transaction."""
    ended, tell = room().sessions.end_all(work.tx, **meant), room().facts.session_ended
    for session_id in ended if tell is not None else ():
        work.announce(tell(session_id, how))  # type: ignore[misc]
    return ended
