"""What else holds words: an interpreter who is named, a consent given online, a note on a breach. And places by name.

Each of these places is asked for on purpose and looked for in what was searched, so that none drops out unseen.
"""

import re
from datetime import UTC, datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from pypdf import PdfReader

from contracts.codes import BreachReason, BreachRisk
from deploy.demo.story import FULL, IHK, IHK_RECOGNITION
from tests.system.leaks import beside, editorial, plants
from tests.system.leaks.entering import HIDDEN, enter
from tests.system.leaks.places import Item
from tests.system.leaks.traffic import Exchange
from tests.waiting import eventually

if TYPE_CHECKING:
    from tests.system.leaks.scene import Scene

JSON = dict[str, Any]
NAME = "later"
SPOKEN = ["IDENTITY", "CONTACT", "LANGUAGE"]
CHECK = re.compile(r"/referral/data-protection/breaches/([0-9a-f-]{36})/assessments")
UNIT = re.compile(r"/referral/desk-units/([0-9a-f-]{36})/codes")
TICKED = re.compile(r'name="recipients" value="([^"]+)"')

#: What is looked for by name: the kind of place, and what its name (or, of headers, its content) holds.
NAMED = {
    "receipts kept": ("tables", "referral.receipts"),
    "receipts in headers": ("answer headers", "Receipt: "),
    "receipts read again": ("pages and answers", "/receipts -> 200"),
    "FHIR Task": ("pages and answers", "GET /fhir/Task/"),
    "desk devices": ("tables", "referral.desk_devices"),
    "desk codes": ("tables", "referral.desk_codes"),
    "units and their codes": ("pages and answers", "GET /referral/desk-units -> 200"),
    "a code to hand over": ("pages and answers", "/codes -> 200"),
    "units left alone": ("pages and answers", "GET /notifications/units/ -> 200"),
    "tasks": ("pages and answers", "GET /referral/tasks -> 200"),
    "absences": ("pages and answers", "GET /referral/absences -> 200"),
    "notes on breaches": ("tables", "referral.breach_checks"),
    "consents": ("tables", "referral.consents"),
    "her consent online": ("pages and answers", "GET /referral/my/consent -> 200"),
    "names of staff": ("tables", "referral.staff_names"),
    "a name that is asked for": ("URLs", "/referral/data-protection/pseudonyms?pseudonym=staff%3A"),
    "reports as they were issued": ("tables", "audit.yearly_reports"),
    "a year on paper": ("pages and answers", "text of a year on paper"),
}


ALL_NAMED = {**NAMED, **editorial.NAMED, **beside.NAMED}


def missing(items: list[Item]) -> list[str]:
    """Which of the named places nobody looked at."""
    found = {
        name
        for item in items
        for name, (kind, what) in ALL_NAMED.items()
        if item.kind == kind and (what in item.place or what.encode() in item.content)
    }
    return sorted(ALL_NAMED.keys() - found)


def everything_later(scene: "Scene") -> None:
    """All of it, in the order in which it would happen."""
    need = {"topic": "ANERKENNUNG", "urgency": "normal"}
    scene.story._enquire(NAME, plants.LATER, [need])
    _spoken_for(scene)
    _agrees_online(scene)
    _told_by_mistake(scene)
    _places_by_name(scene)
    _a_year(scene)


def _spoken_for(scene: "Scene") -> None:
    body = {
        "given_by": "self",
        "channel": "verbal_witnessed",
        "witness": "interpreter",
        "interpreter_name": plants.INTERPRETER,
        "language": "fr",
        "recipients": [scene.story._recipient(IHK, IHK_RECOGNITION, ["ANERKENNUNG"], SPOKEN)],
    }
    scene.desk.post(f"/referral/api/v1/enquiries/{scene.story.ids[NAME]}/consents", body)


def _agrees_online(scene: "Scene") -> None:
    """By the code on a card, on a page that shows what she agrees to."""
    place = f"/referral/api/v1/enquiries/{scene.story.ids[NAME]}"
    recipients = [scene.story._recipient(IHK, IHK_RECOGNITION, ["ANERKENNUNG"], FULL)]
    drafted = scene.desk.post(
        f"{place}/consent-drafts", {"given_by": "self", "language": "fr", "recipients": recipients}
    )
    her, page = enter(scene, scene.story.ids[NAME], consent_id=drafted["id"])
    assert page.url.endswith("/referral/my/consent"), page.url
    main = page.text[page.text.index("<main") :]
    said = [*HIDDEN.findall(main), *(("recipients", one) for one in TICKED.findall(main)), ("answer", "agree")]
    assert her.post(page.url, data=said, timeout=20).status_code == 200
    states = [one["state"] for one in scene.desk.get(place)["consents"]]
    assert states.count("given") == 2, states


