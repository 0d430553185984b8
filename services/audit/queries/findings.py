"""What the data-protection officer should look at: computed from the log itself, each with the entries it rests on.

A rule that rests on something missing judges only where that something would still be whole: an entry emptied after its
period keeps kind and time, and no longer says what it was about.

Only what concerns the persons' rights: use after a withdrawal, a disclosure whose consent is not in the log, a partner
that owes an answer about deletion, and what referral noticed by itself. Rules about how staff work are not here; the
staff council must agree to them first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from services.audit.queries.search import FoundEntry, entries_at
from services.chassis.db import Connection

MOST = 200


class FindingKind(StrEnum):
    """Why an entry is shown."""

    USED_AFTER_WITHDRAWAL = "used_after_withdrawal"
    CONSENT_NOT_IN_LOG = "consent_not_in_log"
    DELETION_OVERDUE = "deletion_overdue"
    RAISED = "raised"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to look at: the entry, and the one that makes it remarkable."""

    kind: FindingKind
    entry: FoundEntry
    because: FoundEntry | None


#: Fetched by a partner the consent had been withdrawn from, altogether or for what was fetched, unless the version that
#: carried the fetch was given with or after the withdrawal and names this partner with these data.
FETCHED_AFTER_WITHDRAWAL = """
SELECT DISTINCT ON (used.position) used.position, gone.position AS because
FROM (SELECT position, occurred_at, organization_id, convert_from(leaf, 'UTF8')::jsonb -> 'data' AS data FROM entries
      WHERE type IN ('referral.dossier_fetched.v1', 'referral.document_fetched.v1') AND leaf IS NOT NULL) AS used
JOIN (SELECT position, occurred_at, organization_id, subject, convert_from(leaf, 'UTF8')::jsonb -> 'data' AS data
      FROM entries WHERE type = 'referral.consent_withdrawn.v1' AND leaf IS NOT NULL) AS gone
    ON gone.subject = 'consent/' || (used.data ->> 'ground_id') AND used.occurred_at > gone.occurred_at
    AND (gone.organization_id IS NULL OR gone.organization_id = used.organization_id)
    AND (NOT gone.data ? 'category'
        OR coalesce(used.data -> 'categories', '["DOCUMENTS"]') ? (gone.data ->> 'category'))
WHERE used.data ->> 'ground' = 'consent' AND NOT EXISTS (
    SELECT 1 FROM entries AS given, jsonb_array_elements(
        convert_from(given.leaf, 'UTF8')::jsonb -> 'data' -> 'recipients') AS recipient
    WHERE given.type = 'referral.consent_given.v1' AND given.subject = gone.subject AND given.leaf IS NOT NULL
        AND given.occurred_at >= gone.occurred_at
        AND convert_from(given.leaf, 'UTF8')::jsonb -> 'data' -> 'consent_version' = used.data -> 'ground_version'
        AND recipient ->> 'organization_id' = used.organization_id::text
        AND (NOT gone.data ? 'category' OR recipient -> 'categories' ? (gone.data ->> 'category')))
    AND NOT EXISTS (SELECT 1 FROM entries AS lost WHERE lost.type = 'referral.consent_given.v1' AND lost.leaf IS NULL
        AND lost.occurred_at BETWEEN gone.occurred_at AND used.occurred_at)
ORDER BY used.position DESC, gone.position DESC LIMIT %(most)s
"""

#: Looked at by staff after everything had been withdrawn, with no consent since. What she sees herself or is handed on
#: her wish is no use.
VIEWED_AFTER_WITHDRAWAL = """
SELECT DISTINCT ON (used.position) used.position, gone.position AS because
FROM entries AS gone JOIN entries AS used ON used.person_id = gone.person_id AND used.occurred_at > gone.occurred_at
WHERE gone.type = 'referral.consent_withdrawn.v1' AND gone.organization_id IS NULL
    AND used.type = 'referral.personal_data_viewed.v1' AND used.leaf IS NOT NULL
    AND convert_from(used.leaf, 'UTF8')::jsonb -> 'data' ->> 'purpose' NOT IN ('person_self', 'subject_access')
    AND NOT EXISTS (SELECT 1 FROM entries AS given WHERE given.type = 'referral.consent_given.v1'
        AND (given.person_id = gone.person_id OR given.leaf IS NULL)
        AND given.occurred_at BETWEEN gone.occurred_at AND used.occurred_at)
ORDER BY used.position DESC, gone.position DESC LIMIT %(most)s
"""

