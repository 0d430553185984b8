"""Pages for the staff: what the directory knows."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from apiflask import APIBlueprint
from flask import render_template, request

from contracts.codes import Audience, Capacity, ChannelKind, Participation, ServiceRole, StaffRole, Topic
from services.chassis.access import current_caller, staff
from services.chassis.pages import label, language
from services.chassis.web import room
from services.directory import queries
from services.directory.domain.publishing import is_retired

blueprint = APIBlueprint(
    "directory_pages", __name__, url_prefix="/directory", template_folder="templates", enable_openapi=False
)


@blueprint.get("/")
@staff()
def listing() -> str:
    """Every organization with its services, topics, and how it takes part; or those on one topic."""
    topic = next((one for one in Topic if one == request.args.get("topic")), None)
    with room().unit.db.read() as connection:
        rows = queries.listing(connection, topic)
    may_edit = current_caller().role is StaffRole.DIRECTORY_EDITOR
    return render_template(
        "directory/listing.html",
        organizations=[_organization(row) for row in rows],
        choices=[(one.value, label(one)) for one in Topic],
        topic=topic,
        may_edit=may_edit,
    )


def _organization(row: dict[str, Any]) -> dict[str, Any]:
    participation, reached_by = row["participation"], row["reached_by"]
    kind = reached_by["channel"]["kind"] if participation and reached_by else ChannelKind.NONE
    return {
        "id": row["id"],
        "name": words(row["organization"]["name"]),
        "description": words(row["organization"]["description"]),
        "channel": ChannelKind(kind),
        "channel_waits": row["channel_waits"],
        "standing": Participation(row["standing"] or Participation.TAKING_PART),
        "agreement": bool(participation and participation.get("agreement")),
        "services": [_service(service) for service in row["services"]],
    }


def _service(service: dict[str, Any]) -> dict[str, Any]:
    assured = service.get("assured_date")
    return {
        "id": service["id"],
        "name": words(service["name"]),
        "topics": [Topic(topic) for topic in service["topics"]],
        "role": ServiceRole(service["role"]),
        "audience": Audience(service["audience"]),
        "capacity": Capacity(service.get("capacity", Capacity.UNKNOWN)),
        "assured_on": date.fromisoformat(assured) if assured else None,
        "retired": is_retired(service),
    }


def words(texts: Mapping[str, str]) -> str:
    """The text in the reader's language; what is not translated is shown in German."""
    return texts.get(language(), texts["de"])
