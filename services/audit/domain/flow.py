"""The way messages took in a case: which service said something, who asked it to, and who heard it.

Only what the log itself shows: an entry names its sender and who acted; who hears whom is the contracts' topology. That
everything reaches the audit log needs no arrow - it stands here because it did.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from contracts.topology import HEARS


class Lane(StrEnum):
    """Who stands beside whom in the picture, from left to right."""

    DIRECTORY = "directory"
    PERSON = "person"
    STAFF = "staff"
    REFERRAL = "referral"
    NOTIFICATIONS = "notifications"
    PARTNER = "partner"
    AUDIT = "audit"


#: What goes out to a partner by a channel, and what comes back by it.
TO_PARTNER = frozenset({"notifications.notice_sent.v1", "notifications.desk_link_issued.v1"})
FROM_PARTNER = frozenset({"notifications.notice_confirmed.v1"})


@dataclass(frozen=True, slots=True)
class Arrow:
    """One message from a lane to another; `sender is receiver` is something a service did by itself."""

    sender: Lane
    receiver: Lane


def arrows(source: str, type_: str, actor: str | None) -> tuple[Arrow, ...]:
    """How the message of one entry went: what asked for it, then who heard it, nearest first."""
    own = _lane(source)
    found = list(_cause(own, type_, actor))
    found += [Arrow(own, hearer) for hearer in _hearers(own)]
    if type_ in TO_PARTNER:
        found.append(Arrow(own, Lane.PARTNER))
    return tuple(found) or (Arrow(own, own),)


def lanes(ways: Iterable[Iterable[Arrow]]) -> tuple[Lane, ...]:
    """Those that occur, from left to right."""
    seen = {lane for way in ways for arrow in way for lane in (arrow.sender, arrow.receiver)}
    return tuple(lane for lane in Lane if lane in seen)


def _lane(source: str) -> Lane:
    return Lane(source.rpartition("/")[2])


def _cause(own: Lane, type_: str, actor: str | None) -> Iterable[Arrow]:
    kind = (actor or "").partition(":")[0]
    if type_ in FROM_PARTNER or kind == "partner":
        yield Arrow(Lane.PARTNER, own)
    elif kind in (Lane.STAFF, Lane.PERSON):
        yield Arrow(Lane(kind), own)


def _hearers(own: Lane) -> Iterable[Lane]:
    return (Lane(service) for service, heard in HEARS.items() if own in heard and service != Lane.AUDIT)
