"""The door for people: to the issuer and back, choose a role, sign out.

The way out is remembered under the hash of its state and bound to the browser by a cookie; the way back uses it up in
one statement, so neither a replayed nor a foreign state leads anywhere.
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from apiflask import APIBlueprint
from flask import g, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from contracts.codes import StaffRole
from services.chassis.access import Caller, Kind, UnauthenticatedError, current_caller, desk, public, staff
from services.chassis.addresses import harmless
from services.chassis.auth import caller_from_claims, is_strong
from services.chassis.errors import ForbiddenError
from services.chassis.oidc import Issuer
from services.chassis.room import caller_address, refuse_impatience, room
from services.chassis.sessions import hash_of

UNDER_WAY = timedelta(minutes=10)
BROWSER_COOKIE = "lotsennetz_sign_in"
#: What waits with somebody who still has to choose her role.
KEPT = ("iss", "sub", "roles", "site", "employer", "organization_id", "sid", "acr", "auth_time")

BEGIN = """
WITH old AS (DELETE FROM sign_ins WHERE began_at < %(now)s - interval '1 day')
INSERT INTO sign_ins (state_sha256, browser_sha256, nonce, code_verifier, next_path, began_at, is_step_up)
VALUES (%(state)s, %(browser)s, %(nonce)s, %(verifier)s, %(next)s, %(now)s, %(is_step_up)s)"""
USE = """
UPDATE sign_ins SET used_at = %(now)s
 WHERE state_sha256 = %(state)s AND browser_sha256 = %(browser)s AND used_at IS NULL AND began_at > %(since)s
RETURNING nonce, code_verifier, next_path, is_step_up"""
WAIT_FOR_ROLE = "UPDATE sign_ins SET caller = %s WHERE state_sha256 = %s"
CHOOSE = """
UPDATE sign_ins SET chosen_at = %(now)s
 WHERE state_sha256 = %(state)s AND browser_sha256 = %(browser)s AND caller IS NOT NULL AND chosen_at IS NULL
   AND began_at > %(since)s AND caller->'roles' ? %(role)s
