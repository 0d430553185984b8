"""The register of agreements (GDPR Art. 26, 28): every organization of the directory copy and its footing."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from contracts.directory import OrganizationPublished, PartnerKey
from services.chassis.db import Connection
from services.referral.domain import partner_keys
from services.referral.domain.footing import OWN_KEY_CHANNELS, AgreementState, days_left, lacking, state_of
from services.referral.domain.lifecycle import RUNNING
from services.referral.domain.partner_keys import KeyState
from services.referral.queries.attention import OWN_REFERRALS, Asked
from services.referral.store import directory
from services.referral.store.directory import Listing

COUNT = (
    "SELECT r.organization_id, count(*) AS count FROM referrals r WHERE r.status = ANY(%(running)s) AND "  # noqa: S608
    + OWN_REFERRALS
    + " GROUP BY r.organization_id"
)
#: Without an end there is no hurry: after everything that has one.
NEVER = 10**6


@dataclass(frozen=True, slots=True)
class KeyShown:
    """One key of a partner and how it stands."""

    key: PartnerKey
    state: KeyState

    @property
    def id(self) -> str:
        return str(self.key.key.get("kid", ""))


@dataclass(frozen=True, slots=True)
class Registered:
    """One organization in the register."""

    organization: OrganizationPublished
    services: tuple[Listing, ...]
    running: int
    on: date
    at: datetime

    @property
    def state(self) -> AgreementState:
        return state_of(self.organization.agreement, self.on)

    @property
    def days_left(self) -> int | None:
        agreement = self.organization.agreement
        return days_left(agreement, self.on) if agreement else None

    @property
    def keys(self) -> list[KeyShown]:
        """Every key that has not simply ended: those to seal to first, in them whichever needs a look."""
        shown = [KeyShown(one, partner_keys.state_of(one, self.at)) for one in partner_keys.life(self.organization)]
        order = list(KeyState)
        living = [one for one in shown if one.state is not KeyState.ENDED]
        return sorted(living, key=lambda one: (one.key.use, order.index(one.state)))

    @property
    def has_key(self) -> bool:
        return bool(partner_keys.sealing_keys(self.organization, self.at))

    @property
    def needs_key(self) -> bool:
        return self.organization.channel.kind in OWN_KEY_CHANNELS

    @property
    def lacking(self) -> tuple[str, ...]:
        """What keeps a referral from going there, each once; an organization that offers nothing lacks that."""
        found = [code for one in self.services for code in lacking(one.footing, self.on)]
        return tuple(dict.fromkeys(found)) if self.services else ("service",)

    @property
    def urgency(self) -> tuple[int, int, str]:
        """Ended or never begun first, then the fewest days left."""
        order = {AgreementState.ENDED: 0, AgreementState.NONE: 1, AgreementState.AHEAD: 2}
        left = NEVER if self.days_left is None else self.days_left
        return order.get(self.state, 3), left, str(self.organization.organization_id)


def register(connection: Connection, asked: Asked) -> list[Registered]:
    """Everybody in the directory copy, the most urgent first; referrals are counted as far as the caller may see."""
    params = {**asked.scope, "running": [str(status) for status in RUNNING]}
    running: dict[UUID, int] = {
        row["organization_id"]: row["count"] for row in connection.execute(COUNT, params).fetchall()
    }
    offered: dict[UUID, list[Listing]] = defaultdict(list)
    for one in directory.offered(connection):
        offered[one.organization_id].append(one)
    rows = [
        Registered(
            one, tuple(offered[one.organization_id]), running.get(one.organization_id, 0), asked.today, asked.now
        )
        for one in directory.organizations(connection)
    ]
    return sorted(rows, key=lambda row: row.urgency)
