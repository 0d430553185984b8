"""Subject access says everything that is recorded, to the right person, in her language, and says that it was said."""

import io
import json
import re
import zipfile
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import pytest
from babel.messages.pofile import read_po
from flask.testing import FlaskClient

from contracts.codes import DataCategory, TransferParty, TransferSafeguard
from contracts.directory import ThirdCountry
from contracts.event import Code, PublicText
from contracts.referral import (
    DisclosureDecided,
    PersonalDataViewed,
    SubjectAccessGiven,
    SubjectRequestAnswered,
)
from services.chassis.i18n import PERSON_LANGUAGES, SERVICES, folders, translations
from services.referral import handlers
from services.referral.commands import enquiries
from services.referral.queries.recorded import NOT_FOR_HER, TABLES, plain
from services.referral.store import consents
from tests.integration.referral.rig import Caller, Network, recipient, to_ihk
from tests.integration.referral.scene import HWK, NAVIGATOR, NOW, an_organization
from tests.integration.referral.test_data_protection_pages import browser_of, receive
from tests.unit.referral.papers import a_pdf

TEMPLATES = SERVICES / "referral" / "web" / "templates" / "referral" / "subject_access"


@pytest.fixture
def lead(network: Network) -> Caller:
    return network.staff(sub="lena", roles=["lead"])


@pytest.fixture
def browser(network: Network) -> FlaskClient:
    return browser_of(network, sub="lena", roles=["lead"])


def path_of(enquiry: Any) -> str:
    return f"/referral/api/v1/enquiries/{enquiry['id']}/subject-access"


def access(lead: Caller, enquiry: Any, **body: Any) -> Any:
    return lead.post(path_of(enquiry), {"identity_check": "id_document"} | body)


def a_whole_story(network: Network) -> Any:
    """Two bodies, a question with words, a withdrawal, a refusal, and somebody who looked."""
    navigator, hwk = network.navigator, network.hwk
    enquiry = navigator.enquire(given_name="Samira", health_note="Heuschnupfen", note="Sie kommt gern montags.")
    full = recipient()
    full["categories"] = [*full["categories"], "FREE_TEXT"]
    consent = navigator.consent(enquiry, full, to_ihk())
    navigator.get(f"/referral/api/v1/enquiries/{enquiry['id']}/person")
    first = navigator.draft(enquiry)["id"]
    navigator.act(first, "prepare")
    network.scene.tick()
    hwk.fetch(first)
    hwk.act(first, "ask", {"question": "OTHER", "sealed_comment": hwk.seal("Welches Jahr war es?")})
    navigator.act(first, "answer", {"answer": "Das Jahr war 2014."})
    hwk.act(first, "reject", {"reason": "OTHER", "sealed_comment": hwk.seal("Wir haben geschlossen.")})
    body = {"channel": "letter"}
    navigator.post(f"/referral/api/v1/enquiries/{enquiry['id']}/consents/{consent['id']}/withdrawals", body)
    hwk.act(first, "state_deletion", {"deletion": "deleted"})
    second = navigator.draft(enquiry)["id"]
    navigator.act(second, "prepare")
    network.scene.tick()
    return enquiry


# --- nothing is left out ----------------------------------------------------------------------------------------------


def columns(network: Network) -> dict[str, dict[str, str]]:
    rows = network.scene.rows(
        "SELECT c.table_name, c.column_name, c.data_type FROM information_schema.columns c"
        " JOIN information_schema.tables t USING (table_schema, table_name)"
        " WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE'"
    )
    found: dict[str, dict[str, str]] = {}
    for row in rows:
        found.setdefault(row["table_name"], {})[row["column_name"]] = row["data_type"]
    return found


def test_every_table_about_a_person_is_part_of_it_or_left_out_for_a_reason(network: Network):
    keys = {"person_id", "enquiry_id", "referral_id"}
    personal = {name for name, kept in columns(network).items() if keys & set(kept)} | {"persons"}
    listed = {table.name for table in TABLES}
    assert sorted(personal - listed - set(NOT_FOR_HER)) == []
    assert listed & set(NOT_FOR_HER) == set()


