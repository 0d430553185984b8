"""When an entry was changed in which field: HSDS's metadata, made from its history.

What stood there before is not told: whoever had a wrong number taken out does not want it published as a former one.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid5

Document = Mapping[str, Any]
Json = dict[str, Any]
UPDATED_BY = "directory"


def metadata(kind: str, owner: str, states: Sequence[tuple[Document, datetime]], *, whole: bool) -> list[Json]:
    """The changes between states, the newest first; `whole` says that the last state given is the first there was."""
    made: list[Json] = []
    for (document, at), (before, _) in pairwise(states):
        made.extend(_entry(kind, owner, at, "update", field) for field in _differences(document, before))
    if whole and states:
        made.append(_entry(kind, owner, states[-1][1], "create", ""))
    return made


def _differences(document: Document, before: Document) -> Iterator[str]:
    return (name for name in sorted(document.keys() | before.keys()) if document.get(name) != before.get(name))


def _entry(kind: str, owner: str, at: datetime, action: str, field: str) -> Json:
    return {
        "id": str(uuid5(UUID(owner), f"metadata/{at.isoformat()}/{field}")),
        "resource_id": owner,
        "resource_type": kind,
        "last_action_date": at.date().isoformat(),
        "last_action_type": action,
        "field_name": field,
        "previous_value": "",
        "replacement_value": "",
        "updated_by": UPDATED_BY,
    }
