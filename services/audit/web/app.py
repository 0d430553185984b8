"""Audit's web application."""

from functools import partial

from apiflask import APIFlask

from contracts.audit import SignInRefused
from contracts.codes import StaffRole
from contracts.event import Slug
from services.audit.config import checkpoint_directory, load_verifier_key
from services.audit.queries.health import log_health
from services.audit.web import api, operator, pages
from services.audit.writer import Outside
from services.chassis.config import Settings
from services.chassis.room import NavigationItem, SecurityFacts
from services.chassis.tokens import IssuerKeys
from services.chassis.web import create_app as create_chassis_app
from services.chassis.work import Unit

READERS = frozenset({StaffRole.DPO.value})
WATCHERS = frozenset({StaffRole.DPO.value, StaffRole.OPERATIONS.value})
NAVIGATION = (
    NavigationItem("Audit log", "/audit/", READERS),
    NavigationItem("Findings", "/audit/findings", READERS),
    NavigationItem("Integrity", "/audit/integrity", WATCHERS),
)


def create_app(settings: Settings, unit: Unit, *, issuer_keys: IssuerKeys | None = None) -> APIFlask:
    """Search, timelines and proofs for those who oversee; figures for operations."""
    outside = Outside(load_verifier_key(settings), checkpoint_directory(settings, writable=False))
    app = create_chassis_app(
        "audit",
        settings,
        unit,
        blueprints=(pages.blueprint, api.blueprint, operator.blueprint),
        facts=SecurityFacts(
            refused=lambda refusal_id, slug, count: SignInRefused(refusal_id=refusal_id, slug=Slug(slug), count=count)
        ),
        navigation=NAVIGATION,
        status=partial(log_health, outside=outside),
        issuer_keys=issuer_keys,
    )
    app.extensions["audit.outside"] = outside
    return app