def test_every_sealed_column_is_opened_or_left_out_for_a_reason(network: Network):
    kept = columns(network)
    for table in TABLES:
        sealed = {name for name, kind in kept[table.name].items() if kind == "bytea"}
        assert sealed <= {*table.sealed, *table.omitted}, table.name
        assert {*table.sealed, *table.omitted} <= set(kept[table.name]), table.name
        assert all(table.omitted.values())


def test_what_is_no_id_code_or_time_is_never_shown_by_itself():
    with pytest.raises(TypeError):
        plain(b"sealed")


def test_it_says_everything_that_happened(network: Network, lead: Caller):
    enquiry = a_whole_story(network)
    found = access(lead, enquiry)
    said = {one["field"]: one for one in found["data"]}
    assert said["given_name"] == {"category": "IDENTITY", "field": "given_name", "value": "Samira"}
    assert said["health_note"]["category"] == "HEALTH"
    assert [(one["kind"], one["text"]) for one in found["words"]] == [
        ("question", "Welches Jahr war es?"),
        ("answer", "Das Jahr war 2014."),
        ("comment", "Wir haben geschlossen."),
    ]
    points = [(one["point"], one["ground"], one["ground_version"]) for one in found["disclosures"]]
    assert points == [("fetch", "consent", 1)]  # the answer was never fetched
    assert {UUID(one["organization_id"]) for one in found["disclosures"]} == {HWK}
    assert found["disclosures"][0]["recipient"] == {"de": "Eine Stelle"}
    assert "WITHDRAWN" in {one["refusal"] for one in found["refusals"]}
    assert [(one["version"], one["state"]) for one in found["consents"]] == [(1, "withdrawn")]
    assert "Einwilligung" in found["consents"][0]["text"] or found["consents"][0]["text"]
    assert {(one["role"], one["purpose"]) for one in found["views"]} >= {
        ("navigator", "case_work"),
        ("lead", "subject_access"),
    }
    assert [one["deletion"] for one in found["referrals"]] == ["deleted", None]
    assert found["referrals"][0]["deletion_stated_at"]
    assert found["controllers"][0]["dpo"]["email"] == "datenschutz@center.example"
    assert {one["what"] for one in found["periods"]} >= {"enquiry", "case", "consent", "log"}


@pytest.mark.parametrize(("days", "state"), [(0, "given"), (7, "given"), (8, "expired")])
def test_a_consent_that_lapsed_is_not_told_as_one_that_holds(
    network: Network, browser: FlaskClient, days: int, state: str
):
    scene = network.scene
    enquiry = scene.an_enquiry()
    scene.spoken(enquiry)
    scene.clock.instant += timedelta(days=days)
    found = access(network.staff(sub="lena", roles=["lead"]), {"id": enquiry.id}, language="en")
    assert [(one["state"], one["last_day"]) for one in found["consents"]] == [(state, "2026-11-30")]
    sheet = browser.post(
        f"/referral/enquiries/{enquiry.id}/subject-access",
        data={"identity_check": "id_document", "language": "en", "form": "sheet", "request_key": uuid4().hex},
    ).text
    assert ("– expired" in sheet) is (state == "expired")
    assert "valid until Nov 30, 2026" in sheet


def test_a_consent_that_begins_later_says_so(network: Network, lead: Caller):
    scene = network.scene
    enquiry = scene.an_enquiry()
    scene.consent(enquiry, valid_from=scene.clock.today() + timedelta(days=1))
    assert [one["state"] for one in access(lead, {"id": enquiry.id})["consents"]] == ["ahead"]


def test_every_disclosure_and_refusal_that_was_told_stands_in_it(network: Network, lead: Caller):
    enquiry = a_whole_story(network)
    found = access(lead, enquiry)
    told = {str(one.decision_id): one for one in network.scene.said(DisclosureDecided)}
    recorded = {row["id"] for row in found["recorded"]["decisions"]}
    assert recorded == set(told)
    assert {one["decision_id"] for one in found["refusals"]} == {key for key, one in told.items() if not one.allowed}


