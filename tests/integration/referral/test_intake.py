"""Taking an enquiry down: kept from the first word, step by step, for whoever types it, and taken down once."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any
from uuid import UUID, uuid4

import pytest
from werkzeug.test import TestResponse

from contracts.codes import StaffRole
from contracts.referral import EnquiryRecorded, NeedRecorded, PersonalDataViewed
from services.chassis.auth import caller_from_claims
from services.referral.commands import erasures
from services.referral.store import persons
from tests.integration.referral.rig import Navigator, Network

HOME = "/referral/"


@pytest.fixture(scope="module")
def network(one_network: Network) -> Network:
    return one_network


class Intake:
    """One navigator with a number for what she types; the number is the page's."""

    def __init__(self, network: Network, caller: Navigator | None = None) -> None:
        self.network = network
        self.caller = caller or network.staff(sub=f"nina-{uuid4().hex[:6]}")
        self.id = str(uuid4())

    def say(self, step: str, go: str = "next", **fields: Any) -> TestResponse:
        form = {"enquirer": "person", "go": go, **fields}
        return self._post(f"/referral/enquiries/drafts/{self.id}/{step}", form)

    def take_down(self) -> TestResponse:
        return self._post(f"/referral/enquiries/drafts/{self.id}/taken-down", {})

    def throw_away(self) -> TestResponse:
        return self._post(f"/referral/enquiries/drafts/{self.id}/thrown-away", {})

    def see(self, step: str, **headers: str) -> TestResponse:
        return self.get(f"/referral/enquiries/drafts/{self.id}/{step}", **headers)

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.caller.ask("GET", path, **{"Accept": "text/html", "Accept-Language": "de", **headers})

    def _post(self, path: str, form: dict[str, Any]) -> TestResponse:
        headers = {"Authorization": f"Bearer {self.caller.token}", "Accept-Language": "de", "Accept": "text/html"}
        return self.caller.client.post(path, data=form, headers=headers)

    def through(self, **changes: Any) -> None:
        """All steps, as a navigator asks."""
        person = {"given_name": "Leyla", "family_name": f"Demir{self.id[:4]}", "birth_date": "1990-05-01"}
        assert self.say("needs", topics=["ANERKENNUNG", "SPRACHE"], urgency="urgent").status_code == 303
        assert self.say("person", **{**person, "postal_code": "52062", **changes}).status_code == 303
        assert self.say("reach", phone="+49 241 5550142", unavailable_times=["MORNING"]).status_code == 303
        assert self.say("language", languages=["tr", "de"], interpreter="tr").status_code == 303
        assert self.say("background", occupation="Tischlerin", qualification_country="TN").status_code == 303
        assert self.say("papers", documents=["CERTIFICATE"], note="ruft wieder an").status_code == 303

    @property
    def row(self) -> dict[str, Any]:
        rows = self.network.scene.rows("SELECT * FROM enquiry_drafts WHERE id = %s", UUID(self.id))
        return rows[0] if rows else {}

    def recorded(self) -> list[Any]:
        """Enquiries she has taken down."""
        room = self.network.app.extensions["lotsennetz"]
        actor = caller_from_claims(room.tokens.claims(self.caller.token), room.settings.deployment_key).actor
        return self.network.scene.rows("SELECT id, person_id FROM enquiries WHERE recorded_by = %s", actor)


@pytest.fixture
def intake(network: Network) -> Intake:
    return Intake(network)


def leads_to(answer: TestResponse) -> str:
    assert answer.status_code == 303, answer.text[:600]
    return str(answer.headers["Location"]).rpartition("/")[2].partition("?")[0]


# --- step by step -----------------------------------------------------------------------------------------------------


def test_a_beginning_has_a_number_keeps_nothing_and_takes_known_topics_along(intake: Intake) -> None:
    answer = intake.get("/referral/enquiries/begin?topics=SPRACHE&topics=TELEPATHY&given_name=Leyla")
    assert "Leyla" not in answer.headers["Location"] and "TELEPATHY" not in answer.headers["Location"]
    page = intake.get(str(answer.headers["Location"])).text
    assert re.findall(r'name="topics" value="(\w+)" checked', page) == ["SPRACHE"]
    assert "angefangenen Anliegen" not in intake.get(HOME).text


def test_topics_stand_as_situations_and_an_urgency_says_what_it_sets_off(intake: Intake) -> None:
    page = intake.see("needs").text
    assert "Im gelernten Beruf arbeiten" in page
    assert "Erstkontakt in 2 Arbeitstagen; ohne Antwort endet der Verweis nach 5 Arbeitstagen." in page
    assert "Erstkontakt in 10 Arbeitstagen; ohne Antwort endet der Verweis nach 14 Tagen." in page
    assert 'aria-current="step">Worum geht es?' in page and "Schritt 1 von 7" in page


