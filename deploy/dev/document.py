"""``python -m deploy.dev.document [--check]``: what is generated of the documents.

Of `docs/data-protection.md`, `docs/security.md`, `docs/configuration.md`, `docs/tour.md` and the pages for partners
the parts between ``<!-- generated: name -->`` and ``<!-- end -->``; as a whole the picture of a referral's life
and the descriptions partners' programs read. Nothing of it is written by hand: it is computed from the code that
decides, so that no document can say other than what is done; the summary of `docs/security.md` is counted from its own
rows.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

from contracts.codes import Action as Act
from contracts.codes import (
    BackLevel,
    BreachReason,
    BreachRisk,
    ConsentChannel,
    DataCategory,
    DelayReason,
    GivenBy,
    NoNoticeGround,
    Party,
    Purpose,
    RefusalReason,
    Status,
)
from contracts.referral import ConsentRecipient
from deploy.dev import markdown, partner_pages, security_page, settings_page, tour_page
from deploy.dev.markdown import table
from lotse.certify import checks as certification
from lotse.certify.cases import MEANING
from lotse.certify.exam import Check
from services.chassis.errors import InvalidError
from services.referral.domain import breach
from services.referral.domain.breach import Assessment, BreachCheck
from services.referral.domain.consent import Allowed, may_disclose
from services.referral.domain.grounds import Consent, Recipient
from services.referral.domain.lifecycle import RUNNING, reaches
from services.referral.domain.retention import Periods
from services.referral.keeping import told
from services.referral.legal_grounds import PROCESSINGS
from services.referral.queries.endings import ENDINGS
from services.referral.queries.processing import categories
from services.referral.queries.recorded import NOT_FOR_HER, TABLES

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = DOCS / "data-protection.md"
CERTIFICATION = DOCS / "partners" / "certification.md"
NOW = datetime(2026, 3, 2, 11, tzinfo=UTC)
BODY, SERVICE, OTHER = UUID(int=1), UUID(int=2), UUID(int=3)


def fields() -> str:
    """Every field a record may have, with the category that must be consented to."""
    return table(
        ("category", "fields of a person", "fields of an employer", "special care"),
        (
            (f"`{one['category']}`", ", ".join(one["person"]), ", ".join(one["employer"]), "Art. 9" * one["special"])
            for one in categories()
        ),
    )


def purposes() -> str:
    return ", ".join(f"`{one.value}`" for one in Purpose) + "\n"


def grounds() -> str:
    """Each kind of processing with the ground it stands on."""
    return table(
        ("what is done", "for which purposes", "GDPR Art. 6", "Art. 9", "to be confirmed"),
        (
            (
                f"`{one.what}`",
                ", ".join(f"`{purpose}`" for purpose in one.purposes) or "–",
                one.article_6,
                one.article_9,
                "[law]" if one.law else "",
            )
            for one in PROCESSINGS
        ),
    )


def a_consent() -> Consent:
    named = ConsentRecipient(
        organization_id=BODY,
        service_id=SERVICE,
        purposes=(Purpose.ANERKENNUNG,),
        categories=(DataCategory.IDENTITY, DataCategory.CONTACT),
        back_level=BackLevel.STATUS,
    )
    return Consent(
        id=UUID(int=9), version=1, person_id=UUID(int=8), given_by=GivenBy.SELF, channel=ConsentChannel.SIGNED_PAPER,
        text_id="t", text_sha256="0" * 64, text_reviewed=True, language="de", recipients=(named,),
        given_at=NOW - timedelta(days=1), valid_from=date(2026, 3, 1), valid_until=date(2026, 8, 31),
    )  # fmt: skip


def decisions() -> str:
    """Each thing a consent can lack, asked of the real engine."""
    given, asked = a_consent(), frozenset({DataCategory.IDENTITY})
    alone = Recipient(BODY, SERVICE, must_stand_alone=True)
    with_other = replace(
        given, recipients=(*given.recipients, replace(given.recipients[0], organization_id=OTHER, service_id=OTHER))
    )
    to, why, health = Recipient(BODY, SERVICE), Purpose.ANERKENNUNG, frozenset({DataCategory.HEALTH})
    cases = [
        ("a living consent names body, service, purpose and data", ([given], to, why, asked, NOW)),
        ("there is no consent", ([], to, why, asked, NOW)),
        ("it names another body", ([given], Recipient(OTHER, OTHER), why, asked, NOW)),
        ("it names another purpose", ([given], to, Purpose.ARBEIT, asked, NOW)),
        ("it does not name these data", ([given], to, why, health, NOW)),
        ("it begins later", ([given], to, why, asked, NOW - timedelta(days=30))),
        ("it has run out", ([given], to, why, asked, NOW + timedelta(days=365))),
        ("it was withdrawn a moment ago", ([replace(given, withdrawn_at=NOW)], to, why, asked, NOW)),
        ("its text was never reviewed", ([replace(given, text_reviewed=False)], to, why, asked, NOW)),
        ("the body needs a consent of its own", ([with_other], alone, why, asked, NOW)),
        ("nothing personal is asked for", ([], to, why, frozenset[DataCategory](), NOW)),
    ]
    rows = []
    for what, (grounds, recipient, purpose, data, at) in cases:
        answer = may_disclose(grounds, recipient, purpose, data, at)
        said = f"yes: `{answer.kind.value}`" if isinstance(answer, Allowed) else f"no: `{answer.reason.value}`"
        rows.append((what, said))
    return table(("when", "the engine says"), rows)


def breaches() -> str:
    """What an assessment has to bring, asked of the rule that keeps or refuses it."""
    check = BreachCheck(id=UUID(int=1), referral_id=UUID(int=2), became_aware_at=NOW)
    soothes, weighs = (BreachReason.DELETED_UNUSED,), (BreachReason.SEEN_BY_STRANGER,)
    in_time, late = NOW + timedelta(hours=70), NOW + timedelta(hours=80)
    a_risk = Assessment(risk=BreachRisk.RISK, reasons=weighs, notified_authority_at=in_time)
    high = replace(a_risk, risk=BreachRisk.HIGH)
    cases = [
        ("no risk, with a reason that soothes", Assessment(risk=BreachRisk.NONE, reasons=soothes)),
        ("no risk, without a reason", Assessment(risk=BreachRisk.NONE, reasons=())),
        ("a risk, the authority told in time", a_risk),
        ("a risk, the authority not told", replace(a_risk, notified_authority_at=None)),
        ("a risk, the authority told after 72 hours", replace(a_risk, notified_authority_at=late)),
        (
            "the same, with the reason for the delay",
            replace(a_risk, notified_authority_at=late, delay=DelayReason.FACTS_UNCLEAR),
        ),
        ("a high risk, the person neither told nor a ground named", high),
        ("a high risk, the person told", replace(high, notified_person_at=in_time)),
        ("a high risk, a ground of Art. 34(3) named", replace(high, no_notice_ground=NoNoticeGround.RISK_REMOVED)),
    ]
    return table(("what the lead writes down", "is"), ((what, assessed(check, said)) for what, said in cases))


def assessed(check: BreachCheck, said: Assessment) -> str:
    try:
        breach.assess(check, said, NOW + timedelta(hours=100))
    except InvalidError as wrong:
        return f"refused: {', '.join(f'`{name}`' for name in wrong.fields)} is lacking or wrong"
    return "kept"


def withdrawals() -> str:
    """What a withdrawal does at each state, read from the table of transitions."""
    return table(
        ("state", "not fetched yet", "fetched by the partner"),
        ((f"`{status.value}`", withdrawn(status, fetched=False), withdrawn(status, fetched=True)) for status in Status),
    )


def withdrawn(status: Status, *, fetched: bool) -> str:
    duty = "; the partner owes stop and statement on deletion"
    if status.is_terminal:
        return f"stays as it ended{duty}" if fetched else "stays as it ended"
    if status in RUNNING and reaches(Act.REVOKE, status, Party.SYSTEM):
        return f"revoked at once{duty}" if fetched else "revoked at once, the sealed dossier is destroyed"
    return "–" if fetched else "stays; nothing is sent without a new consent"


def periods() -> str:
    return table(
        ("what [law]", "how long"), ((f"`{one.what}`", f"{one.amount} {one.unit}s") for one in told(Periods()))
    )


def kept() -> str:
    """Every table about a person: what is opened for her, and what is left out and why."""
    rows = [
        (
            f"`{one.name}`",
            ", ".join(one.sealed) or "–",
            "; ".join(f"`{name}`: {why}" for name, why in one.omitted.items()) or "–",
        )
        for one in TABLES
    ]
    rows += [(f"`{name}`", "–", why) for name, why in NOT_FOR_HER.items()]
    return table(("table", "sealed, opened for her", "not shown, because"), rows)


def endings() -> str:
    """How each table about a person ends, by which of the job's periods."""
    kept_for = Periods().of
    return table(
        ("table", "goes by", "what stays, and why [law]"),
        (
            (f"`{name}`", ", ".join(f"`{kind}` ({kept_for[kind]})" for kind in one.by) or "–", one.stays or "nothing")
            for name, one in ENDINGS.items()
        ),
    )


