"""The case page: a look is a fact first, every form does what it says once, and refusals leave everything as it was."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from contracts.referral import PersonalDataViewed, ReferralEnteredInError, ReferralReceived
from services.chassis.errors import UnavailableError
from services.referral.web import case
from tests.integration.referral.rig import Network, recipient, to_ihk
from tests.integration.referral.scene import IHK_SERVICE, NOW


@pytest.fixture
def browser(network: Network) -> FlaskClient:
    """A navigator's browser; her token stands in for the sign-in, which is tested elsewhere."""
    client = network.app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {network.navigator.token}"
    return client


def url(referral_id: str) -> str:
    return f"/referral/referrals/{referral_id}"


def show(client: FlaskClient, referral_id: str) -> str:
    answer = client.get(url(referral_id))
    assert answer.status_code == 200
    return answer.text


def hidden_of(page: str, target: str) -> dict[str, str]:
    form = re.search(rf'action="[^"]*{target}">(.*?)</form>', page, re.DOTALL)
    assert form, f"{target} is not offered"
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form[1]))


def press(client: FlaskClient, referral_id: str, target: str, **fields: Any) -> TestResponse:
    hidden = hidden_of(show(client, referral_id), target)
    return client.post(f"{url(referral_id)}/{target}", data=hidden | fields)


def test_a_look_at_personal_data_is_a_fact_before_anything_is_shown(network: Network, browser: FlaskClient):
    referral_id = network.requested()
    assert "Ben Salah" in show(browser, referral_id)
    [viewed] = network.scene.said(PersonalDataViewed)
    assert (str(viewed.referral_id), viewed.role) == (referral_id, "navigator")
    assert "IDENTITY" in viewed.categories


def test_what_a_lapsed_consent_named_stays_here(network: Network, browser: FlaskClient):
    """Said on the telephone, not confirmed in time: the page does not say that anything still goes out."""
    scene = network.scene
    enquiry = scene.an_enquiry()
    scene.spoken(enquiry)
    referral_id = str(scene.prepared(enquiry).id)
    scene.tick()
    assert "geht an den Partner" in show(browser, referral_id)
    assert "bis 30.11.2026" in show(browser, referral_id)
    scene.clock.instant += timedelta(days=8)
    page = show(browser, referral_id)
    assert "abgelaufen" in page and "bleibt hier" in page
    assert "geht an den Partner" not in page


def test_if_the_look_cannot_be_kept_nothing_is_shown(
    network: Network, browser: FlaskClient, monkeypatch: pytest.MonkeyPatch
):
    referral_id = network.requested()

    def breaks(*_: Any) -> None:
        raise UnavailableError("database.unavailable")

    monkeypatch.setattr("services.referral.web.case_view.note_view", breaks)
    answer = browser.get(url(referral_id))
    assert answer.status_code == 503
    assert "Ben Salah" not in answer.text


def test_a_foreign_case_looks_like_a_missing_one(network: Network):
    referral_id = network.requested()
    other = network.staff(sub="olga", site="neuss")
    assert other.client.get(url(referral_id), headers={"Authorization": f"Bearer {other.token}"}).status_code == 404
    assert network.scene.said(PersonalDataViewed) == []


def test_the_timeline_tells_what_happened_in_sentences(network: Network, browser: FlaskClient):
    referral_id = network.requested()
    network.hwk.fetch(referral_id)
    network.hwk.act(referral_id, "accept", {"contact_by": "2026-11-27"})
    text = show(browser, referral_id)
    assert "Eine Stelle übernimmt; Erstkontakt bis 27.11.2026." in text
    assert "hat die Unterlagen abgerufen" in text
    assert "referral." not in re.sub(r"<[^>]+>", "", text)


def test_a_draft_is_prepared_and_taken_back(network: Network, browser: FlaskClient):
    enquiry = network.navigator.enquire()
    network.navigator.consent(enquiry)
    referral_id = network.navigator.draft(enquiry)["id"]
    assert press(browser, referral_id, "actions/prepare").status_code == 303
    assert network.navigator.see(referral_id)["status"] == "awaiting_consent"
    assert press(browser, referral_id, "actions/revise").status_code == 303
    assert network.navigator.see(referral_id)["status"] == "draft"


def test_the_partners_words_are_shown_and_answered(network: Network, browser: FlaskClient):
    referral_id = network.requested()
    words = network.hwk.seal("Welches Sprachniveau?")
    network.hwk.act(referral_id, "ask", {"question": "LANGUAGE_LEVEL", "sealed_comment": words})
    assert "Welches Sprachniveau?" in show(browser, referral_id)
    assert press(browser, referral_id, "actions/answer").status_code == 303
    assert network.navigator.see(referral_id)["status"] == "received"


