"""Looking is a fact too: it is in the log before anything is shown, and if it cannot be, nothing is shown.

What was looked for is part of the fact, as ids, codes and times; of a word somebody typed only that it was typed.
"""

import re
from typing import Any
from uuid import UUID

from contracts.audit import LogExported, LogViewed
from contracts.codes import StaffRole
from contracts.event import REGISTRY, Code, Slug
from services.audit.domain.entry import REFERENCES
from services.audit.queries.search import Search
from services.chassis.access import current_caller
from services.chassis.errors import ForbiddenError
from services.chassis.web import request_work

#: A pseudonym or a partner; anything else in the field may be a name.
ACTOR = re.compile(r"staff:[0-9a-f]{16,128}|partner:[0-9a-f-]{36}")
NOTHING = Search()


def look(page: str, wanted: Search = NOTHING, *, entry: int | None = None) -> None:
    """Say who looked at which page for what, in which role; commits before it returns."""
    with request_work() as work:
        work.announce(
            LogViewed(view_id=work.new_id(), role=_role(), page=Slug(page), entry=entry, **sought(wanted)),
        )


def export(form: str, first: int, size: int, wanted: Search = NOTHING) -> None:
    """Say that a part of the log is about to leave as a file."""
    with request_work() as work:
        work.announce(
            LogExported(
                export_id=work.new_id(), role=_role(), form=Slug(form), first=first, size=size, **sought(wanted)
            )
        )


def own_controller() -> UUID | None:
    """Whose entries alone the caller may see: an auditor those of her controller, an officer everybody's."""
    caller = current_caller()
    if caller.role is not StaffRole.AUDITOR:
        return None
    if caller.employer is None:
        raise ForbiddenError("audit.controller-unknown")
    return caller.employer


def sought(wanted: Search) -> dict[str, Any]:
    """What was asked for, as it may stand in the log."""
    kind, _, identity = (wanted.subject or "").partition("/")
    mentions = {f"{kind}_id": _uuid(identity)} | dict(wanted.mentions)
    return {
        "filters": tuple(Slug(name.replace("_", "-")) for name in wanted.named()),
        **{name: mentions.get(name) for name in REFERENCES},
        "controller_id": wanted.controller,
        "event_type": Slug(wanted.type) if wanted.type in REGISTRY else None,
        "sought_actor": Code(wanted.actor) if wanted.actor and ACTOR.fullmatch(wanted.actor) else None,
        "since": wanted.since,
        "until": wanted.until,
    }


def _role() -> StaffRole:
    return current_caller().role or StaffRole.DPO


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
