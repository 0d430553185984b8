"""The main job, played: consented referrals from enquiry to outcome, over the real network and four partner systems.

Each step says what is expected and what was seen. People in it are made up and named so that nobody can mistake them.
"""

import json
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from contracts.identity import id_of
from deploy.demo.desk import Desk, sign_in

JSON = dict[str, Any]

HWK, HWK_RECOGNITION = id_of("organization", "hwk-aachen"), id_of("service", "hwk-aachen-anerkennung")
IHK, IHK_RECOGNITION = id_of("organization", "ihk-aachen"), id_of("service", "ihk-aachen-anerkennung")
IHK_SKILLED = id_of("service", "ihk-aachen-fachkraefteverfahren")
KIA, KIA_LANGUAGE = id_of("organization", "kia-staedteregion-aachen"), id_of("service", "kia-sprache")
JOBCENTER = id_of("organization", "jobcenter-staedteregion-aachen")
JOBCENTER_BENEFITS = id_of("service", "jobcenter-leistung")
AGENTUR, AGENTUR_EMPLOYERS = (
    id_of("organization", "agentur-fuer-arbeit-aachen-dueren"),
    id_of("service", "agentur-arbeitgeber-service"),
)
AUSLAENDERAMT = id_of("organization", "auslaenderamt-staedteregion-aachen")
RESIDENCE_ADVICE = id_of("service", "auslaenderamt-aufenthalt")
ZAG = id_of("organization", "bezirksregierung-muenster-zag-pug")
ZAG_RECOGNITION = id_of("service", "zag-pug-anerkennung-gesundheit")


def a_signed_form() -> bytes:
    """An empty page, no other like it: what stands on the paper is nobody's business but the person's."""
    return (
        b"%%PDF-1.7\n%% form %s\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n2 0 obj\n"
        b"<< /Type /Pages /Kids [] /Count 0 >>\nendobj\ntrailer << /Root 1 0 R >>\nstartxref\n9\n%%%%EOF\n"
    ) % uuid4().hex.encode()


AMIRA: JSON = {
    "given_name": "Amira",
    "family_name": "Beispiel-Mustermann",
    "birth_date": "1994-03-17",
    "email": "amira@beispiel.example",
    "phone": "+49 241 5550101",
    "postal_code": "52062",
    "languages": ["ar", "fr"],
    "interpreter": "ar",
    "occupation": "Elektronikerin",
    "occupation_code": "26302",
    "qualification_title": "Brevet de technicien supérieur en électronique",
    "qualification_country": "TN",
}
BOGDAN: JSON = {
    "given_name": "Bogdan",
    "family_name": "Fiktivski",
    "birth_date": "1988-11-02",
    "email": "bogdan@beispiel.example",
    "phone": "+49 241 5550102",
    "postal_code": "52064",
    "languages": ["uk"],
    "occupation": "Tischler",
    "occupation_code": "22342",
    "qualification_title": "Möbeltischler (Ausbildung)",
    "qualification_country": "UA",
    "qualification_year": 2009,
}
CEREN: JSON = {
    "given_name": "Ceren",
    "family_name": "Erfunden",
    "birth_date": "1990-06-21",
    "email": "ceren@beispiel.example",
    "postal_code": "52068",
    "languages": ["tr"],
    "occupation": "Gesundheits- und Krankenpflegerin",
    "occupation_code": "81302",
    "qualification_title": "Hemşirelik (Diplom)",
    "qualification_country": "TR",
    "qualification_year": 2012,
}
DARIO: JSON = {
    "given_name": "Dario",
    "family_name": "Niemandsohn",
    "birth_date": "1985-01-30",
    "phone": "+49 241 5550104",
    "postal_code": "52070",
    "languages": ["en"],
    "occupation": "Bäcker",
    "occupation_code": "29222",
}
COMPANY: JSON = {
    "company": "Musterbau Beispiel GmbH",
    "mailbox": "personal@musterbau.example",
    "phone": "+49 241 5550199",
    "contact_name": "Frau Platzhalter",
    "employees": 24,
    "positions": 2,
    "occupation_sought": "24422",
}

TODAY = date.today().isoformat()
FULL = ["IDENTITY", "CONTACT", "LANGUAGE", "QUALIFICATION"]


@dataclass
class Row:
    step: str
    expected: str
    seen: str = ""
    seconds: float = 0.0
    held: bool = False


