"""A prepared consent agreed to online: recipient by recipient, on exactly what was shown, or refused as easily.

What she agrees to is one canonical statement: the words as she reads them, recipients, purposes, categories, fields,
what may come back, who is released from secrecy, until when. Its hash is the evidence; the statement itself is kept
beside the draft, sealed under her key.
"""

import hashlib
import json
from collections.abc import Collection
from typing import Any
from uuid import UUID

from contracts.codes import ConsentChannel, PersonLinkPurpose, Signer
from contracts.partner.dossier import CATEGORY, PERSON
from services.chassis.errors import InvalidError, NotFoundError, StaleError
from services.chassis.work import Work
from services.referral.commands import person_links, preparing, signing
from services.referral.commands.signing import Signing
from services.referral.config import ReferralSettings
from services.referral.consent_texts import GERMAN, PrintedText, filled
from services.referral.domain.drafting import DraftedConsent, missing_signers
from services.referral.domain.grounds import Consent
from services.referral.store import drafts, persons
from services.referral.store import person_links as stored_links
from services.referral.store.person_links import PersonLink


def fields_of(categories: Collection[str]) -> tuple[str, ...]:
    """The fields of the record that these kinds of data are."""
    return tuple(name for name, field in PERSON.fields.items() if field.metadata[CATEGORY] in categories)


def words_shown(house: ReferralSettings, drafted: DraftedConsent) -> tuple[PrintedText, PrintedText]:
    """What she reads here, in her language and in German: her own words where her guardians have theirs."""
    texts = house.texts
    text_id = signing.text_shown(texts, drafted, Signer.PERSON, ConsentChannel.ONLINE)
    shown = texts.shown_to(text_id, drafted.language, interpreter=drafted.interpreter)
    hers, german = (
        filled(one, house.controllers, drafted.controllers) for one in (shown, texts.printed(text_id, GERMAN))
    )
    return hers, german


def statement(house: ReferralSettings, drafted: DraftedConsent) -> dict[str, Any]:
    """Everything the page shows, in one order: the same draft always gives the same bytes."""
    shown, _ = words_shown(house, drafted)
    text = shown.text
    return {
        "consent": str(drafted.id),
        "version": drafted.version,
        "text": {"id": text.id, "version": text.version, "sha256": text.sha256, "language": text.language},
        "words_sha256": hashlib.sha256(shown.body.encode()).hexdigest(),
        "controllers": [str(one) for one in drafted.controllers],
        "recipients": [
            {
                "organization": str(one.organization_id),
                "service": str(one.service_id),
                "purposes": sorted(one.purposes),
                "categories": sorted(one.categories),
                "fields": sorted(fields_of(one.categories)),
                "back_level": one.back_level,
            }
            for one in drafted.recipients
        ],
        "secrecy_released_to": sorted(str(one.to_service_id) for one in drafted.secrecy_releases),
        "valid_from": drafted.valid_from.isoformat() if drafted.valid_from else None,
        "valid_until": drafted.valid_until.isoformat(),
    }


def canonical(document: dict[str, Any]) -> str:
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def sha256_of(document: dict[str, Any]) -> str:
    return hashlib.sha256(canonical(document).encode()).hexdigest()


def draft_behind(work: Work, house: ReferralSettings, link: PersonLink) -> DraftedConsent:
    """What this link leads to, if it still waits for this person's own word."""
    if link.consent_id is None:
        raise NotFoundError("consent.not-drafted")
    drafted = drafts.load(work.tx, link.consent_id)
    born_on = preparing.born_on_of(work, house, link.person_id)
    hers = Signer.PERSON in missing_signers(drafted, born_on, work.today)
    if drafted.person_id != link.person_id or not hers:
        raise NotFoundError("consent.not-drafted")
    return drafted


def agree(
    work: Work, house: ReferralSettings, link: PersonLink, *, services: Collection[UUID], seen_sha256: str
) -> Consent | DraftedConsent:
    """She agrees to the recipients she ticked, on the statement the page showed; anything else was never asked."""
    persons.raise_epoch(work, link.person_id)
    drafted = draft_behind(work, house, link)
    shown = statement(house, drafted)
    if sha256_of(shown) != seen_sha256:
        raise StaleError("consent.changed-since-drafted")
    if not services:
        raise InvalidError("consent.none-ticked", {"recipients": "at-least-one"})
    agreed = {**shown, "agreed_to": sorted(str(one) for one in services)}
    drafted = preparing.narrow_draft(work, drafted, services)
    given = signing.complete_consent(
        work,
        house,
        drafted,
        Signing(channel=ConsentChannel.ONLINE, statement=canonical(agreed)),
    )
    by_mail = link.mail_is_safe and stored_links.mail_is_safe(work.tx, link.person_id)
    if by_mail and person_links.mailbox_of(work.tx, house.keys, link.person_id) is not None:
        # Withdrawing has to be as easy as this was (Art. 7(3)): her own page comes by mail.
        own_page = PersonLinkPurpose.SELF_SERVICE
        person_links.send(work, house.keys, link.person_id, link.enquiry_id, own_page, language=link.language)
    return given


def refuse(work: Work, house: ReferralSettings, link: PersonLink) -> None:
    """She does not want it; nothing follows from that."""
    persons.raise_epoch(work, link.person_id)
    preparing.decline_draft(work, draft_behind(work, house, link))
