"""Who is calling: a bearer token or a session becomes a `Caller`, before any view runs.

A person appears as ``staff:`` and a keyed pseudonym, the same in all services of one deployment; a partner as
``partner:<organization id>``. Names of staff are not kept here.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from flask import Request, g, request

from contracts.codes import StaffRole
from contracts.identity import PARTNER_SCOPE
from services.chassis.access import (
    DESK_OVER,
    PERSON_OVER,
    Access,
    Caller,
    Kind,
    StepUpError,
    UnauthenticatedError,
    roles_of,
    site_of,
)
from services.chassis.config import Settings
from services.chassis.errors import ForbiddenError
from services.chassis.tokens import AccessTokens

STAFF = re.compile(r"staff:[0-9a-f]{32}")
LONGEST_ACCOUNT = 255
ROLE_HEADER = "Lotsennetz-Role"
#: What somebody is told whose session is over and who has only a link to come back by.
OVER = {frozenset({Kind.DESK}): DESK_OVER, frozenset({Kind.PERSON}): PERSON_OVER}


def pseudonym(pseudonym_key: bytes, issuer: str, subject: str) -> str:
    """The actor by which one member of staff appears in all services: keyed, so it cannot be guessed from a list."""
    digest = hmac.new(pseudonym_key, f"{issuer.rstrip('/')}|{subject}".encode(), hashlib.sha256)
    return f"staff:{digest.hexdigest()[:32]}"


def actor_of_account(typed: str, settings: Settings) -> str | None:
    """Of an account as the sign-in service calls it, which is kept nowhere; or a pseudonym as the log shows it."""
    text = typed.strip()
    if STAFF.fullmatch(text):
        return text
    if not 0 < len(text) <= LONGEST_ACCOUNT or not text.isprintable():
        return None
    return pseudonym(settings.pseudonym_key, settings.issuer_url, text)


def uuid_of(claims: Mapping[str, Any], name: str) -> UUID | None:
    try:
        return UUID(str(claims[name])) if claims.get(name) else None
    except ValueError as error:
        raise UnauthenticatedError("auth.token-invalid") from error


def caller_from_claims(claims: Mapping[str, Any], pseudonym_key: bytes) -> Caller:
    """What a verified token or sign-in says about the caller; staff have roles, a partner's system has its scope."""
    roles = roles_of(claims.get("roles"))
    organization_id = uuid_of(claims, "organization_id")
    if not roles:
        if organization_id is None or PARTNER_SCOPE not in str(claims.get("scope", "")).split():
            raise ForbiddenError("auth.role-missing")
        return Caller(Kind.PARTNER_SYSTEM, f"partner:{organization_id}", organization_id=organization_id)
    return Caller(
        Kind.STAFF,
        pseudonym(pseudonym_key, str(claims.get("iss", "")), str(claims["sub"])),
        roles=roles,
        role=next(iter(roles)) if len(roles) == 1 else None,
        site=site_of(claims),
        employer=uuid_of(claims, "employer"),
        organization_id=organization_id,
        authenticated_at=moment_of(claims.get("auth_time")),
        acr=str(claims["acr"]) if claims.get("acr") else None,
    )


def moment_of(seconds: object) -> datetime | None:
    is_number = isinstance(seconds, int | float) and 0 < seconds < 1e11
    return datetime.fromtimestamp(float(str(seconds)), UTC) if is_number else None


def is_strong(caller: Caller, settings: Settings, now: datetime) -> bool:
    """Whether she proved who she is recently and strongly enough for the doors that ask for it."""
    within = timedelta(minutes=settings.step_up_minutes)
    is_recent = not within or (caller.authenticated_at is not None and now - caller.authenticated_at <= within)
    return is_recent and (not settings.step_up_acr or caller.acr in settings.step_up_acr)


def expect_strength(access: Access, settings: Settings, now: datetime) -> None:
    caller: Caller | None = g.caller
    if access.fresh and caller is not None and caller.kind is Kind.STAFF and not is_strong(caller, settings, now):
        raise StepUpError("auth.step-up")


def bearer_of(incoming: Request) -> str | None:
    """The bearer token of a request; no other scheme is understood."""
    scheme, _, token = incoming.headers.get("Authorization", "").partition(" ")
    if not scheme:
        return None
    if scheme.lower() != "bearer" or not token.strip():
        raise UnauthenticatedError("auth.token-invalid")
    return token.strip()


def caller_from_bearer(tokens: AccessTokens, pseudonym_key: bytes, token: str) -> Caller:
    """A caller with several roles names the one it acts in by the header ``Lotsennetz-Role``."""
    caller = caller_from_claims(tokens.claims(token), pseudonym_key)
    wanted = request.headers.get(ROLE_HEADER)
    if wanted is None or caller.kind is not Kind.STAFF:
        return caller
    if wanted not in {role.value for role in caller.roles}:
        raise ForbiddenError("auth.role-missing")
    return replace(caller, role=StaffRole(wanted))


def admit(access: Access, caller: Caller | None) -> None:
    """Let the caller in, in the role used here; or say why not."""
    g.caller = caller
    if access.public:
        return
    if caller is None:
        raise UnauthenticatedError(OVER.get(access.kinds, "auth.sign-in-required"))
    g.caller = access.admits(caller)