#: Fetched on a consent whose giving, in that version, was never recorded. A consent holds twelve months at most and may
#: begin later than it was given; where one of the two years before the fetch has been emptied nobody can tell any more.
CONSENT_NOT_IN_LOG = """
SELECT fetched.position, NULL::bigint AS because
FROM (SELECT position, occurred_at, convert_from(leaf, 'UTF8')::jsonb -> 'data' AS data FROM entries
      WHERE type IN ('referral.dossier_fetched.v1', 'referral.document_fetched.v1') AND leaf IS NOT NULL) AS fetched
WHERE data ->> 'ground' = 'consent' AND NOT EXISTS (
    SELECT 1 FROM entries AS given WHERE given.type = 'referral.consent_given.v1'
        AND given.subject = 'consent/' || (data ->> 'ground_id') AND given.leaf IS NOT NULL
        AND convert_from(given.leaf, 'UTF8')::jsonb -> 'data' -> 'consent_version' = data -> 'ground_version')
    AND NOT EXISTS (SELECT 1 FROM entries AS lost WHERE lost.type = 'referral.consent_given.v1' AND lost.leaf IS NULL
        AND lost.occurred_at BETWEEN fetched.occurred_at - interval '2 years' AND fetched.occurred_at)
ORDER BY fetched.position DESC LIMIT %(most)s
"""

#: The partner was to say by a day what became of the data, or of one kind of them, and has not said it of these since.
DELETION_OVERDUE = """
SELECT owed.position, NULL::bigint AS because
FROM (SELECT position, occurred_at, referral_id, organization_id, convert_from(leaf, 'UTF8')::jsonb -> 'data' AS data
      FROM entries WHERE type = 'referral.duty_opened.v1' AND leaf IS NOT NULL) AS owed
WHERE data ->> 'duty' = 'state_deletion' AND (data ->> 'due_on')::date < %(today)s AND NOT EXISTS (
    SELECT 1 FROM entries AS stated WHERE stated.type = 'referral.deletion_stated.v1'
        AND stated.occurred_at >= owed.occurred_at
        AND (stated.leaf IS NULL OR stated.referral_id = owed.referral_id
            AND stated.organization_id = owed.organization_id
            AND convert_from(stated.leaf, 'UTF8')::jsonb -> 'data' ->> 'category'
                IS NOT DISTINCT FROM data ->> 'category'))
ORDER BY owed.position DESC LIMIT %(most)s
"""

#: What referral noticed by itself. A breach that is assessed by now has left the list; the rest stays to be looked at.
RAISED = """
SELECT raised.position, NULL::bigint AS because
FROM (SELECT position, occurred_at, referral_id, convert_from(leaf, 'UTF8')::jsonb -> 'data' AS data FROM entries
      WHERE type = 'referral.finding_raised.v1' AND leaf IS NOT NULL) AS raised
WHERE data ->> 'kind' <> 'breach_overdue' OR NOT EXISTS (
    SELECT 1 FROM entries AS assessed WHERE assessed.type = 'referral.breach_assessed.v1'
        AND (assessed.referral_id = raised.referral_id
            OR assessed.leaf IS NULL AND assessed.occurred_at >= raised.occurred_at))
ORDER BY raised.position DESC LIMIT %(most)s
"""

RULES = (
    (FindingKind.USED_AFTER_WITHDRAWAL, FETCHED_AFTER_WITHDRAWAL),
    (FindingKind.USED_AFTER_WITHDRAWAL, VIEWED_AFTER_WITHDRAWAL),
    (FindingKind.CONSENT_NOT_IN_LOG, CONSENT_NOT_IN_LOG),
    (FindingKind.DELETION_OVERDUE, DELETION_OVERDUE),
    (FindingKind.RAISED, RAISED),
)


def findings(connection: Connection, today: date) -> list[Finding]:
    """Everything the rules find, the newest of each kind first."""
    found = []
    for kind, rule in RULES:
        rows = connection.execute(rule, {"most": MOST, "today": today}, prepare=False).fetchall()
        pairs = [(row["position"], row["because"]) for row in rows]
        found += _with_entries(connection, kind, pairs)
    return found


def _with_entries(connection: Connection, kind: FindingKind, pairs: Sequence[tuple[int, int | None]]) -> list[Finding]:
    wanted = {position for pair in pairs for position in pair if position is not None}
    entries = entries_at(connection, sorted(wanted))
    return [
        Finding(kind, entries[position], None if because is None else entries[because]) for position, because in pairs
    ]
