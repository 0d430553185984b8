"""The rules about how staff look at cases. They judge only what happened while an entry of the log says they hold.

Which agreement, which hours, which threshold: all of it is read from that entry (`audit.staff_rules_set.v1`), never
from the configuration of today, so nothing is judged backwards and the same log always gives the same findings. A
finding gathers a day of one pseudonym; nothing counts or ranks staff beyond that.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from itertools import zip_longest
from typing import Any

import holidays

from contracts.codes import LogFindingKind
from services.audit.domain.agreement import InForce, StaffRules
from services.audit.queries.rules import VIEWED, Rule
from services.chassis.db import Connection

SET = "audit.staff_rules_set.v1"
SIGNED_IN = "referral.signed_in.v1"
ALWAYS = "infinity"
#: What shows that somebody works on a case. Looking, asking what would fit, being refused, what the consent engine then
#: decided, and giving cases to a colleague are no work; nor is whatever is done in this log. One click that fails would
#: clear anybody otherwise.
WORK = """did.type ~ '^(referral|notifications)[.]' AND did.type !~ '(viewed|exported|refused|disclosure_decided)'
        AND did.type NOT IN ('referral.services_suggested.v1', 'referral.double_funding_hinted.v1',
            'referral.case_handed_over.v1')"""

TOLD = """
SELECT position, occurred_at, leaf FROM entries WHERE type = 'audit.staff_rules_set.v1' AND leaf IS NOT NULL
ORDER BY occurred_at, position
"""

_AGREED = """
agreed AS (
    SELECT * FROM jsonb_to_recordset(%(agreed)s::jsonb) AS one (since timestamptz, until timestamptz, zone text,
        opens integer, closes integer, days integer[], off date[], cases_per_hour integer)
)"""

#: Each day of each pseudonym that the entries to judge belong to, and all that was viewed on it under an agreement.
_DAYS = f"""
{_AGREED}, days AS (
    SELECT DISTINCT seen.actor, (seen.occurred_at AT TIME ZONE agreed.zone)::date AS day, agreed.zone
    FROM entries AS seen JOIN agreed ON seen.occurred_at >= agreed.since AND seen.occurred_at < agreed.until
    WHERE seen.position = ANY(%(looked)s) AND seen.type = 'referral.personal_data_viewed.v1'
        AND starts_with(seen.actor, 'staff:')
), views AS (
    SELECT seen.position, seen.occurred_at, seen.actor, days.day, agreed.cases_per_hour,
        coalesce(seen.enquiry_id, seen.referral_id, seen.person_id) AS about,
        convert_from(seen.leaf, 'UTF8')::jsonb -> 'data' ->> 'purpose' AS purpose,
        NOT (extract(isodow FROM days.day)::integer = ANY(agreed.days)) OR days.day = ANY(agreed.off)
            OR minute < agreed.opens OR minute >= agreed.closes AS outside
    FROM days
    JOIN entries AS seen ON seen.actor = days.actor AND seen.occurred_at >= days.day::timestamp AT TIME ZONE days.zone
        AND seen.occurred_at < (days.day + 1)::timestamp AT TIME ZONE days.zone
        AND seen.type = 'referral.personal_data_viewed.v1' AND seen.leaf IS NOT NULL
    JOIN agreed ON seen.occurred_at >= agreed.since AND seen.occurred_at < agreed.until AND agreed.zone = days.zone
    CROSS JOIN LATERAL (SELECT (extract(hour FROM seen.occurred_at AT TIME ZONE agreed.zone) * 60
        + extract(minute FROM seen.occurred_at AT TIME ZONE agreed.zone))::integer AS minute) AS local
)"""  # noqa: S608 - the text above

#: A day's views outside the agreed hours, together.
OUTSIDE_HOURS = f"""
WITH {_DAYS}
SELECT min(position) AS anchor, coalesce(min(position) FILTER (WHERE outside), min(position)) AS position,
    NULL::bigint AS because, greatest(count(*) FILTER (WHERE outside), 1)::integer AS entries,
    coalesce(max(position) FILTER (WHERE outside), min(position)) AS last, bool_or(outside) AS holds
