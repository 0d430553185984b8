"""The rules about the persons' rights: what in the log the data-protection officer should look at, as one text each.

A rule judges the entries it is handed and nothing else, so that it costs the same in a long log as in a short one; the
clock hands it what is new and what the new may have changed, a test hands it everything and compares. It answers of
each: found, not found (any more), or null where nobody can tell, since what would decide it was emptied after its
period - what was found before stays found then.

What a rule answers: `anchor`, the entry that names the finding for ever; `position`, the one to show; `because`, the
one that makes it remarkable or settles it; how many `entries` it is about, the `last` of them; whether it `holds`.
"""

from dataclasses import dataclass

from contracts.codes import LogFindingKind

FETCHES = ("referral.dossier_fetched.v1", "referral.document_fetched.v1")
VIEWED = "referral.personal_data_viewed.v1"
GIVEN = "referral.consent_given.v1"
WITHDRAWN = "referral.consent_withdrawn.v1"
OWED = "referral.duty_opened.v1"
STATED = "referral.deletion_stated.v1"
RAISED_BY_REFERRAL = "referral.finding_raised.v1"
ASSESSED = "referral.breach_assessed.v1"
ENDED = "audit.access_ended.v1"
RESTORED = "audit.access_restored.v1"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: which entries it judges, how, and whose judgement new entries may change."""

    kind: LogFindingKind
    judges: tuple[str, ...]
    text: str
    #: Answers positions of entries to judge again for what is new from `first` to before `end`.
    touched: str = ""


#: Entries of the same person or referral that a new one may put in another light.
def _touched_by(judged: tuple[str, ...], fresh: tuple[str, ...], shared: str) -> str:
    return f"""
SELECT judged.position FROM entries AS fresh JOIN entries AS judged ON judged.{shared} = fresh.{shared}
WHERE fresh.position >= %(first)s AND fresh.position < %(end)s AND fresh.type IN ({_quoted(fresh)})
    AND judged.type IN ({_quoted(judged)}) AND judged.position < %(end)s
"""  # noqa: S608 - column names and types of this module


def _quoted(types: tuple[str, ...]) -> str:
    return ", ".join(f"'{one}'" for one in types)


_FETCHED = """
SELECT position, occurred_at, organization_id, convert_from(leaf, 'UTF8')::jsonb -> 'data' AS data FROM entries
WHERE position = ANY(%(looked)s) AND type IN ('referral.dossier_fetched.v1', 'referral.document_fetched.v1')
    AND leaf IS NOT NULL
"""

#: Fetched by a partner the consent had been withdrawn from, altogether or for what was fetched, unless the version that
#: carried the fetch was given with or after the withdrawal and names this partner with these data.
FETCHED_AFTER_WITHDRAWAL = f"""
SELECT used.position AS anchor, used.position, gone.position AS because, 1 AS entries, used.position AS last,
    CASE WHEN gone.position IS NULL THEN false WHEN NOT gone.unsure THEN true END AS holds
FROM ({_FETCHED}) AS used
LEFT JOIN LATERAL (
    SELECT gone.position, EXISTS (SELECT 1 FROM entries AS lost WHERE lost.type = 'referral.consent_given.v1'
        AND lost.leaf IS NULL AND lost.occurred_at BETWEEN gone.occurred_at AND used.occurred_at) AS unsure
    FROM (
        SELECT position, occurred_at, organization_id, subject, convert_from(leaf, 'UTF8')::jsonb -> 'data' AS data
        FROM entries WHERE subject = 'consent/' || (used.data ->> 'ground_id')
            AND type = 'referral.consent_withdrawn.v1' AND leaf IS NOT NULL
    ) AS gone
    WHERE used.data ->> 'ground' = 'consent' AND used.occurred_at > gone.occurred_at
        AND (gone.organization_id IS NULL OR gone.organization_id = used.organization_id)
        AND (NOT gone.data ? 'category'
            OR coalesce(used.data -> 'categories', '["DOCUMENTS"]') ? (gone.data ->> 'category'))
        AND NOT EXISTS (
            SELECT 1 FROM entries AS given, jsonb_array_elements(
                convert_from(given.leaf, 'UTF8')::jsonb -> 'data' -> 'recipients') AS recipient
            WHERE given.subject = gone.subject AND given.type = 'referral.consent_given.v1' AND given.leaf IS NOT NULL
                AND given.occurred_at >= gone.occurred_at
                AND convert_from(given.leaf, 'UTF8')::jsonb -> 'data' -> 'consent_version'
                    = used.data -> 'ground_version'
                AND recipient ->> 'organization_id' = used.organization_id::text
                AND (NOT gone.data ? 'category' OR recipient -> 'categories' ? (gone.data ->> 'category')))
    ORDER BY unsure, gone.position DESC LIMIT 1
) AS gone ON true
"""  # noqa: S608 - the text above

#: Looked at by staff after everything had been withdrawn, with no consent since. What she sees herself or is handed on
#: her wish is no use.
VIEWED_AFTER_WITHDRAWAL = """
SELECT used.position AS anchor, used.position, gone.position AS because, 1 AS entries, used.position AS last,
    CASE WHEN gone.position IS NULL THEN false WHEN NOT gone.unsure THEN true END AS holds
