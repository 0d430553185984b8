"""Everything about data protection that referral keeps, behind one door: the list below is the page."""

from dataclasses import dataclass

from apiflask import APIBlueprint
from flask import render_template

from contracts.codes import StaffRole
from services.chassis.access import current_caller, staff

#: The lead coordinates data protection for her organization; the data-protection officer reads and changes nothing.
guardians = staff(StaffRole.LEAD, StaffRole.DPO)


@dataclass(frozen=True, slots=True)
class Entry:
    """One page of the hub: who finds it there, its catalogue key, and one sentence of what it is for."""

    path: str
    title: str
    says: str
    roles: frozenset[StaffRole] = frozenset({StaffRole.LEAD, StaffRole.DPO})


ENTRIES: tuple[Entry, ...] = (
    Entry("/audit/", "Audit log", "Everything that happened, as recorded, and the proof that nothing was changed."),
)


def blueprint() -> APIBlueprint:
    pages = APIBlueprint("protection", __name__, url_prefix="/referral/data-protection", enable_openapi=False)
    pages.get("/")(hub)
    return pages


@guardians
def hub() -> str:
    """What this caller may look at."""
    role = current_caller().role
    return render_template("referral/protection/hub.html", entries=[one for one in ENTRIES if role in one.roles])
