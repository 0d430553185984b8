"""Proof for both sides: the network signs what it took from a partner and gave to it, a partner may sign in return."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from marshmallow import ValidationError

from contracts.event import Code, to_dict, type_of
from contracts.partner.receipts import CONFIRMED, EVENT, SIGNED, Confirmation, read_confirmation
from contracts.referral import ReceiptConfirmed
from services.chassis.errors import InvalidError, RefusedError
from services.chassis.work import Work
from services.referral import receipts as signing
from services.referral.domain.lifecycle import Actor
from services.referral.domain.partner_keys import signing_keys
from services.referral.receipts import ReceiptKeys
from services.referral.store import directory, receipts, referrals, timeline
from services.referral.store.receipts import NETWORK, PARTNER, Receipt

#: How far a partner's clock may be ahead.
SKEW_SECONDS = 60
_NUMBER = re.compile(r"[A-Za-z0-9_.:-]{1,128}")
CLAIMS = frozenset({"iss", "aud", "jti", "iat", "toe", "events"})


def issue(work: Work, keys: ReceiptKeys, organization_id: UUID | None, sha256: str | None = None) -> tuple[str, ...]:
    """Sign every fact of this work that is one of the partner's, and keep it; `sha256` is of what was handed out.

    The tokens may be given out only after the work has committed.
    """
    signed = [
        _signed(work, keys, told.id, told.event, sha256)
        for told in work.bag.announcements
        if type_of(told.event) in SIGNED and told.event.organization_id == organization_id
    ]
    for receipt in signed:
        receipts.keep(work, receipt)
    return tuple(receipt.token for receipt in signed)


def _signed(work: Work, keys: ReceiptKeys, event_id: UUID, fact: Any, sha256: str | None) -> Receipt:
    kind, data = type_of(fact), to_dict(fact)
    handed = sha256 if "decision_id" in SIGNED[kind] else None
    body = {name: data[name] for name in ("referral_id", *SIGNED[kind]) if name in data}
    at = int(work.now.timestamp())
    claims = {
        "aud": str(fact.organization_id),
        "jti": str(event_id),
        "iat": at,
        "toe": at,
        "txn": str(work.correlation_id),
        "events": {EVENT + kind: body | ({"sha256": handed} if handed else {})},
    }
    token = keys.sign(claims)
    return Receipt(
        fact.organization_id,
        NETWORK,
        str(event_id),
        fact.referral_id,
        kind,
        handed,
        keys.key_id,
        token,
        work.now,
    )


def take(work: Work, keys: ReceiptKeys, by: Actor, token: str) -> Receipt:
    """Keep a partner's signed word that it has what one of our receipts says; the same token again is the same one."""
    assert by.organization_id is not None
    registered = directory.organization(work.tx, by.organization_id)
    found = signing.read(token, signing_keys(registered, work.now) if registered else ())
    number, confirmation = _understood(found.claims, str(by.organization_id), keys.issuer, work.now.timestamp())
    before = receipts.find(work.tx, by.organization_id, PARTNER, number)
    if before is not None:
        if before.token != token:
            raise InvalidError("receipt.number-used", {"jti": "a-new-number"})
        return before
    referral = referrals.load(work.tx, confirmation.referral_id, visible_to=by, lock=True)
    _check_against_ours(work, by.organization_id, confirmation)
    kept = Receipt(
        by.organization_id,
        PARTNER,
        number,
        referral.id,
        "partner.confirmed.v1",
        confirmation.sha256,
        found.key_id,
        token,
        work.now,
    )
    receipts.keep(work, kept)
    told = ReceiptConfirmed(
        referral_id=referral.id,
        organization_id=by.organization_id,
        receipt_id=confirmation.receipt,
        key_id=Code(found.key_id),
        token_sha256=Code(hashlib.sha256(token.encode()).hexdigest()),
    )
    timeline.tell(work, referral.id, told)
    return kept


def _understood(claims: Mapping[str, Any], partner: str, network: str, now: float) -> tuple[str, Confirmation]:
    """The number and the body of a partner's token: said by it, to us, now, and nothing besides."""
    audience, events, number, at = (claims.get(name) for name in ("aud", "events", "jti", "iat"))
    wrong = {
        "iss": "your-organization-id" if claims.get("iss") != partner else None,
        "aud": "this-network" if network not in (audience if isinstance(audience, list) else [audience]) else None,
        "jti": "an-id-of-1-to-128-characters" if not isinstance(number, str) or not _NUMBER.fullmatch(number) else None,
        "iat": "not-in-the-future" if type(at) is not int or not 0 < at <= now + SKEW_SECONDS else None,
        "events": CONFIRMED if not isinstance(events, dict) or set(events) != {CONFIRMED} else None,
        **dict.fromkeys(claims.keys() - CLAIMS, "no-such-claim"),
    }
    if fields := {name: expected for name, expected in wrong.items() if expected}:
        raise InvalidError("receipt.claims-invalid", fields)
    assert isinstance(events, dict)
    try:
        return str(number), read_confirmation(events[CONFIRMED])
    except (ValidationError, TypeError, ValueError) as error:
        names = map(str, error.messages) if isinstance(error, ValidationError) else ("events",)
        raise InvalidError("receipt.claims-invalid", dict.fromkeys(names, "as-described")) from error


def _check_against_ours(work: Work, organization_id: UUID, confirmation: Confirmation) -> None:
    """It confirms a receipt of ours for this partner and this referral, and the same bytes."""
    ours = receipts.find(work.tx, organization_id, NETWORK, str(confirmation.receipt))
    if ours is None or ours.referral_id != confirmation.referral_id:
        raise InvalidError("receipt.claims-invalid", {"receipt": "the-number-of-a-receipt-of-this-referral"})
    if ours.sha256 != confirmation.sha256:
        raise RefusedError("receipt.other-content")
