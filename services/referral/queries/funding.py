"""Double funding in figures: hints that stopped a choice, choices justified by a code, and what partners declined.

Counted from the rows that choosing and answering left. A lead reads what her desk chose, the officer everything.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from contracts.codes import FundingJustification, RejectionReason, Site
from services.chassis.db import Connection
from services.referral.domain.workdays import start_of
from services.referral.queries.attention import OWN_ENQUIRIES, OWN_REFERRALS, Asked
from services.referral.queries.duplicates import LATELY, Count

LONGEST_LIST = 100
HINTS: LiteralString = (
    "SELECT h.justification, count(*) AS in_all, count(*) FILTER (WHERE h.hinted_at >= %(lately)s) AS lately"  # noqa: S608
    " FROM funding_hints h JOIN enquiries e ON e.id = h.enquiry_id WHERE " + OWN_ENQUIRIES + " GROUP BY 1"
)
DECLINED: LiteralString = (
    "SELECT count(*) AS in_all, count(*) FILTER (WHERE (SELECT max(t.at) FROM timeline t WHERE t.referral_id = r.id"  # noqa: S608
    " AND t.type = 'referral.rejected.v1') >= %(lately)s) AS lately"
    " FROM referrals r WHERE r.rejection = %(double)s AND " + OWN_REFERRALS
)
COMBINATIONS: LiteralString = (
    "SELECT h.*, e.site, r.reference FROM funding_hints h JOIN enquiries e ON e.id = h.enquiry_id"  # noqa: S608
    " JOIN referrals r ON r.id = h.referral_id WHERE "
    + OWN_ENQUIRIES
    + " ORDER BY h.hinted_at DESC, h.id LIMIT %(most)s"
)


@dataclass(frozen=True, slots=True)
class Combination:
    """Two fundings in one person, and the code that justified them."""

    enquiry_id: UUID
    referral_id: UUID
    reference: str
    service_id: UUID
    other_service_ids: tuple[UUID, ...]
    is_elsewhere: bool
    justification: FundingJustification
    chosen_at: datetime
    site: Site


@dataclass(frozen=True, slots=True)
class FundingFigures:
    """Everything the page shows."""

    stopped: Count
    justified: dict[FundingJustification, Count]
    declined: Count
    combinations: list[Combination]

    @property
    def all_justified(self) -> Count:
        return sum(self.justified.values(), Count())


def funding_figures(connection: Connection, asked: Asked) -> FundingFigures:
    params = {
        **asked.scope,
        "lately": start_of(asked.today - LATELY),
        "double": RejectionReason.DOUBLE_FUNDING,
        "most": LONGEST_LIST,
    }
    hints = {row["justification"]: row for row in connection.execute(HINTS, params).fetchall()}
    declined = connection.execute(DECLINED, params).fetchone()
    rows = connection.execute(COMBINATIONS, params).fetchall()
    return FundingFigures(
        stopped=_count(hints.get(None)),
        justified={one: _count(hints.get(one)) for one in FundingJustification},
        declined=_count(declined),
        combinations=[_combination(row) for row in rows],
    )


def _count(row: Any) -> Count:
    return Count(row["in_all"], row["lately"]) if row else Count()


def _combination(row: Any) -> Combination:
    return Combination(
        enquiry_id=row["enquiry_id"],
        referral_id=row["referral_id"],
        reference=row["reference"],
        service_id=row["service_id"],
        other_service_ids=tuple(row["other_service_ids"]),
        is_elsewhere=row["is_elsewhere"],
        justification=FundingJustification(row["justification"]),
        chosen_at=row["hinted_at"],
        site=Site(row["site"]),
    )
