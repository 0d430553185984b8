"""Referral as its callers meet it: real application, real database, tokens of an issuer that lives in the test."""

import json
from dataclasses import dataclass, field
from datetime import date, timedelta
from io import BytesIO
from itertools import count
from typing import Any
from uuid import UUID, uuid4

from flask.testing import FlaskClient
from joserfc import jwe
from joserfc.jwk import ECKey, KeySet
from werkzeug.test import TestResponse

from contracts.event import PublicJwk
from services.referral import config, handlers, sealing
from services.referral.web.app import create_app
from tests.chassis.web_rig import TestIssuer, settings
from tests.integration.referral.scene import (
    CENTER,
    HWK,
    HWK_SERVICE,
    IHK,
    IHK_SERVICE,
    RECORD,
    UNLIMITED,
    Scene,
    a_service,
    an_organization,
    some_controllers,
)
from tests.unit.referral.papers import a_pdf

Json = dict[str, Any]
FULL = ["IDENTITY", "CONTACT", "LANGUAGE", "QUALIFICATION"]
ISSUER = TestIssuer()
#: Everybody is somebody else unless a test says who: two of one name would be asked about as duplicates.
NUMBERS = count(1)
PARTNER_KEYS = {organization: ECKey.generate_key("P-256", {"use": "enc"}, auto_kid=True) for organization in (HWK, IHK)}


def somebody_new() -> Json:
    """A name that sounds like no other, and a birth day of her own."""
    number = next(NUMBERS)
    syllables = (("ba", "de", "gi", "ko", "lu", "ma", "ne", "pi", "ro", "tu")[int(digit)] for digit in str(number))
    born = date(1960, 1, 2) + timedelta(days=number)
    return {"given_name": "Ami" + "".join(syllables), "birth_date": born.isoformat()}


@dataclass
class Caller:
    """One signed-in caller; every writing call carries a fresh idempotency key unless it names one."""

    client: FlaskClient
    token: str

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> TestResponse:
        sent = {"Authorization": f"Bearer {self.token}", **headers}
        if method == "POST":
            sent.setdefault("Idempotency-Key", str(uuid4()))
        kept = {name: value for name, value in sent.items() if value != "-"}
        return self.client.open(path, method=method, json=body, headers=kept)

    def get(self, path: str) -> Any:
        answer = self.ask("GET", path)
        assert answer.status_code == 200, (path, answer.status_code, answer.text)
        return answer.json

    def post(self, path: str, body: Any, **headers: str) -> Any:
        answer = self.ask("POST", path, body, **headers)
        assert answer.status_code < 300, (path, answer.status_code, answer.text)
        return answer.json


@dataclass
class Navigator(Caller):
    """The desk: what the navigator does in a few words."""

    def enquire(self, **person: Any) -> Json:
        if "family_name" in person:  # somebody else of her first name, not herself under a new one
            person = {"email": f"somebody-{next(NUMBERS)}@example.org", **person}
        body = {
            "enquirer": "person",
            "site": "aachen",
            "person": {**RECORD, **(person or somebody_new())},
            "needs": [{"topic": "ANERKENNUNG", "urgency": "normal"}],
        }
        return dict(self.post("/referral/api/v1/enquiries", body))

    def scan(self, enquiry: Json, person_id: str | None = None) -> str:
        """A signed form, no other like it, is scanned and taken in, as it is before its consent; returns its id."""
        paper = BytesIO(a_pdf(b"(form %d)" % next(NUMBERS)))
        form = {"kind": "CONSENT_FORM", "file": (paper, "scan.pdf", "application/pdf")}
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": str(uuid4())}
        path = f"/referral/api/v1/enquiries/{enquiry['id']}/documents"
        data = {**form, "person_id": person_id} if person_id else form
        answer = self.client.post(path, data=data, headers=headers, content_type="multipart/form-data")
        assert answer.status_code == 201, answer.text
        return str(answer.json["id"])  # type: ignore[index]

    def consent(self, enquiry: Json, *recipients: Json, **changes: Any) -> Json:
        body = {
            "given_by": "self",
            "channel": "signed_paper",
            "language": "ar",
            "recipients": list(recipients) or [recipient()],
            **changes,
        }
        if body["channel"] == "signed_paper" and "document_id" not in body:
            body["document_id"] = self.scan(enquiry, changes.get("person_id"))
        return dict(self.post(f"/referral/api/v1/enquiries/{enquiry['id']}/consents", body))

    def draft(self, enquiry: Json, service_id: UUID = HWK_SERVICE, **changes: Any) -> Json:
        body = {
            "enquiry_id": enquiry["id"],
            "need_id": enquiry["needs"][0]["id"],
            "service_id": str(service_id),
            **changes,
        }
        return dict(self.post("/referral/api/v1/referrals", body))

    def see(self, referral_id: str) -> Json:
        return dict(self.get(f"/referral/api/v1/referrals/{referral_id}"))

    def try_act(self, referral_id: str, action: str, body: Any = None, **headers: str) -> TestResponse:
        sent = (
            {"If-Match": f'"{self.see(referral_id)["version"]}"', **headers} if "If-Match" not in headers else headers
        )
        return self.ask("POST", f"/referral/api/v1/referrals/{referral_id}/actions/{action}", body or {}, **sent)

    def act(self, referral_id: str, action: str, body: Any = None) -> Json:
        answer = self.try_act(referral_id, action, body)
        assert answer.status_code == 200, (action, answer.status_code, answer.text)
        return dict(answer.json or {})