@dataclass
class Setting:
    """Where the story is played; from the state file of the running demo."""

    origin: str
    issuer: str
    dev: Path
    navigator_client: str
    redirect_uri: str
    operator: Callable[[], str]
    verify_audit: Callable[[Path], subprocess.CompletedProcess[str]]


@dataclass
class Story:
    """The steps in order. A step returns what was seen; what it raises is what went wrong."""

    setting: Setting
    tell: Callable[[Row], None] = lambda row: None
    rows: list[Row] = field(default_factory=list)
    ids: dict[str, str] = field(default_factory=dict)
    played: str = field(default_factory=lambda: secrets.token_hex(3))

    def __post_init__(self) -> None:
        self.desk = Desk(self.setting.origin, lambda: self._token("nina-navigator"))
        self.editor = Desk(self.setting.origin, lambda: self._token("edda-editor"))
        self.operations = Desk(self.setting.origin, self.setting.operator)

    def _token(self, user: str) -> str:
        return sign_in(self.setting.issuer, self.setting.navigator_client, self.setting.redirect_uri, user)

    def play(self) -> bool:
        for step, expected, act in self.steps():
            row = Row(step, expected)
            began = time.monotonic()
            try:
                row.seen, row.held = act(), True
            except Exception as failure:  # the table tells what failed; the story ends there
                row.seen = f"{type(failure).__name__}: {failure}"[:600]
            row.seconds = time.monotonic() - began
            self.rows.append(row)
            self.tell(row)
            if not row.held:
                return False
        return True

    def steps(self) -> list[tuple[str, str, Callable[[], str]]]:
        return [
            ("Directory is known", "services of Aachen and Münster loaded", self.directory),
            ("Enquiry of an electronics technician", "3 needs recorded", self.enquiry),
            ("Suggestions with reasons", "every need has a fitting service and says why", self.suggestions),
            ("Consent in her language", "4 recipients, each its own purposes and categories", self.consent),
            ("HWK declines, naming the IHK", "rejected, NOT_COMPETENT, IHK named", self.hwk_rejects),
            ("Referred again to the IHK", "based_on the first; question asked", self.ihk_asks),
            (
                "Question answered, IHK accepts",
                "accepted with contact-by date and an appointment, a file for the calendar",
                self.ihk_accepts,
            ),
            ("KIA waitlists, later starts", "waitlisted, then in_progress", self.kia_starts),
            (
                "Jobcenter may only say received",
                "accept refused: back level; nothing of it kept",
                self.jobcenter_receives,
            ),
            ("Jobcenter concluded by the navigator", "completed, HANDED_OVER_NO_FEEDBACK", self.jobcenter_concluded),
            ("Second person: HWK to the end", "received, accepted, in_progress, completed", self.hwk_completes),
            ("Consent for KIA withdrawn", "cancelled; stop acknowledged; deletion stated", self.kia_withdrawn),
            ("Told by telephone, recorded by hand", "in_progress, marked by hand", self.by_telephone),
            ("KMU seeks two welders (§ 81a)", "IHK and Agentur accept and complete", self.employer),
            ("Residence question by Kontaktkarte", "card issued, no referral", self.contact_card),
            ("A nurse is not for the HWK", "HWK excluded, ZAG-PuG suggested", self.nurse),
            ("Consent does not cover the recipient", "refused; card instead; nothing left", self.refused),
            ("Every event is in the audit log", "published = audited, nothing parked", self.audited),
            ("Audit log verified independently", "verifier exits 0", self.verified),
            ("One byte changed in a copy", "verifier names the wrong entry", self.tampered),
        ]

    # --- directory and enquiry --------------------------------------------------------------------------------

    def directory(self) -> str:
        deadline = time.monotonic() + 60
        while True:
            page = self.desk.get("/hsds/services?per_page=1")
            if page["total_items"] >= 20 or time.monotonic() > deadline:
                break
            time.sleep(0.3)
        assert page["total_items"] >= 20, f"only {page['total_items']} services"
        return f"{page['total_items']} services"

    def _enquire(self, name: str, person: JSON, needs: list[JSON]) -> JSON:
        somebody = {**person, "given_name": self.stage_name(person)}
        seen: JSON = self.desk.post(
            "/referral/api/v1/enquiries",
            {"enquirer": "person", "site": "aachen", "person": somebody, "needs": needs},
        )
        self.ids[name] = seen["id"]
        for need in seen["needs"]:
            self.ids[f"{name}/{need['topic']}"] = need["id"]
        return seen

    def stage_name(self, person: JSON) -> str:
        """Each time the story is played its people are new ones: the network would notice the same person twice."""
        return str(person["given_name"]) + "".join("aeioubdfgklmnprs"[int(digit, 16)] for digit in self.played)

    def enquiry(self) -> str:
        needs = [{"topic": topic, "urgency": "normal"} for topic in ("ANERKENNUNG", "SPRACHE", "LEISTUNG")]
        seen = self._enquire("amira", AMIRA, needs)
        assert len(seen["needs"]) == 3
        return f"enquiry {seen['id'][-8:]}, {len(seen['needs'])} needs"

    def _suggestions(self, enquiry: str, topic: str) -> JSON:
        path = f"/referral/api/v1/enquiries/{self.ids[enquiry]}/needs/{self.ids[f'{enquiry}/{topic}']}/suggestions"
        deadline = time.monotonic() + 60
        while True:  # the copy of the directory may still be on its way
            seen: JSON = self.desk.get(path)
            if seen["suggestions"] or time.monotonic() > deadline:
                return seen
            time.sleep(0.3)

    def suggestions(self) -> str:
        told = []
        for topic in ("ANERKENNUNG", "SPRACHE", "LEISTUNG"):
            found = self._suggestions("amira", topic)["suggestions"]
            assert found, f"nothing for {topic}"
            assert all(row["fits"] for row in found), f"{topic}: a suggestion without a reason"
            told.append(f"{topic} {len(found)}")
        return ", ".join(told)

    # --- consent and referrals --------------------------------------------------------------------------------

    def _consent(self, enquiry: str, language: str, recipients: list[JSON]) -> JSON:
        place = f"/referral/api/v1/enquiries/{self.ids[enquiry]}"
        scan = self.desk.upload(f"{place}/documents", a_signed_form(), "application/pdf", kind="CONSENT_FORM")
        consent: JSON = self.desk.post(
            f"{place}/consents",
            {
                "given_by": "self",
                "channel": "signed_paper",
                "language": language,
                "interpreter": False,
                "recipients": recipients,
                "valid_until": (date.today() + timedelta(days=180)).isoformat(),
                "document_id": scan["id"],
            },
        )
        self.ids[f"{enquiry}/consent"] = consent["id"]
        return consent

    @staticmethod
    def _recipient(
        organization: object, service: object, purposes: list[str], categories: list[str], back_level: str = "outcome"
    ) -> JSON:
        return {
            "organization_id": str(organization),
            "service_id": str(service),
            "purposes": purposes,
            "categories": categories,
            "back_level": back_level,
        }

    def consent(self) -> str:
        recipients = [
            self._recipient(HWK, HWK_RECOGNITION, ["VERWEIS", "ANERKENNUNG"], FULL),
            self._recipient(IHK, IHK_RECOGNITION, ["ANERKENNUNG"], FULL),
            self._recipient(KIA, KIA_LANGUAGE, ["SPRACHE"], ["IDENTITY", "CONTACT", "LANGUAGE"]),
            self._recipient(JOBCENTER, JOBCENTER_BENEFITS, ["LEISTUNG"], ["IDENTITY", "CONTACT"], "receipt"),
        ]
        consent = self._consent("amira", "ar", recipients)
        assert len(consent["recipients"]) == 4
        return f"consent {consent['id'][-8:]} v{consent['version']}, text {consent['text_id']}"

    def _refer(
        self, name: str, enquiry: str, topic: str, service: object, based_on: str | None = None, urgency: str = "normal"
    ) -> JSON:
        """Draft and prepare; the network requests by itself once the undo window is over and consent says yes."""
        draft: JSON = self.desk.post(
            "/referral/api/v1/referrals",
            {
                "enquiry_id": self.ids[enquiry],
                "need_id": self.ids[f"{enquiry}/{topic}"],
                "service_id": str(service),
                "urgency": urgency,
                "based_on": based_on,
            },
        )
        self.ids[name] = draft["id"]
        return self.desk.act(draft["id"], "prepare")

    def hwk_rejects(self) -> str:
        self._refer("amira-hwk", "amira", "ANERKENNUNG", HWK_RECOGNITION)
        seen = self.desk.wait_for(self.ids["amira-hwk"], "rejected")
        assert seen["reason"] == "NOT_COMPETENT", seen.get("reason")
        assert seen["better_service_id"] == str(IHK_RECOGNITION), seen.get("better_service_id")
        return f"{seen['reference']} {seen['status']}, {seen['reason']}, better: IHK"

    def ihk_asks(self) -> str:
        self._refer("amira-ihk", "amira", "ANERKENNUNG", IHK_RECOGNITION, based_on=self.ids["amira-hwk"])
        self._refer("amira-kia", "amira", "SPRACHE", KIA_LANGUAGE)
        self._refer("amira-jobcenter", "amira", "LEISTUNG", JOBCENTER_BENEFITS)
        seen = self.desk.wait_for(self.ids["amira-ihk"], "clarification")
        assert seen["based_on"] == self.ids["amira-hwk"]
        return f"{seen['reference']} {seen['status']}, waits for {seen['waiting_for']}"

    def ihk_accepts(self) -> str:
        self.desk.act(self.ids["amira-ihk"], "answer", {"person": {"qualification_year": 2016}})
        seen = self.desk.wait_for(self.ids["amira-ihk"], "accepted")
        assert seen["contact_by"], "no contact-by date"
        named = [row for row in self._timeline("amira-ihk") if row["type"] == "referral.appointment_set.v1"]
        assert len(named) == 1, "no appointment"
        path = f"/referral/referrals/{self.ids['amira-ihk']}/appointments/{named[0]['data']['appointment_id']}.ics"
        file = self.desk.ask("GET", path)
        assert file.status_code == 200 and "DTSTART" in file.text, (file.status_code, file.text[:200])
        starts = re.search(r"DTSTART[^:]*:(\d{8})", file.text)
        assert starts, file.text
        return f"{seen['status']}, contact by {seen['contact_by']}, expected on {starts[1]} (.ics)"

    def kia_starts(self) -> str:
        seen = self.desk.wait_for(self.ids["amira-kia"], "in_progress")
        passed = [row["type"].split(".")[1] for row in self._timeline("amira-kia")]
        assert "waitlisted" in passed, passed
        return f"{seen['reference']}: " + " > ".join(
            w for w in passed if w in ("requested", "received", "waitlisted", "started")
        )

    def _timeline(self, name: str) -> list[JSON]:
        return list(self.desk.get(f"/referral/api/v1/referrals/{self.ids[name]}")["timeline"])

    def jobcenter_receives(self) -> str:
        self.desk.wait_for(self.ids["amira-jobcenter"], "received")
        deadline = time.monotonic() + 60
        while True:
            entries = self._audit(f"subject_kind=refusal&referral_id={self.ids['amira-jobcenter']}")
            refused = [e for e in entries if e["leaf"]["data"].get("slug") == "consent.back-level"]
            if refused or time.monotonic() > deadline:
                break
            time.sleep(0.3)
        assert refused, "the refusal did not reach the audit log"
        assert not refused[0]["leaf"]["data"].get("action"), "the refusal says what was tried"
        seen = self.desk.get(f"/referral/api/v1/referrals/{self.ids['amira-jobcenter']}")
        assert seen["status"] == "received", seen["status"]
        return "received; accept refused (consent.back-level), audited without the action"

    def jobcenter_concluded(self) -> str:
        seen = self.desk.act(self.ids["amira-jobcenter"], "conclude", {"contact_on": TODAY})
        assert seen["status"] == "completed" and seen["outcome"] == "HANDED_OVER_NO_FEEDBACK", seen
        return f"{seen['status']}, {seen['outcome']}"

    def hwk_completes(self) -> str:
        self._enquire("bogdan", BOGDAN, [{"topic": "ANERKENNUNG", "urgency": "urgent"}])
        self._consent(
            "bogdan",
            "uk",
            [self._recipient(HWK, HWK_RECOGNITION, ["VERWEIS", "ANERKENNUNG"], FULL)],
        )
        self._refer("bogdan-hwk", "bogdan", "ANERKENNUNG", HWK_RECOGNITION, urgency="urgent")
        seen = self.desk.wait_for(self.ids["bogdan-hwk"], "completed")
        passed = [row["type"].split(".")[1] for row in self._timeline("bogdan-hwk")]
        for word in ("received", "accepted", "started", "completed"):
            assert word in passed, f"{word} missing in {passed}"
        return f"{seen['reference']} {seen['status']}, {seen['outcome']}"

    def kia_withdrawn(self) -> str:
        self.desk.post(
            f"/referral/api/v1/enquiries/{self.ids['amira']}/consents/{self.ids['amira/consent']}/withdrawals",
            {"organization_id": str(KIA), "channel": "letter"},
        )
        self.desk.wait_for(self.ids["amira-kia"], "cancelled")
        deadline = time.monotonic() + 90
        while True:
            passed = [row["type"] for row in self._timeline("amira-kia")]
            if "referral.deletion_stated.v1" in passed or time.monotonic() > deadline:
                break
            time.sleep(0.3)
        assert "referral.stop_acknowledged.v1" in passed and "referral.deletion_stated.v1" in passed, passed
        still = self.desk.get(f"/referral/api/v1/referrals/{self.ids['amira-ihk']}")["status"]
        assert still == "accepted", f"the IHK's referral was touched: {still}"
        return "cancelled, stop acknowledged, deletion stated; IHK's goes on"

    def by_telephone(self) -> str:
        """The IHK rings up: it has met her. The navigator writes down what she was told, as told by telephone."""
        self.desk.post(
            f"/referral/api/v1/referrals/{self.ids['amira-ihk']}/records",
            {"action": "start", "way": "phone", "told_on": TODAY, "first_contact_on": TODAY},
        )
        rows = [row for row in self._timeline("amira-ihk") if row.get("by_hand")]
        assert rows and rows[0]["by_hand"] == "phone", rows
        return "IHK made first contact; told by phone, marked by hand"

    # --- employer ---------------------------------------------------------------------------------------------

    def employer(self) -> str:
        seen: JSON = self.desk.post(
            "/referral/api/v1/enquiries",
            {
                "enquirer": "employer",
                "site": "aachen",
                "employer": COMPANY,
                "needs": [
                    {"topic": "FACHKRAEFTEVERFAHREN", "urgency": "normal"},
                    {"topic": "ANWERBUNG", "urgency": "normal"},
                ],
            },
        )
        self.ids["kmu"] = seen["id"]
        for need in seen["needs"]:
            self.ids[f"kmu/{need['topic']}"] = need["id"]
        self.desk.post(
            f"/referral/api/v1/enquiries/{seen['id']}/enterprise-requests",
            {
                "recipients": [
                    {"organization_id": str(IHK), "service_id": str(IHK_SKILLED)},
                    {"organization_id": str(AGENTUR), "service_id": str(AGENTUR_EMPLOYERS)},
                ],
                "purposes": ["FACHKRAEFTEVERFAHREN", "ANWERBUNG"],
                "notice_given": True,
            },
        )
        self._refer("kmu-ihk", "kmu", "FACHKRAEFTEVERFAHREN", IHK_SKILLED)
        self._refer("kmu-agentur", "kmu", "ANWERBUNG", AGENTUR_EMPLOYERS)
        for name in ("kmu-ihk", "kmu-agentur"):
            self.desk.wait_for(self.ids[name], "completed")
            passed = [row["type"] for row in self._timeline(name)]
            assert "referral.accepted.v1" in passed, passed
        return "IHK completed (webhook), Agentur completed (light path)"

    # --- what must not happen ---------------------------------------------------------------------------------

    def contact_card(self) -> str:
        self._enquire("bogdan-residence", BOGDAN, [{"topic": "AUFENTHALT", "urgency": "normal"}])
        card = self.desk.post(
            f"/referral/api/v1/enquiries/{self.ids['bogdan-residence']}/contact-cards",
            {
                "need_id": self.ids["bogdan-residence/AUFENTHALT"],
                "organization_id": str(AUSLAENDERAMT),
                "service_id": str(RESIDENCE_ADVICE),
            },
        )
        return f"card {card['id'][-8:]} for the Ausländerbehörde"

    def nurse(self) -> str:
        self._enquire("ceren", CEREN, [{"topic": "ANERKENNUNG", "urgency": "normal"}])
        found = self._suggestions("ceren", "ANERKENNUNG")
        offered = [row["organization_id"] for row in found["suggestions"]]
        hwk = next((row for row in found["excluded"] if row["organization_id"] == str(HWK)), None)
        assert str(HWK) not in offered and hwk, "the HWK is offered"
        assert str(ZAG) in offered, "the ZAG-PuG is not offered"
        return f"HWK excluded ({', '.join(hwk['because'])}), ZAG-PuG offered"

    def refused(self) -> str:
        self._enquire("dario", DARIO, [{"topic": "ANERKENNUNG", "urgency": "normal"}])
        self._consent("dario", "en", [self._recipient(IHK, IHK_RECOGNITION, ["ANERKENNUNG"], ["IDENTITY", "CONTACT"])])
        self._refer("dario-hwk", "dario", "ANERKENNUNG", HWK_RECOGNITION)
        deadline = time.monotonic() + 60
        while True:
            decisions = [d for d in self._audit_of("dario-hwk") if d["type"] == "referral.disclosure_decided.v1"]
            if decisions or time.monotonic() > deadline:
                break
            time.sleep(0.3)
        assert decisions and decisions[0]["data"]["allowed"] is False, "no refusal in the audit log"
        seen = self.desk.get(f"/referral/api/v1/referrals/{self.ids['dario-hwk']}")
        assert seen["status"] == "awaiting_consent", seen["status"]
        self.desk.post(
            f"/referral/api/v1/enquiries/{self.ids['dario']}/contact-cards",
            {
                "need_id": self.ids["dario/ANERKENNUNG"],
                "organization_id": str(HWK),
                "service_id": str(HWK_RECOGNITION),
            },
        )
        types = {entry["type"] for entry in self._audit_of("dario-hwk")}
        assert not types & {"referral.requested.v1", "referral.dossier_sealed.v1", "notifications.notice_sent.v1"}, (
            types
        )
        deliveries = self.operations.get(f"/notifications/operator/deliveries?referral_id={self.ids['dario-hwk']}")
        assert not deliveries["deliveries"], "a notice left"
        return f"{decisions[0]['data']['refusal']}; card issued; no dossier, no notice"

    # --- audit ------------------------------------------------------------------------------------------------

    def _audit(self, query: str) -> list[JSON]:
        auditor = getattr(self, "_dpo", None)
        if auditor is None:
            auditor = self._dpo = Desk(self.setting.origin, lambda: self._token("dora-dpo"))
        return list(auditor.get(f"/audit/api/v1/entries?limit=200&{query}")["entries"])

    def _audit_of(self, name: str) -> list[JSON]:
        return [entry["leaf"] for entry in self._audit(f"referral_id={self.ids[name]}")]

    def audited(self) -> str:
        deadline = time.monotonic() + 90
        while True:
            status = {
                name: self.operations.get(f"/{name}/operator/status")
                for name in ("directory", "referral", "notifications")
            }
            audit = self.operations.get("/audit/operator/status")
            waiting = sum(row["outbox"]["unpublished"] for row in status.values())
            missing = audit["completeness"]["missing"]
            if (not waiting and not missing) or time.monotonic() > deadline:
                break
            time.sleep(0.5)
        assert not waiting and not missing, f"{waiting} unpublished, {missing} missing in the log"
        parked = sum(row["parked"] for row in (*status.values(), audit))
        assert parked == 0, f"{parked} parked"
        return f"{audit['size']} entries, none missing, none parked"

    def verified(self) -> str:
        export = self.setting.dev / "audit" / "export"
        self._export(export)
        result = self.setting.verify_audit(export)
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout.strip().splitlines()[0]

    def _export(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        answer = self._dpo.ask("GET", "/audit/api/v1/export")
        answer.raise_for_status()
        (folder / "log.ndjson").write_bytes(answer.content)

    def tampered(self) -> str:
        folder = self.setting.dev / "audit" / "tampered"
        folder.mkdir(parents=True, exist_ok=True)
        original = (self.setting.dev / "audit" / "export" / "log.ndjson").read_bytes()
        lines = original.splitlines(keepends=True)
        index = len(lines) // 2
        place = len(lines[index]) // 2
        changed = bytearray(lines[index])
        changed[place] = changed[place] ^ 1
        lines[index] = bytes(changed)
        (folder / "log.ndjson").write_bytes(b"".join(lines))
        result = self.setting.verify_audit(folder)
        assert result.returncode == 1, f"exit {result.returncode}: {result.stdout}{result.stderr}"
        verdict = (result.stdout + result.stderr).strip().splitlines()[0]
        entry = index - 1  # the first line is the head of the export
        assert re.search(rf"\bentry {entry}\b", verdict), f"entry {entry} was changed, but: {verdict}"
        return verdict


def as_json(rows: list[Row]) -> str:
    return json.dumps([row.__dict__ for row in rows], ensure_ascii=False, indent=1)


if __name__ == "__main__":
    print("The story is played by the running demo: make demo", file=sys.stderr)
    sys.exit(2)
