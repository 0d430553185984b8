"""For whoever steers: what came in, where it went, what became of it, how long it took, and what stood in the way.

Each table is one statement saying what happened, row by row; `bundles` makes of it what may be told. Never a person.
"""
# ruff: noqa: S608 - statements are put together from fixed parts

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Any, LiteralString

from psycopg.types.json import Jsonb

from services.chassis.clock import PLACE
from services.chassis.db import Connection
from services.referral.domain.footing import OURS_TO_MEND
from services.referral.domain.quarters import View
from services.referral.queries.bundles import BY_QUARTER, COUNTED, SPREAD, bundled, params_of


class Table(StrEnum):
    """What is told, in the order of the page."""

    FLOW_IN = "flow_in"
    FLOW_OUT = "flow_out"
    TIMES = "times"
    DECLINED = "declined"
    FULL = "full"
    UNSERVED = "unserved"
    OBSTACLES = "obstacles"
    OBSTACLE_TOPICS = "obstacle_topics"
    OBSTACLE_EFFECTS = "obstacle_effects"
    OBSTACLE_SPHERES = "obstacle_spheres"
    OBSTACLE_AREAS = "obstacle_areas"
    OWN = "own"
    LANGUAGES = "languages"


#: A referral counts in the quarter it was sent in; what was recorded by mistake was none.
SENT: LiteralString = (
    " FROM referrals r WHERE r.requested_on >= %(since)s AND r.requested_on < %(before)s"
    " AND r.status <> 'entered_in_error'"
)
END: LiteralString = """CASE
    WHEN r.status IN ('requested', 'received', 'clarification', 'waitlisted') THEN 'waiting'
    WHEN r.status IN ('accepted', 'in_progress', 'paused') THEN 'under_way' ELSE r.status END"""
#: When it was last looked for, nobody fitted but the welcome center itself; a body nothing can be referred to does fit.
UNSERVED: LiteralString = """NOT (
    SELECT jsonb_path_exists(suggestions, '$[*] ? (@.own_measure == false)')
        OR EXISTS (SELECT FROM jsonb_array_elements(exclusions) AS one WHERE one -> 'because' <@ %(ours_to_mend)s)
    FROM matchings WHERE need_id = n.id ORDER BY made_at DESC, id DESC LIMIT 1)"""
#: What statements about what happened may name.
FACTS: Mapping[str, Any] = MappingProxyType({"zone": str(PLACE), "ours_to_mend": Jsonb(sorted(OURS_TO_MEND))})
#: Years of rows are put together by hashing in memory: in the usual four megabytes, and because nobody can foretell how
#: many rows a bundle has, they would be sorted several times, and on the disk.
ROOM: LiteralString = "SET LOCAL work_mem = '32MB'; SET LOCAL enable_mergejoin = off; SET LOCAL enable_sort = off"
WAITED: LiteralString = """
SELECT 'accept' AS what, r.organization_id, r.requested_on, r.site, r.person_id,
       (t.at AT TIME ZONE %(zone)s)::date - r.requested_on AS days
FROM referrals r JOIN timeline t ON t.referral_id = r.id AND t.type = 'referral.accepted.v1'
WHERE r.requested_on >= %(since)s AND r.requested_on < %(before)s AND r.status <> 'entered_in_error'
UNION ALL
SELECT 'contact', r.organization_id, r.requested_on, r.site, r.person_id, r.first_contact_on - r.requested_on"""
OBSTACLE: LiteralString = """
SELECT kind, topic, effect, legal_sphere, area, (recorded_at AT TIME ZONE %(zone)s)::date AS met_on, site, person_id
FROM obstacles WHERE taken_back_at IS NULL
UNION ALL
SELECT unnest(obstacles), topic, NULL, NULL, NULL, ended_on, site, person_id FROM referrals
WHERE obstacles <> '{}' AND ended_on IS NOT NULL AND status <> 'entered_in_error'"""


