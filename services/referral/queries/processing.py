"""The record of processing (GDPR Art. 30) and where data flow: read from configuration, directory copy and decisions.

Nothing here is written down a second time: who changes a term, an agreement, a text or a period changes this document.
No person appears in it; counts come from the tables that hold ids and codes.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

from contracts.codes import DataCategory, EnquirerKind, Purpose
from contracts.fields import format_instant
from contracts.partner.dossier import SCHEMAS, category_of
from services.chassis.clock import PLACE
from services.chassis.db import Connection
from services.referral.config import ReferralSettings
from services.referral.keeping import told
from services.referral.legal_grounds import PROCESSINGS
from services.referral.queries.attention import Asked

Json = dict[str, Any]
FORMAT = "lotsennetz.record-of-processing.v1"
#: Data revealing health need explicit consent (Art. 9(2)(a)); free text may reveal anything and is treated like them.
SPECIAL = (DataCategory.HEALTH, DataCategory.FREE_TEXT)
#: What protects the data, and the test that shows it (Art. 30(1)(g), 32).
MEASURES = {
    "consent": "tests/integration/referral/test_disclosure.py",
    "sealed": "tests/unit/referral/test_vault.py",
    "to-recipient": "tests/unit/referral/test_sealing.py",
    "erasure": "tests/integration/referral/test_enquiries.py",
    "events": "tests/contracts/test_type_rule.py",
    "log": "tests/integration/audit/test_verifier.py",
    "views": "tests/integration/referral/test_api_guards.py",
}

SUBJECTS = """
SELECT p.kind, count(*) AS count FROM persons p WHERE p.erased_at IS NULL AND EXISTS (
    SELECT FROM enquiries e JOIN enquiry_persons m ON m.enquiry_id = e.id AND m.person_id = p.id
    WHERE m.removed_at IS NULL AND (%(site)s::text IS NULL OR e.site = %(site)s)
      AND (%(organization)s::uuid IS NULL OR e.organization_id = %(organization)s))
GROUP BY p.kind ORDER BY p.kind"""
NEEDED = """
SELECT n.topic, count(*) AS count FROM needs n JOIN enquiries e ON e.id = n.enquiry_id
WHERE (%(site)s::text IS NULL OR e.site = %(site)s)
  AND (%(organization)s::uuid IS NULL OR e.organization_id = %(organization)s)
GROUP BY n.topic"""
RECIPIENTS = """
SELECT o.id, o.snapshot AS organization, json_agg(s.snapshot ORDER BY s.id) AS services
FROM organizations o JOIN services s ON s.organization_id = o.id WHERE NOT s.retired
GROUP BY o.id, o.snapshot ORDER BY o.snapshot -> 'name' ->> 'de', o.id"""
FLOWS = """
SELECT d.organization_id, d.point, d.ground, count(DISTINCT d.id) AS count,
       array_agg(DISTINCT category ORDER BY category) FILTER (WHERE category IS NOT NULL) AS categories,
       array_agg(DISTINCT d.purpose ORDER BY d.purpose) AS purposes
FROM decisions d JOIN referrals r ON r.id = d.referral_id LEFT JOIN LATERAL unnest(d.categories) AS category ON true
WHERE d.disclosed AND d.decided_at >= %(since)s AND d.decided_at < %(until)s
  AND (%(site)s::text IS NULL OR r.site = %(site)s)
  AND (%(organization)s::uuid IS NULL OR r.sender_id = %(organization)s)
GROUP BY d.organization_id, d.point, d.ground ORDER BY d.organization_id, d.point"""


OUTSIDE = """
SELECT d.recipient_id, d.ground, count(DISTINCT d.id) AS count,
       array_agg(DISTINCT category ORDER BY category) AS categories
FROM external_disclosures d, unnest(d.categories) AS category
WHERE d.told_at >= %(since)s AND d.told_at < %(until)s
  AND (%(site)s::text IS NULL OR d.site = %(site)s)
  AND (%(organization)s::uuid IS NULL OR d.organization_id = %(organization)s)