def test_what_nobody_stated_of_third_countries_is_not_told_her_as_none(
    network: Network, lead: Caller, browser: FlaskClient
):
    enquiry = a_whole_story(network)
    assert access(lead, enquiry)["third_countries"] == {"transfers": [], "none": [], "not_stated": [str(HWK)]}
    form = {"identity_check": "id_document", "language": "en", "form": "sheet"}

    def sheet(version: int, stated: tuple[ThirdCountry, ...] | None) -> str:
        told = an_organization(HWK, version=version, name=PublicText({"de": "Kammer"}))
        assert told.agreement is not None
        with network.scene.unit.work(actor="system:directory") as work:
            handlers.keep_organization(work, replace(told, agreement=replace(told.agreement, third_countries=stated)))
        return str(browser.post(f"/referral/enquiries/{enquiry['id']}/subject-access", data=form).text)

    swiss = ThirdCountry(country=Code("CH"), party=TransferParty.PROCESSOR, safeguard=TransferSafeguard.ADEQUACY)
    silent, none, some = sheet(7, None), sheet(8, ()), sheet(9, (swiss,))
    assert "these bodies have not said: Kammer" in silent and "has data in" not in silent
    assert "they have no data outside the European Economic Area: Kammer" in none and "have not said" not in none
    assert "Kammer has data in Switzerland, outside the European Economic Area (GDPR Art. 45)" in some


def test_nothing_of_anybody_else_stands_in_it(network: Network, lead: Caller):
    other = network.navigator.enquire(given_name="Boris", family_name="Fremd", email="boris@example.org")
    network.navigator.consent(other)
    network.navigator.get(f"/referral/api/v1/enquiries/{other['id']}/person")
    text = json.dumps(access(lead, a_whole_story(network)))
    for foreign in ("Boris", "Fremd", "boris@example.org", other["id"], other["person_id"]):
        assert foreign not in text


def test_what_is_left_of_a_consent_was_agreed_to_on_the_day_it_was_signed(network: Network, lead: Caller):
    enquiry = network.navigator.enquire()
    consent = network.navigator.consent(enquiry)
    network.scene.days_pass(2)
    path = f"/referral/api/v1/enquiries/{enquiry['id']}/consents/{consent['id']}/withdrawals"
    network.navigator.post(path, {"channel": "letter", "category": "CONTACT"})
    first, left = access(lead, enquiry)["consents"]
    assert first["agreed_on"] == left["agreed_on"] == NOW.date().isoformat() < left["given_at"][:10]
    with network.scene.db.read() as connection:
        kept = consents.of_person(connection, UUID(enquiry["person_id"]))
    assert [one.agreed_on for one in kept] == [NOW.date(), NOW.date()]


# --- that it was handed out is a fact ---------------------------------------------------------------------------------


def test_the_view_and_the_handing_out_are_told_with_the_hash_of_the_file(network: Network, lead: Caller):
    enquiry = network.navigator.enquire()
    answer = lead.ask("POST", path_of(enquiry), {"identity_check": "known_in_person", "language": "tr"})
    given = network.scene.said(SubjectAccessGiven)[0]
    assert (given.identity_check, given.language) == ("known_in_person", "tr")
    assert given.sha256 == sha256(answer.data).hexdigest() == answer.headers["X-Content-Sha256"]
    assert str(given.person_id) == enquiry["person_id"]
    view = network.scene.said(PersonalDataViewed)[-1]
    assert (view.role, view.purpose) == ("lead", "subject_access")
    assert set(view.categories) >= {DataCategory.IDENTITY, DataCategory.CONTACT}


