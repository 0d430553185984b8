"""The directory's web application."""

from apiflask import APIFlask

from contracts.codes import StaffRole
from contracts.directory import SessionEnded, SignedIn, SignedOut, SignInRefused
from contracts.event import Slug
from services.chassis.config import Settings
from services.chassis.room import NavigationItem, SecurityFacts
from services.chassis.tokens import IssuerKeys
from services.chassis.web import create_app as create_chassis_app
from services.chassis.work import Unit
from services.directory import config
from services.directory.web import (
    assurance,
    bulk,
    confirming,
    contacts,
    coverage,
    editing,
    glossary,
    hsds,
    interchange,
    keys,
    objects,
    operator,
    pages,
    proposals,
    reports,
    resting,
    states,
    translations,
    units,
)
from services.directory.web.public import crawlers, site

CONFIRMERS = frozenset({StaffRole.LEAD.value, StaffRole.OPERATIONS.value, StaffRole.DIRECTORY_EDITOR.value})
EDITORS = frozenset({StaffRole.DIRECTORY_EDITOR.value, StaffRole.PARTNER_CLERK.value})
KEEPERS = frozenset({StaffRole.DIRECTORY_EDITOR.value})
STEERING = frozenset({StaffRole.COORDINATOR.value, StaffRole.LEAD.value})
NAVIGATION = (
    NavigationItem("Directory", "/directory/"),
    NavigationItem("Entries", "/directory/objects", EDITORS),
    NavigationItem("Proposals", "/directory/proposals", EDITORS),
    NavigationItem("Gaps and overlaps", "/directory/coverage"),
    NavigationItem("Entries to confirm", "/directory/assurance", KEEPERS),
    NavigationItem("Steering figures", "/referral/steering", STEERING),
    NavigationItem("Keys and channels to confirm", "/directory/keys", CONFIRMERS),
    NavigationItem("Public pages", "/directory/help/"),
    NavigationItem("Referrals", "/referral/"),
)
#: Every module that answers requests.
DOORS = (
    pages,
    coverage,
    objects,
    editing,
    states,
    proposals,
    assurance,
    confirming,
    translations,
    contacts,
    bulk,
    keys,
    reports,
    units,
    operator,
    hsds,
    interchange,
    crawlers,
    site,
    glossary,
)


def create_app(settings: Settings, unit: Unit, *, issuer_keys: IssuerKeys | None = None) -> APIFlask:
    """Pages, operators' door and the public HSDS reading door."""
    config.asks_second_person()  # a wrong setting stops the start, not the first key
    config.legal_notices()
    app = create_chassis_app(
        "directory",
        settings,
        unit,
        blueprints=[one.blueprint for one in DOORS],
        facts=SecurityFacts(
            refused=lambda refusal_id, slug, count: SignInRefused(refusal_id=refusal_id, slug=Slug(slug), count=count),
            signed_in=lambda session_id, caller: SignedIn(session_id=session_id, role=caller.role),
            signed_out=lambda session_id: SignedOut(session_id=session_id),
            session_ended=lambda session_id, how: SessionEnded(session_id=session_id, how=how),
        ),
        navigation=NAVIGATION,
        issuer_keys=issuer_keys,
    )
    resting.prepare(app)
    return app