@dataclass
class Partner(Caller):
    """A partner's own system, with its own private key."""

    organization_id: UUID = HWK

    def see(self, referral_id: str) -> Json:
        return dict(self.get(f"/partner/v1/referrals/{referral_id}"))

    def try_fetch(self, referral_id: str) -> TestResponse:
        return self.ask("GET", f"/partner/v1/referrals/{referral_id}/dossier")

    def fetch(self, referral_id: str) -> Json:
        answer = self.try_fetch(referral_id)
        assert answer.status_code == 200, (answer.status_code, answer.text)
        opened = jwe.decrypt_compact(answer.text, PARTNER_KEYS[self.organization_id], algorithms=sealing.ALLOWED)
        return dict(json.loads(opened.plaintext or b""))

    def try_act(self, referral_id: str, action: str, body: Any = None, **headers: str) -> TestResponse:
        sent = (
            {"If-Match": f'"{self.see(referral_id)["version"]}"', **headers} if "If-Match" not in headers else headers
        )
        return self.ask("POST", f"/partner/v1/referrals/{referral_id}/actions/{action}", body or {}, **sent)

    def act(self, referral_id: str, action: str, body: Any = None) -> Json:
        answer = self.try_act(referral_id, action, body)
        assert answer.status_code == 200, (action, answer.status_code, answer.text)
        return dict(answer.json or {})

    def seal(self, words: str) -> str:
        key = KeySet.import_key_set(self.client.get("/partner/.well-known/jwks.json").json).keys[0]
        header = {"alg": sealing.KEY_WRAPPING[key.key_type], "enc": sealing.CONTENT, "kid": key.kid}
        return jwe.encrypt_compact(header, words.encode(), key, algorithms=sealing.ALLOWED)


@dataclass
class Network:
    """One deployment: a navigator, two partners, an operator, and a clock that moves when told to."""

    scene: Scene
    issuer: TestIssuer = field(default_factory=lambda: ISSUER)

    def __post_init__(self) -> None:
        own = config.ReferralSettings(
            self.scene.keys, timedelta(0), self.scene.texts, some_controllers(), asking=UNLIMITED
        )
        self.app = create_app(settings(), self.scene.unit, issuer_keys=self.issuer.keys(), own=own)
        self.tell_directory()
        self.navigator = self.staff()
        self.hwk, self.ihk = self.partner(HWK), self.partner(IHK)

    def tell_directory(self) -> None:
        with self.scene.unit.work(actor="system:directory") as work:
            for organization, service in ((HWK, HWK_SERVICE), (IHK, IHK_SERVICE)):
                key = PublicJwk({**PARTNER_KEYS[organization].as_dict(private=False)})
                handlers.keep_organization(work, an_organization(organization, public_key=key))
                handlers.keep_service(work, a_service(service, organization))

    def staff(self, **claims: Any) -> Navigator:
        usual = {"sub": "nina", "roles": ["navigator"], "site": "aachen", "employer": str(CENTER)}
        return Navigator(self.app.test_client(), self.issuer.token(**{**usual, **claims}))

    def partner(self, organization_id: UUID) -> Partner:
        token = self.issuer.token(sub=f"partner-{organization_id}", roles=None, organization_id=str(organization_id))
        return Partner(self.app.test_client(), token, organization_id)

    def requested(self, *recipients: Json, service_id: UUID = HWK_SERVICE) -> str:
        """Somebody new, her consent, and a referral that has just left; returns its id."""
        enquiry = self.navigator.enquire()
        self.navigator.consent(enquiry, *recipients)
        drafted = self.navigator.draft(enquiry, service_id)
        self.navigator.act(drafted["id"], "prepare")
        self.scene.tick()
        assert self.navigator.see(drafted["id"])["status"] == "requested"
        return str(drafted["id"])


def recipient(
    organization_id: UUID = HWK, service_id: UUID = HWK_SERVICE, back_level: str = "outcome", **changes: Any
) -> Json:
    return {
        "organization_id": str(organization_id),
        "service_id": str(service_id),
        "purposes": ["VERWEIS", "ANERKENNUNG"],
        "categories": FULL,
        "back_level": back_level,
        **changes,
    }


def to_ihk(back_level: str = "outcome") -> Json:
    return recipient(IHK, IHK_SERVICE, back_level)
