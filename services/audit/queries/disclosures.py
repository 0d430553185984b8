"""Every disclosure beside the consent that carried it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from services.audit.queries.search import FoundEntry, consents
from services.chassis.db import Connection


@dataclass(frozen=True, slots=True)
class Step:
    """One entry of a timeline; a disclosure names the entry of its consent if the log holds it."""

    entry: FoundEntry
    ground: FoundEntry | None
    #: Consents given before it have been emptied after their period: its own may be one of them.
    may_have_expired: bool = False

    @property
    def is_disclosure(self) -> bool:
        return self.entry.type in DISCLOSURES

    @property
    def refused(self) -> bool:
        return self.entry.data.get("allowed") is False or self.entry.type.endswith("_refused.v1")

    @property
    def without_ground(self) -> bool:
        """A disclosure that was allowed on a consent which is not in the log: to be looked into."""
        return self._lacks_ground and not self.may_have_expired

    @property
    def ground_no_longer_kept(self) -> bool:
        """The same, where the consent has or may have gone after its period: nothing to be looked into."""
        return self._lacks_ground and self.may_have_expired

    @property
    def _lacks_ground(self) -> bool:
        return self.is_disclosure and self.entry.data.get("ground") == "consent" and self.ground is None


DISCLOSURES = frozenset(
    {"referral.disclosure_decided.v1", "referral.dossier_fetched.v1", "referral.document_fetched.v1"}
)
#: A consent holds twelve months at most and may begin later than it was given, as the rule on it says.
EXPIRED = """
SELECT used.position FROM entries AS used WHERE used.position = ANY(%s) AND EXISTS (
    SELECT 1 FROM entries AS gone WHERE gone.type = 'referral.consent_given.v1' AND gone.leaf IS NULL
        AND gone.occurred_at BETWEEN used.occurred_at - interval '2 years' AND used.occurred_at)
"""


def with_consents(connection: Connection, entries: Sequence[FoundEntry]) -> list[Step]:
    """The timeline with, beside each disclosure, the consent entry of the same id and version."""
    wanted = {
        one.data["ground_id"] for one in entries if one.data.get("ground") == "consent" and "ground_id" in one.data
    }
    given = consents(connection, [UUID(one) for one in sorted(wanted)])
    steps = [
        Step(one, given.get((one.data.get("ground_id", ""), int(one.data.get("ground_version", 0))))) for one in entries
    ]
    lacking = [step.entry.position for step in steps if step.without_ground]
    rows = connection.execute(EXPIRED, (lacking,), prepare=False) if lacking else ()
    expired = {row["position"] for row in rows}
    return [replace(step, may_have_expired=step.entry.position in expired) for step in steps]
