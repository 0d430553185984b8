"""Referral on a real database, told a small directory: what a test needs to tell a story in a few lines."""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

from joserfc.jwk import ECKey, KeySet, OKPKey

from contracts import envelope
from contracts.codes import (
    Action,
    AgreementKind,
    Audience,
    BackLevel,
    Capacity,
    ChannelKind,
    ConsentChannel,
    DataCategory,
    DataProtectionLaw,
    DocumentKind,
    EnquirerKind,
    GivenBy,
    Party,
    Purpose,
    ServiceRole,
    Site,
    Topic,
    Urgency,
    WithdrawalChannel,
)
from contracts.directory import Agreement, Channel, OrganizationPublished, ServicePublished, Terms
from contracts.event import JsonDocument, LanguageTag, OfficialKey, PublicJwk, PublicText
from contracts.fields import SealedText
from contracts.identity import id_of
from contracts.partner import appointment
from contracts.referral import ConsentRecipient
from deploy.demo.clocks import FixedClock
from services.chassis.db import Database
from services.chassis.jobs import ClockRole
from services.chassis.work import Unit
from services.referral import clock_jobs, handlers, sealing
from services.referral.commands import consents as consent_commands
from services.referral.commands import enquiries, partners, referrals, signing, withdrawing
from services.referral.config import Keys, ReferralSettings
from services.referral.consent_texts import TextLibrary
from services.referral.controllers import Contact, Controller, Controllers
from services.referral.domain.appointments import Appointment
from services.referral.domain.duplicate_care import AskingRule
from services.referral.domain.grounds import Witness
from services.referral.domain.lifecycle import Actor
from services.referral.domain.referral import Referral
from services.referral.domain.withdrawing import Part
from services.referral.keystore.ledger import DeletionLedger
from services.referral.keystore.store import KeyStore
from services.referral.link_tokens import LinkTokens
from services.referral.receipts import ReceiptKeys, generate_receipt_keys
from services.referral.store import documents
from services.referral.store import referrals as referral_store
from services.referral.store.enquiries import Enquiry
from services.referral.store.referrals import StaffActor
from services.referral.store.timeline import tell_refusal
from services.referral.vault import ServiceKeys, Vault
from services.referral.web.forms import seal_words
from tests.unit.referral.papers import a_pdf

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)  # a Monday
HWK = id_of("organization", "hwk-aachen")
IHK = id_of("organization", "ihk-aachen")
CENTER = id_of("organization", "welcome-center")
HWK_SERVICE = id_of("service", "hwk-aachen-anerkennung")
IHK_SERVICE = id_of("service", "ihk-aachen-anerkennung")
OWN_SERVICE = id_of("service", "welcome-center-anerkennung")
NAVIGATOR = StaffActor(Party.NAVIGATOR, "staff:" + "a" * 32, None, Site.AACHEN, CENTER)
COLLEAGUE = StaffActor(Party.NAVIGATOR, "staff:" + "b" * 32, None, Site.AACHEN, CENTER)
#: As much as can be said by word of mouth.
SPOKEN = (DataCategory.IDENTITY, DataCategory.CONTACT, DataCategory.LANGUAGE)
#: Word of mouth that an interpreter heard.
HEARD: Any = {
    "channel": ConsentChannel.VERBAL_WITNESSED,
    "witness": Witness.INTERPRETER,
    "interpreter_name": "Samir Muster",
}
TO_PARTNER = (DataCategory.IDENTITY, DataCategory.CONTACT, DataCategory.LANGUAGE, DataCategory.QUALIFICATION)
RECORD = {
    "given_name": "Amira",
    "family_name": "Ben Salah",
    "birth_date": "1992-04-17",
    "email": "amira@example.org",
    "postal_code": "52062",
    "languages": ["ar", "fr"],
    "occupation": "Elektronikerin",
    "occupation_code": "26312",
}