def test_looking_at_the_form_changes_nothing_and_shows_nothing(network: Network, browser: FlaskClient):
    enquiry = network.navigator.enquire(given_name="Samira")
    network.navigator.consent(enquiry, language="tr")
    before = len(network.scene.said())
    page = browser.get(f"/referral/enquiries/{enquiry['id']}/subject-access")
    assert page.status_code == 200
    assert "Samira" not in page.text
    assert re.search(r'<option value="tr" selected>', page.text)
    assert len(network.scene.said()) == before
    assert network.scene.rows("SELECT FROM subject_accesses") == []


def test_one_form_is_one_handing_out_however_often_it_is_sent(network: Network, browser: FlaskClient):
    enquiry = network.navigator.enquire()
    data = {"identity_check": "id_document", "language": "de", "form": "sheet", "request_key": "b" * 32}
    for _ in range(3):
        assert browser.post(f"/referral/enquiries/{enquiry['id']}/subject-access", data=data).status_code == 200
    assert len(network.scene.said(SubjectAccessGiven)) == 1
    assert len([one for one in network.scene.said(PersonalDataViewed) if one.purpose == "subject_access"]) == 3


def test_it_answers_the_request_it_was_asked_for_by(network: Network, browser: FlaskClient):
    referral_id = network.requested()
    seen = network.navigator.see(referral_id)
    receive(browser, reference=seen["reference"])
    page = browser.get(f"/referral/enquiries/{seen['enquiry_id']}/subject-access").text
    request_id = re.search(r'<option value="([0-9a-f-]{36})" selected>Access', page)
    assert request_id is not None
    data = {"identity_check": "id_document", "language": "de", "form": "sheet", "request_id": request_id[1]}
    assert browser.post(f"/referral/enquiries/{seen['enquiry_id']}/subject-access", data=data).status_code == 200
    assert network.scene.said(SubjectRequestAnswered)[0].answer == "granted"


@pytest.mark.parametrize("wrong", [{"language": "xx"}, {"identity_check": ""}, {"form": "fax"}, {"request_id": "x"}])
def test_what_is_wrong_is_refused_and_nothing_is_handed_out(
    network: Network, browser: FlaskClient, wrong: dict[str, str]
):
    enquiry = network.navigator.enquire()
    data = {"identity_check": "id_document", "language": "de", "form": "sheet"} | wrong
    assert browser.post(f"/referral/enquiries/{enquiry['id']}/subject-access", data=data).status_code == 422
    assert network.scene.rows("SELECT FROM subject_accesses") == []
    assert network.scene.said(PersonalDataViewed) == []


def test_a_request_of_somebody_else_is_not_answered_by_it(network: Network, browser: FlaskClient):
    referral_id = network.requested()
    receive(browser, reference=network.navigator.see(referral_id)["reference"])
    foreign = network.scene.rows("SELECT id FROM subject_requests")[0]["id"]
    enquiry = network.navigator.enquire()
    data = {"identity_check": "id_document", "language": "de", "form": "sheet", "request_id": str(foreign)}
    assert browser.post(f"/referral/enquiries/{enquiry['id']}/subject-access", data=data).status_code == 404
    assert network.scene.said(SubjectAccessGiven) == []


# --- who gets what ----------------------------------------------------------------------------------------------------


def test_only_the_lead_of_this_site_hands_anything_out(network: Network):
    enquiry = network.navigator.enquire()
    for claims, status in (
        ({}, 403),
        ({"roles": ["dpo"], "site": None}, 403),
        ({"roles": ["operations"], "site": None}, 403),
        ({"roles": ["lead"], "site": "neuss"}, 404),
        ({"roles": ["lead"], "employer": str(uuid4())}, 404),
    ):
        caller = network.staff(sub="somebody", **claims)
        assert caller.ask("POST", path_of(enquiry), {"identity_check": "id_document"}).status_code == status
        assert caller.ask("GET", f"/referral/enquiries/{enquiry['id']}/subject-access").status_code == status
    assert network.scene.said(SubjectAccessGiven) == []