def refusals() -> str:
    return ", ".join(f"`{one.value}`" for one in RefusalReason) + "\n"


PARTS: dict[str, Callable[[], str]] = {
    "fields": fields,
    "purposes": purposes,
    "grounds": grounds,
    "decisions": decisions,
    "refusals": refusals,
    "breaches": breaches,
    "withdrawals": withdrawals,
    "periods": periods,
    "kept": kept,
    "endings": endings,
}


def words() -> str:
    """What the made-up persons of a certification ask for."""
    return table(("word", "what is to become of the referral"), ((f"`{word}`", told) for word, told in MEANING.items()))


def checks() -> str:
    """Everything a partner's system is tried by."""
    return table(
        ("check", "what is sent", "what is expected", "ways", "where it fails"),
        ((f"`{one.id}`", one.sent, one.expected, ways(one), one.hint) for one in certification.ALL),
    )


def ways(check: Check) -> str:
    """By which it is tried, and why not by the others."""
    named = ", ".join(sorted(check.ways))
    return f"{named} ({check.elsewhere})" if check.elsewhere else named


#: The pages with generated parts, and what makes each part.
PAGES: dict[Path, dict[str, Callable[[], str]]] = {
    PAGE: PARTS,
    CERTIFICATION: {"words": words, "checks": checks},
    security_page.PAGE: {"summary": security_page.summary},
    settings_page.PAGE: {"settings": settings_page.settings},
    tour_page.PAGE: {"german": tour_page.german, "english": tour_page.english},
}


def renewed(text: str, parts: Mapping[str, Callable[[], str]] = PARTS) -> str:
    """The page with its generated parts as they are now."""
    return markdown.renewed(text, parts)


def documents() -> dict[Path, str]:
    """Every document that is generated, in part or as a whole, as it should stand now."""
    own = {page: renewed(page.read_text(encoding="utf-8"), parts) for page, parts in PAGES.items()}
    return {**partner_pages.documents(DOCS / "partners", set(PAGES)), **own}


def main(arguments: Sequence[str]) -> int:
    wanted = documents()
    changed = [path for path, text in wanted.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path in changed:
        if "--check" not in arguments:
            path.write_text(wanted[path], encoding="utf-8")
        else:
            sys.stdout.write(f"{path.relative_to(DOCS.parent)} differs from the code: run `make docs`\n")
    return 1 if changed and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
