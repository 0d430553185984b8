"""What referral alone is told from outside: keys, consent texts, who is responsible, how long one may take back."""

import base64
import json
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OKPKey

from services.chassis.config import BASE64_32, ConfigError, Environment
from services.referral import asking, controllers, indicators, keeping
from services.referral.asking import ImpactAssessment
from services.referral.consent_texts import TextIndexError, TextLibrary
from services.referral.controllers import Controllers
from services.referral.domain.duplicate_care import AskingRule
from services.referral.domain.helping import GRACE
from services.referral.indicators import IndicatorSets
from services.referral.keeping import Retention
from services.referral.keystore.ledger import DeletionLedger
from services.referral.keystore.settings import deletion_ledger, open_store
from services.referral.keystore.store import KeyStore
from services.referral.link_tokens import LinkTokens
from services.referral.receipts import ReceiptKeys
from services.referral.sealing import OwnKeys
from services.referral.vault import ServiceKeys, Vault


@dataclass(frozen=True)
class Keys:
    """What opens and seals: the vault for data at rest, the pair for partners' words, the two doors for links."""

    vault: Vault
    own: OwnKeys
    desk_links: KeySet
    person_links: LinkTokens
    #: Signs what partners did and were given.
    receipts: ReceiptKeys
    #: The store behind the vault, for what looks at all keys and not at one person's.
    store: KeyStore
    ledger: DeletionLedger


@dataclass(frozen=True)
class ReferralSettings:
    keys: Keys
    undo_window: timedelta
    texts: TextLibrary
    controllers: Controllers
    document_bytes: int = 10_000_000
    asking: AskingRule = field(default_factory=AskingRule)
    #: What lets other controllers be asked about duplicate care; none, and nobody else is asked.
    assessment: ImpactAssessment | None = None
    retention: Retention = field(default_factory=Retention)
    #: What funders ask for; the sample where nothing else is set.
    indicators: IndicatorSets = field(default_factory=indicators.sample)
    #: How long after an appointment whoever came along still sees it.
    helper_grace: timedelta = GRACE


def load(settings: Environment) -> ReferralSettings:
    """Read and check them; a wrong one is named and stops the process."""
    store = open_store(settings)
    own = _json(settings.path("PARTNER_FACING_KEY_FILE"), "PARTNER_FACING_KEY_FILE")
    links = _json(settings.path("DESK_LINK_PUBLIC_KEY_FILE"), "DESK_LINK_PUBLIC_KEY_FILE")
    receipts = _json(settings.path("RECEIPT_KEY_FILE"), "RECEIPT_KEY_FILE")
    try:
        keys = Keys(
            vault=Vault(service_keys(settings), store),
            own=OwnKeys(own if "keys" in own else {"keys": [own]}),
            desk_links=KeySet.import_key_set(links if "keys" in links else {"keys": [links]}),  # type: ignore[arg-type]
            person_links=_person_links(settings),
            receipts=ReceiptKeys.of(
                receipts if "keys" in receipts else {"keys": [receipts]}, settings.url("PUBLIC_URL", ("http", "https"))
            ),
            store=store,
            ledger=deletion_ledger(settings),
        )
    except (JoseError, ValueError, KeyError) as error:
        names = "PARTNER_FACING_KEY_FILE, DESK_LINK_PUBLIC_KEY_FILE, RECEIPT_KEY_FILE"
        raise ConfigError(names, "JSON Web Key sets, of receipts a private Ed25519 key first") from error
    undo = settings.number("UNDO_WINDOW_SECONDS", 30, low=0, high=3600)
    # Sample texts may be agreed to in a demonstration and nowhere else.
    try:
        texts = TextLibrary(samples_count=settings.optional("MODE") == "demo")
    except TextIndexError as error:
        raise ConfigError("consent texts", str(error)) from error
    responsible = controllers.load(settings)
    assessment = asking.load_assessment(settings, responsible)
    return ReferralSettings(
        keys=keys,
        undo_window=timedelta(seconds=undo),
        texts=texts,
        controllers=responsible,
        document_bytes=settings.number("DOCUMENT_MAX_BYTES", 10_000_000, low=10_000, high=50_000_000),
        asking=asking.load(settings, responsible, assessment),
        assessment=assessment,
        retention=keeping.load(settings),
        indicators=indicators.load(settings),
        helper_grace=timedelta(hours=settings.number("HELPER_GRACE_HOURS", 12, low=0, high=72)),
    )


def service_keys(settings: Environment) -> ServiceKeys:
    """The service key, and the former ones that still unwrap: one after another, divided by white space."""
    current = settings.secret("SERVICE_KEY", "32 bytes in base64", matches=BASE64_32)
    former = settings.secret("SERVICE_KEYS_OLD", "keys of 32 bytes in base64", " ", matches=rf"\s*({BASE64_32}\s*)*")
    return ServiceKeys(base64.b64decode(current), *map(base64.b64decode, former.split()))


def _person_links(settings: Environment) -> LinkTokens:
    """The first key signs; those after it are still accepted, so that a key can be changed without a broken link."""
    expected = "private Ed25519 JSON Web Keys, the newest first"
    document = _json(settings.path("PERSON_LINK_KEY_FILE"), "PERSON_LINK_KEY_FILE")
    try:
        keys = tuple(OKPKey.import_key(one) for one in document.get("keys", [document]))
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise ConfigError("PERSON_LINK_KEY_FILE", expected) from error
    if not keys or not all(key.is_private and key.as_dict().get("crv") == "Ed25519" for key in keys):
        raise ConfigError("PERSON_LINK_KEY_FILE", expected)
    for key in keys:
        key.ensure_kid()
    return LinkTokens(
        keys,
        settings.url("PUBLIC_URL", ("http", "https")),
        skew=timedelta(seconds=settings.number("PERSON_LINK_SKEW_SECONDS", 60, low=0, high=600)),
        mailed_life=timedelta(days=settings.number("PERSON_LINK_DAYS", 14, low=1, high=30)),
        shown_life=timedelta(hours=settings.number("PERSON_LINK_SHOWN_HOURS", 24, low=1, high=168)),
    )


def _json(path: Path, name: str) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ConfigError(name, "a JSON Web Key or key set in JSON") from error
    if not isinstance(document, dict):
        raise ConfigError(name, "a JSON Web Key or key set in JSON")
    return document