def test_it_is_found_by_the_pseudonym_too(network: Network, lead: Caller):
    enquiry = network.navigator.enquire()
    path = f"/referral/api/v1/persons/{enquiry['person_id']}/subject-access"
    assert lead.post(path, {"identity_check": "id_document"})["enquiry_id"] == enquiry["id"]
    unknown = lead.ask("POST", f"/referral/api/v1/persons/{uuid4()}/subject-access", {"identity_check": "id_document"})
    assert unknown.status_code == 404


def test_a_program_needs_a_key_so_that_a_lost_answer_can_be_asked_for(network: Network, lead: Caller):
    enquiry = network.navigator.enquire()
    without = lead.ask("POST", path_of(enquiry), {"identity_check": "id_document"}, **{"Idempotency-Key": "-"})
    assert without.status_code == 422


def test_the_archive_holds_the_file_and_a_sheet_that_needs_no_other_file(network: Network, lead: Caller):
    enquiry = a_whole_story(network)
    answer = lead.ask("POST", path_of(enquiry), {"identity_check": "id_document"}, Accept="application/zip")
    with zipfile.ZipFile(io.BytesIO(answer.data)) as packed:
        assert sorted(packed.namelist()) == ["auskunft.html", "auskunft.json"]
        content, page = packed.read("auskunft.json"), packed.read("auskunft.html").decode()
    assert sha256(content).hexdigest() == network.scene.said(SubjectAccessGiven)[0].sha256
    assert json.loads(content)["format"] == "lotsennetz.subject-access.v1"
    assert "Samira" in page and "@page" in page
    assert "href=" not in page and "src=" not in page


def test_somebody_erased_gets_what_is_left_numbers_codes_and_times(network: Network, lead: Caller):
    enquiry = a_whole_story(network)
    with network.scene.unit.work(actor=NAVIGATOR.actor) as work:
        enquiries.erase(work, NAVIGATOR, UUID(enquiry["id"]))
    found = access(lead, enquiry)
    assert found["person"]["erased"] is True
    assert found["data"] == found["words"] == []
    assert len(found["disclosures"]) == 1
    assert "Samira" not in json.dumps(found) and "Heuschnupfen" not in json.dumps(found)


def test_other_cases_of_the_same_name_and_birth_date_are_named_to_the_lead_and_not_in_the_file(
    network: Network, browser: FlaskClient, lead: Caller
):
    same = {"given_name": "Samira", "family_name": "Doppelt"}
    first, second = network.navigator.enquire(**same), network.navigator.enquire(**same)
    data = {"identity_check": "id_document", "language": "de", "form": "sheet"}
    page = browser.post(f"/referral/enquiries/{first['id']}/subject-access", data=data).text
    assert "Further cases of the same name" in page
    assert f"/referral/enquiries/{second['id']}/subject-access" in page
    assert second["id"] not in json.dumps(access(lead, first))


def test_an_employers_contact_gets_hers_too_and_no_fact_names_her(network: Network, lead: Caller):
    body = {
        "enquirer": "employer",
        "site": "aachen",
        "employer": {"company": "Beispiel GmbH", "contact_name": "Frau Muster", "mailbox": "post@beispiel.example"},
        "needs": [{"topic": "ANWERBUNG", "urgency": "normal"}],
    }
    enquiry = network.navigator.post("/referral/api/v1/enquiries", body)
    network.navigator.get(f"/referral/api/v1/enquiries/{enquiry['id']}/person")
    found = access(lead, enquiry)
    assert {one["value"] for one in found["data"]} >= {"Frau Muster", "post@beispiel.example"}
    assert {one["purpose"] for one in found["views"]} == {"case_work", "subject_access"}
    assert network.scene.said(SubjectAccessGiven)[0].person_id is None


# --- in her language --------------------------------------------------------------------------------------------------

SAID = re.compile(r"_\(\s*\"((?:[^\"\\]|\\.)*)\"")


