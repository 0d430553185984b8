"""Who covers which ground: gaps to fill and overlaps to justify, so that nothing is built beside what is there."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contracts.codes import Audience, Topic
from services.directory.domain.publishing import is_retired

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Cell:
    """How one topic is covered in one area: by existing structures, by some for a part of it, by own measures."""

    existing: int = 0
    in_part: int = 0
    own: int = 0

    @property
    def is_gap(self) -> bool:
        """Nobody but, at most, the welcome center itself."""
        return not self.existing and not self.in_part


@dataclass(frozen=True, slots=True)
class Overlap:
    """Services of one overlap group that meet in area and audience."""

    group: str
    services: tuple[Document, ...]


def matrix(services: Iterable[Document], areas: Sequence[str]) -> dict[Topic, dict[str, Cell]]:
    """Every topic in every area."""
    active = [service for service in services if not is_retired(service)]
    return {topic: {area: _cell(active, topic, area) for area in areas} for topic in Topic}


def _cell(services: Iterable[Document], topic: Topic, area: str) -> Cell:
    here = [one for one in services if topic in one["topics"] and meet(one["areas"], [area])]
    own = sum(one.get("own_measure", False) for one in here)
    whole = sum(_covers(one["areas"], area) for one in here if not one.get("own_measure", False))
    return Cell(existing=whole, in_part=len(here) - own - whole, own=own)


def overlaps(services: Iterable[Document]) -> list[Overlap]:
    """Groups in which services meet; each service is named once per group."""
    groups: dict[str, list[Document]] = {}
    for service in services:
        if "overlap_group" in service and not is_retired(service):
            groups.setdefault(service["overlap_group"], []).append(service)
    found = [(group, [one for one in members if occupant(one, members)]) for group, members in sorted(groups.items())]
    return [Overlap(group, tuple(members)) for group, members in found if members]


def occupant(service: Document, others: Iterable[Document]) -> Document | None:
    """Another service that already stands on this service's ground: same group, an area and an audience in common."""
    return next((other for other in others if _stands_on(service, other)), None)


def _stands_on(service: Document, other: Document) -> bool:
    return (
        service["id"] != other["id"]
        and service.get("overlap_group") is not None
        and service.get("overlap_group") == other.get("overlap_group")
        and not is_retired(other)
        and meet(service["areas"], other["areas"])
        and (Audience.BOTH in (service["audience"], other["audience"]) or service["audience"] == other["audience"])
    )


class Ground:
    """What stands on which ground, of however many services: answers as `occupant` does, without looking at each."""

    def __init__(self) -> None:
        self._at: dict[tuple[str, str, str], str] = {}
        self._inside: dict[tuple[str, str, str], str] = {}

    def add(self, service: Document) -> None:
        """From now on this service stands here; a retired one, or one of no group, stands nowhere."""
        group = service.get("overlap_group")
        if group is None or is_retired(service):
            return
        name = service.get("slug", service["id"])
        for area in service["areas"]:
            self._at.setdefault((group, area, service["audience"]), name)
            for length in range(1, len(area)):
                self._inside.setdefault((group, area[:length], service["audience"]), name)

    def occupant(self, service: Document) -> str | None:
        """The name of a service that stands on this one's ground; the one asked about must not have been added."""
        if "overlap_group" not in service:
            return None
        group, audience = str(service["overlap_group"]), str(service["audience"])
        audiences = tuple(Audience) if audience == Audience.BOTH else (audience, Audience.BOTH.value)
        for area in service["areas"]:
            for audience in audiences:
                around = (self._at.get((group, area[:end], audience)) for end in range(1, len(area) + 1))
                found = next((name for name in around if name), self._inside.get((group, area, audience)))
                if found:
                    return found
        return None


def meet(areas: Iterable[str], others: Sequence[str]) -> bool:
    """Whether two lists of official keys have ground in common; a longer key lies inside a shorter one."""
    return any(one.startswith(other) or other.startswith(one) for one in areas for other in others)


def _covers(areas: Iterable[str], area: str) -> bool:
    return any(area.startswith(one) for one in areas)
