"""What somebody had typed when a door asked her for a fresh sign-in: she finds it in the form again, and presses again.

One form a person, sealed under a key that only a cookie of her browser holds, for a quarter of an hour and one look.
Nothing of it stands in an address, and nothing is sent by itself: the form has the token of her new session.
"""

import json
import os
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask import g, request
from werkzeug.wrappers import Response

from services.chassis.access import Caller, caller_or_none
from services.chassis.room import room
from services.chassis.sessions import CSRF_FIELD

KEPT_FOR = timedelta(minutes=15)
#: Longer than any text a form of ours takes; more than that nobody gets back.
LARGEST = 32 * 1024
NONCE = 12
KEEP = """
WITH over AS (DELETE FROM kept_forms WHERE kept_at < %(since)s AND actor <> %(actor)s)
INSERT INTO kept_forms (actor, sealed, kept_at) VALUES (%(actor)s, %(sealed)s, %(now)s)
ON CONFLICT (actor) DO UPDATE SET sealed = EXCLUDED.sealed, kept_at = EXCLUDED.kept_at"""
TAKE = "DELETE FROM kept_forms WHERE actor = %(actor)s RETURNING sealed, kept_at > %(since)s AS is_young"


def cookie_name() -> str:
    return f"lotsennetz_{room().service}_kept"


def keep(caller: Caller, answer: Response) -> None:
    """Put aside what the refused form says; a file is not, nor what is too long."""
    typed = {name: value for name, value in request.form.items() if name != CSRF_FIELD}
    content = json.dumps({"action": request.path, "typed": typed}).encode()
    if len(content) > LARGEST:
        return
    here, key, nonce = room(), AESGCM.generate_key(256), os.urandom(NONCE)
    sealed = nonce + AESGCM(key).encrypt(nonce, content, caller.actor.encode())
    with here.unit.db.transaction() as tx:
        tx.execute(KEEP, {**_whose(caller), "sealed": sealed})
    answer.set_cookie(
        cookie_name(),
        key.hex(),
        max_age=int(KEPT_FOR.total_seconds()),
        path=f"/{here.service}",
        secure=here.settings.secure_cookies,
        httponly=True,
        samesite="Lax",
    )


def typed_for(action: str) -> Mapping[str, str]:
    """For templates: what she had typed into the form that leads there; once, and nothing where there is nothing."""
    if "typed" not in g:
        g.typed = _take()
    found: Mapping[str, Any] = g.typed
    typed: Mapping[str, str] = found["typed"] if found.get("action") == action else {}
    return typed


def forget(answer: Response) -> None:
    """The key goes with what it opened."""
    if "typed" in g and cookie_name() in request.cookies:
        answer.delete_cookie(cookie_name(), path=f"/{room().service}")


def _take() -> Mapping[str, Any]:
    caller, key = caller_or_none(), request.cookies.get(cookie_name(), "")
    if caller is None or not key:
        return {}
    with room().unit.db.transaction() as tx:
        row = tx.execute(TAKE, _whose(caller)).fetchone()
    if row is None or not row["is_young"]:
        return {}
    nonce, sealed = row["sealed"][:NONCE], row["sealed"][NONCE:]
    try:
        content = AESGCM(bytes.fromhex(key)).decrypt(nonce, sealed, caller.actor.encode())
    except (InvalidTag, ValueError):
        return {}
    opened: Mapping[str, Any] = json.loads(content)
    return opened


def _whose(caller: Caller) -> dict[str, Any]:
    now = room().unit.clock.now()
    return {"actor": caller.actor, "now": now, "since": now - KEPT_FOR}