def _obstacles(a: LiteralString, b: LiteralString = "''") -> LiteralString:
    """The navigators' own and those partners told with their answer; what was not said is not counted."""
    return (
        "SELECT " + a + ", " + b + ", met_on, site, person_id, NULL::int FROM (" + OBSTACLE + ") AS met"
        " WHERE " + a + " IS NOT NULL AND " + b + " IS NOT NULL"
    )


@dataclass(frozen=True, slots=True)
class Source:
    """What happened, and how it is counted. `sites_first`: small cells of a quarter are put together over the sites."""

    happened: LiteralString
    counted: LiteralString = COUNTED
    sites_first: bool = False


SOURCES: Mapping[Table, Source] = MappingProxyType(
    {
        Table.FLOW_IN: Source(
            "SELECT r.topic, r.organization_id::text, r.requested_on, r.site, r.person_id, NULL::int" + SENT
        ),
        Table.FLOW_OUT: Source(
            "SELECT r.organization_id::text, " + END + ", r.requested_on, r.site, r.person_id, NULL::int" + SENT
        ),
        Table.TIMES: Source(
            "SELECT what, whom, requested_on, site, person_id, days FROM ("
            + WAITED
            + SENT
            + " AND r.first_contact_on IS NOT NULL) AS waited,"
            " LATERAL (VALUES (''), (organization_id::text)) AS v (whom)",
            SPREAD,
        ),
        Table.DECLINED: Source(
            "SELECT rejection, '', ended_on, site, person_id, NULL::int FROM referrals"
            " WHERE status = 'rejected' AND ended_on IS NOT NULL"
        ),
        Table.FULL: Source(
            "SELECT topic, '', ended_on, site, person_id, NULL::int FROM referrals"
            " WHERE status = 'rejected' AND rejection = 'NO_CAPACITY' AND ended_on IS NOT NULL"
        ),
        Table.UNSERVED: Source(
            "SELECT n.topic, '', (n.recorded_at AT TIME ZONE %(zone)s)::date, e.site, n.person_id, NULL::int"
            " FROM needs n JOIN enquiries e ON e.id = n.enquiry_id WHERE " + UNSERVED
        ),
        Table.OBSTACLES: Source(_obstacles("kind"), BY_QUARTER, sites_first=True),
        Table.OBSTACLE_TOPICS: Source(_obstacles("topic", "kind")),
        Table.OBSTACLE_EFFECTS: Source(_obstacles("kind", "effect")),
        Table.OBSTACLE_SPHERES: Source(_obstacles("legal_sphere", "kind")),
        Table.OBSTACLE_AREAS: Source(_obstacles("area", "kind")),
        Table.OWN: Source(
            "SELECT c.own_measure_because, r.topic, (c.made_at AT TIME ZONE %(zone)s)::date, r.site, r.person_id,"
            " NULL::int FROM choices c JOIN referrals r ON r.id = c.referral_id"
            " WHERE c.own_measure_because IS NOT NULL AND r.requested_on IS NOT NULL"
            " AND r.status <> 'entered_in_error'"
        ),
        Table.LANGUAGES: Source(
            "SELECT language, CASE WHEN bool_or(interpreter) THEN 'with' ELSE 'without' END,"
            " (min(given_at) AT TIME ZONE %(zone)s)::date, site, c.person_id, NULL::int"
            " FROM consents c JOIN enquiries e ON e.id = c.enquiry_id"
            " GROUP BY language, site, c.enquiry_id, c.person_id"
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Row:
    """What is told of one row: how often, in which quarter if that is asked, and the days that passed."""

    a: str
    b: str
    often: int
    quarter: int | None = None
    low: int | None = None
    middle: int | None = None
    high: int | None = None


def rows_of(connection: Connection, table: Table, view: View, today: date) -> list[Row]:
    """What may be told of this table for this period and site."""
    source = SOURCES[table]
    params = {**FACTS, **params_of(view, today, sites_first=source.sites_first)}
    with connection.transaction():
        connection.execute(ROOM)
        return [Row(**row) for row in connection.execute(bundled(source.happened, source.counted), params).fetchall()]
