"""Deletion and holds as people meet them: on pages, over the interface, at the command line."""

import argparse
import re
from datetime import date, timedelta
from io import StringIO
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from rich.console import Console

from contracts.codes import DataCategory, Duty, HoldReason, ViewPurpose
from contracts.referral import EnquiryClosed, EnquiryResumed, LegalHoldSet, PersonalDataViewed, RetentionRun
from services.referral import retention_job
from services.referral.keeping import Retention
from tests.integration.referral.ageing import Ageing, before
from tests.integration.referral.rig import Json, Network
from tests.integration.referral.test_data_protection_pages import figures
from tests.unit.referral.papers import a_png

PAGE = "/referral/data-protection/retention/"


def browser_of(network: Network, **claims: Any) -> FlaskClient:
    client = network.app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {network.staff(**claims).token}"
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


@pytest.fixture
def lead(network: Network) -> FlaskClient:
    return browser_of(network, sub="lena", roles=["lead"])


@pytest.fixture
def navigator(network: Network) -> FlaskClient:
    return browser_of(network)


@pytest.fixture
def dpo(network: Network) -> FlaskClient:
    return browser_of(network, sub="dora", roles=["dpo"], site=None, employer=None)


@pytest.fixture
def ageing(network: Network) -> Ageing:
    return Ageing(network.scene)


def text_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def ended_case(network: Network) -> tuple[Json, str]:
    """An enquiry with a paper, whose only referral has ended."""
    enquiry = network.navigator.enquire()
    network.navigator.consent(enquiry)
    referral_id = str(network.navigator.draft(enquiry)["id"])
    network.navigator.act(referral_id, "cancel", {"reason": "SOLVED_ELSEWHERE"})
    return enquiry, referral_id


# --- the page -------------------------------------------------------------------------------------------------------


def test_the_page_says_every_period_with_its_ground_and_what_is_due_soon(ageing: Ageing, dpo: FlaskClient) -> None:
    ageing.case(contact=before(ageing.today, months=6) + timedelta(days=20))
    page = text_of(dpo.get(PAGE).text)
    for words in ("Ended cases 12 months", "Proofs of consent 3 years", "Drafts of referrals 90 days", "§ 195 BGB"):
        assert words in page
    assert "1 Enquiries without a referral the first on Dec 12, 2026" in page
    assert "Nobody is held back." in page
    assert "retention_" not in page


def test_the_last_runs_stand_there_with_their_figures(ageing: Ageing, dpo: FlaskClient) -> None:
    for _ in range(2):
        ageing.case(contact=before(ageing.today, months=7))
    held = ageing.case(contact=before(ageing.today, months=7))
    ageing.hold(held, date(2027, 1, 31))
    ageing.night()
    page = text_of(dpo.get(PAGE).text)
    assert "Nov 23, 2026 2 Enquiries without a referral 1, until Jan 31, 2027" in page
    assert "Legal claims , until Jan 31, 2027" in page


def test_the_hub_counts_what_should_be_gone_until_the_night_has_done_it(
    ageing: Ageing, dpo: FlaskClient, lead: FlaskClient
) -> None:
    day = ageing.today
    ageing.case(contact=before(day, months=6))
    late = ageing.case(contact=before(day, months=6, days=3))
    ageing.hold(ageing.case(contact=before(day, months=9)), day + timedelta(days=60))
    for guardian in (dpo, lead):
        page = guardian.get("/referral/data-protection/").text
        assert figures(page)["Due to be deleted"] == 2
        assert "1 overdue" in page
        assert page.count('href="/referral/data-protection/retention/"') == 2
    ageing.night()
    assert late.person_id in ageing.erased()
    assert figures(dpo.get("/referral/data-protection/").text) == {}


def test_a_dry_run_shows_what_would_go_and_changes_nothing(
    network: Network, ageing: Ageing, lead: FlaskClient, dpo: FlaskClient
) -> None:
    enquiry = ageing.case(contact=before(ageing.today, months=7))
    before_it = network.scene.rows("SELECT number FROM outbox")
    page = lead.post(f"{PAGE}dry-runs")
    assert page.status_code == 200
    assert "1 Enquiries without a referral" in text_of(page.text)
    assert f"/referral/enquiries/{enquiry.id}" in page.text
    assert "Nothing has been changed." in page.text
    assert ageing.erased() == set() and ageing.runs() == 0
    assert network.scene.rows("SELECT number FROM outbox") == before_it
    assert dpo.post(f"{PAGE}dry-runs").status_code == 403