def an_organization(organization_id: UUID = HWK, **changes: Any) -> OrganizationPublished:
    usual: dict[str, Any] = {
        "organization_id": organization_id,
        "version": 1,
        "name": PublicText({"de": "Eine Stelle"}),
        "kind": "chamber",
        "sites": (Site.AACHEN,),
        "social_data_body": False,
        "must_stand_alone": False,
        "own_measure": False,
        "channel": Channel(kind=ChannelKind.AMQP),
        "agreement": Agreement(
            kind=AgreementKind.INDEPENDENT,
            law=DataProtectionLaw.GDPR,
            signed_on=date(2026, 1, 1),
            valid_until=date(2027, 12, 31),
        ),
        "public_key": PublicJwk(a_public_key()),
        "phone": None,
        "email": None,
        "website": None,
        "address": None,
    }
    return OrganizationPublished(**{**usual, **changes})


def a_public_key() -> dict[str, Any]:
    key = ECKey.generate_key("P-256", parameters={"use": "enc"}, auto_kid=True)
    return dict(key.as_dict(private=False))


def some_terms(**changes: Any) -> Terms:
    usual: dict[str, Any] = {
        "categories_accepted": (*TO_PARTNER, DataCategory.FREE_TEXT),
        "minimum_categories": (DataCategory.IDENTITY,),
        "answer_days": 5,
        "contact_days": 5,
        "back_level": BackLevel.OUTCOME,
    }
    return Terms(**{**usual, **changes})


def a_service(service_id: UUID = HWK_SERVICE, organization_id: UUID = HWK, **changes: Any) -> ServicePublished:
    usual: dict[str, Any] = {
        "service_id": service_id,
        "version": 1,
        "organization_id": organization_id,
        "name": PublicText({"de": "Anerkennung"}),
        "description": PublicText({"de": "Anerkennung"}),
        "delimitation": PublicText({"de": "-"}),
        "topics": (Topic.ANERKENNUNG,),
        "areas": (OfficialKey("05334"),),
        "audience": Audience.BOTH,
        "legal_spheres": (),
        "role": ServiceRole.DECIDES,
        "own_measure": False,
        "residence_independent": True,
        "profession_independent": True,
        "profession_codes": (),
        "eligibility": JsonDocument({}),
        "languages": (LanguageTag("de"),),
        "interpreters": False,
        "capacity": Capacity.CAPACITY,
        "capacity_reported_on": NOW.date(),
        "assured_on": NOW.date(),
        "overlap_group": None,
        "funder": None,
        "excludes_funders": (),
        "terms": some_terms(),
        "better_bodies": (),
    }
    return ServicePublished(**{**usual, **changes})


def partner(organization_id: UUID = HWK) -> Actor:
    return Actor(Party.PARTNER, f"partner:{organization_id}", organization_id)


SERVICE_KEY = bytes(range(32))
#: A test asks in an hour what a desk asks in a month.
UNLIMITED = AskingRule(per_day=1_000_000)


def some_controllers() -> Controllers:
    """The welcome center answers for its cases alone."""
    dpo = Contact("Datenschutzbeauftragte", "Musterweg 2, 52062 Musterstadt", "datenschutz@center.example")
    center = Contact("Welcome Center Musterstadt", "Musterweg 1, 52062 Musterstadt", "post@center.example")
    return Controllers((Controller(CENTER, center, dpo, "Aufsichtsbehörde Musterland"),))


@cache
def own_keys() -> sealing.OwnKeys:
    return sealing.OwnKeys(sealing.generate_own_keys())


@cache
def receipt_keys() -> ReceiptKeys:
    return ReceiptKeys.of(generate_receipt_keys(), "http://localhost")


def some_keys(store: KeyStore, ledger: Path, service_keys: ServiceKeys | None = None) -> Keys:
    return Keys(
        vault=Vault(service_keys or ServiceKeys(SERVICE_KEY), store),
        own=own_keys(),
        desk_links=KeySet([ECKey.generate_key("P-256", auto_kid=True)]),
        person_links=LinkTokens((OKPKey.generate_key("Ed25519", auto_kid=True),), "http://localhost"),
        receipts=receipt_keys(),
        store=store,
        ledger=DeletionLedger(ledger),
    )


NUMBERS = count(1)
GENERATION = 13_001  # days; a prime, so that a birth date comes again only after as many people
SYLLABLES = ("ba", "de", "fi", "go", "ku", "la", "me", "ni", "po", "ru")