@pytest.mark.parametrize("language", [one for one in PERSON_LANGUAGES if one != "en"])
def test_every_word_of_the_sheet_is_there_in_every_language(language: str):
    known: set[str] = set()
    for folder in folders("referral"):
        file = folder / language / "LC_MESSAGES" / "messages.po"
        if file.exists():
            with file.open("rb") as source:
                known |= {str(one.id) for one in read_po(source) if one.string}
    words = set(SAID.findall((TEMPLATES / "sheet.html").read_text(encoding="utf-8")))
    words |= {f"right:{article}" for article in ("7(3)", "15", "16", "17", "18", "20", "21", "77")}
    words |= {f"consent:{state}" for state in ("given", "withdrawn", "superseded")}
    assert len(words) > 70
    assert sorted(words - known) == []


@pytest.mark.parametrize(
    "language", [pytest.param(one, marks=[pytest.mark.long] * (one not in {"de", "ar"})) for one in PERSON_LANGUAGES]
)
def test_the_sheet_speaks_her_language_and_reads_in_its_direction(network: Network, lead: Caller, language: str):
    enquiry = a_whole_story(network)
    body = {"identity_check": "id_document", "language": language}
    page = lead.ask("POST", path_of(enquiry), body, Accept="text/html").text
    assert f'<html lang="{language.replace("de-simple", "de")}" dir="{"rtl" if language == "ar" else "ltr"}">' in page
    assert "Samira" in page and "Das Jahr war 2014." in page
    titles = {
        "de": "Ihre Daten bei uns",
        "tr": "Bizdeki verileriniz",
        "ar": "بياناتكم لدينا",
        "en": "Your data with us",
    }
    assert titles.get(language, "<h1>") in page
    assert not re.search(r"\b(data_category|purpose|status|period|field|right|said|consent):\w|duration-", page)


def test_of_a_household_each_is_told_only_her_own(network: Network, lead: Caller):
    enquiry = network.navigator.enquire(given_name="Samira", family_name="Muster")
    network.navigator.consent(enquiry)
    body = {
        "relation": "spouse",
        "person": {"given_name": "Yusuf", "family_name": "Muster", "email": "yusuf@example.org"},
        "needs": [{"topic": "SPRACHE", "urgency": "normal"}],
    }
    member = network.navigator.post(f"/referral/api/v1/enquiries/{enquiry['id']}/persons", body)
    path = f"/referral/api/v1/persons/{member['person_id']}/subject-access"
    his = lead.post(path, {"identity_check": "id_document"})
    hers = access(lead, enquiry)
    assert {one["value"] for one in his["data"]} == {"Yusuf", "Muster", "yusuf@example.org"}
    assert his["purposes"] == ["SPRACHE"] and his["consents"] == []
    assert "Samira" not in json.dumps(his) and enquiry["person_id"] not in json.dumps(his)
    assert "yusuf@example.org" not in json.dumps(hers) and member["person_id"] not in json.dumps(hers)
    assert "SPRACHE" not in hers["purposes"]
    given = network.scene.said(SubjectAccessGiven)
    assert [str(one.person_id) for one in given] == [member["person_id"], enquiry["person_id"]]


def test_that_papers_do_not_lie_with_it_is_said(network: Network):
    """Art. 15(3): a copy is given on request; she reads so in her language, and only where there is a paper."""
    enquiry, lead = network.navigator.enquire(), browser_of(network, sub="lena", roles=["lead"])
    place = f"/referral/enquiries/{enquiry['id']}"

    def sheet(language: str) -> str:
        form = {"identity_check": "id_document", "language": language, "form": "sheet"}
        return str(lead.post(f"{place}/subject-access", data=form).text)

    assert PAPERS_APART not in sheet("en")
    paper = {"kind": "CERTIFICATE", "file": (io.BytesIO(a_pdf()), "zeugnis.pdf", "application/pdf")}
    assert lead.post(f"{place}/documents", data=paper).status_code == 303
    said = {language: translations("referral", language).gettext(PAPERS_APART) for language in PERSON_LANGUAGES}
    assert len(set(said.values())) == len(PERSON_LANGUAGES)
    assert [language for language in said if said[language] not in sheet(language)] == []


PAPERS_APART = (
    "The papers themselves do not lie with this sheet. You get a copy at the welcome center, as soon as you ask for it."
)