FROM views GROUP BY actor, day
"""  # noqa: S608 - the text above

#: More cases opened within an hour than agreed. Going on with a case opened in the hour before is not opening it, and a
#: list of hits opens none. Entries are those opened in an hour that had too many.
MANY_IN_A_ROW = f"""
WITH {_DAYS}, fresh AS (
    SELECT *, purpose <> 'search' AND coalesce(occurred_at - lag(occurred_at) OVER (
        PARTITION BY actor, day, about, purpose = 'search' ORDER BY occurred_at, position) > interval '1 hour', true)
        AS opened
    FROM views
), counted AS (
    SELECT *, opened AND count(*) FILTER (WHERE opened) OVER (
        PARTITION BY actor, day ORDER BY occurred_at RANGE BETWEEN interval '1 hour' PRECEDING AND CURRENT ROW
    ) > cases_per_hour AS many
    FROM fresh
)
SELECT min(position) AS anchor, coalesce(min(position) FILTER (WHERE many), min(position)) AS position,
    NULL::bigint AS because, greatest(count(*) FILTER (WHERE many), 1)::integer AS entries,
    coalesce(max(position) FILTER (WHERE many), min(position)) AS last, bool_or(many) AS holds
FROM counted GROUP BY actor, day
"""  # noqa: S608 - the text above

#: Opened by somebody who by the end of that day had done no work in the case, and whose desk it is not: no sign-in
#: at the case's site, no task for one of her sites, no absence of the case's site that one of hers stands in for. It is
#: judged from the day after on, since looking comes before doing; of whoever's site nobody knows nothing is said.
UNRELATED_CASE = f"""
WITH {_AGREED}, seen AS (
    SELECT seen.*, convert_from(leaf, 'UTF8')::jsonb -> 'data' ->> 'purpose' AS purpose,
        (seen.occurred_at AT TIME ZONE agreed.zone)::date AS day,
        ((seen.occurred_at AT TIME ZONE agreed.zone)::date + 1)::timestamp AT TIME ZONE agreed.zone AS night
    FROM entries AS seen JOIN agreed ON seen.occurred_at >= agreed.since AND seen.occurred_at < agreed.until
    WHERE seen.position = ANY(%(looked)s) AND seen.type = 'referral.personal_data_viewed.v1'
        AND seen.leaf IS NOT NULL AND starts_with(seen.actor, 'staff:')
), sites AS (
    SELECT seen.position, array_agg(DISTINCT convert_from(came.leaf, 'UTF8')::jsonb -> 'data' ->> 'site') AS hers
    FROM seen JOIN entries AS came ON came.actor = seen.actor AND came.type = 'referral.signed_in.v1'
        AND came.occurred_at BETWEEN seen.occurred_at - interval '1 day' AND seen.occurred_at AND came.leaf IS NOT NULL
    WHERE (convert_from(came.leaf, 'UTF8')::jsonb -> 'data') ? 'site' GROUP BY seen.position
), cases AS (
    SELECT seen.position, own.enquiry_id, convert_from(own.leaf, 'UTF8')::jsonb -> 'data' ->> 'site' AS site
    FROM seen JOIN entries AS own ON own.type = 'referral.enquiry_recorded.v1' AND own.leaf IS NOT NULL
        AND own.occurred_at < seen.night
        AND own.enquiry_id = coalesce(seen.enquiry_id, (SELECT drafted.enquiry_id FROM entries AS drafted
            WHERE drafted.referral_id = seen.referral_id AND drafted.type = 'referral.drafted.v1' LIMIT 1))
)
SELECT seen.position AS anchor, seen.position, NULL::bigint AS because, 1 AS entries, seen.position AS last,
    purpose IN ('case_work', 'substitution') AND seen.day < %(today)s AND NOT cases.site = ANY(sites.hers)
    AND NOT EXISTS (SELECT 1 FROM entries AS did WHERE did.enquiry_id = cases.enquiry_id AND did.actor = seen.actor
        AND did.occurred_at < seen.night AND {WORK})
    AND NOT EXISTS (SELECT 1 FROM entries AS drafted JOIN entries AS did ON did.referral_id = drafted.referral_id
        WHERE drafted.enquiry_id = cases.enquiry_id AND drafted.type = 'referral.drafted.v1'
            AND did.actor = seen.actor AND did.occurred_at < seen.night AND {WORK})
    AND NOT EXISTS (SELECT 1 FROM entries AS task WHERE (task.enquiry_id = cases.enquiry_id
            OR task.referral_id = seen.referral_id)
        AND task.type = 'referral.task_opened.v1' AND task.occurred_at < seen.night AND task.leaf IS NOT NULL
        AND convert_from(task.leaf, 'UTF8')::jsonb -> 'data' ->> 'site' = ANY(sites.hers))
    AND NOT EXISTS (SELECT 1 FROM entries AS away, LATERAL (
            SELECT convert_from(away.leaf, 'UTF8')::jsonb -> 'data' AS data) AS told
        WHERE away.type = 'referral.desk_absence_set.v1' AND away.occurred_at < seen.night AND away.leaf IS NOT NULL
            AND data ->> 'site' = cases.site AND data ->> 'substitute' = ANY(sites.hers)
            AND seen.day BETWEEN (data ->> 'from_on')::date AND (data ->> 'until_on')::date) AS holds
