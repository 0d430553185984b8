"""Why a service is needed beside those that are there: said once, by whoever coordinates, and kept with its history."""

from collections.abc import Mapping

from services.chassis.errors import NotFoundError, RefusedError
from services.chassis.work import Work
from services.directory import store
from services.directory.commands.applying import apply_one
from services.directory.domain.objects import Kind
from services.directory.domain.planning import Change


def justify(work: Work, service_id: str, words: Mapping[str, str]) -> Change:
    """Take the reason down, in German at least; a service of no overlap group needs none."""
    name = (Kind.SERVICE, service_id)
    held = store.load(work.tx, [name]).get(name)
    if held is None:
        raise NotFoundError("directory.service-unknown")
    if "overlap_group" not in held:
        raise RefusedError("directory.no-overlap")
    reason = {tag: text for tag, text in words.items() if text}
    return apply_one(work, Kind.SERVICE, {**held, "overlap_justification": reason}, "directory.justification-invalid")
