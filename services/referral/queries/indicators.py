"""Figures for a funder's yearly report. Each counts what bears one of its tags, of one source and period.

Figures of one period overlap: who was in first contact had a referral sent. What lies between two of them would be a
figure, too; so one is told only if everything that all figures told so far divide the facts into is nothing or is
about five persons at least. The query says so itself; of what is not told no number leaves the database.
"""

# ruff: noqa: S608 - statements are put together from fixed parts

from collections.abc import Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import LiteralString

from psycopg.types.json import Jsonb

from services.chassis.db import Connection
from services.referral.domain.indicators import Asked, Source, Told
from services.referral.queries.bundles import FEWEST
from services.referral.queries.steering import FACTS, UNSERVED

#: Rows (tags, on_day, person_id): the source query of each indicator.
HAPPENED: Mapping[Source, LiteralString] = MappingProxyType(
    {
        Source.ENQUIRIES: """
            SELECT ARRAY['all', enquirer, 'site:' || site,
                CASE WHEN EXISTS (SELECT FROM referrals r WHERE r.enquiry_id = e.id AND r.requested_on IS NOT NULL)
                     THEN 'referred' END,
                CASE WHEN EXISTS (SELECT FROM contact_cards c WHERE c.enquiry_id = e.id) THEN 'contact_card' END],
                (recorded_at AT TIME ZONE %(zone)s)::date, person_id FROM enquiries e""",
        Source.NEEDS: """
            SELECT ARRAY['all', 'topic:' || n.topic, 'site:' || e.site, CASE WHEN """
        + UNSERVED
        + """ THEN 'unserved' END], (n.recorded_at AT TIME ZONE %(zone)s)::date, n.person_id
            FROM needs n JOIN enquiries e ON e.id = n.enquiry_id""",
        Source.REFERRALS: """
            SELECT ARRAY['sent', 'topic:' || topic, 'site:' || site, 'end:' || status, 'outcome:' || outcome,
                'reason:' || rejection, CASE WHEN first_contact_on IS NOT NULL THEN 'contacted' END,
                CASE WHEN based_on IS NOT NULL THEN 'follow_up' END, CASE WHEN own_employer THEN 'own_employer' END,
                CASE WHEN EXISTS (SELECT FROM choices c WHERE c.referral_id = r.id AND c.own_measure)
                     THEN 'own_measure' END], requested_on, person_id
            FROM referrals r WHERE requested_on IS NOT NULL AND status <> 'entered_in_error'""",
        Source.OBSTACLES: """
            SELECT ARRAY['all', 'kind:' || kind, 'topic:' || topic, 'site:' || site],
                (recorded_at AT TIME ZONE %(zone)s)::date, person_id FROM obstacles WHERE taken_back_at IS NULL
            UNION ALL
            SELECT ARRAY['all', 'kind:' || kind, 'topic:' || topic, 'site:' || site], ended_on, person_id
            FROM referrals, unnest(obstacles) AS kind
            WHERE obstacles <> '{}' AND ended_on IS NOT NULL AND status <> 'entered_in_error'""",
        Source.CONSENTS: """
            SELECT ARRAY['all', 'language:' || language, CASE WHEN interpreter THEN 'interpreter' END],
                (given_at AT TIME ZONE %(zone)s)::date, person_id FROM consents""",
    }
)
TOLD: LiteralString = """
, within AS MATERIALIZED (
    SELECT tags, person_id FROM happened WHERE on_day BETWEEN %(first)s AND %(last)s
), mark AS MATERIALIZED (
    SELECT tags, ARRAY(SELECT n FROM jsonb_array_elements(%(asked)s) WITH ORDINALITY AS one (any_of, n)
                       WHERE any_of ?| tags ORDER BY n) AS marks
    FROM (SELECT DISTINCT tags FROM within) AS known
), class AS (
    SELECT marks, count(*) AS often, count(DISTINCT person_id) AS persons
    FROM within JOIN mark USING (tags) WHERE marks <> '{}' GROUP BY marks
), may AS (SELECT bool_and(persons >= %(fewest)s) AS tell FROM class)
SELECT CASE WHEN tell THEN (SELECT sum(often)::int FROM class WHERE %(newest)s = ANY(marks)) END AS cases,
       CASE WHEN tell THEN (SELECT nullif(count(DISTINCT person_id), 0)::int FROM within JOIN mark USING (tags)
                            WHERE %(newest)s = ANY(marks)) END AS persons
FROM may"""


def figures(connection: Connection, asked: Sequence[Asked], first: date, last: date) -> dict[Asked, Told]:
    """What may be told of a period; those named first are told first, and what does not fit beside them is not."""
    told: dict[Asked, Told] = {}
    for one in asked:
        beside = [other for other, found in told.items() if other.source is one.source and found.cases is not None]
        told[one] = _figure(connection, [*beside, one], first, last)
    return told


def _figure(connection: Connection, asked: Sequence[Asked], first: date, last: date) -> Told:
    """The last of these, if all of them may be told beside each other."""
    source = asked[-1].source
    params = {
        **FACTS,
        "first": first,
        "last": last,
        "asked": Jsonb([list(one.tags) for one in asked]),
        "newest": len(asked),
        "fewest": FEWEST,
    }
    statement: LiteralString = "WITH happened (tags, on_day, person_id) AS (" + HAPPENED[source] + ")" + TOLD
    row = connection.execute(statement, params).fetchone()
    return Told(**row) if row else Told()