def test_from_the_first_step_to_the_enquiry_with_everything_that_was_said(network: Network, intake: Intake) -> None:
    intake.through()
    page = intake.see("check").text
    for said in ("Demir", "01.05.1990", "Türkisch, Deutsch", "Tunesien", "vormittags", "Zeugnis", "Dringend"):
        assert said in page, said
    answer = intake.take_down()
    assert answer.status_code == 303
    (found,) = intake.recorded()
    assert answer.headers["Location"] == f"/referral/enquiries/{found['id']}"
    with network.scene.db.read() as connection:
        record = persons.record_of(connection, network.scene.keys.vault, found["person_id"])
    assert "Keine Zeit für Termine: vormittags (8–12 Uhr)" in intake.get(str(answer.headers["Location"])).text
    assert record["documents"] == [{"kind": "CERTIFICATE"}]
    assert (record["unavailable_times"], record["interpreter"]) == (["MORNING"], "tr")
    needs = [one for one in network.scene.said(NeedRecorded) if one.enquiry_id == found["id"]]
    assert {(one.topic.value, one.urgency.value) for one in needs} == {("ANERKENNUNG", "urgent"), ("SPRACHE", "urgent")}


def test_what_is_wrong_stands_at_its_field_in_its_step_and_is_kept(intake: Intake) -> None:
    answer = intake.say("person", given_name="Leyla", postal_code="5206")
    assert answer.status_code == 422
    assert 'id="postal_code-error"' in answer.text and "fünf Ziffern, zum Beispiel 52062" in answer.text
    assert 'value="Leyla"' in answer.text
    assert 'value="5206"' in intake.see("person").text


@pytest.mark.parametrize(
    ("step", "name", "right"),
    [
        ("person", "birth_date", "ein Tag im Kalender"),
        ("reach", "email", "eine Adresse wie"),
        ("reach", "phone", "Ziffern, zum Beispiel"),
        ("background", "qualification_year", "ein Jahr, zum Beispiel 2014"),
        ("background", "occupation_code", "Ziffern der Klassifikation"),
        ("background", "occupation", "Bitte prüfen"),
    ],
)
def test_what_would_be_right_is_said(intake: Intake, step: str, name: str, right: str) -> None:
    answer = intake.say(step, **{name: "?" * 300})
    assert answer.status_code == 422
    assert f'href="#{name}"' in answer.text
    assert re.search(rf'id="{name}-error">.*{right}', answer.text)
    intake.say("needs", "later", topics="SPRACHE")
    assert re.search(rf'id="wrong-{name}">.*{right}', intake.see("check").text)


def test_without_a_topic_nobody_goes_on(intake: Intake) -> None:
    answer = intake.say("needs", urgency="normal")
    assert answer.status_code == 422 and 'id="topics-error"' in answer.text


def test_going_back_loses_nothing_and_asks_for_nothing(intake: Intake) -> None:
    assert leads_to(intake.say("person", "back", given_name="Leyla", postal_code="5206")) == "needs"
    assert leads_to(intake.say("needs", "next", topics="SPRACHE")) == "person"
    page = intake.see("person").text
    assert 'value="Leyla"' in page and 'value="5206"' in page


def test_from_the_check_one_step_is_changed_and_leads_back(intake: Intake) -> None:
    intake.through()
    assert 'name="return" value="check"' in intake.see("person?return=check").text
    assert leads_to(intake.say("person", given_name="Lale", **{"return": "check"})) == "check"
    assert "Lale" in intake.see("check").text and "Leyla" not in intake.see("check").text


def test_what_the_check_finds_wrong_is_marked_and_nothing_is_taken_down(intake: Intake) -> None:
    intake.say("person", "later", given_name="Leyla", birth_date="gestern")
    answer = intake.take_down()
    assert answer.status_code == 422
    assert 'id="wrong-birth_date"' in answer.text and 'id="wrong-topics"' in answer.text
    assert intake.recorded() == [] and intake.row["sealed"]


def test_a_company_is_asked_in_steps_of_its_own(intake: Intake) -> None:
    assert leads_to(intake.say("needs", enquirer="employer", topics="ANWERBUNG")) == "contact"
    intake.say("contact", enquirer="employer", company="Muster GmbH", mailbox="personal@example.org")
    assert leads_to(intake.say("wanted", enquirer="employer", positions="2")) == "check"
    assert "Muster GmbH" in intake.see("check").text
    assert intake.take_down().status_code == 303
    assert len(intake.recorded()) == 1


def test_the_one_page_and_the_steps_show_the_same_draft(intake: Intake) -> None:
    intake.say("person", "page", given_name="Leyla")
    assert 'value="Leyla"' in intake.see("page").text
    assert leads_to(intake.say("page", "steps", given_name="Lale", topics="SPRACHE")) == "needs"
    assert 'value="Lale"' in intake.see("person").text


