"""One thing said of many objects at once: what each of them would be afterwards."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from services.directory.domain.objects import RETIRED_STATUSES, Kind

Document = Mapping[str, Any]
#: More than this at once is a file, which is taken in as one.
MOST = 500


class Change(StrEnum):
    """What can be said of many at once."""

    STATUS = "status"
    ASSURED = "assured_date"
    SOURCE = "source"
    FUNDING = "funding"
    PHONE = "phone"
    EMAIL = "email"


#: Of services that somebody ticked; a number or an address is changed wherever it is said.
OF_SERVICES = (Change.STATUS, Change.ASSURED, Change.SOURCE, Change.FUNDING)
OF_CONTACTS = (Change.PHONE, Change.EMAIL)


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be said; of a contact also what it replaces, as it is compared."""

    change: Change
    value: Any
    former: str = ""
    why: str = ""

    @property
    def lacks_reason(self) -> bool:
        """Whoever ends something says why, as for one alone."""
        return self.change is Change.STATUS and self.value in RETIRED_STATUSES and not self.why


def wished(kind: Kind, document: Document, report: Document | None, wish: Wish) -> tuple[Kind, dict[str, Any]]:
    """The object as it would be. That an entry is true is its organization's word, whoever writes it down."""
    match wish.change:
        case Change.ASSURED:
            return Kind.REPORT, {**(report or {}), "service_id": document["id"], "assured_date": wish.value}
        case Change.SOURCE:
            return kind, {**document, "sources": [*dict.fromkeys([*document["sources"], wish.value])]}
        case Change.FUNDING:
            return kind, {**document, "funding": [wish.value] if wish.value else None}
        case Change.PHONE | Change.EMAIL:
            return kind, _contact_changed(document, wish)
        case Change.STATUS:
            return kind, {**document, "status": wish.value}


def _contact_changed(document: Document, wish: Wish) -> dict[str, Any]:
    key = "number" if wish.change is Change.PHONE else "email"
    changed: dict[str, Any] = _replaced(dict(document), key, wish)
    return changed


def _replaced(value: Any, key: str, wish: Wish) -> Any:
    """The same with the contact replaced wherever it stands; texts that mention it are left alone."""
    if isinstance(value, list):
        return [_replaced(one, key, wish) for one in value]
    if not isinstance(value, Mapping):
        return value
    return {
        name: wish.value if name == key and folded(wish.change, inner) == wish.former else _replaced(inner, key, wish)
        for name, inner in value.items()
    }


def folded(change: Change, value: Any) -> str:
    """What a number or an address is compared by, as the view `contact_uses` has it."""
    if not isinstance(value, str):
        return ""
    return re.sub(r"[^0-9+]", "", value) if change is Change.PHONE else value.lower()
