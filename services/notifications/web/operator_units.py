"""The operators' door to units: quiet hours, and who takes the mail while nobody is there."""

from datetime import date
from typing import Any
from uuid import UUID

from apiflask import APIBlueprint, Schema, fields

from services.chassis.web import request_work, room
from services.notifications import queries
from services.notifications.commands import units
from services.notifications.domain import hours
from services.notifications.store.units import EVERYBODY
from services.notifications.web.operator import operators, plain

Json = dict[str, Any]


class Hours(Schema):
    """Two times of day such as 19:00 and 07:00; neither: mail is welcome at any time."""

    begins = fields.String(load_default="")
    ends = fields.String(load_default="")


class NewAbsence(Schema):
    """First and last day, both included, and a mailbox of the same house."""

    from_on = fields.Date(required=True)
    until_on = fields.Date(required=True)
    substitute_mailbox = fields.String(required=True)


door = APIBlueprint("operator_units", __name__, url_prefix="/notifications/operator", tag="Units")


@door.get("/units")
@operators
def listing() -> Json:
    """Whoever is told by mail."""
    here = room()
    with here.unit.db.read() as connection:
        rows = queries.units(connection, here.unit.clock.today())
    return {"units": [shown(row) for row in rows]}


@door.put("/units/everybody/quiet-hours")
@door.input(Hours)
@operators
def hours_for_everybody(json_data: Json) -> Json:
    """For every unit that has no hours of its own."""
    return _set(EVERYBODY, json_data)


@door.put("/organizations/<uuid:organization_id>/quiet-hours")
@door.input(Hours)
@operators
def hours_of(organization_id: UUID, json_data: Json) -> Json:
    """For this unit alone."""
    return _set(organization_id, json_data)


@door.post("/organizations/<uuid:organization_id>/absences")
@door.input(NewAbsence)
@operators
def away(organization_id: UUID, json_data: Json) -> Json:
    """Mail goes to the substitute on these days."""
    with request_work() as work:
        absence = units.set_absence(work, organization_id, **json_data)
    return {"absence_id": str(absence.absence_id), "organization_id": str(organization_id)}


@door.post("/absences/<uuid:absence_id>/end")
@operators
def back(absence_id: UUID) -> Json:
    """They are back early."""
    with request_work() as work:
        organization_id = units.end_absence(work, absence_id)
    return {"absence_id": str(absence_id), "organization_id": str(organization_id)}


def _set(organization_id: UUID, json_data: Json) -> Json:
    quiet = hours.read(json_data["begins"], json_data["ends"])
    with request_work() as work:
        units.set_quiet_hours(work, organization_id, quiet)
    return {"organization_id": str(organization_id), "begins": json_data["begins"], "ends": json_data["ends"]}


def shown(row: Any) -> Json:
    """Days as text, too."""
    found = plain({name: item.isoformat() if isinstance(item, date) else item for name, item in row.items()})
    return {**found, "name": row["name"].get("de", "")}