def test_an_unknown_step_is_no_page(intake: Intake) -> None:
    assert intake.see("nowhere").status_code == 404
    assert intake.say("nowhere").status_code == 404


# --- the draft --------------------------------------------------------------------------------------------------------


def test_the_first_word_is_kept_sealed_and_the_network_hears_nothing(network: Network, intake: Intake) -> None:
    before = len(network.scene.said())
    assert intake.say("person", "keep", family_name="Rahimi-Unikat", typed="7").status_code == 204
    assert b"Rahimi" not in bytes(intake.row["sealed"])
    assert "Rahimi" not in str({name: value for name, value in intake.row.items() if name != "sealed"})
    assert len(network.scene.said()) == before
    assert 'value="Rahimi-Unikat"' in intake.see("person").text


def test_she_finds_it_among_hers_by_age_and_goes_on_where_she_was(network: Network, intake: Intake) -> None:
    intake.say("needs", topics="SPRACHE")
    assert intake.say("person", "later", family_name="Rahimi").headers["Location"] == "/referral/?done=draft-kept"
    network.scene.clock.instant += timedelta(days=1)
    page = intake.get(HOME).text
    network.scene.clock.instant -= timedelta(days=1)
    assert "Ihre angefangenen Anliegen" in page and "seit 1 Arbeitstag" in page
    assert f'href="/referral/enquiries/drafts/{intake.id}/person"' in page
    assert "Rahimi" not in page


@pytest.mark.parametrize("other", [{"sub": "omar"}, {"sub": "lena", "roles": ["lead"]}, {"site": "neuss"}])
def test_nobody_else_sees_or_changes_it(network: Network, intake: Intake, other: dict[str, Any]) -> None:
    intake.say("person", "later", family_name="Rahimi")
    stranger = Intake(network, network.staff(**{"sub": "other", **other}))
    stranger.id = intake.id
    assert stranger.see("person").status_code == 404
    assert stranger.see("check").status_code == 404
    assert stranger.say("person", "keep", family_name="Anders").status_code == 404
    assert stranger.take_down().status_code == 404
    assert intake.id not in stranger.get(HOME).text
    stranger.throw_away()
    assert 'value="Rahimi"' in intake.see("person").text


def test_thrown_away_nothing_is_left_of_it(network: Network, intake: Intake) -> None:
    intake.say("person", "later", family_name="Rahimi")
    key = intake.row["key_id"]
    assert intake.throw_away().headers["Location"] == "/referral/?done=draft-gone"
    assert intake.row["sealed"] is None
    assert intake.see("person").status_code == 404
    assert intake.say("person", "keep", family_name="Rahimi").status_code == 404
    network.scene.tick()
    assert network.scene.keys.vault.person_key(key) is None
    assert intake.row["key_id"] is None


def test_what_comes_late_for_a_draft_that_is_gone_begins_no_other(network: Network, intake: Intake) -> None:
    intake.say("person", "later", family_name="Rahimi")
    intake.throw_away()
    network.scene.tick()
    assert intake.say("person", "keep", family_name="Rahimi").status_code == 404
    for hours, is_left in ((23, True), (2, False)):
        network.scene.clock.instant += timedelta(hours=hours)
        network.scene.tick()
        assert bool(intake.row) is is_left


def test_its_key_is_no_leftover_while_it_lasts(network: Network, intake: Intake) -> None:
    intake.say("person", "later", family_name="Rahimi")
    network.scene.clock.instant += timedelta(days=2)
    with network.scene.unit.work(actor="system:clock") as work:
        erasures.sweep_leftovers(work, network.scene.keys)
    network.scene.clock.instant -= timedelta(days=2)
    assert 'value="Rahimi"' in intake.see("person").text


def test_the_number_of_a_draft_opens_and_ends_nobody(network: Network, intake: Intake) -> None:
    """Whoever makes a form by hand may name a person's number: her key is never the draft's."""
    person = network.navigator.enquire()["person_id"]
    intake.id = person
    intake.say("person", "later", family_name="Rahimi")
    intake.throw_away()
    network.scene.tick()
    with network.scene.db.read() as connection:
        assert persons.record_of(connection, network.scene.keys.vault, UUID(person))


def test_what_the_browser_keeps_late_changes_nothing(intake: Intake) -> None:
    intake.say("person", "next", family_name="Rahimi", typed="20")
    assert intake.say("person", "keep", family_name="Rah", typed="19").status_code == 409
    assert 'value="Rahimi"' in intake.see("person").text
    intake.say("person", "keep", family_name="Rahimi-Noori", typed="21")
    assert 'value="Rahimi-Noori"' in intake.see("person").text
    intake.say("person", "next", family_name="Ohne Skript")
    assert 'value="Ohne Skript"' in intake.see("person").text


