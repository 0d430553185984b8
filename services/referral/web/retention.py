"""How long what is kept, what is due soon, what the last runs did, whom a hold keeps; and a run without effect."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from flask import render_template, request

from contracts.codes import HoldReason, RetentionKind, StaffRole
from services.chassis.access import current_caller, staff
from services.chassis.db import Connection
from services.chassis.room import room
from services.referral.domain.retention import Item
from services.referral.queries.retention import Look, everything
from services.referral.store import holds
from services.referral.store import retention as store
from services.referral.store.referrals import StaffActor
from services.referral.web.callers import house
from services.referral.web.protection import guardians, scope_of

leads = staff(StaffRole.LEAD)
SOON = timedelta(days=30)
LAST_RUNS = 14
MOST_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Shown:
    """One thing a dry run found; with the way to its case for whoever is responsible for it."""

    item: Item
    enquiry_id: UUID | None


def blueprint() -> APIBlueprint:
    pages = APIBlueprint("retention", __name__, url_prefix="/referral/data-protection/retention", enable_openapi=False)
    pages.get("/")(show)
    pages.post("/dry-runs")(dry_run)
    return pages


@guardians
def show() -> str:
    """Periods with their reasons, and the figures. Ids and codes only: nobody is looked at here."""
    return page()


@leads
def dry_run() -> str:
    """What a run would delete now, and who is held. Changes nothing, keeps nothing."""
    today = room().unit.clock.today()
    with room().unit.db.read() as connection:
        found = list(everything(connection, Look(today, house().retention.periods)))
        free = [item for item in found if not item.is_held]
        shown = of_desk(connection, free[:MOST_SHOWN], scope_of(current_caller().role))
    return page(
        tried={
            "counts": counts(free),
            "held": len({item.person_id for item in found if item.is_held}),
            "shown": shown,
            "more": len(free) - len(shown),
        }
    )


def page(tried: dict[str, Any] | None = None) -> str:
    here, kept, scope = room(), house().retention, scope_of(current_caller().role)
    today = here.unit.clock.today()
    with here.unit.db.read() as connection:
        soon = [item for item in everything(connection, Look(today + SOON, kept.periods)) if not item.is_held]
        runs = store.runs(connection, LAST_RUNS)
        outcomes = {run.id: store.outcome(connection, run.id) for run in runs}
        standing = standing_holds(connection, today, scope)
    return render_template(
        "referral/protection/retention.html",
        periods=[(kind, kept.periods.of[kind]) for kind in RetentionKind],
        soon=counts(soon),
        soon_until=today + SOON,
        runs=[(run, outcomes[run.id]) for run in runs],
        hour=kept.hour,
        holds=standing,
        hold_reasons=tuple(HoldReason),
        is_lead=current_caller().role is StaffRole.LEAD,
        today=today,
        tried=tried,
        done=request.args.get("done", "") == "hold-lifted",
    )


def counts(items: list[Item]) -> list[tuple[RetentionKind, int, date]]:
    """How many of each kind, and the first day one of them is due."""
    number = Counter(item.kind for item in items)
    first = {kind: min(item.due_on for item in items if item.kind is kind) for kind in number}
    return [(kind, number[kind], first[kind]) for kind in RetentionKind if kind in number]


def standing_holds(connection: Connection, today: date, scope: StaffActor | None) -> list[holds.Hold]:
    site, organization = (scope.site, scope.employer) if scope else (None, None)
    return holds.standing(connection, today, site=site, organization_id=organization)


def of_desk(connection: Connection, items: list[Item], scope: StaffActor | None) -> list[Shown]:
    """Each with its enquiry, where that lies on the own desk."""
    rows = connection.execute(
        "SELECT id, person_id FROM enquiries WHERE person_id = ANY(%s) AND site = %s AND organization_id = %s"
        " ORDER BY recorded_at",
        ([item.person_id for item in items], scope.site if scope else None, scope.employer if scope else None),
    ).fetchall()
    enquiry_of = {row["person_id"]: row["id"] for row in rows}
    return [Shown(item, enquiry_of.get(item.person_id)) for item in items]
