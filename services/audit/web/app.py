"""Audit's web application."""

from uuid import UUID

from apiflask import APIFlask

from contracts.audit import ParkedSettled, SessionEnded, SignedIn, SignedOut, SignInRefused
from contracts.codes import DiscardReason, ParkedOutcome, StaffRole
from contracts.event import Code, Slug
from services.audit.config import checkpoint_directory, load_keys
from services.audit.queries.health import log_health
from services.audit.web import api, api_findings, bundles, findings, flow, leavers, operator, pages, reports, reviews
from services.audit.writer import Outside
from services.chassis.config import Settings
from services.chassis.parking import Parked
from services.chassis.room import NavigationItem, SecurityFacts
from services.chassis.tokens import IssuerKeys
from services.chassis.web import create_app as create_chassis_app
from services.chassis.work import Unit

OFFICERS = frozenset({StaffRole.DPO.value})
READERS = frozenset({StaffRole.DPO.value, StaffRole.AUDITOR.value})
WATCHERS = frozenset({StaffRole.DPO.value, StaffRole.OPERATIONS.value})
OPERATORS = frozenset({StaffRole.OPERATIONS.value})
NAVIGATION = (
    NavigationItem("Audit log", "/audit/", READERS),
    NavigationItem("Findings", "/audit/findings", READERS),
    NavigationItem("Reviews", "/audit/reviews", OFFICERS),
    NavigationItem("Integrity", "/audit/integrity", WATCHERS),
    NavigationItem("Ended access", "/audit/leavers", WATCHERS),
    NavigationItem("My entries", "/audit/mine"),
    NavigationItem("Parked messages", "/audit/operator/parked", OPERATORS),
)


def settled(settlement_id: UUID, item: Parked, outcome: ParkedOutcome, reason: str | None) -> ParkedSettled:
    return ParkedSettled(
        settlement_id=settlement_id,
        event_id=item.event_id,
        outcome=outcome,
        cause=Code(item.reason),
        reason=DiscardReason(reason) if reason else None,
    )


def create_app(settings: Settings, unit: Unit, *, issuer_keys: IssuerKeys | None = None) -> APIFlask:
    """Search, timelines and proofs for those who oversee; figures for operations."""
    outside = Outside(load_keys(settings), checkpoint_directory(settings, writable=False))
    app = create_chassis_app(
        "audit",
        settings,
        unit,
        blueprints=(
            pages.blueprint,
            findings.blueprint,
            flow.blueprint,
            leavers.blueprint,
            reviews.blueprint,
            reports.blueprint,
            api.blueprint,
            api_findings.blueprint,
            bundles.blueprint,
            operator.blueprint,
        ),
        facts=SecurityFacts(
            refused=lambda refusal_id, slug, count: SignInRefused(refusal_id=refusal_id, slug=Slug(slug), count=count),
            signed_in=lambda session_id, caller: SignedIn(session_id=session_id, role=caller.role),
            signed_out=lambda session_id: SignedOut(session_id=session_id),
            session_ended=lambda session_id, how: SessionEnded(session_id=session_id, how=how),
            settled=settled,
        ),
        navigation=NAVIGATION,
        status=lambda connection: log_health(connection, outside, unit.clock.now()),
        issuer_keys=issuer_keys,
    )
    app.extensions["audit.outside"] = outside
    return app
