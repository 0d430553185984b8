"""The welcome center, played: enquiry, consent, referral, answer, withdrawal, over the interface a desk has."""

import time
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from urllib3.filepost import encode_multipart_formdata

from contracts.codes import DataCategory, DocumentKind, EndReason, Purpose, Topic
from lotse.certify.cases import Cast, Word
from lotse.network import Network, ProblemError

JSON = dict[str, Any]
API = "api/v1"
#: A consent of the sandbox: made up like the person, and over soon.
CONSENT_DAYS = 60
CATEGORIES = [DataCategory.IDENTITY.value, DataCategory.CONTACT.value, DataCategory.LANGUAGE.value]
LOOK_SECONDS = 0.3
TRIES = 10
#: News of a partner that was let in a moment ago go over two queues; a busy machine takes its time.
NEWS_SECONDS = 300
#: What a consent is refused for as long as they have not come.
OF_NEWS = frozenset({"recipients", "categories", "purposes"})
SIGNED_FORM = (
    b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n2 0 obj\n<< /Type /Pages /Kids [] /Count 0 >>\n"
    b"endobj\ntrailer << /Root 1 0 R >>\nstartxref\n9\n%%EOF\n"
)


@dataclass(frozen=True, slots=True)
class Target:
    """Where test referrals go: the organization and the service that is tried."""

    organization_id: str
    service_id: str
    topic: Topic
    purpose: Purpose


@dataclass(frozen=True, slots=True)
class Case:
    """One test referral and what it hangs on."""

    referral_id: str
    reference: str
    word: Word
    enquiry_id: str
    consent_id: str


@dataclass
class WelcomeCenter:
    """A navigator of the sandbox; `network` is signed in as one, `operator` as operations."""

    network: Network
    operator: Network
    target: Target
    cast: Cast = field(default_factory=Cast)

    def refer(self, word: Word) -> Case:
        """A new person with her consent, and one referral to the partner under test."""
        case = self.draft(word)
        self.send(case)
        return case

    def send(self, case: Case) -> None:
        """Prepared; the network requests by itself once the undo window is over and consent says yes.

        Of many made-up persons two may look alike: whether one is cared for already is looked at and answered.
        """
        self.act(case.referral_id, "prepare", {"duplicates_acknowledged": True})

    def draft(self, word: Word) -> Case:
        """The same, not sent yet: the partner cannot know of it."""
        enquiry = self._post("enquiries", self._enquiry(word))
        consent = self._consented(enquiry["id"])
        draft = self._post(
            "referrals",
            {
                "enquiry_id": enquiry["id"],
                "need_id": enquiry["needs"][0]["id"],
                "service_id": self.target.service_id,
                "urgency": "normal",
                "based_on": None,
            },
        )
        return Case(draft["id"], draft["reference"], word, enquiry["id"], consent["id"])

    def public_key(self) -> JSON:
        """The key dossiers for the partner are sealed to."""
        path = f"operator/organizations/{self.target.organization_id}/participation"
        found: JSON = self.operator.get("directory", path)["public_key"]
        return found

    def deliveries(self, case: Case) -> list[JSON]:
        """The notices about it: which kind, and whether the partner has it."""
        found = self.operator.get("notifications", "operator/deliveries", referral_id=case.referral_id)
        return list(found["deliveries"])

    def look(self, case: Case) -> JSON:
        """How it stands, with everything that happened to it."""
        seen: JSON = self.network.get("referral", f"{API}/referrals/{case.referral_id}")
        return seen

    def act(self, referral_id: str, action: str, body: JSON | None = None) -> JSON:
        """An action on the version as it stands; changed meanwhile means looking again."""
        for attempt in range(TRIES):
            version = self.network.get("referral", f"{API}/referrals/{referral_id}")["version"]
            try:
                path = f"{API}/referrals/{referral_id}/actions/{action}"
                done: JSON = self.network.post("referral", path, body, version=version)
                return done
            except ProblemError as error:
                if error.status != 412 or attempt == TRIES - 1:
                    raise
                time.sleep(LOOK_SECONDS)
        raise AssertionError("unreachable")

    def answer(self, case: Case) -> None:
        """What was asked is answered, with a change in the data: the dossier is sealed anew."""
        self.act(case.referral_id, "answer", {"person": {"languages": ["fr", "en"]}})

    def withdraw(self, case: Case) -> None:
        """The person takes her consent back."""
        self._post(f"enquiries/{case.enquiry_id}/consents/{case.consent_id}/withdrawals", {"channel": "letter"})

    def cancel(self, case: Case) -> None:
        """The sender takes the referral back."""
        self.act(case.referral_id, "cancel", {"reason": EndReason.SOLVED_ELSEWHERE.value})

    def mark_in_error(self, case: Case) -> None:
        """The wrong person was referred."""
        self.act(case.referral_id, "mark_entered_in_error", {})

    def _consented(self, enquiry_id: str) -> JSON:
        """Her consent; news of a partner that was let in a moment ago may still be on its way."""
        deadline = time.monotonic() + NEWS_SECONDS
        body = self._consent(self._scan(enquiry_id))
        while True:
            try:
                return self._post(f"enquiries/{enquiry_id}/consents", body)
            except ProblemError as error:
                wrong = set(error.problem.get("fields", {}))
                if error.status != 422 or not wrong <= OF_NEWS or time.monotonic() > deadline:
                    raise
                time.sleep(LOOK_SECONDS)

    def _post(self, path: str, body: JSON) -> JSON:
        answer: JSON = self.network.post("referral", f"{API}/{path}", body)
        return answer

    def _enquiry(self, word: Word) -> JSON:
        need = {"topic": self.target.topic.value, "urgency": "normal"}
        return {"enquirer": "person", "site": "aachen", "person": self.cast.person(word), "needs": [need]}

    def _scan(self, enquiry_id: str) -> str:
        """The form she signed, as a desk scans it: empty, for she is made up."""
        parts: list[tuple[str, str | tuple[str, bytes, str]]] = [
            ("kind", DocumentKind.CONSENT_FORM.value),
            ("file", ("scan.pdf", SIGNED_FORM, "application/pdf")),
        ]
        body, content_type = encode_multipart_formdata(parts)
        taken: JSON = self.network.upload("referral", f"{API}/enquiries/{enquiry_id}/documents", body, content_type)
        return str(taken["id"])

    def _consent(self, document_id: str) -> JSON:
        recipient = {
            "organization_id": self.target.organization_id,
            "service_id": self.target.service_id,
            "purposes": [self.target.purpose.value],
            "categories": CATEGORIES,
            "back_level": "outcome",
        }
        return {
            "given_by": "self",
            "channel": "signed_paper",
            "language": "fr",
            "interpreter": False,
            "recipients": [recipient],
            "valid_until": (date.today() + timedelta(days=CONSENT_DAYS)).isoformat(),  # noqa: DTZ011
            "document_id": document_id,
        }


def happened(seen: JSON) -> list[str]:
    """What happened to a referral, in words: `requested`, `dossier_fetched`, `received` and so on, in order."""
    return [row["type"].split(".")[1] for row in seen["timeline"]]