FROM entries AS used
LEFT JOIN LATERAL (
    SELECT gone.position, EXISTS (SELECT 1 FROM entries AS lost WHERE lost.type = 'referral.consent_given.v1'
        AND lost.leaf IS NULL AND lost.occurred_at BETWEEN gone.occurred_at AND used.occurred_at) AS unsure
    FROM entries AS gone
    WHERE gone.person_id = used.person_id AND gone.type = 'referral.consent_withdrawn.v1'
        AND gone.occurred_at < used.occurred_at AND gone.organization_id IS NULL AND gone.leaf IS NOT NULL
        AND NOT (convert_from(gone.leaf, 'UTF8')::jsonb -> 'data') ? 'category'
        AND convert_from(used.leaf, 'UTF8')::jsonb -> 'data' ->> 'purpose' NOT IN ('person_self', 'subject_access')
        AND NOT EXISTS (SELECT 1 FROM entries AS given WHERE given.person_id = gone.person_id
            AND given.type = 'referral.consent_given.v1'
            AND given.occurred_at BETWEEN gone.occurred_at AND used.occurred_at)
    ORDER BY unsure, gone.position DESC LIMIT 1
) AS gone ON true
WHERE used.position = ANY(%(looked)s) AND used.type = 'referral.personal_data_viewed.v1' AND used.leaf IS NOT NULL
"""

#: Fetched on a consent whose giving, in that version, was never recorded. A consent holds twelve months at most and may
#: begin later than it was given; where one of the two years before the fetch has been emptied nobody can tell any more.
CONSENT_NOT_IN_LOG = f"""
SELECT position AS anchor, position, given.at AS because, 1 AS entries, position AS last,
    CASE WHEN data ->> 'ground' IS DISTINCT FROM 'consent' OR given.at IS NOT NULL THEN false
        WHEN NOT EXISTS (SELECT 1 FROM entries AS lost WHERE lost.type = 'referral.consent_given.v1'
            AND lost.leaf IS NULL
            AND lost.occurred_at BETWEEN fetched.occurred_at - interval '2 years' AND fetched.occurred_at) THEN true
    END AS holds
FROM ({_FETCHED}) AS fetched
LEFT JOIN LATERAL (
    SELECT min(given.position) AS at FROM entries AS given
    WHERE given.subject = 'consent/' || (data ->> 'ground_id') AND given.type = 'referral.consent_given.v1'
        AND given.leaf IS NOT NULL
        AND convert_from(given.leaf, 'UTF8')::jsonb -> 'data' -> 'consent_version' = data -> 'ground_version'
) AS given ON true
"""  # noqa: S608 - the text above

#: The partner was to say by a day what became of the data, or of one kind of them, and has not said it of these since.
DELETION_OVERDUE = """
SELECT position AS anchor, position, stated.at AS because, 1 AS entries, position AS last,
    CASE WHEN data ->> 'duty' <> 'state_deletion' OR (data ->> 'due_on')::date >= %(today)s OR stated.at IS NOT NULL
            THEN false
        WHEN NOT EXISTS (SELECT 1 FROM entries AS lost WHERE lost.type = 'referral.deletion_stated.v1'
            AND lost.leaf IS NULL AND lost.occurred_at >= owed.occurred_at) THEN true
    END AS holds
FROM (SELECT position, occurred_at, referral_id, organization_id, convert_from(leaf, 'UTF8')::jsonb -> 'data' AS data
      FROM entries WHERE position = ANY(%(looked)s) AND type = 'referral.duty_opened.v1' AND leaf IS NOT NULL) AS owed
LEFT JOIN LATERAL (
    SELECT min(stated.position) AS at FROM entries AS stated
    WHERE stated.referral_id = owed.referral_id AND stated.type = 'referral.deletion_stated.v1'
        AND stated.occurred_at >= owed.occurred_at AND stated.organization_id = owed.organization_id
        AND convert_from(stated.leaf, 'UTF8')::jsonb -> 'data' ->> 'category' IS NOT DISTINCT FROM data ->> 'category'
) AS stated ON true
"""

#: What referral noticed by itself. A breach that is assessed by now is settled; the rest stays to be looked at.
RAISED = """
SELECT position AS anchor, position, assessed.at AS because, 1 AS entries, position AS last,
    CASE WHEN data ->> 'kind' <> 'breach_overdue' THEN true WHEN assessed.at IS NOT NULL THEN false
        WHEN NOT EXISTS (SELECT 1 FROM entries AS lost WHERE lost.type = 'referral.breach_assessed.v1'
            AND lost.leaf IS NULL AND lost.occurred_at >= raised.occurred_at) THEN true
    END AS holds
