"""Every disclosure beside the consent that carried it."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from services.audit.queries.search import FoundEntry, consents
from services.chassis.db import Connection


@dataclass(frozen=True, slots=True)
class Step:
    """One entry of a timeline; a disclosure names the entry of its consent if the log holds it."""

    entry: FoundEntry
    ground: FoundEntry | None

    @property
    def is_disclosure(self) -> bool:
        return self.entry.type in DISCLOSURES

    @property
    def refused(self) -> bool:
        return self.entry.data.get("allowed") is False or self.entry.type.endswith("_refused.v1")

    @property
    def without_ground(self) -> bool:
        """A disclosure that was allowed on a consent which is not in the log: to be looked into."""
        return self.is_disclosure and self.entry.data.get("ground") == "consent" and self.ground is None


DISCLOSURES = frozenset({"referral.disclosure_decided.v1", "referral.dossier_fetched.v1"})


def with_consents(connection: Connection, entries: Sequence[FoundEntry]) -> list[Step]:
    """The timeline with, beside each disclosure, the consent entry of the same id and version."""
    wanted = {
        one.data["ground_id"] for one in entries if one.data.get("ground") == "consent" and "ground_id" in one.data
    }
    given = consents(connection, [UUID(one) for one in sorted(wanted)])
    return [
        Step(one, given.get((one.data.get("ground_id", ""), int(one.data.get("ground_version", 0))))) for one in entries
    ]
