"""Everything about data protection that referral keeps, behind one door: what waits, and the pages listed below."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from apiflask import APIBlueprint
from flask import render_template

from contracts.codes import StaffRole
from services.chassis.access import current_caller, staff
from services.chassis.pages import label
from services.chassis.room import room
from services.referral.calendar import is_working_day
from services.referral.domain.workdays import PLACE, working_days_between
from services.referral.queries import protection_list
from services.referral.queries.attention import Asked, attention
from services.referral.queries.protection_list import MOST, Waiting
from services.referral.store.referrals import StaffActor
from services.referral.web.callers import house, staff_actor

#: The lead coordinates data protection for her organization; the data-protection officer reads and changes nothing.
guardians = staff(StaffRole.LEAD, StaffRole.DPO)


@dataclass(frozen=True, slots=True)
class Entry:
    """One page of the hub: who finds it there, its catalogue key, one sentence of what it is for, and what waits there.

    `shows` names the figures of `queries.attention` that this page is about; they link to it.
    """

    path: str
    title: str
    says: str
    roles: frozenset[StaffRole] = frozenset({StaffRole.LEAD, StaffRole.DPO})
    shows: frozenset[str] = frozenset()


ENTRIES: tuple[Entry, ...] = (
    Entry(
        "/referral/data-protection/texts",
        "Consent texts",
        "Every text in every language: version, hash, review, and how often it was agreed to.",
    ),
    Entry(
        "/referral/data-protection/requests",
        "Requests of persons",
        "Access, rectification, erasure and the rest: who asked when, until when it is due, what was answered.",
        shows=frozenset({"requests"}),
    ),
    Entry(
        "/referral/data-protection/record",
        "Record of processing",
        "Purposes, data, recipients, periods, measures, and a map of where data went, from the live configuration.",
    ),
    Entry(
        "/referral/data-protection/ledger",
        "Ledger of statements",
        "What partners owe about data they fetched - stop, deletion, correction - and what they answered.",
        shows=frozenset({"duties"}),
    ),
    Entry(
        "/referral/data-protection/agreements",
        "Agreements with partners",
        "With whom, in which capacity, until when, what is lacking, and how many referrals run there.",
        shows=frozenset({"agreements"}),
    ),
    Entry(
        "/referral/data-protection/disclosures",
        "Told outside",
        "What staff told on a statutory ground outside the system, and whether a second person confirmed it.",
        shows=frozenset({"told_outside"}),
    ),
    Entry(
        "/referral/data-protection/pseudonyms",
        "Names behind pseudonyms",
        "Whom an entry of the audit log is about: asked with an occasion, agreed to by a second person, shown once.",
        shows=frozenset({"resolutions"}),
    ),
    Entry(
        "/referral/data-protection/keys",
        "Keys of persons' data",
        "Which service key holds how much, whether its change is finished, and which erasures are not yet.",
    ),
    Entry(
        "/referral/data-protection/breaches",
        "Data breaches",
        "Checks after a mistake that reached a partner: the 72 hours, what was assessed, who was told.",
        shows=frozenset({"breach"}),
    ),
    Entry(
        "/referral/data-protection/duplicates",
        "Duplicate care",
        "What was asked and answered, what two desks have to clear up, who was refused, and which keys are in use.",
        roles=frozenset({StaffRole.DPO}),
        shows=frozenset({"duplicates"}),
    ),
    Entry(
        "/referral/data-protection/double-funding",
        "Double funding",
        "Choices whose fundings exclude each other: stopped, justified and why, or declined by a partner.",
    ),
    Entry(
        "/referral/data-protection/retention/",
        "Deletion and holds",
        "How long what is kept and why, what is due soon, what the last nights deleted, and whom a hold keeps.",
        shows=frozenset({"retention"}),
    ),
    Entry(
        "/audit/findings",
        "Findings in the log",
        "What somebody should look at: use after a withdrawal, a statement overdue, what was noticed by itself.",
        roles=frozenset({StaffRole.DPO}),
    ),
    Entry(
        "/audit/",
        "Audit log",
        "Everything that happened, as recorded, and the proof that nothing was changed.",
        roles=frozenset({StaffRole.DPO}),
    ),
)


def blueprint() -> APIBlueprint:
    pages = APIBlueprint("protection", __name__, url_prefix="/referral/data-protection", enable_openapi=False)
    pages.get("/")(hub)
    return pages


def scope_of(role: StaffRole | None) -> StaffActor | None:
    """Whose matters are shown: the own organization's at the own site, or (data-protection officer) everybody's."""
    return None if role is StaffRole.DPO else staff_actor()


@guardians
def hub() -> str:
    """What waits now, the most urgent first, and everything this caller may look at."""
    here, caller = room(), current_caller()
    clock, role = here.unit.clock, caller.role
    asked = Asked(scope_of(role), clock.now(), clock.today(), house().retention.periods, caller.actor)
    with here.unit.db.read() as connection:
        waiting = attention(connection, asked)
        found = protection_list.listed(connection, asked)
    entries = [one for one in ENTRIES if role in one.roles]
    places = {kind: one.path for one in entries for kind in one.shows}
    return render_template(
        "referral/protection/hub.html",
        waiting=waiting,
        entries=entries,
        places=places,
        items=[Shown(one, places, role, asked.today) for one in found[:MOST] if one.kind in places],
        is_more=len(found) > MOST,
        today=asked.today,
        is_officer=role is StaffRole.DPO,
    )


class Shown:
    """One thing that waits, as the page says it: what, since when, and what this reader does about it."""

    def __init__(self, item: Waiting, places: Mapping[str, str], role: StaffRole | None, today: date) -> None:
        self.item = item
        self.place = f"{places[item.kind]}/{item.id}" if item.kind == "resolutions" else places[item.kind]
        self.next = label(f"watch:{item.step}") if role is StaffRole.DPO else label(f"protect:{item.step}")
        self.waits = working_days_between(item.since.astimezone(PLACE).date(), today, is_working_day)
