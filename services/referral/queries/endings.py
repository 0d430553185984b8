"""How every row about a person ends, table by table: what goes by which period, and what stays on what ground.

The list is the whole of it. Tests compare it with the database - a table that leads to a person and is not on it
fails - and let every period run out to see that what is left is what stands here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import LiteralString

from contracts.codes import RetentionKind
from services.chassis.db import Connection

#: The ways in which a person is erased: with the last of her cases, or without one.
ERASURE = (RetentionKind.ENQUIRY_WITHOUT_REFERRAL, RetentionKind.CLOSED_CASE, RetentionKind.PERSON_WITHOUT_CASE)
#: What is left of a case: nothing in it leads to anybody once her key is gone. [law]
CODES = "ids, codes and times, so that figures and the audit log stay right (Art. 5(2), 11, 89)"
SHUT = f"{CODES}; what is sealed cannot be opened any more"


@dataclass(frozen=True, slots=True)
class Ending:
    """By which of the job's periods rows or their sealed part go; and, where rows stay, what stays and why."""

    by: tuple[RetentionKind, ...]
    stays: str = ""


ENDINGS: Mapping[str, Ending] = MappingProxyType(
    {
        "persons": Ending(ERASURE, "the id and the day of the erasure, so that nobody comes back (Art. 17)"),
        "person_keys": Ending(ERASURE),
        "pseudonyms": Ending(ERASURE),
        "deletions": Ending((), "who was erased and when, so that no backup brings anybody back (Art. 17)"),
        "retention_items": Ending((), "that it was deleted, or held, and when (Art. 5(2))"),
        "enquiries": Ending(ERASURE, CODES),
        "enquiry_drafts": Ending((RetentionKind.ENQUIRY_DRAFT,)),
        "enquiry_persons": Ending(ERASURE, CODES),
        "needs": Ending(ERASURE, CODES),
        "contact_cards": Ending(ERASURE, CODES),
        "matchings": Ending(ERASURE, CODES),
        "choices": Ending((RetentionKind.REFERRAL_DRAFT, *ERASURE), CODES),
        "consents": Ending((RetentionKind.CONSENT_RECORD,)),
        "drafted_consents": Ending((RetentionKind.CONSENT_DRAFT, RetentionKind.CONSENT_RECORD)),
        "enterprise_requests": Ending((RetentionKind.CONSENT_RECORD,)),
        "referrals": Ending((RetentionKind.REFERRAL_DRAFT, *ERASURE), CODES),
        "timeline": Ending((RetentionKind.REFERRAL_DRAFT, *ERASURE), CODES),
        "questions": Ending((RetentionKind.PARTNER_WORDS,), CODES),
        "comments": Ending((RetentionKind.PARTNER_WORDS,)),
        "appointments": Ending((RetentionKind.PARTNER_WORDS,), CODES),
        "appointment_clashes": Ending(ERASURE, CODES),
        "helpers": Ending((RetentionKind.PARTNER_WORDS,), f"{CODES}; that confidentiality was promised (Art. 32(4))"),
        "dossiers": Ending((RetentionKind.CUSTODIAL_DOSSIER,)),
        "decisions": Ending((RetentionKind.ACCESS_RECORD,)),
        "views": Ending((RetentionKind.ACCESS_RECORD,)),
        "external_disclosures": Ending((*ERASURE, RetentionKind.ACCESS_RECORD)),
        "resolutions": Ending((RetentionKind.ACCESS_RECORD,)),
        "kept_forms": Ending((), "a quarter of an hour, sealed under a key that only the browser of who typed it has"),
        "staff_names": Ending((RetentionKind.ACCESS_RECORD,)),
        "duplicate_questions": Ending((RetentionKind.ACCESS_RECORD,)),
        "duplicate_matters": Ending(ERASURE, CODES),
        "duplicate_sides": Ending(ERASURE, CODES),
        "duplicate_statements": Ending(ERASURE, CODES),
        "funding_hints": Ending((RetentionKind.REFERRAL_DRAFT, *ERASURE), CODES),
        "obstacles": Ending(ERASURE, CODES),
        "obstacle_words": Ending(ERASURE, SHUT),
        "case_notes": Ending(ERASURE, SHUT),
        "plan_goals": Ending(ERASURE, SHUT),
        "plan_steps": Ending(ERASURE, SHUT),
        "plan_handovers": Ending(ERASURE, CODES),
        "tasks": Ending((RetentionKind.REFERRAL_DRAFT, *ERASURE), CODES),
        "hand_records": Ending(ERASURE, CODES),
        "receipts": Ending(ERASURE, f"{CODES}; and so that either side can prove what happened"),
        "deadlines": Ending((RetentionKind.REFERRAL_DRAFT, *ERASURE), CODES),
        "ledger": Ending(ERASURE, CODES),
        "breach_checks": Ending(ERASURE, f"{SHUT} (Art. 33(5))"),
        "documents": Ending((RetentionKind.DOCUMENT, *ERASURE), f"{CODES}; the paper itself is gone"),
        "referral_documents": Ending((RetentionKind.REFERRAL_DRAFT, *ERASURE), CODES),
        "legal_holds": Ending(ERASURE, SHUT),
        "person_links": Ending((RetentionKind.PERSON_LINK,)),
        "person_letters": Ending((RetentionKind.PERSON_LINK,)),
        "subject_requests": Ending((RetentionKind.RIGHTS_RECORD,)),
        "subject_accesses": Ending((RetentionKind.RIGHTS_RECORD,)),
    }
)

#: What a table that leads to a person is known by: such a column, something sealed, or a key into one that is listed.
LEADS_TO_A_PERSON: LiteralString = """
SELECT DISTINCT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'p') AND n.nspname NOT LIKE 'pg\\_%%' AND n.nspname <> 'information_schema' AND (
    a.attname IN ('person_id', 'enquiry_id', 'need_id', 'referral_id', 'consent_id', 'document_id', 'link_id')
    OR a.attname LIKE 'sealed%%'
    OR EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'f'
               AND (SELECT relname FROM pg_class f WHERE f.oid = k.confrelid) = ANY(%(listed)s)))"""


def unlisted(connection: Connection) -> list[str]:
    """Tables that lead to a person and of which nobody has said how they end."""
    rows = connection.execute(LEADS_TO_A_PERSON, {"listed": sorted(ENDINGS)}).fetchall()
    return sorted({row["name"] for row in rows} - set(ENDINGS))