def test_the_first_words_of_two_windows_become_one_draft(network: Network, intake: Intake) -> None:
    """Both find nothing, each makes a key; whoever loses writes under the other's."""
    gate = Barrier(4)

    def keep(number: int) -> int:
        gate.wait(10)
        return intake.say("person", "keep", given_name=f"Una-{number}", typed="1").status_code

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(keep, range(4))) == [204] * 4
    assert re.search(r'value="Una-[0-3]"', intake.see("person").text)


def test_one_that_a_restore_brought_back_without_its_key_is_thrown_away(network: Network, intake: Intake) -> None:
    intake.say("person", "later", family_name="Rahimi")
    network.scene.keys.vault.destroy(intake.row["key_id"])
    assert intake.see("person").status_code == 404
    assert intake.id in intake.get(HOME).text
    intake.throw_away()
    assert intake.id not in intake.get(HOME).text


def test_pressed_twice_it_is_one_enquiry_and_the_draft_is_over(network: Network, intake: Intake) -> None:
    intake.through()
    first, second = intake.take_down(), intake.take_down()
    assert first.headers["Location"] == second.headers["Location"]
    assert len(intake.recorded()) == 1
    assert intake.row["sealed"] is None and "angefangenen Anliegen" not in intake.get(HOME).text
    assert intake.say("person", "keep", family_name="zu spät").status_code == 404
    assert [one.enquiry_id for one in network.scene.said(EnquiryRecorded)].count(intake.recorded()[0]["id"]) == 1


def test_the_one_page_pressed_twice_is_one_enquiry_and_leaves_no_draft(intake: Intake) -> None:
    form = {"enquirer": "person", "draft": intake.id, "topics": "SPRACHE", "family_name": "Eins", "given_name": "Una"}
    answers = [intake._post("/referral/enquiries/", {**form, "typed": typed}) for typed in ("1", "2")]
    assert [one.status_code for one in answers] == [303, 303]
    assert answers[0].headers["Location"] == answers[1].headers["Location"]
    assert len(intake.recorded()) == 1
    assert intake.say("page", "keep", family_name="Eins").status_code == 404


def test_the_one_page_keeps_what_it_refuses(intake: Intake) -> None:
    form = {"enquirer": "person", "draft": intake.id, "topics": "SPRACHE", "given_name": "Una", "postal_code": "1"}
    assert intake._post("/referral/enquiries/", form).status_code == 422
    assert 'value="Una"' in intake.see("page").text


def test_the_one_page_refused_for_a_draft_that_is_over_goes_on_under_another_number(intake: Intake) -> None:
    intake.through()
    intake.take_down()
    form = {"enquirer": "person", "draft": intake.id, "topics": "SPRACHE", "given_name": "Una", "postal_code": "1"}
    answer = intake._post("/referral/enquiries/", form)
    assert answer.status_code == 422 and 'value="Una"' in answer.text
    (intake.id,) = set(re.findall(r"drafts/([0-9a-f-]{36})/", answer.text)) - {intake.id}
    assert 'value="Una"' in intake.see("page").text


# --- the sheet --------------------------------------------------------------------------------------------------------


def test_the_sheet_is_confidential_and_a_look_like_any_other(network: Network, intake: Intake) -> None:
    intake.through()
    enquiry = str(intake.take_down().headers["Location"])
    views = len(network.scene.said(PersonalDataViewed))
    page = intake.get(f"{enquiry}/sheet").text
    for said in ("Vertraulich", "Demir", "Zeugnis", "Erstkontakt in 2 Arbeitstagen", "Noch kein Verweis"):
        assert said in page, said
    *_, seen = network.scene.said(PersonalDataViewed)
    assert len(network.scene.said(PersonalDataViewed)) == views + 1
    assert (str(seen.enquiry_id), seen.role) == (enquiry.rpartition("/")[2], StaffRole.NAVIGATOR)
    assert f'href="{enquiry}/sheet"' in intake.get(enquiry).text


def test_a_sheet_says_how_the_referrals_stand(network: Network) -> None:
    referral = network.requested()
    enquiry = network.navigator.see(referral)["enquiry_id"]
    page = Intake(network, network.navigator).get(f"/referral/enquiries/{enquiry}/sheet").text
    assert network.navigator.see(referral)["reference"] in page and "Einwilligung bis" in page


def test_another_desk_and_a_closed_case_have_no_sheet(network: Network, intake: Intake) -> None:
    intake.through()
    enquiry = str(intake.take_down().headers["Location"])
    away = Intake(network, network.staff(sub="paula", site="neuss"))
    assert away.get(f"{enquiry}/sheet").status_code == 404
    intake.caller.post(f"/referral/api/v1{enquiry.removeprefix('/referral')}/closings", {})
    assert intake.get(f"{enquiry}/sheet").status_code == 409
