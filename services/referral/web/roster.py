"""Whoever signs in is kept with her pseudonym: sealed, for the one step in which two persons open it."""

from collections.abc import Mapping
from typing import Any

from services.chassis.access import Caller
from services.chassis.room import room
from services.referral.commands.staff_names import Known, keep
from services.referral.web.callers import house


def met(caller: Caller, claims: Mapping[str, Any]) -> None:
    """What the sign-in service calls her, as OpenID Connect names it (Core, 5.1); without a name, her account."""
    known = Known(
        staff=caller.actor,
        name=_text(claims, "name") or f"{_text(claims, 'given_name')} {_text(claims, 'family_name')}".strip(),
        account=_text(claims, "preferred_username") or _text(claims, "sub"),
        employer=caller.employer,
        site=caller.site,
    )
    with room().unit.work(actor=caller.actor) as work:
        keep(work, house().keys.vault, known)


def _text(claims: Mapping[str, Any], name: str) -> str:
    found = claims.get(name)
    return found.strip() if isinstance(found, str) else ""
