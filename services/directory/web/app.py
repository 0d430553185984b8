"""The directory's web application."""

from apiflask import APIFlask

from contracts.directory import SignInRefused
from contracts.event import Slug
from services.chassis.config import Settings
from services.chassis.room import NavigationItem, SecurityFacts
from services.chassis.tokens import IssuerKeys
from services.chassis.web import create_app as create_chassis_app
from services.chassis.work import Unit
from services.directory.web import hsds, operator, pages, reports, units

NAVIGATION = (
    NavigationItem("Directory", "/directory/"),
    NavigationItem("Gaps and overlaps", "/directory/coverage"),
    NavigationItem("Referrals", "/referral/"),
)


def create_app(settings: Settings, unit: Unit, *, issuer_keys: IssuerKeys | None = None) -> APIFlask:
    """Pages, operators' door and the public HSDS reading door."""
    return create_chassis_app(
        "directory",
        settings,
        unit,
        blueprints=(pages.blueprint, reports.blueprint, units.blueprint, operator.blueprint, hsds.blueprint),
        facts=SecurityFacts(
            refused=lambda refusal_id, slug, count: SignInRefused(refusal_id=refusal_id, slug=Slug(slug), count=count)
        ),
        navigation=NAVIGATION,
        issuer_keys=issuer_keys,
    )
