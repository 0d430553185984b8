"""Who covers which ground: gaps to fill and overlaps to justify, so that nothing is built beside what is there."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from contracts.codes import Audience, Topic
from services.directory.domain.publishing import is_retired

Document = Mapping[str, Any]


class Cover(StrEnum):
    """How much there is in a cell, in a word."""

    NONE = "none"
    IN_PART = "in_part"
    ONE = "one"
    SEVERAL = "several"


@dataclass(frozen=True, slots=True)
class Cell:
    """How one topic is covered in one area: by existing structures, by some for a part of it, by own measures."""

    existing: int = 0
    in_part: int = 0
    own: int = 0
    #: Of the existing ones, in part or not: nothing can be referred to them over the network. They close the gap.
    unreferred: int = 0

    @property
    def is_gap(self) -> bool:
        """Nobody but, at most, the welcome center itself."""
        return not self.existing and not self.in_part

    @property
    def cover(self) -> Cover:
        if self.is_gap:
            return Cover.NONE
        if not self.existing:
            return Cover.IN_PART
        return Cover.ONE if self.existing == 1 else Cover.SEVERAL


@dataclass(frozen=True, slots=True)
class Here:
    """The services behind a cell: those for all of the area, those for a part of it, and own measures."""

    existing: tuple[Document, ...] = ()
    in_part: tuple[Document, ...] = ()
    own: tuple[Document, ...] = ()

    @property
    def counted(self) -> Cell:
        unreferred = [one for one in (*self.existing, *self.in_part) if not one.get("is_referable", True)]
        return Cell(len(self.existing), len(self.in_part), len(self.own), len(unreferred))


@dataclass(frozen=True, slots=True)
class Overlap:
    """Services of one overlap group that meet in area and audience."""

    group: str
    services: tuple[Document, ...]


def matrix(services: Iterable[Document], areas: Sequence[str]) -> dict[Topic, dict[str, Cell]]:
    """Every topic in every area."""
    active = [service for service in services if not is_retired(service)]
    on_topic = {topic: [one for one in active if topic in one["topics"]] for topic in Topic}
    return {topic: {area: here(on_topic[topic], topic, area).counted for area in areas} for topic in Topic}


def here(services: Iterable[Document], topic: Topic, area: str) -> Here:
    """Who helps with a topic in an area; the retired do not."""
    found = [one for one in services if topic in one["topics"] and meet(one["areas"], [area]) and not is_retired(one)]
    others = [one for one in found if not one.get("own_measure", False)]
    return Here(
        tuple(one for one in others if _covers(one["areas"], area)),
        tuple(one for one in others if not _covers(one["areas"], area)),
        tuple(one for one in found if one.get("own_measure", False)),
    )


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


def unjustified(services: Iterable[Document]) -> dict[str, str]:
    """Who came onto occupied ground without a word why, and who stood there; in the order in which they came. Of two
    it is enough that one has said why: whoever was there first and moved onto another's ground has, too."""
    standing, ids, found = Ground(), {}, {}
    for service in services:
        ids[service.get("slug", service["id"])] = service["id"]
        other = standing.occupant(service) if "overlap_justification" not in service else None
        if other is not None and not is_retired(service):
            found[service["id"]] = ids[other]
        if "overlap_justification" not in service:
            standing.add(service)
    return found


def meet(areas: Iterable[str], others: Sequence[str]) -> bool:
    """Whether two lists of official keys have ground in common; a longer key lies inside a shorter one."""
    return any(one.startswith(other) or other.startswith(one) for one in areas for other in others)


def _covers(areas: Iterable[str], area: str) -> bool:
    return any(area.startswith(one) for one in areas)