GROUP BY d.recipient_id, d.ground ORDER BY d.recipient_id, d.ground"""


@dataclass(frozen=True, slots=True)
class Span:
    """The days whose disclosures are drawn, both included."""

    first: date
    last: date


def record(connection: Connection, own: ReferralSettings, asked: Asked, span: Span) -> Json:
    """Everything Art. 30(1) asks for, and the flows of the days chosen."""
    recipients = [_recipient(row) for row in connection.execute(RECIPIENTS).fetchall()]
    configured = {
        "controllers": [_controller(one) for one in own.controllers.all],
        "joint": None if own.controllers.joint is None else asdict(own.controllers.joint),
        "categories": categories(),
        "grounds": [asdict(one) for one in PROCESSINGS],
        "recipients": recipients,
        "third_countries": third_countries({one["organization_id"]: one["agreement"] for one in recipients}),
        "periods": [asdict(one) for one in told(own.retention.periods)],
        "measures": MEASURES,
        "texts": sorted({(one.text.id, one.text.language, one.text.sha256) for one in own.texts.all()}),
    }
    content = json.dumps(configured, sort_keys=True, default=str).encode()
    return {
        "format": FORMAT,
        "made_at": format_instant(asked.now),
        "configuration_sha256": hashlib.sha256(content).hexdigest(),
        **configured,
        "subjects": {row["kind"]: row["count"] for row in connection.execute(SUBJECTS, asked.scope).fetchall()},
        "purposes": _purposes(connection, asked),
        "flows": flows(connection, asked, span),
        "told_outside": told_outside(connection, asked, span),
        "span": {"first": span.first.isoformat(), "last": span.last.isoformat()},
    }


def _controller(one: Any) -> Json:
    return {"organization_id": str(one.organization_id), **asdict(one.contact), "dpo": asdict(one.dpo)}


def categories() -> list[Json]:
    """Every kind of data with its fields, from the marks that decide what a consent covers."""
    found = []
    for category in DataCategory:
        fields = {
            kind.value: [name for name in SCHEMAS[kind].fields if category_of(kind, name) is category]
            for kind in EnquirerKind
        }
        found.append({"category": category.value, "special": category in SPECIAL, **fields})
    return found


def _recipient(row: Json) -> Json:
    """One partner as the directory last told it: on which footing, and what each service takes and may tell back."""
    organization = row["organization"]
    return {
        "organization_id": str(row["id"]),
        "name": organization["name"],
        "kind": organization["kind"],
        "channel": organization["channel"]["kind"],
        "social_data_body": organization["social_data_body"],
        "agreement": _agreement(organization.get("agreement")),
        "services": [
            {
                "name": service["name"],
                "topics": service["topics"],
                "categories": service["terms"]["categories_accepted"],
                "back_level": service["terms"]["back_level"],
            }
            for service in row["services"]
        ],
    }


def _agreement(told: Json | None) -> Json | None:
    """What is on record of it; one without an end says none."""
    return told and {name: told.get(name) for name in ("kind", "law", "signed_on", "valid_until", "third_countries")}


def third_countries(agreements: Mapping[str, Json | None]) -> Json:
    """Where data go outside the EEA and on what (GDPR Art. 30(1)(e), 44-49), by what each agreement states.

    Who stated nothing is named: silence is never told as none.
    """
    stated = {party: (told or {}).get("third_countries") for party, told in agreements.items()}
    return {
        "transfers": [{"organization_id": party, **one} for party, told in stated.items() for one in told or ()],
        "none": [party for party, told in stated.items() if told == []],
        "not_stated": [party for party, told in stated.items() if told is None],
    }


def _purposes(connection: Connection, asked: Asked) -> list[Json]:
    counted = {row["topic"]: row["count"] for row in connection.execute(NEEDED, asked.scope).fetchall()}
    return [{"purpose": one.value, "count": counted.get(one.value, 0)} for one in Purpose]


def flows(connection: Connection, asked: Asked, span: Span) -> list[Json]:
    """What really left in these days: to whom, by which way, on which ground, how often, which categories."""
    rows = connection.execute(FLOWS, {**asked.scope, **_days(span)}).fetchall()
    return [
        {**row, "organization_id": str(row["organization_id"]), "categories": row["categories"] or []} for row in rows
    ]


def told_outside(connection: Connection, asked: Asked, span: Span) -> list[Json]:
    """What staff told outside the system in these days; whom, only where it is a body of the directory."""
    rows = connection.execute(OUTSIDE, {**asked.scope, **_days(span)}).fetchall()
    return [
        {
            "organization_id": row["recipient_id"] and str(row["recipient_id"]),
            **{name: row[name] for name in ("ground", "count", "categories")},
        }
        for row in rows
    ]


def _days(span: Span) -> dict[str, datetime]:
    return {"since": _midnight(span.first), "until": _midnight(span.last + timedelta(days=1))}


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=PLACE)
