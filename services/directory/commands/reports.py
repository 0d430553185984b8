"""What an organization says about its own service."""

from collections.abc import Mapping
from typing import Any

from services.chassis.errors import InvalidError, NotFoundError
from services.chassis.work import Work
from services.directory import store
from services.directory.commands.applying import apply_one
from services.directory.domain.objects import Kind


def report(work: Work, service_id: str, words: Mapping[str, Any], organization_id: str | None = None) -> dict[str, Any]:
    """Keep capacity or "still true"; what is not mentioned stays as it was said before."""
    service, before = (Kind.SERVICE, service_id), (Kind.REPORT, service_id)
    held = store.load(work.tx, [service, before])
    if service not in held or organization_id not in (None, held[service]["organization_id"]):
        raise NotFoundError("directory.service-unknown")
    if str(words.get("assured_date") or "") > work.today.isoformat():
        raise InvalidError("directory.report-invalid", {"assured_date": "a day not after today"})
    dated = {"capacity_reported_on": work.today.isoformat()} if "capacity" in words else {}
    value = {**held.get(before, {}), **dated, **words, "service_id": service_id}
    change = apply_one(work, Kind.REPORT, value, "directory.report-invalid")
    return {"effect": change.effect, **change.row.document}