def test_an_answer_in_free_text_needs_a_consent_that_names_it(network: Network, browser: FlaskClient):
    referral_id = network.requested()
    network.hwk.act(referral_id, "ask", {"question": "LANGUAGE_LEVEL"})
    refused = press(browser, referral_id, "actions/answer", answer="B1, sagt sie")
    assert (refused.status_code, refused.json["slug"]) == (409, "consent.category-not-covered")  # type: ignore[index]


def test_what_was_told_by_telephone_is_marked_by_hand(network: Network, browser: FlaskClient):
    referral_id = network.requested()
    told = {"way": "phone", "told_on": NOW.date().isoformat()}
    assert press(browser, referral_id, "records/actions/receive", **told).status_code == 303
    [received] = network.scene.said(ReferralReceived)
    assert received.by_hand == "phone"
    assert "von Hand erfasst" in show(browser, referral_id)


def test_after_a_rejection_she_refers_to_the_better_body(network: Network, browser: FlaskClient):
    enquiry = network.navigator.enquire()
    network.navigator.consent(enquiry, recipient(), to_ihk())
    first = network.navigator.draft(enquiry)["id"]
    network.navigator.act(first, "prepare")
    network.scene.tick()
    network.hwk.act(first, "reject", {"reason": "NOT_COMPETENT", "better_service_id": str(IHK_SERVICE)})
    answer = press(browser, first, "follow-up")
    second = network.navigator.see(answer.headers["Location"].rpartition("/")[2])
    assert (second["based_on"], second["service_id"], second["status"]) == (first, str(IHK_SERVICE), "draft")


@pytest.mark.parametrize("typed", ["2026-11-23T08:15", ""], ids=["at a time", "now"])
def test_the_hours_of_a_breach_run_from_when_the_desk_says_it_became_aware(
    network: Network, browser: FlaskClient, typed: str
):
    """As the clock on the wall shows it: a quarter past eight in Aachen is a quarter past seven in UTC."""
    referral_id = network.requested()
    network.hwk.fetch(referral_id)
    assert 'type="datetime-local"' in show(browser, referral_id)
    fields = {"became_aware_at": typed, "confirmed": "true"}

    assert press(browser, referral_id, "actions/mark_entered_in_error", **fields).status_code == 303

    [marked] = network.scene.said(ReferralEnteredInError)
    aware = datetime(2026, 11, 23, 7, 15, tzinfo=UTC) if typed else network.scene.clock.now()
    assert (marked.breach_check, marked.became_aware_at) == (True, aware)
    [check] = network.scene.rows("SELECT became_aware_at FROM breach_checks")
    assert check["became_aware_at"] == aware


@pytest.mark.parametrize("typed", ["2026-11-24T08:15", "gestern"], ids=["in the future", "no time"])
def test_a_time_that_cannot_be_is_refused_and_marks_nothing(network: Network, browser: FlaskClient, typed: str):
    referral_id = network.requested()
    fields = {"became_aware_at": typed, "confirmed": "true"}
    refused = press(browser, referral_id, "actions/mark_entered_in_error", **fields)
    assert (refused.status_code, set(refused.json["fields"])) == (422, {"became_aware_at"})  # type: ignore[index]
    assert network.navigator.see(referral_id)["status"] == "requested"


def test_a_page_that_is_out_of_date_changes_nothing(network: Network, browser: FlaskClient):
    referral_id = network.requested()
    hidden = hidden_of(show(browser, referral_id), "actions/cancel")
    network.hwk.act(referral_id, "receive")
    answer = browser.post(f"{url(referral_id)}/actions/cancel", data=hidden | {"reason": "MISTAKE"})
    assert answer.status_code == 412
    assert network.navigator.see(referral_id)["status"] == "received"


def test_a_second_click_has_no_second_effect(network: Network, browser: FlaskClient):
    referral_id = network.requested()
    hidden = hidden_of(show(browser, referral_id), "actions/cancel") | {"reason": "MISTAKE"}
    answers = {browser.post(f"{url(referral_id)}/actions/cancel", data=hidden).status_code for _ in range(2)}
    assert answers == {303}


@pytest.mark.parametrize("action", ["request", "accept", "expire", "dance"])
def test_an_action_that_is_not_the_navigators_is_refused(network: Network, browser: FlaskClient, action: str):
    referral_id = network.requested()
    assert browser.post(f"{url(referral_id)}/actions/{action}", data={"version": "1"}).status_code in {409, 422}


def test_the_page_never_reads_an_empty_field_as_an_answer() -> None:
    from werkzeug.datastructures import MultiDict

    given = MultiDict([("reason", "MISTAKE"), ("comment", "  "), ("csrf_token", "x"), ("obstacles", "COST")])
    assert case.content_of(given) == {"reason": "MISTAKE", "obstacles": ["COST"]}