def test_the_page_is_the_guardians_and_stands_on_the_hub(navigator: FlaskClient, lead: FlaskClient) -> None:
    assert navigator.get(PAGE).status_code == 403
    assert PAGE in lead.get("/referral/data-protection/").text


# --- what is closed can still be taken back -------------------------------------------------------------------------


def test_a_consent_is_withdrawn_in_a_closed_case_as_long_as_a_body_has_the_data(
    network: Network, navigator: FlaskClient
) -> None:
    enquiry = network.navigator.enquire()
    network.navigator.consent(enquiry)
    referral_id = str(network.navigator.draft(enquiry)["id"])
    network.navigator.act(referral_id, "prepare")
    network.scene.tick()
    network.hwk.fetch(referral_id)
    network.hwk.act(referral_id, "reject", {"reason": "NOT_COMPETENT"})
    address = f"/referral/enquiries/{enquiry['id']}"
    assert navigator.post(f"{address}/closings").status_code == 303
    page = navigator.get(address).text
    assert "What can still be withdrawn" in page and "Eine Stelle – Anerkennung" in page and "Ben Salah" not in page
    [target] = re.findall(r'action="([^"]*/withdrawals)"', page)
    [key] = set(re.findall(r'name="request_key" value="([^"]+)">\s*<p class="small">Holds at once', page))
    done = navigator.post(target, data={"channel": "phone", "part": "//", "request_key": key})
    assert done.status_code == 303, done.text[:300]
    assert Duty.STATE_DELETION in network.scene.now(UUID(referral_id)).owed
    assert "What can still be withdrawn" not in navigator.get(address).text


# --- closing, and what is not shown any more ------------------------------------------------------------------------


def test_a_case_is_closed_when_all_has_ended_and_not_before(network: Network, navigator: FlaskClient) -> None:
    enquiry = network.navigator.enquire()
    referral_id = str(network.navigator.draft(enquiry)["id"])
    address = f"/referral/enquiries/{enquiry['id']}"
    assert "It can be closed when all its referrals have ended." in navigator.get(address).text
    refused = navigator.post(f"{address}/closings")
    assert refused.status_code == 409
    network.navigator.act(referral_id, "cancel", {"reason": "MISTAKE"})
    assert navigator.post(f"{address}/closings").status_code == 303
    assert len(network.scene.said(EnquiryClosed)) == 1
    page = navigator.get(f"{address}?done=closing").text
    assert "The case has been closed." in page and "Ben Salah" not in page


def test_of_a_closed_case_a_navigator_sees_codes_and_days_alone(network: Network, navigator: FlaskClient) -> None:
    enquiry, referral_id = ended_case(network)
    address, api = f"/referral/enquiries/{enquiry['id']}", f"/referral/api/v1/enquiries/{enquiry['id']}"
    person = network.navigator.get(f"{api}/person")["person"]
    navigator.post(f"{address}/closings")
    views = len(network.scene.said(PersonalDataViewed))
    search = {name: person[name] for name in ("given_name", "family_name", "birth_date")}
    need = enquiry["needs"][0]["id"]
    for answer in (
        navigator.get(address),
        navigator.get(f"{address}?purpose=legal_claim"),
        navigator.get(f"/referral/referrals/{referral_id}", follow_redirects=True),
        navigator.post("/referral/enquiries/search", data=search),
        navigator.get(f"{address}/needs/{need}"),
        network.navigator.ask("GET", f"{api}/person"),
        network.navigator.ask("GET", f"{api}/person?purpose=legal_claim"),
        network.navigator.ask("GET", f"{api}/needs/{need}/suggestions"),
        network.navigator.ask("GET", api),
    ):
        assert person["family_name"] not in answer.text and person["email"] not in answer.text
    assert network.navigator.ask("GET", f"{api}/person").json["slug"] == "enquiry.restricted"
    assert network.navigator.post("/referral/api/v1/persons/searches", search)["enquiries"] == []
    assert len(network.scene.said(PersonalDataViewed)) == views


