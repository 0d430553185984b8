"""Who may call what: each view says it in a decorator, and a view that says nothing stops the application's start.

The marks are read before anything of the request is parsed, so nobody unknown gets as far as a validation message.
Marks add up: a view with `staff` and `partner_system` is open to both.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID

from flask import Flask, g

from contracts.codes import Site, StaffRole
from services.chassis.errors import ForbiddenError, LotsennetzError

View = TypeVar("View", bound=Callable[..., Any])
MARK = "__lotsennetz_access__"
#: Whoever came by a link has no sign-in to go back to, only the next link.
DESK_OVER = "auth.desk-session-over"
PERSON_OVER = "auth.person-session-over"


class UnauthenticatedError(LotsennetzError):
    """Nobody we know: no token or session, or one that does not hold."""


class StepUpError(UnauthenticatedError):
    """Known, but not by a sign-in as recent and as strong as this asks for."""


class ExpiredFormError(LotsennetzError):
    """The form was made for a session that is over, or not by us at all."""


class Kind(StrEnum):
    """How a caller came in."""

    STAFF = "staff"
    PARTNER_SYSTEM = "partner_system"
    DESK = "desk"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling, as far as the application may know: a pseudonym, roles, and where they work."""

    kind: Kind
    actor: str
    roles: frozenset[StaffRole] = frozenset()
    role: StaffRole | None = None
    site: Site | None = None
    employer: UUID | None = None
    organization_id: UUID | None = None
    unit: str | None = None
    #: Whoever came by a link works on one thing only and sees no other; a person also for one purpose only.
    only: UUID | None = None
    purpose: str | None = None
    session_id: UUID | None = None
    #: When and how (OpenID Connect's ``acr``) she last proved to the issuer who she is.
    authenticated_at: datetime | None = None
    acr: str | None = None
    by_session: bool = False


@dataclass(frozen=True, slots=True)
class Access:
    """What a view asks of its caller."""

    public: bool = False
    kinds: frozenset[Kind] = frozenset()
    roles: frozenset[StaffRole] = frozenset()
    purposes: frozenset[str] = frozenset()
    uploads: bool = False
    fresh: bool = False

    def admits(self, caller: Caller) -> Caller:
        """The caller in the role used here, or ForbiddenError."""
        if caller.kind not in self.kinds:
            raise ForbiddenError("auth.not-for-this-caller")
        if caller.kind is Kind.PERSON and self.purposes and caller.purpose not in self.purposes:
            raise ForbiddenError("auth.other-purpose")
        if caller.kind is not Kind.STAFF or (not self.roles and caller.role is not StaffRole.HELPER):
            return caller
        usable = (frozenset({caller.role}) if caller.role else caller.roles) & self.roles
        if not usable:
            raise ForbiddenError("auth.role-missing")
        if len(usable) > 1:
            raise ForbiddenError("auth.choose-role")
        return replace(caller, role=next(iter(usable)))


def mark(view: View, more: Access) -> View:
    """Add to what the view already says."""
    before = access_of(view) or Access()
    setattr(view, MARK, Access(*(getattr(before, one.name) | getattr(more, one.name) for one in fields(Access))))
    return view


def public(view: View) -> View:
    """Open to anybody: health, sign-in, published keys. Writes nothing but a session."""
    return mark(view, Access(public=True))


def staff(*roles: StaffRole) -> Callable[[View], View]:
    """Open to signed-in staff in one of these roles (any role but a helper's if none is named)."""
    return lambda view: mark(view, Access(kinds=frozenset({Kind.STAFF}), roles=frozenset(roles)))


def partner_system(view: View) -> View:
    """Open to a partner's own system, by its client credentials."""
    return mark(view, Access(kinds=frozenset({Kind.PARTNER_SYSTEM})))


def desk(view: View) -> View:
    """Open to a light-path unit that came in by its single-use link."""
    return mark(view, Access(kinds=frozenset({Kind.DESK})))


def person(*purposes: str) -> Callable[[View], View]:
    """Open to a person who came in by her own single-use link, made for one of these purposes (or, unnamed, any)."""
    return lambda view: mark(view, Access(kinds=frozenset({Kind.PERSON}), purposes=frozenset(purposes)))


def uploads(view: View) -> View:
    """Takes a file: its requests may be as large as the application says files may be."""
    return mark(view, Access(uploads=True))


def fresh(view: View) -> View:
    """Asks staff for a sign-in as recent and as strong as the deployment says (`STEP_UP_MINUTES`, `STEP_UP_ACR`)."""
    return mark(view, Access(fresh=True))


def access_of(view: Callable[..., Any]) -> Access | None:
    found = getattr(view, MARK, None)
    return found if isinstance(found, Access) else None


def refuse_unmarked_views(app: Flask) -> None:
    """No page or API without a statement of who may use it; called once, when the application is made."""
    unmarked = sorted(name for name, view in app.view_functions.items() if access_of(view) is None)
    if unmarked:
        raise RuntimeError(f"views without @staff, @partner_system, @desk, @person or @public: {', '.join(unmarked)}")


def current_caller() -> Caller:
    """Who is calling; inside a view that is not public there is always one."""
    caller = g.get("caller")
    if not isinstance(caller, Caller):
        raise UnauthenticatedError("auth.sign-in-required")
    return caller


def caller_or_none() -> Caller | None:
    caller = g.get("caller")
    return caller if isinstance(caller, Caller) else None


def roles_of(claim: object) -> frozenset[StaffRole]:
    """The roles we know of a token's claim; an unknown one gives nothing."""
    known = {role.value for role in StaffRole}
    items = claim if isinstance(claim, list) else []
    return frozenset(StaffRole(item) for item in items if isinstance(item, str) and item in known)


def site_of(claims: Mapping[str, Any]) -> Site | None:
    value = claims.get("site")
    return Site(value) if isinstance(value, str) and value in {site.value for site in Site} else None
