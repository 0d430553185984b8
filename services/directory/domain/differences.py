"""What differs between two states of an object, value by value, so that somebody can read it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that is not what it was; None where there is, or was, nothing."""

    path: tuple[str | int, ...]
    before: Any
    after: Any

    @property
    def field(self) -> str:
        """The field of the object it lies in."""
        return str(self.path[0])


def differences(before: Document, after: Document) -> list[Difference]:
    """Every value that differs; of texts and groups only the parts that do, lists of codes as a whole."""
    return list(_between((), before, after))


def _between(path: tuple[str | int, ...], before: Any, after: Any) -> Iterator[Difference]:
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping) and not _is_rule(path):
        for name in sorted(before.keys() | after.keys()):
            yield from _between((*path, name), before.get(name), after.get(name))
    elif _has_groups(before) and _has_groups(after) and len(before) == len(after):
        for index, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from _between((*path, index), one, other)
    else:
        yield Difference(path, before, after)


def _is_rule(path: Sequence[str | int]) -> bool:
    """A rule is read as one sentence."""
    return path[:1] == ("eligibility",)


def _has_groups(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, Mapping) for one in value)


@dataclass(frozen=True, slots=True)
class Clash:
    """A field somebody else changed meanwhile: what it was, what they made of it, what is wanted here."""

    field: str
    base: Any
    theirs: Any
    mine: Any

    @property
    def is_contested(self) -> bool:
        """Both changed it, and not to the same."""
        return self.mine not in (self.base, self.theirs)


def clashes(base: Document, theirs: Document, mine: Document) -> list[Clash]:
    """What somebody else changed since `base` was looked at."""
    names = sorted(base.keys() | theirs.keys())
    changed = (name for name in names if base.get(name) != theirs.get(name))
    return [Clash(name, base.get(name), theirs.get(name), mine.get(name)) for name in changed]


def merged(base: Document, theirs: Document, mine: Document) -> dict[str, Any]:
    """What is wanted here, and of fields that are not touched here what somebody else made of them meanwhile."""
    made = dict(mine)
    for clash in clashes(base, theirs, mine):
        if clash.is_contested or clash.mine == clash.theirs:
            continue
        made.pop(clash.field, None)
        if clash.theirs is not None:
            made[clash.field] = clash.theirs
    return made
