"""Figures of which nobody can work out a number of fewer than five persons: in the query, for every period and site.

What happened is counted in cells (what, where, in which quarter at which site). A cell of five persons is told. Smaller
ones of the same kind are put together - the quarters of one year at a site, then what is left over at the sites - and
are told as one, for whoever asks for all of it. What is still too little is not told, and nothing shows that there was
anything: none and few look alike. Each number shown is a sum of such bundles, which do not overlap, so that none shown
for one period or site can be taken off another to get at less than a bundle; sums over what is not told do not exist.

A bundle is also not told where it would give its parts away: if each of them has to be four to come to that sum; and it
is not added to others then, where it would be found again.
"""

from datetime import date
from typing import Any, LiteralString

from contracts.codes import Site
from services.referral.domain.quarters import View, first_day, quarter_of

#: A cell of fewer persons is not told.
FEWEST = 5

#: What stands before `counted(...)`: rows (a, b, on_day, site, person_id, days) become rows of bundles that are told.
BUNDLED: LiteralString = """
, fact AS MATERIALIZED (
    SELECT a, b, site, person_id, days,
           (extract(year FROM on_day) * 4 + extract(quarter FROM on_day))::int - 1 AS quarter
    FROM happened WHERE on_day >= %(since)s AND on_day < %(before)s
), cell AS (
    SELECT a, b, quarter, site, count(*) AS persons
    FROM (SELECT DISTINCT a, b, quarter, site, person_id FROM fact) AS each_once GROUP BY a, b, quarter, site
), part AS (
    SELECT a, b, quarter / 4 AS year, CASE WHEN %(sites_first)s THEN quarter::text ELSE site END AS of,
           CASE WHEN %(sites_first)s THEN %(sites)s ELSE least(4, %(now)s - quarter / 4 * 4 + 1) END
               - count(*) FILTER (WHERE persons >= %(fewest)s) AS cells,
           coalesce(sum(persons) FILTER (WHERE persons < %(fewest)s), 0) AS few
    FROM cell GROUP BY a, b, quarter / 4, CASE WHEN %(sites_first)s THEN quarter::text ELSE site END
), small AS MATERIALIZED (
    SELECT f.*, f.quarter / 4 AS year, CASE WHEN %(sites_first)s THEN f.quarter::text ELSE f.site END AS of
    FROM fact f JOIN cell USING (a, b, quarter, site) WHERE persons < %(fewest)s
), once AS (
    SELECT a, b, year, of, count(DISTINCT person_id) < %(fewest)s AS is_left,
           count(DISTINCT person_id) >= %(fewest)s AND min(few) < (%(fewest)s - 1) * min(cells) AS is_told
    FROM small JOIN part USING (a, b, year, of) GROUP BY a, b, year, of
), left_over AS MATERIALIZED (
    SELECT small.* FROM small JOIN once USING (a, b, year, of) WHERE is_left
), again AS (
    SELECT a, b, year FROM left_over GROUP BY a, b, year
    HAVING count(DISTINCT person_id) >= %(fewest)s AND (
        SELECT sum(few) < (%(fewest)s - 1) * sum(cells) FROM part JOIN once USING (a, b, year, of)
        WHERE is_left AND (part.a, part.b, part.year) = (left_over.a, left_over.b, left_over.year))
), bundle AS (
    SELECT a, b, quarter AS first, quarter AS last, site, person_id, days
    FROM fact JOIN cell USING (a, b, quarter, site) WHERE persons >= %(fewest)s
    UNION ALL
    SELECT a, b, CASE WHEN %(sites_first)s THEN quarter ELSE year * 4 END,
           CASE WHEN %(sites_first)s THEN quarter ELSE least(year * 4 + 3, %(now)s) END,
           CASE WHEN NOT %(sites_first)s THEN site END, person_id, days
    FROM small JOIN once USING (a, b, year, of) WHERE is_told
    UNION ALL
    SELECT a, b, year * 4, least(year * 4 + 3, %(now)s), NULL, person_id, days
    FROM left_over JOIN again USING (a, b, year)
), told AS (
    SELECT a, b, CASE WHEN first = last THEN first END AS quarter, person_id, days FROM bundle
    WHERE first >= %(first)s AND last <= %(last)s AND (%(site)s::text IS NULL OR site = %(site)s)
)"""
COUNTED: LiteralString = " SELECT a, b, count(*) AS often FROM told GROUP BY a, b ORDER BY often DESC, a, b"
BY_QUARTER: LiteralString = (
    " SELECT a, b, quarter, count(*) AS often FROM told GROUP BY a, b, quarter ORDER BY a, b, quarter"
)
#: A median is told of ten persons, so that each half has five; quartiles of twenty.
SPREAD: LiteralString = """
SELECT a, b, often, CASE WHEN persons >= 4 * %(fewest)s THEN low END AS low,
       CASE WHEN persons >= 2 * %(fewest)s THEN middle END AS middle,
       CASE WHEN persons >= 4 * %(fewest)s THEN high END AS high
FROM (SELECT a, b, count(*) AS often, percentile_disc(0.25) WITHIN GROUP (ORDER BY days) AS low,
             percentile_disc(0.5) WITHIN GROUP (ORDER BY days) AS middle,
             percentile_disc(0.75) WITHIN GROUP (ORDER BY days) AS high
      FROM told GROUP BY a, b) AS spread
JOIN (SELECT a, b, count(*) AS persons FROM (SELECT DISTINCT a, b, person_id FROM told) AS each_once
      GROUP BY a, b) AS whom USING (a, b)
ORDER BY a, often DESC, b"""


def bundled(happened: LiteralString, counted: LiteralString = COUNTED) -> LiteralString:
    """A whole statement from one that says what happened, and what is told of it."""
    return "WITH happened (a, b, on_day, site, person_id, days) AS (" + happened + ")" + BUNDLED + counted


def params_of(view: View, today: date, *, sites_first: bool = False) -> dict[str, Any]:
    """Whole years are read, whatever is asked for: how cells are put together does not hang on the question."""
    return {
        "first": view.first,
        "last": view.last,
        "site": view.site,
        "since": first_day(view.first // 4 * 4),
        "before": first_day((view.last // 4 + 1) * 4),
        "now": quarter_of(today),
        "sites": len(Site),
        "sites_first": sites_first,
        "fewest": FEWEST,
    }