def test_nothing_new_begins_in_a_closed_case_but_taking_back_stays_easy(
    network: Network, navigator: FlaskClient
) -> None:
    enquiry, _ = ended_case(network)
    api = f"/referral/api/v1/enquiries/{enquiry['id']}"
    consent = network.navigator.get(api)["consents"][0]
    navigator.post(f"/referral/enquiries/{enquiry['id']}/closings")
    attempts = [
        (f"{api}/needs", {"topic": "SPRACHE", "urgency": "normal"}),
        ("/referral/api/v1/referrals", {"enquiry_id": enquiry["id"], "need_id": enquiry["needs"][0]["id"]}),
    ]
    attempts[1][1]["service_id"] = network.scene.rows("SELECT id::text FROM services LIMIT 1")[0]["id"]
    for path, body in attempts:
        answer = network.navigator.ask("POST", path, body)
        assert (answer.status_code, answer.json["slug"]) == (409, "enquiry.restricted"), answer.text
    withdrawn = network.navigator.ask("POST", f"{api}/consents/{consent['id']}/withdrawals", {"channel": "phone"})
    assert withdrawn.status_code == 201, withdrawn.text


def test_the_lead_sees_it_for_a_purpose_that_is_noted_first(network: Network, lead: FlaskClient) -> None:
    enquiry, referral_id = ended_case(network)
    address = f"/referral/enquiries/{enquiry['id']}"
    lead.post(f"{address}/closings")
    plain = lead.get(address).text
    assert "Ben Salah" not in plain and "For what?" in plain
    views = len(network.scene.said(PersonalDataViewed))
    assert "Ben Salah" not in lead.get(f"{address}?purpose=case_work").text
    assert len(network.scene.said(PersonalDataViewed)) == views
    assert "Ben Salah" in lead.get(f"{address}?purpose=legal_claim").text
    assert network.scene.said(PersonalDataViewed)[-1].purpose is ViewPurpose.LEGAL_CLAIM
    assert "Ben Salah" in lead.get(f"/referral/referrals/{referral_id}?purpose=oversight").text
    assert network.scene.said(PersonalDataViewed)[-1].purpose is ViewPurpose.OVERSIGHT


def test_papers_of_a_closed_case_need_a_purpose_too(network: Network, ageing: Ageing, lead: FlaskClient) -> None:
    enquiry = ageing.case(contact=ageing.today, closed=ageing.today)
    document_id = ageing.document(enquiry)
    paper = f"/referral/enquiries/{enquiry.id}/documents/{document_id}"
    assert lead.get(paper).status_code == 409
    assert network.navigator.ask("GET", f"{paper}?purpose=legal_claim").status_code == 403
    assert lead.get(f"{paper}?purpose=legal_claim").data == a_png()
    page = lead.get(f"/referral/enquiries/{enquiry.id}?purpose=legal_claim").text
    assert f"{paper}?purpose=legal_claim" in page


def test_the_lead_opens_a_case_again_when_the_person_comes_back(network: Network, lead: FlaskClient) -> None:
    enquiry, _ = ended_case(network)
    address = f"/referral/enquiries/{enquiry['id']}"
    lead.post(f"{address}/closings")
    assert network.navigator.ask("POST", f"{address}/resumptions").status_code == 403
    assert lead.post(f"{address}/resumptions").status_code == 303
    assert "Ben Salah" in lead.get(address).text
    assert len(network.scene.said(EnquiryResumed)) == 1
    assert lead.post(f"{address}/resumptions").status_code == 409


# --- holds by form --------------------------------------------------------------------------------------------------


def test_a_hold_is_set_and_lifted_by_form(
    network: Network, ageing: Ageing, lead: FlaskClient, navigator: FlaskClient
) -> None:
    enquiry = ageing.case(contact=ageing.today)
    address = f"/referral/enquiries/{enquiry.id}"
    form = {"reason": "LEGAL_CLAIM", "words": "Labour court", "until": "2027-03-31"}
    assert lead.post(f"{address}/holds", data=form).status_code == 303
    (told,) = network.scene.said(LegalHoldSet)
    assert (told.reason, told.until) == (HoldReason.LEGAL_CLAIM, date(2027, 3, 31))
    views = len(network.scene.said(PersonalDataViewed))
    page = text_of(lead.get(address).text)
    assert "held until Mar 31, 2027" in page
    assert "Labour court" in page
    assert DataCategory.FREE_TEXT in {
        one for fact in network.scene.said(PersonalDataViewed)[views:] for one in fact.categories
    }
    for other in (navigator, lead):
        other.post(f"{address}/closings")
        assert "Labour court" not in other.get(address).text
    assert "Labour court" in lead.get(f"{address}?purpose=legal_claim").text
    lead.post(f"{address}/resumptions")
    assert "Labour court" not in navigator.get(address).text
    erasing = lead.post(f"/referral/api/v1/enquiries/{enquiry.id}/erasures", headers={"Idempotency-Key": "k"})
    assert (erasing.status_code, erasing.json["slug"]) == (409, "person.held")
    assert lead.post(f"{PAGE}holds/{told.hold_id}/liftings").status_code == 303
    assert "Nobody is held back." in lead.get(PAGE).text
    for wrong in ({"until": ""}, {"reason": "WHIM"}, {"until": "2030-01-01"}, {"words": ""}):
        assert lead.post(f"{address}/holds", data=form | wrong).status_code == 422, wrong
    assert network.navigator.ask("POST", f"{address}/holds").status_code == 403


