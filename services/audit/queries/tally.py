"""What happened how often: one text that counts a stretch of the log, and how a year is added up from stretches.

The clock counts each whole stretch once and keeps it; what is newer than the last whole one a report counts itself, by
the same text. So a year of millions of entries is added up from some thousand rows.
"""

from collections import Counter
from datetime import datetime

from services.audit.domain.report import Tally
from services.chassis.db import Connection

#: Entries in one stretch; a whole one never changes again.
BLOCK = 8_192

#: Every measure: year, name, codes, how often. Days are those of the place; a year is that of the event.
COUNTED = """
WITH part AS MATERIALIZED (
    SELECT position, type, occurred_at, referral_id, organization_id,
        extract(year FROM occurred_at AT TIME ZONE 'Europe/Berlin')::smallint AS year,
        convert_from(leaf, 'UTF8')::jsonb -> 'data' AS data
    FROM entries WHERE position >= %(first)s AND position < %(end)s AND leaf IS NOT NULL AND type = ANY(ARRAY[
        'referral.disclosure_decided.v1', 'referral.command_refused.v1', 'referral.consent_withdrawn.v1',
        'referral.duty_opened.v1', 'referral.stop_acknowledged.v1', 'referral.deletion_stated.v1',
        'referral.personal_data_viewed.v1', 'referral.external_disclosure_recorded.v1',
        'referral.subject_request_answered.v1', 'referral.breach_assessed.v1', 'audit.log_viewed.v1',
        'audit.log_exported.v1'])
), answered AS (
    SELECT part.*, CASE type WHEN 'referral.stop_acknowledged.v1' THEN 'acknowledge_stop'
        ELSE 'state_deletion' END AS duty
    FROM part WHERE type IN ('referral.stop_acknowledged.v1', 'referral.deletion_stated.v1')
)
SELECT year, measure, codes, sum(n)::bigint AS n FROM (
    SELECT year, CASE WHEN (data ->> 'allowed')::boolean THEN 'allowed' ELSE 'refused' END AS measure,
        CASE WHEN (data ->> 'allowed')::boolean
            THEN ARRAY[data ->> 'point', data ->> 'organization_id', data ->> 'purpose', data ->> 'ground']
            ELSE ARRAY[data ->> 'point', data ->> 'refusal'] END AS codes, 1 AS n
    FROM part WHERE type = 'referral.disclosure_decided.v1'
    UNION ALL SELECT year, 'command_refused', ARRAY[data ->> 'slug'], coalesce((data ->> 'count')::integer, 1)
    FROM part WHERE type = 'referral.command_refused.v1'
    UNION ALL SELECT year, 'withdrawn', ARRAY[CASE WHEN data ? 'category' THEN 'category'
        WHEN data ? 'organization_id' THEN 'organization' ELSE 'everything' END, data ->> 'channel'], 1
    FROM part WHERE type = 'referral.consent_withdrawn.v1'
    UNION ALL SELECT year, 'owed', ARRAY[data ->> 'duty', data ->> 'cause'], 1
    FROM part WHERE type = 'referral.duty_opened.v1'
    UNION ALL SELECT year, 'answered', ARRAY[duty, CASE
        WHEN owed.at IS NULL THEN 'unknown' WHEN answered.occurred_at - owed.at < interval '1 day' THEN 'day'
        WHEN answered.occurred_at - owed.at < interval '5 days' THEN 'days_5'
        WHEN answered.occurred_at - owed.at < interval '14 days' THEN 'days_14' ELSE 'longer' END], 1
    FROM answered LEFT JOIN LATERAL (
        SELECT max(occurred_at) AS at FROM entries AS owed WHERE owed.referral_id = answered.referral_id
            AND owed.type = 'referral.duty_opened.v1' AND owed.organization_id = answered.organization_id
            AND owed.occurred_at <= answered.occurred_at AND owed.leaf IS NOT NULL
            AND convert_from(owed.leaf, 'UTF8')::jsonb -> 'data' ->> 'duty' = answered.duty
    ) AS owed ON true
    UNION ALL SELECT year, 'deletion', ARRAY[data ->> 'deletion', coalesce(data ->> 'ground', '')], 1
    FROM part WHERE type = 'referral.deletion_stated.v1'
    UNION ALL SELECT year, 'viewed', ARRAY[coalesce(data ->> 'role', ''), data ->> 'purpose'], 1
    FROM part WHERE type = 'referral.personal_data_viewed.v1'
    UNION ALL SELECT year, 'external', ARRAY[data ->> 'ground'], 1
    FROM part WHERE type = 'referral.external_disclosure_recorded.v1'
    UNION ALL SELECT year, 'answered_request', ARRAY[data ->> 'right', data ->> 'answer'], 1
    FROM part WHERE type = 'referral.subject_request_answered.v1'
    UNION ALL SELECT year, 'breach', ARRAY[data ->> 'risk'], 1 FROM part WHERE type = 'referral.breach_assessed.v1'
    UNION ALL SELECT year, 'log_viewed', ARRAY[data ->> 'role', data ->> 'page'], 1
    FROM part WHERE type = 'audit.log_viewed.v1'
    UNION ALL SELECT year, 'log_exported', ARRAY[data ->> 'role', data ->> 'form'], 1
    FROM part WHERE type = 'audit.log_exported.v1'
) AS counted WHERE year = %(year)s::integer OR %(year)s::integer IS NULL GROUP BY year, measure, codes
"""
ADDED = """
SELECT measure, codes, sum(n)::bigint AS n FROM tallies WHERE year = %s AND block < %s GROUP BY measure, codes
"""
NEXT = "SELECT coalesce(max(block) + 1, 0) AS block FROM tallied_blocks"
YEARS = """
SELECT extract(year FROM (SELECT min(occurred_at) FROM entries) AT TIME ZONE 'Europe/Berlin')::integer AS first,
    extract(year FROM (SELECT max(occurred_at) FROM entries) AT TIME ZONE 'Europe/Berlin')::integer AS last
"""


def next_block(connection: Connection) -> int:
    """The first stretch that is not counted yet."""
    row = connection.execute(NEXT).fetchone()
    return 0 if row is None else int(row["block"])


def tally(connection: Connection, year: int, size: int) -> Tally:
    """What happened in a year, among the first `size` entries."""
    blocks = min(next_block(connection), size // BLOCK)
    found: Tally = {}
    rows = connection.execute(ADDED, (year, blocks), prepare=False).fetchall()
    window = {"first": blocks * BLOCK, "end": size, "year": year}
    rows += connection.execute(COUNTED, window, prepare=False).fetchall()
    for row in rows:
        found.setdefault(row["measure"], Counter())[tuple(code or "" for code in row["codes"])] += row["n"]
    return found


def years(connection: Connection, now: datetime) -> list[int]:
    """The years the log tells of, the newest first."""
    row = connection.execute(YEARS, prepare=False).fetchone()
    if row is None or row["first"] is None:
        return [now.year]
    return list(range(row["last"], row["first"] - 1, -1))