RETURNING caller, next_path"""
WAITING = """
SELECT caller FROM sign_ins WHERE state_sha256 = %(state)s AND browser_sha256 = %(browser)s AND chosen_at IS NULL
   AND began_at > %(since)s"""


def blueprint(service: str) -> APIBlueprint:
    door = APIBlueprint("sign_in", __name__, url_prefix=f"/{service}", enable_openapi=False)
    door.get("/sign-in")(begin)
    door.get("/sign-in/callback")(come_back)
    door.get("/sign-in/role")(ask_for_role)
    door.post("/sign-in/role")(choose_role)
    door.post("/sign-out")(sign_out)
    door.get("/signed-out")(signed_out)
    return door


def issuer() -> Issuer:
    here = room()
    return Issuer(here.settings, here.tokens.keys, here.tokens)


def local_path(path: str | None) -> str:
    """Where to go afterwards: a page of ours, never another site, and nothing of it that somebody typed."""
    return harmless(path or "") or f"/{room().service}/"


def keys_of_this_sign_in(state: str) -> dict[str, Any]:
    now = room().unit.clock.now()
    browser = hash_of(request.cookies.get(BROWSER_COOKIE, ""))
    return {"now": now, "since": now - UNDER_WAY, "state": hash_of(state), "browser": browser}


@public
def begin() -> AnyResponse:
    """Send the browser to the issuer."""
    here = room()
    refuse_impatience(here.sign_ins.take(caller_address(), here.unit.clock.now()))
    state, nonce, verifier, browser = (secrets.token_urlsafe(32) for _ in range(4))
    is_step_up = "step-up" in request.args
    url = issuer().authorization_url(state, nonce, verifier, is_step_up=is_step_up)
    row = {
        "state": hash_of(state),
        "browser": hash_of(browser),
        "nonce": nonce,
        "verifier": verifier,
        "next": local_path(request.args.get("next")),
        "now": here.unit.clock.now(),
        "is_step_up": is_step_up,
    }
    with here.unit.db.transaction() as tx:
        tx.execute(BEGIN, row)
    answer = redirect(url, 303)
    answer.set_cookie(
        BROWSER_COOKIE,
        browser,
        max_age=int(UNDER_WAY.total_seconds()),
        path=f"/{here.service}/sign-in",
        secure=here.settings.secure_cookies,
        httponly=True,
        samesite="Lax",
    )
    return answer


@public
def come_back() -> AnyResponse:
    """Take what the issuer says; a failure is shown and counted, and does not start over by itself."""
    here = room()
    state = request.args.get("state", "")
    with here.unit.db.transaction() as tx:
        row = tx.execute(USE, keys_of_this_sign_in(state)).fetchone()
    if row is None:
        raise ForbiddenError("auth.state-unknown")
    if not request.args.get("code"):
        raise ForbiddenError("auth.sign-in-refused")
    try:
        claims = issuer().claims_for(request.args["code"], row["nonce"], row["code_verifier"])
        caller = caller_from_claims(claims, here.settings.pseudonym_key)
    except UnauthenticatedError as error:
        raise ForbiddenError(error.slug) from error
    if caller.kind is not Kind.STAFF:
        raise ForbiddenError("auth.role-missing")
    if here.settings.sign_in_acr and caller.acr not in here.settings.sign_in_acr:
        raise ForbiddenError("auth.sign-in-too-weak")
    if row["is_step_up"] and not is_strong(caller, here.settings, here.unit.clock.now()):
        raise ForbiddenError("auth.sign-in-too-weak")
    here.facts.met(caller, claims)
    if caller.role is None:
        return wait_for_role(state, claims)
    return enter(caller, claims, row["next_path"])


def wait_for_role(state: str, claims: Mapping[str, Any]) -> AnyResponse:
    kept = {name: claims.get(name) for name in KEPT}
    with room().unit.db.transaction() as tx:
        tx.execute(WAIT_FOR_ROLE, (json.dumps(kept), hash_of(state)))
    return redirect(f"/{room().service}/sign-in/role?{urlencode({'state': state})}", 303)


@public
def ask_for_role() -> str:
    """One human may have several roles, but works in one at a time."""
    state = request.args.get("state", "")
    with room().unit.db.read() as connection:
        row = connection.execute(WAITING, keys_of_this_sign_in(state)).fetchone()
    if row is None or row["caller"] is None:
        raise ForbiddenError("auth.state-unknown")
    roles = sorted(caller_from_claims(row["caller"], room().settings.pseudonym_key).roles)
    return render_template("chassis/choose_role.html", roles=roles, state=state)


@public
def choose_role() -> AnyResponse:
    role = request.form.get("role", "")
    values = {**keys_of_this_sign_in(request.form.get("state", "")), "role": role}
    with room().unit.db.transaction() as tx:
        row = tx.execute(CHOOSE, values).fetchone()
    if row is None or role not in set(StaffRole):
        raise ForbiddenError("auth.state-unknown")
    caller = caller_from_claims(row["caller"], room().settings.pseudonym_key)
    return enter(replace(caller, role=StaffRole(role)), row["caller"], row["next_path"])


def enter(caller: Caller, claims: Mapping[str, Any], next_path: str) -> AnyResponse:
    """A fresh session in place of the browser's former one, and its fact, in one transaction; only then the cookie."""
    here = room()
    former = here.sessions.find(request)
    with here.unit.work(actor=caller.actor, correlation_id=g.correlation_id, traceparent=g.trace.header) as work:
        session_id = work.new_id()
        here.sessions.end(work.tx, former.caller.session_id if former else None)
        entering = replace(caller, session_id=session_id, by_session=True)
        session = here.sessions.begin(work.tx, entering, session_id, issuer_session=claims.get("sid"))
        if here.facts.signed_in is not None:
            work.announce(here.facts.signed_in(session_id, caller))
    answer = redirect(next_path, 303)
    here.sessions.put_cookie(answer, session)
    answer.delete_cookie(BROWSER_COOKIE, path=f"/{here.service}/sign-in")
    return answer


@staff(*StaffRole)
@desk
def sign_out() -> AnyResponse:
    """End this session here; the page after it offers to end the one at the issuer too."""
    here = room()
    caller = current_caller()
    with here.unit.work(actor=caller.actor, correlation_id=g.correlation_id, traceparent=g.trace.header) as work:
        if caller.session_id is not None:
            here.sessions.end(work.tx, caller.session_id)
            if here.facts.signed_out is not None and caller.kind is Kind.STAFF:
                work.announce(here.facts.signed_out(caller.session_id))
    answer = redirect(f"/{here.service}/signed-out", 303)
    here.sessions.take_cookie(answer)
    return answer


@public
def signed_out() -> str:
    return render_template("chassis/signed_out.html", issuer_url=issuer().end_session_url())