def _told_by_mistake(scene: "Scene") -> None:
    """The wrong body had it: the lead writes down what she found, and reads it again."""
    ids = scene.story.ids
    draft = scene.desk.post(
        "/referral/api/v1/referrals",
        {"enquiry_id": ids[NAME], "need_id": ids[f"{NAME}/ANERKENNUNG"], "service_id": str(IHK_RECOGNITION)},
    )
    ids[f"{NAME}-ihk"] = draft["id"]
    scene.desk.act(draft["id"], "prepare")
    scene.desk.wait_for(draft["id"], "received", "clarification", "accepted")
    scene.desk.act(draft["id"], "mark_entered_in_error", {})
    lead = scene.visitor(scene.story._token("lena-lead"))
    page = f"{scene.origin}/referral/data-protection/breaches"
    before = CHECK.findall(lead.get(page, timeout=20).text)
    assert before
    form = {
        "risk": BreachRisk.NONE,
        "reasons": BreachReason.DELETED_UNUSED,
        "note": plants.BREACH_NOTE,
        "request_key": uuid4().hex,
    }
    scene.press("lena-lead", f"/referral/data-protection/breaches/{before[-1]}/assessments", form)
    assert lead.get(f"{page}/{before[-1]}/note", timeout=20).status_code == 200


def _a_year(scene: "Scene") -> None:
    """The year before this is issued; it counts what it has, and as a PDF is read as whoever prints it reads it."""
    officer = scene.visitor(scene.story._token("dora-dpo"))
    year = f"/audit/reports/{datetime.now(UTC).year - 1}"
    issued = officer.post(f"{scene.origin}{year}/issue", data={"request_key": uuid4().hex}, timeout=20)
    assert issued.status_code in (200, 409), issued.text[:200]  # 409: a network kept from before has issued it
    for path in (year, f"{year}.json", f"{year}.pdf", f"/audit/reports/{datetime.now(UTC).year}.json"):
        answer = officer.get(f"{scene.origin}{path}", timeout=30)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text[:200]}"
        if path.endswith(".pdf"):
            text = "\n".join(page.extract_text() for page in PdfReader(BytesIO(answer.content)).pages)
            scene.traffic.exchanges.append(Exchange("GET", "text of a year on paper", 200, "", text.encode()))
    entries = officer.get(f"{scene.origin}/audit/api/v1/entries", params={"type": "referral.drafted.v1"}, timeout=20)
    actors = [entry["leaf"]["actor"] for entry in entries.json()["entries"]]
    asked = {"pseudonym": next(actor for actor in actors if actor.startswith("staff:"))}
    page = officer.get(f"{scene.origin}/referral/data-protection/pseudonyms", params=asked, timeout=20)
    assert page.status_code == 200 and asked["pseudonym"] in page.text


def _places_by_name(scene: "Scene") -> None:
    lead = scene.visitor(scene.story._token("lena-lead"))
    partner = scene.visitor(scene.partner_token(IHK))
    referral = scene.story.ids[f"{NAME}-ihk"]
    for visitor, path in (
        (lead, f"/fhir/Task/{referral}"),
        (partner, f"/fhir/Task/{referral}"),
        (partner, f"/partner/v1/referrals/{referral}/receipts"),
        (lead, "/referral/tasks"),
        (lead, "/referral/absences"),
        (lead, "/notifications/units/"),
        (lead, "/referral/desk-units"),
    ):
        answer = visitor.get(f"{scene.origin}{path}", timeout=20)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text[:200]}"
    units = UNIT.findall(answer.text)
    assert units
    form = {"way": "phone", "request_key": uuid4().hex}
    scene.press("lena-lead", f"/referral/desk-units/{units[0]}/codes", form)
    eventually(lambda: scene.desk.get(f"/referral/api/v1/referrals/{referral}")["status"] == "entered_in_error")
