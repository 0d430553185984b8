"""For whoever steers: own measures used although structures exist, and what partners declined because they were full.

Aggregates by quarter, site and topic, never a person. A cell of fewer persons than `FEWEST` is told without its number,
here in the query, so that no page and no file can show it; sums are not told, because they would give it away. The
quarters do not overlap, so one cannot be taken off another either.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, LiteralString

from contracts.codes import RejectionReason, Site, Topic
from services.chassis.clock import PLACE
from services.chassis.db import Connection

#: A cell of fewer persons is told without its number.
FEWEST = 5
#: So many quarters are told, the present one among them.
QUARTERS = 8


class Matter(StrEnum):
    """What is counted. Own measures by the ground on which each was chosen."""

    OWN_NOBODY_FITS = "own_nobody_fits"
    OWN_ALL_DECLINED = "own_all_declined"
    OWN_EXISTING_NOT_REFERABLE = "own_existing_not_referable"
    DECLINED_FOR_CAPACITY = "declined_for_capacity"


FIGURES: LiteralString = """
WITH happened AS (
    SELECT 'own_' || c.own_measure_because AS matter,
           date_trunc('quarter', c.made_at AT TIME ZONE %(zone)s)::date AS quarter, r.site, r.topic, r.person_id
    FROM choices c JOIN referrals r ON r.id = c.referral_id
    WHERE c.own_measure_because IS NOT NULL AND r.requested_on IS NOT NULL
    UNION ALL
    SELECT 'declined_for_capacity', date_trunc('quarter', r.ended_on)::date, r.site, r.topic, r.person_id
    FROM referrals r WHERE r.rejection = %(full)s AND r.ended_on IS NOT NULL
)
SELECT matter, quarter, site, topic,
       CASE WHEN count(DISTINCT person_id) >= %(fewest)s THEN count(*) END AS often
FROM happened WHERE quarter >= %(since)s
GROUP BY matter, quarter, site, topic ORDER BY quarter DESC, matter, site, topic"""


@dataclass(frozen=True, slots=True)
class Figure:
    """One cell; `often` is None where there were some, and too few to be told."""

    matter: Matter
    quarter: date
    site: Site
    topic: Topic
    often: int | None

    @property
    def quarter_name(self) -> str:
        return f"{self.quarter.year}-Q{(self.quarter.month + 2) // 3}"


def first_quarter(today: date) -> date:
    """The first day of the earliest quarter that is told."""
    quarters = today.year * 4 + (today.month - 1) // 3 - (QUARTERS - 1)
    return date(quarters // 4, quarters % 4 * 3 + 1, 1)


def steering_figures(connection: Connection, today: date) -> list[Figure]:
    params: dict[str, Any] = {
        "zone": str(PLACE),
        "full": RejectionReason.NO_CAPACITY,
        "fewest": FEWEST,
        "since": first_quarter(today),
    }
    rows = connection.execute(FIGURES, params).fetchall()
    return [
        Figure(Matter(row["matter"]), row["quarter"], Site(row["site"]), Topic(row["topic"]), row["often"])
        for row in rows
    ]
