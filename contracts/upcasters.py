"""Old versions of events lifted to new ones by named, pure functions; a reader only ever sees the newest it knows.

@upcaster("referral.rejected.v1", "referral.rejected.v2")
def name_the_better_service(data): ...
"""

from collections.abc import Callable, Mapping
from typing import Any

Upcaster = Callable[[dict[str, Any]], dict[str, Any]]

UPCASTERS: dict[str, tuple[str, Upcaster]] = {}


def upcaster(
    old: str, new: str, registry: dict[str, tuple[str, Upcaster]] | None = None
) -> Callable[[Upcaster], Upcaster]:
    """Register how the data of type `old` become the data of type `new`."""
    known = UPCASTERS if registry is None else registry

    def register(function: Upcaster) -> Upcaster:
        if old in known or old == new:
            raise ValueError(f"{old} is lifted twice, or onto itself")
        known[old] = (new, function)
        return function

    return register


def lift(
    type_: str, data: dict[str, Any], registry: Mapping[str, tuple[str, Upcaster]] | None = None
) -> tuple[str, dict[str, Any]]:
    """Lift step by step to the newest version known here; what needs no lifting comes back as it was."""
    known = UPCASTERS if registry is None else registry
    while type_ in known:
        type_, function = known[type_]
        data = function(data)
    return type_, data