FROM seen JOIN sites USING (position) JOIN cases USING (position)
"""  # noqa: S608 - the text above

#: An entry that sets rules judges what happened after it, wherever that stands in the log.
SET_TOUCHED = """
SELECT seen.position FROM entries AS fresh JOIN entries AS seen
    ON seen.type = 'referral.personal_data_viewed.v1' AND seen.occurred_at >= fresh.occurred_at
WHERE fresh.position >= %(first)s AND fresh.position < %(end)s AND fresh.type = 'audit.staff_rules_set.v1'
    AND seen.position < %(end)s
"""
#: What comes late - a message that lay in a queue - may show that she had a part after all, or whose case it was: views
#: of a case its entries are about, on the day of the entry or later; of absences and sign-ins, those they stand for.
UNRELATED_TOUCHED = f"""{SET_TOUCHED}
UNION ALL
SELECT seen.position FROM (
    SELECT fresh.actor, fresh.type, fresh.occurred_at, coalesce(fresh.enquiry_id, (SELECT drafted.enquiry_id
        FROM entries AS drafted WHERE drafted.referral_id = fresh.referral_id AND drafted.type = 'referral.drafted.v1'
        LIMIT 1)) AS enquiry_id, fresh.referral_id
    FROM entries AS fresh WHERE fresh.position >= %(first)s AND fresh.position < %(end)s
        AND fresh.type <> 'referral.personal_data_viewed.v1' AND %(agreed)s::jsonb <> '[]'
        AND num_nonnulls(fresh.enquiry_id, fresh.referral_id) > 0
) AS told CROSS JOIN LATERAL (
    SELECT position, actor FROM entries WHERE enquiry_id = told.enquiry_id
        AND type = 'referral.personal_data_viewed.v1' AND occurred_at > told.occurred_at - interval '2 days'
    UNION ALL SELECT entries.position, entries.actor FROM (
        SELECT told.referral_id UNION SELECT drafted.referral_id FROM entries AS drafted
        WHERE drafted.enquiry_id = told.enquiry_id AND drafted.type = 'referral.drafted.v1'
    ) AS one JOIN entries USING (referral_id) WHERE entries.type = 'referral.personal_data_viewed.v1'
        AND entries.occurred_at > told.occurred_at - interval '2 days'
) AS seen
WHERE seen.position < %(end)s AND (seen.actor = told.actor
    OR told.type IN ('referral.enquiry_recorded.v1', 'referral.drafted.v1', 'referral.task_opened.v1'))