def somebody_else() -> dict[str, str]:
    """Names, birth date and mailbox that nobody else in the test has, so that nobody is taken for her."""
    number = next(NUMBERS)
    name = "".join(SYLLABLES[int(digit)] for digit in f"{number:04d}")
    return {
        "given_name": "".join(SYLLABLES[int(digit)] for digit in reversed(f"{7 * number:04d}")).title(),
        "family_name": name.title(),
        # of age, however many there are: a long search makes thousands
        "birth_date": (date(1960, 1, 1) + timedelta(days=11 * number % GENERATION)).isoformat(),
        "email": f"{name}@example.org",
    }


@dataclass
class Scene:
    """The service at work, without broker and threads. Its key store is beside its data unless a test says where."""

    db: Database
    clock: FixedClock = field(default_factory=lambda: FixedClock(NOW))
    keys_dsn: str = ""
    texts: TextLibrary = field(default_factory=lambda: TextLibrary(samples_count=True))

    def __post_init__(self) -> None:
        self.unit = Unit(self.db, self.clock, "referral")
        self.unit.tell_refusal = tell_refusal
        self.key_db = Database(self.keys_dsn or self.db.dsn, 0, name="keystore")
        self.folder = TemporaryDirectory()
        self.keys = some_keys(KeyStore(self.key_db), Path(self.folder.name) / "deletions.ndjson")

    def close(self) -> None:
        self.key_db.close()
        self.folder.cleanup()

    @property
    def house(self) -> ReferralSettings:
        """What commands need besides the database."""
        return ReferralSettings(self.keys, timedelta(seconds=30), self.texts, some_controllers(), asking=UNLIMITED)

    def told_directory(self) -> "Scene":
        """HWK and IHK, each with a service for recognition."""
        with self.unit.work(actor="system:directory") as work:
            for organization in (an_organization(HWK), an_organization(IHK)):
                handlers.keep_organization(work, organization)
            for service in (a_service(), a_service(IHK_SERVICE, IHK)):
                handlers.keep_service(work, service)
        return self

    def an_enquiry(self, **record: Any) -> Enquiry:
        with self.unit.work(actor=NAVIGATOR.actor) as work:
            return enquiries.record_enquiry(
                work,
                self.keys.vault,
                NAVIGATOR,
                enquirer=EnquirerKind.PERSON,
                site=Site.AACHEN,
                record={**RECORD, **record},
                needs=[(Topic.ANERKENNUNG, Urgency.NORMAL)],
                asking=UNLIMITED,
            )

    def consent(self, enquiry: Enquiry, *recipients: ConsentRecipient, **changes: Any) -> Any:
        usual: dict[str, Any] = {
            "given_by": GivenBy.SELF,
            "channel": ConsentChannel.SIGNED_PAPER,
            "language": "de",
            "recipients": recipients or (to_hwk(),),
        }
        said = {**usual, **changes}
        if said["channel"] is ConsentChannel.SIGNED_PAPER:
            said.setdefault("document_id", self.scan(enquiry, said.get("person_id")))
        form = consent_commands.ConsentForm(**said)
        with self.unit.work(actor=NAVIGATOR.actor) as work:
            return consent_commands.give_consent(work, self.house, NAVIGATOR, enquiry.id, form)

    def spoken(self, enquiry: Enquiry, *recipients: ConsentRecipient) -> Any:
        """Said on the telephone, and heard by a colleague."""
        little = [replace(one, categories=SPOKEN) for one in recipients or (to_hwk(),)]
        drafted = self.consent(enquiry, *little, channel=ConsentChannel.VERBAL_WITNESSED, witness=Witness.STAFF)
        with self.unit.work(actor=COLLEAGUE.actor) as work:
            return signing.witness_consent(work, self.house, COLLEAGUE, enquiry.id, drafted.id)

    def scan(self, enquiry: Enquiry, person_id: UUID | None = None) -> UUID:
        """A signed form, no other like it, taken in as it is before its consent."""
        with self.unit.work(actor=NAVIGATOR.actor) as work:
            return documents.keep(
                work,
                self.keys.vault,
                person_id or enquiry.person_id,
                enquiry_id=enquiry.id,
                kind=DocumentKind.CONSENT_FORM,
                content=a_pdf(b"(form %d)" % next(NUMBERS)),
                media_type="application/pdf",
            )

    def withdraw(self, enquiry: Enquiry, consent_id: UUID, organization_id: UUID | None = None, **part: Any) -> Any:
        with self.unit.work(actor=NAVIGATOR.actor) as work:
            return withdrawing.withdraw_at_desk(
                work,
                self.keys,
                NAVIGATOR,
                enquiry.id,
                consent_id,
                channel=WithdrawalChannel.PHONE,
                part=Part(organization_id=organization_id, **part),
            )

    def prepared(self, enquiry: Enquiry, service_id: UUID = HWK_SERVICE) -> Referral:
        """Drafted and prepared; the clock will release it after the undo window."""
        with self.unit.work(actor=NAVIGATOR.actor) as work:
            drafted = referrals.draft(work, self.keys, NAVIGATOR, enquiry.id, enquiry.needs[0].id, service_id)
        with self.unit.work(actor=NAVIGATOR.actor) as work:
            return referrals.prepare(
                work, self.keys, NAVIGATOR, drafted.id, None, undo_window=timedelta(seconds=30), asking=UNLIMITED
            )

    def requested(
        self, service_id: UUID = HWK_SERVICE, level: BackLevel = BackLevel.OUTCOME, **record: Any
    ) -> Referral:
        """Somebody new, her consent, and a referral that has just left."""
        enquiry = self.an_enquiry(**record)
        self.consent(enquiry, to_hwk(level) if service_id == HWK_SERVICE else to_ihk(level))
        referral = self.prepared(enquiry, service_id)
        self.clock.instant += timedelta(seconds=31)
        self.tick()
        return self.now(referral.id)

    def tick(self) -> int:
        """Let the clock do everything that is due; returns how much that was."""
        role = ClockRole(self.unit, clock_jobs.jobs(lambda: self.keys))
        return sum(role.run_due(job) for job in role.jobs)

    def days_pass(self, days: int) -> None:
        """Midnight after midnight, as the clock role would live through them."""
        for _ in range(days):
            self.clock.instant += timedelta(days=1)
            self.tick()

    def fetched(self, referral: Referral) -> partners.Fetched:
        by = partner(referral.organization_id)
        with self.unit.work(actor=by.actor) as work:
            found = partners.fetch_dossier(work, self.keys, referral.id, by)
        assert isinstance(found, partners.Fetched)
        return found

    def answers(self, referral: Referral, action: Action, body: Any) -> Referral:
        by = partner(referral.organization_id)
        with self.unit.work(actor=by.actor) as work:
            return partners.perform(work, self.keys, referral.id, by, action, body, None).referral

    def now(self, referral_id: UUID) -> Referral:
        with self.db.read() as connection:
            return referral_store.load(connection, referral_id, visible_to=Actor(Party.SYSTEM, "system:test"))

    def said(self, *kinds: type) -> list[Any]:
        """Every event in the outbox, oldest first; of these kinds, if any are named."""
        rows = self.rows("SELECT body FROM outbox WHERE exchange = 'referral.events' ORDER BY number")
        events = [envelope.read(row["body"]).data for row in rows]
        return [event for event in events if not kinds or isinstance(event, kinds)]

    def rows(self, sql: str, *params: Any) -> list[dict[str, Any]]:
        with self.db.read() as connection:
            return list(connection.execute(sql, params).fetchall())


def an_appointment(
    days: int = 7,
    minutes: int = 60,
    place: str = "Musterstraße 1, Zimmer 12",
    bring: str = "Zeugnisse",
    at: datetime = NOW,
) -> SealedText:
    """What a partner seals to the network: so many days after the scene began, at ten in Aachen."""
    what = Appointment(at + timedelta(days=days), minutes, place, bring)
    return SealedText(seal_words(appointment.write(what), own_keys()))


def to_hwk(level: BackLevel = BackLevel.OUTCOME) -> ConsentRecipient:
    return ConsentRecipient(
        organization_id=HWK,
        service_id=HWK_SERVICE,
        purposes=(Purpose.VERWEIS, Purpose.ANERKENNUNG),
        categories=TO_PARTNER,
        back_level=level,
    )


def to_ihk(level: BackLevel = BackLevel.OUTCOME) -> ConsentRecipient:
    return replace(to_hwk(level), **_ihk())


def _ihk() -> dict[str, UUID]:
    return {"organization_id": IHK, "service_id": IHK_SERVICE}
