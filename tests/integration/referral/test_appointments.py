"""Appointments a partner names: sealed on every way, seen by welcome center and person; a body sees its own alone."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import icalendar
import pytest
from flask.testing import FlaskClient

from contracts.fields import parse_instant
from contracts.referral import AppointmentCancelled, AppointmentSet, PersonalDataViewed
from services.chassis.db import Database
from services.chassis.i18n import PERSON_LANGUAGES
from services.referral.store import enquiries, retention
from services.referral.web.forms import seal_words
from tests.integration.referral.desk_rig import a_desk, at_the_desk, fields_of, press
from tests.integration.referral.guests import HTML, everything, issued, path_of
from tests.integration.referral.guests import press as enter
from tests.integration.referral.rig import Network, recipient, to_ihk
from tests.integration.referral.scene import IHK_SERVICE, NOW, Scene, an_appointment, own_keys
from tests.integration.referral.test_case_page import press as press_case
from tests.integration.referral.test_case_page import show

PLACE, BRING = "Musterstraße 1, Zimmer 12", "Zeugnisse"


@pytest.fixture(scope="module")
def shared(make_database: Callable[[str], Any]) -> Iterator[Network]:
    """One house for all of them; everybody is somebody else."""
    with Database(make_database("referral").app_dsn) as db:
        scene = Scene(db)
        yield a_desk(scene)
        scene.close()


@pytest.fixture
def browser(shared: Network) -> FlaskClient:
    client = shared.app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {shared.navigator.token}"
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "de"
    return client


def appointed(network: Network, **appointment: Any) -> str:
    referral_id = network.requested()
    network.hwk.act(referral_id, "accept", {"sealed_appointment": an_appointment(**appointment)})
    return referral_id


def guest_link(network: Network, referral_id: str, language: str = "en") -> str:
    """Her own link, as a path."""
    with network.scene.db.read() as connection:
        row = connection.execute("SELECT enquiry_id FROM referrals WHERE id = %s", (referral_id,)).fetchone()
        site, organization = enquiries.desk_of(connection, row["enquiry_id"])
        enquiry = enquiries.load(connection, row["enquiry_id"], site=site, organization_id=organization)
    return path_of(issued(network, enquiry, language=language))


def guest_of(network: Network, referral_id: str, language: str = "en") -> FlaskClient:
    client = network.app.test_client()
    assert enter(client, guest_link(network, referral_id, language)).status_code == 303
    return client


def told_of(network: Network, referral_id: str, kind: type) -> list[Any]:
    return [one for one in network.scene.said(kind) if str(one.referral_id) == referral_id]


def files_in(page: str) -> list[str]:
    return re.findall(r'href="([^"]+[.]ics)"', page)


# --- from the partner ----------------------------------------------------------------------------------------------


def test_an_appointment_comes_with_taking_over_and_nothing_of_it_lies_in_the_open(shared: Network):
    referral_id = appointed(shared)
    [told] = told_of(shared, referral_id, AppointmentSet)
    assert shared.hwk.see(referral_id)["appointment_id"] == str(told.appointment_id)
    assert told.first and shared.hwk.see(referral_id)["status"] == "accepted"
    said = f"{shared.scene.said()}{json.dumps(everything(shared), ensure_ascii=False)}"
    for word in ("Musterstra", "Zimmer 12", BRING, "2026-11-30T09:00"):
        assert word not in said, word


def test_it_is_changed_named_anew_and_called_off_under_one_number_until_it_is_over(shared: Network):
    referral_id = appointed(shared)
    shared.hwk.act(referral_id, "set_appointment", {"sealed_appointment": an_appointment(9)})
    first, moved = told_of(shared, referral_id, AppointmentSet)
    assert (first.appointment_id, moved.first) == (moved.appointment_id, False)
    assert shared.hwk.see(referral_id)["status"] == "accepted"
    shared.hwk.act(referral_id, "cancel_appointment")
    assert [one.appointment_id for one in told_of(shared, referral_id, AppointmentCancelled)] == [first.appointment_id]
    seen = shared.hwk.see(referral_id)
    assert seen["appointment_id"] is None and "cancel_appointment" not in seen["allowed_actions"]
    shared.hwk.act(referral_id, "set_appointment", {"sealed_appointment": an_appointment(11)})
    assert told_of(shared, referral_id, AppointmentSet)[-1].first
    rows = shared.scene.rows(
        "SELECT sequence FROM appointments WHERE referral_id = %s ORDER BY set_at, id", referral_id
    )
    assert [row["sequence"] for row in rows] == [2, 0]


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({"starts_at": "2026-11-30 09:00"}, "starts_at"),
        ({}, "starts_at"),
        ({"starts_at": "2026-11-30T09:00:00Z", "minutes": 1}, "minutes"),
        ({"starts_at": "2026-11-30T09:00:00Z", "place": "x" * 201}, "place"),
        ({"starts_at": "2026-11-30T09:00:00Z", "name": "Amira"}, "name"),
        ({"starts_at": "2020-01-01T09:00:00Z"}, "starts_at"),
        ({"starts_at": "2031-01-01T09:00:00Z"}, "starts_at"),
        ([], "sealed_appointment"),
    ],
)
def test_a_wrong_appointment_names_its_field_and_nothing_of_the_answer_is_kept(
    shared: Network, document: Any, field: str
):
    referral_id = shared.requested()
    sealed = seal_words(json.dumps(document), own_keys())
    answer = shared.hwk.try_act(referral_id, "accept", {"sealed_appointment": sealed})
    assert (answer.status_code, list(answer.json["fields"])) == (422, [field])
    assert shared.hwk.see(referral_id)["status"] == "requested"


def test_in_the_open_it_is_refused(shared: Network):
    referral_id = shared.requested()
    answer = shared.hwk.try_act(referral_id, "accept", {"sealed_appointment": "2026-11-30T09:00:00Z"})
    assert (answer.status_code, list(answer.json["fields"])) == (422, ["sealed_appointment"])


def test_above_the_back_level_it_is_refused_and_not_kept(shared: Network):
    referral_id = shared.requested(recipient(back_level="receipt"))
    answer = shared.hwk.try_act(referral_id, "set_appointment", {"sealed_appointment": an_appointment()})
    assert (answer.status_code, answer.json["slug"]) == (409, "consent.back-level")
    assert shared.scene.rows("SELECT id FROM appointments WHERE referral_id = %s", referral_id) == []


def test_a_unit_types_it_at_its_desk_sees_it_there_and_changes_it(shared: Network):
    client, referral_id = at_the_desk(shared)
    typed = {"appointment_on": "2026-12-01", "appointment_at": "14:30", "appointment_place": PLACE}
    assert press(client, referral_id, "accept", **typed).status_code == 303
    desk = f"/referral/desk/referrals/{referral_id}"
    page = client.get(desk, headers={**HTML, "Accept-Language": "de"}).text
    assert "01.12.2026, 14:30" in page and PLACE in page
    form = re.search(r'action="[^"]*/actions/set_appointment">(.*?)</form>', page, re.DOTALL)
    assert form and 'value="2026-12-01"' in form[1] and 'value="14:30"' in form[1]
    moved = {**typed, "appointment_at": "15:00", "appointment_minutes": "30"}
    assert press(client, referral_id, "set_appointment", **moved).status_code == 303
    assert "01.12.2026, 15:00" in client.get(desk, headers={**HTML, "Accept-Language": "de"}).text
    assert press(client, referral_id, "cancel_appointment").status_code == 303


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"appointment_on": ""}, "appointment_on"),
        ({"appointment_at": "noon"}, "appointment_at"),
        ({"appointment_minutes": "1000"}, "appointment_minutes"),
        ({"appointment_place": "x" * 201}, "appointment_place"),
    ],
)
def test_what_is_typed_wrongly_is_named(shared: Network, wrong: dict[str, str], field: str):
    client, referral_id = at_the_desk(shared)
    desk = f"/referral/desk/referrals/{referral_id}"
    hidden = fields_of(client.get(desk, headers=HTML).text, "accept")
    typed = {"appointment_on": "2026-12-01", "appointment_at": "14:30", "appointment_minutes": "60", **wrong}
    answer = client.post(f"{desk}/actions/accept", data=hidden | typed)
    assert answer.status_code == 422 and field in answer.json["fields"]
    assert shared.scene.rows("SELECT id FROM appointments WHERE referral_id = %s", referral_id) == []


def test_told_by_telephone_the_navigator_writes_it_down(shared: Network, browser: FlaskClient):
    referral_id = shared.requested()
    told = {"way": "phone", "told_on": NOW.date().isoformat()}
    typed = {"appointment_on": "2026-12-02", "appointment_at": "08:15", "appointment_bring": BRING}
    assert press_case(browser, referral_id, "records/actions/accept", **told, **typed).status_code == 303
    [kept] = told_of(shared, referral_id, AppointmentSet)
    assert kept.by_hand == "phone"
    assert "08:15 – 09:15" in show(browser, referral_id)
    body = {"action": "set_appointment", "way": "phone", "told_on": NOW.date().isoformat()}
    answer = shared.navigator.ask("POST", f"/referral/api/v1/referrals/{referral_id}/records", body)
    assert (answer.status_code, list(answer.json["fields"])) == (422, ["appointment"])
    body["appointment"] = {"starts_at": "2026-12-02T08:00:00+01:00"}
    shared.navigator.post(f"/referral/api/v1/referrals/{referral_id}/records", body)
    assert "08:00 – 09:00" in show(browser, referral_id)


# --- to the welcome center -----------------------------------------------------------------------------------------


def two_at_the_same_hour(network: Network) -> tuple[str, str]:
    """One person, two bodies, and half an hour of both at once."""
    enquiry = network.navigator.enquire()
    network.navigator.consent(enquiry, recipient(), to_ihk())
    ids = []
    for service, partner, minutes in ((None, network.hwk, 0), (IHK_SERVICE, network.ihk, 30)):
        drafted = network.navigator.draft(enquiry, service) if service else network.navigator.draft(enquiry)
        network.navigator.act(drafted["id"], "prepare", {"duplicates_acknowledged": True})
        network.scene.tick()
        at = NOW + timedelta(minutes=minutes)
        partner.act(drafted["id"], "accept", {"sealed_appointment": an_appointment(at=at)})
        ids.append(str(drafted["id"]))
    return ids[0], ids[1]


def test_the_case_page_shows_her_day_across_referrals_and_what_overlaps(shared: Network, browser: FlaskClient):
    first, second = two_at_the_same_hour(shared)
    page = show(browser, first)
    assert "Zwei Termine überschneiden sich" in page
    assert page.count("day-strip__bar--clashes") == 2
    assert "10:00 – 11:00" in page and "10:30 – 11:30" in page
    assert f'href="/referral/referrals/{second}"' in page
    shared.ihk.act(second, "set_appointment", {"sealed_appointment": an_appointment(at=NOW + timedelta(hours=1))})
    page = show(browser, first)
    assert "11:00 – 12:00" in page and "day-strip__bar--clashes" not in page


def test_no_partner_ever_hears_of_another_bodys_appointment(shared: Network):
    _, second = two_at_the_same_hour(shared)
    seen = shared.ihk.see(second)
    mine = told_of(shared, second, AppointmentSet)[0].appointment_id
    assert seen["appointment_id"] == str(mine)
    assert shared.hwk.ask("GET", f"/partner/v1/referrals/{second}").status_code == 404


def test_the_file_for_the_house_is_a_look_and_names_neither_her_nor_what_to_bring(
    shared: Network, browser: FlaskClient
):
    referral_id = appointed(shared, place="Musterstraße 1; Hof, links")
    [path] = files_in(show(browser, referral_id))
    looks = len(shared.scene.said(PersonalDataViewed))
    answer = browser.get(path)
    assert len(shared.scene.said(PersonalDataViewed)) == looks + 1
    assert answer.content_type.startswith("text/calendar") and "attachment" in answer.headers["Content-Disposition"]
    [event] = icalendar.Calendar.from_ical(answer.data).walk("VEVENT")
    assert event.decoded("dtstart") == datetime(2026, 11, 30, 9, tzinfo=UTC)
    assert event.decoded("dtend") - event.decoded("dtstart") == timedelta(hours=1)
    assert (str(event["location"]), str(event["class"])) == ("Musterstraße 1; Hof, links", "PRIVATE")
    assert shared.navigator.see(referral_id)["reference"] in str(event["summary"])
    assert BRING not in answer.text and "Ami" not in answer.text


def test_a_file_of_another_site_or_another_referral_is_not_there(shared: Network, browser: FlaskClient):
    referral_id, other = appointed(shared), appointed(shared)
    [path] = files_in(show(browser, referral_id))
    assert browser.get(path.replace(referral_id, other)).status_code == 404
    stranger = shared.staff(sub="otto", site="neuss")
    assert stranger.ask("GET", path).status_code == 404
    officer = shared.staff(sub="dora", roles=["dpo"])
    assert officer.ask("GET", path).status_code == 403


def test_an_appointment_goes_with_a_referral_that_was_stopped(shared: Network, browser: FlaskClient):
    referral_id = appointed(shared)
    shared.navigator.act(referral_id, "cancel", {"reason": "PERSON_DECLINED"})
    page = show(browser, referral_id)
    assert "abgesagt" in page and files_in(page) == []


# --- to the person -------------------------------------------------------------------------------------------------


def test_she_sees_when_where_and_what_to_bring_and_takes_it_into_her_calendar(shared: Network):
    referral_id = appointed(shared)
    guest = guest_of(shared, referral_id)
    page = guest.get("/referral/my/", headers=HTML).text
    for word in ("Your appointments", "Monday, November 30, 2026", PLACE, BRING):
        assert word in page, word
    [path] = files_in(page)
    answer = guest.get(path)
    [event] = icalendar.Calendar.from_ical(answer.data).walk("VEVENT")
    assert (event["sequence"], str(event["status"])) == (0, "CONFIRMED")
    assert BRING in str(event["description"]) and str(event["location"]) == PLACE
    uid = event["uid"]
    shared.hwk.act(referral_id, "set_appointment", {"sealed_appointment": an_appointment(9)})
    [moved] = icalendar.Calendar.from_ical(guest.get(path).data).walk("VEVENT")
    assert (moved["uid"], moved["sequence"]) == (uid, 1)
    shared.hwk.act(referral_id, "cancel_appointment")
    assert "called off" in guest.get("/referral/my/", headers=HTML).text
    [gone] = icalendar.Calendar.from_ical(guest.get(path).data).walk("VEVENT")
    assert (gone["sequence"], str(gone["status"])) == (2, "CANCELLED")


def test_nobody_elses_appointment_is_on_her_page(shared: Network):
    mine, theirs = appointed(shared), appointed(shared)
    [path] = files_in(guest_of(shared, theirs).get("/referral/my/", headers=HTML).text)
    assert guest_of(shared, mine).get(path).status_code == 404
    assert shared.app.test_client().get(path).status_code == 401


@pytest.mark.parametrize("language", PERSON_LANGUAGES)
def test_her_page_says_it_in_her_language(shared: Network, language: str):
    page = guest_of(shared, appointed(shared), language).get(f"/referral/my/?lang={language}", headers=HTML).text
    assert PLACE in page
    if language != "en":
        assert "Your appointments" not in page and "What to bring" not in page


def test_it_is_part_of_what_she_may_ask_for_and_ends_with_the_partners_words(shared: Network):
    referral_id = appointed(shared)
    enquiry_id = shared.navigator.see(referral_id)["enquiry_id"]
    lead = shared.staff(sub="lena", roles=["lead"])
    body = {"identity_check": "known_in_person"}
    answer = lead.ask("POST", f"/referral/api/v1/enquiries/{enquiry_id}/subject-access", body)
    assert answer.status_code in (200, 201), answer.text
    assert PLACE in json.dumps(answer.json, ensure_ascii=False)
    [told] = [one for one in answer.json["appointments"] if one["place"] == PLACE]
    assert parse_instant(told["starts_at"]) == NOW + timedelta(days=7)
    assert (told["minutes"], told["called_off_at"]) == (60, None)
    assert told["reference"] == shared.navigator.see(referral_id)["reference"]


@pytest.mark.parametrize("language", ["de", pytest.param("ar", marks=pytest.mark.long)])
def test_the_sheet_she_is_handed_says_when_where_and_what_to_bring_until_it_is_kept_no_longer(
    shared: Network, language: str
):
    referral_id = appointed(shared)
    enquiry_id = shared.navigator.see(referral_id)["enquiry_id"]
    path = f"/referral/api/v1/enquiries/{enquiry_id}/subject-access"
    lead = shared.staff(sub="lena", roles=["lead"])

    def sheet() -> str:
        return lead.ask("POST", path, {"identity_check": "id_document", "language": language}, Accept="text/html").text

    before = sheet()
    titles = {"de": "Ihre Termine", "ar": "مواعيدك"}
    for word in (titles[language], PLACE, BRING):
        assert word in before, word
    assert "30.11.2026, 10:00" in before or language != "de"
    with shared.scene.unit.work(actor="system:clock") as work:
        retention.delete_words(work, UUID(referral_id))
    after = sheet()
    assert titles[language] in after and PLACE not in after and "Your appointments" not in after
    assert "ist nicht mehr gespeichert" in after or language != "de"