UNION ALL
SELECT seen.position FROM entries AS fresh JOIN entries AS seen ON seen.actor = fresh.actor
    AND seen.type = 'referral.personal_data_viewed.v1'
    AND seen.occurred_at BETWEEN fresh.occurred_at AND fresh.occurred_at + interval '1 day'
WHERE fresh.position >= %(first)s AND fresh.position < %(end)s AND fresh.type = 'referral.signed_in.v1'
    AND seen.position < %(end)s AND %(agreed)s::jsonb <> '[]'
UNION ALL
SELECT known.anchor FROM entries AS fresh JOIN finding_facts AS known ON known.kind = 'unrelated_case'
WHERE fresh.position >= %(first)s AND fresh.position < %(end)s AND fresh.type = 'referral.desk_absence_set.v1'
"""  # noqa: S608 - the text above
STAFF_RULES = (
    Rule(LogFindingKind.OUTSIDE_HOURS, (VIEWED,), OUTSIDE_HOURS, SET_TOUCHED),
    Rule(LogFindingKind.MANY_IN_A_ROW, (VIEWED,), MANY_IN_A_ROW, SET_TOUCHED),
    Rule(LogFindingKind.UNRELATED_CASE, (VIEWED,), UNRELATED_CASE, UNRELATED_TOUCHED),
)
BY_AGREEMENT = frozenset(rule.kind for rule in STAFF_RULES)
#: What only the data-protection officer sees.
ABOUT_STAFF = BY_AGREEMENT | {LogFindingKind.BY_LEAVER}


def in_force(connection: Connection) -> list[InForce]:
    """Every setting the log tells of, in order; the newest has no end."""
    rows = connection.execute(TOLD, prepare=False).fetchall()
    ends = [row["occurred_at"] for row in rows[1:]]
    return [
        InForce(_rules(json.loads(bytes(row["leaf"]))["data"]), row["position"], row["occurred_at"], until)
        for row, until in zip_longest(rows, ends)
    ]


def _rules(data: Mapping[str, Any]) -> StaffRules:
    return StaffRules(
        agreement=data.get("agreement") if data["is_on"] else None,
        agreed_on=date.fromisoformat(data["agreed_on"]) if "agreed_on" in data else None,
        zone=data["zone"],
        opens=data["opens"],
        closes=data["closes"],
        days=tuple(data["days"]),
        calendar=data["calendar"],
        cases_per_hour=data["cases_per_hour"],
    )


def agreed(found: Iterable[InForce], until: datetime) -> str:
    """The settings that are on, as the rules read them; holidays of every year up to `until` and the next."""
    return json.dumps(
        [
            {
                "since": one.since.isoformat(),
                "until": one.until.isoformat() if one.until else ALWAYS,
                "zone": one.rules.zone,
                "opens": one.rules.opens,
                "closes": one.rules.closes,
                "days": list(one.rules.days),
                "off": [day.isoformat() for day in days_off(one.rules.calendar, one.since, one.until or until)],
                "cases_per_hour": one.rules.cases_per_hour,
            }
            for one in found
            if one.rules.is_on
        ]
    )


def days_off(calendar: str, since: datetime, until: datetime) -> list[date]:
    """The holidays of a country and state between two instants, a day more at either end."""
    if calendar == "none":
        return []
    country, _, state = calendar.partition("-")
    first, last = (since - timedelta(days=1)).date(), (until + timedelta(days=2)).date()
    years = range(first.year, last.year + 1)
    return sorted(holidays.country_holidays(country, subdiv=state or None, years=years))