def test_the_end_of_a_case_and_its_holds_over_the_interface(network: Network) -> None:
    lead = network.staff(sub="lena", roles=["lead"])
    enquiry, _ = ended_case(network)
    api = f"/referral/api/v1/enquiries/{enquiry['id']}"
    network.navigator.post(f"{api}/closings", None)
    assert network.navigator.get(api)["closed_at"] is not None
    body = {"reason": "BREACH", "words": "under investigation", "until": "2027-01-31"}
    assert network.navigator.ask("POST", f"{api}/holds", body).status_code == 403
    held = lead.post(f"{api}/holds", body)
    assert lead.get("/referral/api/v1/holds") == {"holds": [held]}
    answer = lead.ask("POST", f"{api}/holds", body | {"until": "2029-01-31"})
    assert (answer.status_code, answer.json["fields"]) == (422, {"until": "at-most-12-months-from-today"})
    lead.post(f"/referral/api/v1/holds/{held['id']}/liftings", None)
    assert lead.get("/referral/api/v1/holds") == {"holds": []}
    assert network.navigator.ask("POST", f"{api}/resumptions").status_code == 403
    lead.post(f"{api}/resumptions", None)
    assert network.navigator.get(api)["closed_at"] is None


# --- the command line -----------------------------------------------------------------------------------------------


def command(ageing: Ageing, *arguments: str) -> tuple[int, str]:
    parser = argparse.ArgumentParser()
    retention_job.add_arguments(parser)
    shown = StringIO()
    console = Console(file=shown, width=160, force_terminal=False)
    code = retention_job.main(parser.parse_args(arguments), ageing.scene.unit, Retention(), console)
    return code, shown.getvalue()


def test_a_dry_run_at_the_command_line_prints_kinds_reasons_and_numbers(ageing: Ageing) -> None:
    enquiry = ageing.case(contact=before(ageing.today, months=7))
    held = ageing.case(contact=before(ageing.today, months=7))
    ageing.hold(held, date(2027, 1, 31))
    code, shown = command(ageing, "--dry-run")
    assert code == 0
    for words in ("Enquiries without a referral", "6m", "The person may come back", str(enquiry.person_id), "1 in all"):
        assert words in shown
    assert "Held back: 1 person(s), the longest until 2027-01-31" in shown
    assert str(held.person_id) not in shown
    assert ageing.erased() == set() and ageing.runs() == 0


def test_a_dry_run_can_look_ahead_and_a_real_one_cannot(ageing: Ageing) -> None:
    ageing.case(contact=ageing.today)
    assert "0 in all" in command(ageing, "--dry-run")[1]
    ahead = (ageing.today + timedelta(days=200)).isoformat()
    assert "1 in all" in command(ageing, "--dry-run", "--as-of", ahead)[1]
    code, said = command(ageing, "--as-of", ahead)
    assert (code, said) == (2, "only a dry run can look at another day\n")
    assert ageing.runs() == 0


def test_the_command_deletes_and_says_what(ageing: Ageing) -> None:
    gone = ageing.case(contact=before(ageing.today, months=7))
    code, said = command(ageing)
    assert code == 0
    assert "1 Enquiries without a referral" in said and "1 deleted in all" in said
    assert ageing.erased() == {gone.person_id}
    assert len(ageing.scene.said(RetentionRun)) == 1


def test_numbers_beyond_the_first_are_counted(ageing: Ageing) -> None:
    for _ in range(3):
        ageing.case(contact=before(ageing.today, months=7))
    assert "and 2 more" in command(ageing, "--dry-run", "--ids", "1")[1]