FROM (SELECT position, occurred_at, referral_id, convert_from(leaf, 'UTF8')::jsonb -> 'data' AS data FROM entries
      WHERE position = ANY(%(looked)s) AND type = 'referral.finding_raised.v1' AND leaf IS NOT NULL) AS raised
LEFT JOIN LATERAL (
    SELECT min(assessed.position) AS at FROM entries AS assessed
    WHERE assessed.referral_id = raised.referral_id AND assessed.type = 'referral.breach_assessed.v1'
        AND data ->> 'kind' = 'breach_overdue'
) AS assessed ON true
"""

#: Done under a pseudonym whose access had ended, and had not been given back: one finding for all of it. Signing out
#: ends something; what is refused opened nothing.
BY_LEAVER = """
SELECT ended.position AS anchor, coalesce(acts.position, ended.position) AS position, ended.position AS because,
    greatest(acts.entries, 1)::integer AS entries, coalesce(acts.last, ended.position) AS last,
    acts.entries > 0 AS holds
FROM (SELECT position, data ->> 'staff' AS staff, (data ->> 'from_at')::timestamptz AS since FROM (
        SELECT position, convert_from(leaf, 'UTF8')::jsonb -> 'data' AS data FROM entries
        WHERE position = ANY(%(looked)s) AND type = 'audit.access_ended.v1' AND leaf IS NOT NULL) AS told) AS ended
CROSS JOIN LATERAL (
    SELECT min((data ->> 'from_at')::timestamptz) AS at FROM (
        SELECT convert_from(leaf, 'UTF8')::jsonb -> 'data' AS data FROM entries
        WHERE type = 'audit.access_restored.v1' AND leaf IS NOT NULL) AS told
    WHERE data ->> 'staff' = ended.staff AND (data ->> 'from_at')::timestamptz > ended.since
) AS restored
CROSS JOIN LATERAL (
    SELECT count(*) AS entries, min(act.position) AS position, max(act.position) AS last FROM entries AS act
    WHERE act.actor = ended.staff AND act.occurred_at > ended.since
        AND act.occurred_at < coalesce(restored.at, 'infinity')
        AND act.type !~ '[.](signed_out|sign_in_refused)[.]v1$'
) AS acts
"""
LEAVERS_TOUCHED = """
SELECT ended.position FROM (
    SELECT position, convert_from(leaf, 'UTF8')::jsonb -> 'data' ->> 'staff' AS staff FROM entries
    WHERE type = 'audit.access_ended.v1' AND leaf IS NOT NULL AND position < %(end)s
) AS ended
WHERE EXISTS (SELECT 1 FROM entries AS fresh WHERE fresh.position >= %(first)s AND fresh.position < %(end)s
        AND fresh.actor = ended.staff)
    OR EXISTS (SELECT 1 FROM entries AS fresh WHERE fresh.position >= %(first)s AND fresh.position < %(end)s
        AND fresh.type = 'audit.access_restored.v1')
"""

RULES = (
    Rule(
        LogFindingKind.USED_AFTER_WITHDRAWAL,
        FETCHES,
        FETCHED_AFTER_WITHDRAWAL,
        _touched_by(FETCHES, (GIVEN, WITHDRAWN), "person_id"),
    ),
    Rule(
        LogFindingKind.USED_AFTER_WITHDRAWAL,
        (VIEWED,),
        VIEWED_AFTER_WITHDRAWAL,
        _touched_by((VIEWED,), (GIVEN, WITHDRAWN), "person_id"),
    ),
    Rule(
        LogFindingKind.CONSENT_NOT_IN_LOG,
        FETCHES,
        CONSENT_NOT_IN_LOG,
        _touched_by(FETCHES, (GIVEN,), "person_id"),
    ),
    Rule(LogFindingKind.DELETION_OVERDUE, (OWED,), DELETION_OVERDUE, _touched_by((OWED,), (STATED,), "referral_id")),
    Rule(
        LogFindingKind.RAISED,
        (RAISED_BY_REFERRAL,),
        RAISED,
        _touched_by((RAISED_BY_REFERRAL,), (ASSESSED,), "referral_id"),
    ),
    Rule(LogFindingKind.BY_LEAVER, (ENDED,), BY_LEAVER, LEAVERS_TOUCHED),
)
