"""The made-up people and the programs the demo issuer knows."""

import json
from pathlib import Path
from typing import Any

from contracts.identity import id_of

EMPLOYER = str(id_of("organization", "stadt-aachen-wirtschaft"))
#: subject, name, what the sign-in page says, roles, site, whether a partner's clerk (then of which organization)
STAFF: tuple[tuple[str, str, str, tuple[str, ...], str | None, str | None], ...] = (
    ("nina-navigator", "Nina Beispiel", "Navigator at the welcome center, Aachen", ("navigator",), "aachen", None),
    ("noah-navigator", "Noah Beispiel", "Navigator, Mönchengladbach", ("navigator",), "moenchengladbach", None),
    ("lena-lead", "Lena Beispiel", "Lead of the Aachen site", ("lead",), "aachen", None),
    ("nele-both", "Nele Beispiel", "Navigator and lead: chooses a role", ("navigator", "lead"), "aachen", None),
    (
        "klara-clerk",
        "Klara Beispiel",
        "Clerk of the HWK Aachen",
        ("partner_clerk",),
        None,
        "hwk-aachen",
    ),
    ("edda-editor", "Edda Beispiel", "Directory editor", ("directory_editor",), None, None),
    ("emil-editor", "Emil Beispiel", "Second directory editor, confirms keys", ("directory_editor",), None, None),
    ("dora-dpo", "Dora Beispiel", "Data-protection officer", ("dpo",), None, None),
    ("aylin-auditor", "Aylin Beispiel", "Auditor of her own controller", ("auditor",), None, None),
    ("carl-coordinator", "Carl Beispiel", "Coordinator: aggregates only", ("coordinator",), None, None),
    ("hanna-helper", "Hanna Beispiel", "Interpreter, comes along to one appointment", ("helper",), None, None),
    ("olga-operations", "Olga Beispiel", "Operations", ("operations",), None, None),
)


def users() -> list[dict[str, Any]]:
    """Everybody on the sign-in page."""
    rows = []
    for sub, name, description, roles, site, organization in STAFF:
        claims: dict[str, Any] = {"roles": list(roles), "employer": EMPLOYER}
        if site:
            claims["site"] = site
        if organization:
            claims["organization_id"] = claims["employer"] = str(id_of("organization", organization))
        rows.append({"sub": sub, "name": name, "description": f"{description} (DEMO)", "claims": claims})
    return rows


def clients(origin: str, secrets: dict[str, str]) -> list[dict[str, Any]]:
    """The four services' sign-in, the story's own, and the operator's command; `secrets` by client id."""
    web = [
        {
            "client_id": f"lotsennetz-{service}",
            "client_secret": secrets[f"lotsennetz-{service}"],
            "grant_types": ["authorization_code"],
            "redirect_prefix": f"{origin}/{service}/",
        }
        for service in ("directory", "referral", "notifications", "audit")
    ]
    story = {
        "client_id": "lotsennetz-story",
        "auth_method": "none",
        "grant_types": ["authorization_code"],
        "redirect_prefix": f"{origin}/story",
    }
    lead_claims = {"roles": ["lead"], "site": "aachen", "employer": EMPLOYER}
    lead = {"client_id": "lotse-lead", "client_secret": secrets["lotse-lead"], "claims": lead_claims}
    operator = {"client_id": "lotse", "client_secret": secrets["lotse"], "claims": {"roles": ["operations"]}}
    return [*web, story, operator, lead]


def register_text(known: list[dict[str, Any]], kept: Path) -> str:
    """The register to start with: the people, the clients given, and those onboarded in an earlier run."""
    names = {row["client_id"] for row in known}
    before = json.loads(kept.read_text())["clients"] if kept.exists() else []
    onboarded = [row for row in before if row["client_id"] not in names]
    return json.dumps({"users": users(), "clients": [*known, *onboarded]}, indent=2)
