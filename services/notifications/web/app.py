"""The web application of notifications."""

from uuid import UUID

from apiflask import APIFlask

from contracts.codes import DiscardReason, ParkedOutcome, StaffRole
from contracts.event import Code, Slug
from contracts.notifications import ParkedSettled, SessionEnded, SignedIn, SignedOut, SignInRefused
from services.chassis.config import Settings
from services.chassis.parking import Parked
from services.chassis.room import NavigationItem, SecurityFacts
from services.chassis.tokens import IssuerKeys
from services.chassis.web import create_app as create_chassis_app
from services.chassis.work import Unit
from services.notifications import config
from services.notifications.bell import Bell
from services.notifications.mailroom import Mailroom
from services.notifications.web import (
    feed,
    letters,
    operator,
    operator_channels,
    operator_letters,
    operator_units,
    pages,
    resting,
    units,
)

OVERSEERS = frozenset({StaffRole.LEAD.value, StaffRole.OPERATIONS.value})
OPERATORS = frozenset({StaffRole.OPERATIONS.value})
NAVIGATION = (
    NavigationItem("Referrals", "/referral/"),
    NavigationItem("Directory", "/directory/"),
    NavigationItem("Deliveries", "/notifications/deliveries", OVERSEERS),
    NavigationItem("Undeliverable letters", "/notifications/letters/", OVERSEERS),
    NavigationItem("Units and mail", "/notifications/units/", OVERSEERS),
    NavigationItem("Parked messages", "/notifications/operator/parked", OPERATORS),
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
    """Feed for partners, operators' door, pages for staff."""
    app = create_chassis_app(
        "notifications",
        settings,
        unit,
        blueprints=(
            feed.blueprint,
            operator.door,
            operator_channels.blueprint(settings.deployment_key),
            operator_letters.door,
            operator_units.door,
            pages.blueprint,
            letters.blueprint(),
            units.blueprint(),
        ),
        facts=SecurityFacts(
            refused=lambda refusal_id, slug, count: SignInRefused(refusal_id=refusal_id, slug=Slug(slug), count=count),
            signed_in=lambda session_id, caller: SignedIn(session_id=session_id, role=caller.role),
            signed_out=lambda session_id: SignedOut(session_id=session_id),
            session_ended=lambda session_id, how: SessionEnded(session_id=session_id, how=how),
            settled=settled,
        ),
        navigation=NAVIGATION,
        issuer_keys=issuer_keys,
    )
    resting.prepare(app)
    operations = config.operations_amqp_uri(settings)
    app.extensions["notifications-mailroom"] = Mailroom(operations) if operations else None
    # who waits occupies a thread: half of them are left to those who want an answer now
    app.extensions["notifications-bell"] = Bell(unit.db.dsn, max(1, settings.http_threads // 2))
    return app
