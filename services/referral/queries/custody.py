"""Which service keys hold what, and what of erasures is not done yet: counts, ids of keys and times, nobody's data."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.chassis.db import Connection
from services.referral.config import Keys
from services.referral.store import erasures, keys, marks, rewraps
from services.referral.store.rewraps import Rewrap

#: Wrapped or indexed before it was written down by which key.
UNNAMED = "unnamed"


@dataclass(frozen=True, slots=True)
class Custody:
    """How the keys are kept at this moment."""

    wrapping_id: str
    #: Of each kind, how many hang on which service key.
    held: Mapping[str, Mapping[str, int]]
    oldest_key_at: datetime | None
    unfinished_erasures: int
    last_rewrap: Rewrap | None

    @property
    def former(self) -> set[str]:
        """Other service keys that something still hangs on."""
        return {name for counts in self.held.values() for name, count in counts.items() if count} - {self.wrapping_id}

    def left(self, kind: str) -> int:
        """How many of a kind hang on another service key than the current one."""
        return sum(count for name, count in self.held[kind].items() if name != self.wrapping_id)

    def figures(self) -> dict[str, Any]:
        """For the operators' status."""
        last = self.last_rewrap
        return {
            "wrapping_id": self.wrapping_id,
            **{kind: dict(counts) for kind, counts in self.held.items()},
            "oldest_key_at": self.oldest_key_at.isoformat() if self.oldest_key_at else None,
            "unfinished_erasures": self.unfinished_erasures,
            "last_rewrap_at": last.ended_at.isoformat() if last else None,
        }


def custody(connection: Connection, held_by: Keys) -> Custody:
    found = held_by.store.counts()
    return Custody(
        wrapping_id=held_by.vault.wrapping_id,
        held={
            "person_keys": {one.wrapping_id: one.keys for one in found},
            "custodial_keys": keys.counts(connection),
            "blind_indexes": marks.counts(connection),
        },
        oldest_key_at=min((one.oldest for one in found), default=None),
        unfinished_erasures=erasures.unfinished(connection),
        last_rewrap=rewraps.last(connection),
    )
