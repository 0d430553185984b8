"""The ledger of statements: every duty with what it is for, its answer, its escalation - and the page that shows it."""

import csv
import io
import json
import re
from datetime import date, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from contracts.codes import Duty, DutyCause, EndReason, FindingKind, ReminderKind, TaskKind
from contracts.referral import (
    DeletionStated,
    DossierFetched,
    DutyEscalated,
    DutyOpened,
    FindingRaised,
    RectificationAcknowledged,
    ReminderDue,
    StopAcknowledged,
    TaskClosed,
    TaskOpened,
)
from tests.integration.referral.rig import Json, Network, recipient, to_ihk
from tests.integration.referral.scene import CENTER, HWK, HWK_SERVICE, IHK, IHK_SERVICE, NOW

PAGE = "/referral/data-protection/ledger"
DUE = date(2026, 12, 7)  # ten working days after Monday, 23 November 2026


def browser_of(network: Network, **claims: Any) -> FlaskClient:
    client = network.app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {network.staff(**claims).token}"
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


@pytest.fixture
def lead(network: Network) -> FlaskClient:
    return browser_of(network, sub="lena", roles=["lead"])


def owing(network: Network, reason: EndReason = EndReason.MISTAKE) -> str:
    """A referral that was fetched and then cancelled."""
    referral_id = network.requested()
    network.hwk.fetch(referral_id)
    network.navigator.act(referral_id, "cancel", {"reason": reason})
    return referral_id


def ledger(network: Network, referral_id: str) -> dict[tuple[str, str | None], Json]:
    rows = network.scene.rows("SELECT * FROM ledger WHERE referral_id = %s ORDER BY opened_at, id", referral_id)
    return {(row["duty"], row["category"]): row for row in rows}


def record(network: Network, referral_id: str, action: str, **details: Any) -> Any:
    body = {"action": action, "way": "phone", "told_on": network.scene.clock.today().isoformat(), **details}
    return network.navigator.ask("POST", f"/referral/api/v1/referrals/{referral_id}/records", body)


def rectify(network: Network, referral_id: str, **person: Any) -> None:
    enquiry_id = network.navigator.see(referral_id)["enquiry_id"]
    network.navigator.post(f"/referral/api/v1/enquiries/{enquiry_id}/rectifications", {"person": person})


# --- what opens it, and what for ------------------------------------------------------------------------------------


def test_every_way_to_stop_opens_its_duties_with_what_they_are_for(network: Network):
    cancelled = owing(network)
    marked = network.requested()
    network.hwk.fetch(marked)
    network.navigator.act(marked, "mark_entered_in_error")
    expired = network.requested()
    network.hwk.fetch(expired)
    erased = network.requested()
    network.hwk.fetch(erased)
    enquiry_id = network.navigator.see(erased)["enquiry_id"]
    network.staff(roles=["lead"]).post(f"/referral/api/v1/enquiries/{enquiry_id}/erasures", {})
    network.scene.days_pass(14)

    causes = {
        cancelled: DutyCause.CANCEL,
        marked: DutyCause.ERROR,
        expired: DutyCause.EXPIRY,
        erased: DutyCause.ERASURE,
    }
    for referral_id, cause in causes.items():
        rows = ledger(network, referral_id)
        assert set(rows) == {("acknowledge_stop", None), ("state_deletion", None)}
        assert {row["cause"] for row in rows.values()} == {cause}
        assert {(row["state"], row["sender_id"], row["organization_id"]) for row in rows.values()} == {
            ("open", CENTER, HWK)
        }


def test_whoever_never_fetched_owes_nothing(network: Network):
    network.navigator.act(network.requested(), "cancel", {"reason": "MISTAKE"})
    assert network.scene.rows("SELECT * FROM ledger") == []


# --- answers --------------------------------------------------------------------------------------------------------


def test_the_partners_own_word_settles_it(network: Network):
    referral_id = owing(network)
    network.hwk.act(referral_id, "acknowledge_stop")
    network.hwk.act(referral_id, "state_deletion", {"deletion": "retained", "ground": "LEGAL_CLAIM"})

    rows = ledger(network, referral_id)
    assert rows["acknowledge_stop", None]["state"] == "acknowledged"
    kept = rows["state_deletion", None]
    assert (kept["state"], kept["ground"], kept["by_hand"]) == ("retained", "LEGAL_CLAIM", None)
    assert network.hwk.see(referral_id)["duties"] == []


def test_a_word_by_telephone_is_marked_by_hand_and_is_no_receipt(network: Network):
    referral_id = owing(network)
    assert set(network.navigator.see(referral_id)["recordable_actions"]) == {"acknowledge_stop", "state_deletion"}

    assert record(network, referral_id, "acknowledge_stop").status_code == 201
    assert record(network, referral_id, "state_deletion", deletion="deleted").status_code == 201

    assert {row["by_hand"] for row in ledger(network, referral_id).values()} == {"phone"}
    assert [fact.by_hand for fact in network.scene.said(StopAcknowledged, DeletionStated)] == ["phone", "phone"]
    again = record(network, referral_id, "state_deletion", deletion="deleted")
    assert (again.status_code, again.json["slug"]) == (409, "referral.duty-not-open")


@pytest.mark.parametrize(
    "details",
    [{}, {"deletion": "retained"}, {"deletion": "deleted", "ground": "OTHER"}, {"deletion": "burnt"}],
)
def test_a_word_that_says_nothing_is_refused(network: Network, details: Json):
    referral_id = owing(network)
    assert record(network, referral_id, "state_deletion", **details).status_code == 422
    assert ledger(network, referral_id)["state_deletion", None]["state"] == "open"


def test_that_is_not_so_opens_it_again_by_the_same_day(network: Network):
    referral_id = owing(network)
    record(network, referral_id, "state_deletion", deletion="deleted")
    assert network.hwk.see(referral_id)["deletion"] == "deleted"

    network.hwk.act(referral_id, "dispute")

    row = ledger(network, referral_id)["state_deletion", None]
    assert (row["state"], row["by_hand"], row["settled_at"], row["due_on"]) == ("open", None, None, DUE)
    assert network.hwk.see(referral_id)["deletion"] is None
    assert TaskKind.RECORDED_BY_HAND_DISPUTED in {task.kind for task in network.scene.said(TaskOpened)}
    network.hwk.act(referral_id, "state_deletion", {"deletion": "retained", "ground": "OTHER"})
    assert ledger(network, referral_id)["state_deletion", None]["state"] == "retained"


def test_a_partner_without_a_channel_answers_by_telephone_too(network: Network):
    """The page offers it where it is needed: on the case, with what has to be said."""
    referral_id = owing(network)
    client = browser_of(network)
    page = client.get(f"/referral/referrals/{referral_id}").text
    form = re.search(r'action="[^"]*records/actions/state_deletion">(.*?)</form>', page, re.DOTALL)
    assert form
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form[1]))
    given = {"way": "letter", "told_on": NOW.date().isoformat(), "deletion": "retained", "ground": "OWN_PROCEDURE"}
    answer = client.post(f"/referral/referrals/{referral_id}/records/actions/state_deletion", data=hidden | given)
    assert answer.status_code == 303
    assert ledger(network, referral_id)["state_deletion", None]["ground"] == "OWN_PROCEDURE"


# --- escalation -----------------------------------------------------------------------------------------------------


def test_what_stays_open_is_reminded_then_put_on_the_leads_desk_then_goes_to_the_contact_and_the_dpo(network: Network):
    referral_id = owing(network)
    heard: dict[str, int] = {}
    for day in range(1, 30):
        network.scene.days_pass(1)
        for event in network.scene.said(ReminderDue, TaskOpened, DutyEscalated, FindingRaised):
            heard.setdefault(type(event).__name__, day)

    # due on 7 December; overdue from the 8th; five working days later is the 14th, gone beyond from the 15th
    assert heard == {"ReminderDue": 15, "TaskOpened": 15, "DutyEscalated": 22, "FindingRaised": 22}
    assert {one.reminder for one in network.scene.said(ReminderDue)} == {ReminderKind.DUTY}
    assert [one.kind for one in network.scene.said(TaskOpened)] == [TaskKind.DUTY_OVERDUE]
    assert [one.kind for one in network.scene.said(FindingRaised)] == [FindingKind.DUTY_OVERDUE]
    [told] = network.scene.said(DutyEscalated)
    assert (str(told.referral_id), told.organization_id, told.due_on) == (referral_id, HWK, DUE)
    assert set(told.duties) == {Duty.ACKNOWLEDGE_STOP, Duty.STATE_DELETION}
    assert len(network.scene.said(ReminderDue)) == 2


def test_what_is_answered_in_time_is_escalated_to_nobody(network: Network):
    referral_id = owing(network)
    network.scene.days_pass(9)
    network.hwk.act(referral_id, "acknowledge_stop")
    network.hwk.act(referral_id, "state_deletion", {"deletion": "deleted"})
    network.scene.days_pass(20)
    assert network.scene.said(DutyEscalated, FindingRaised, ReminderDue) == []


def test_the_leads_task_is_done_when_the_last_answer_comes(network: Network):
    referral_id = owing(network)
    network.scene.days_pass(16)
    network.hwk.act(referral_id, "acknowledge_stop")
    assert TaskKind.DUTY_OVERDUE not in {task.kind for task in network.scene.said(TaskClosed)}
    network.hwk.act(referral_id, "state_deletion", {"deletion": "deleted"})
    assert TaskKind.DUTY_OVERDUE in {task.kind for task in network.scene.said(TaskClosed)}


# --- rectification passed on ----------------------------------------------------------------------------------------


def test_whoever_fetched_what_was_wrong_is_told_and_settles_it_by_fetching_what_is_right(network: Network):
    referral_id = network.requested()
    network.hwk.fetch(referral_id)

    rectify(network, referral_id, family_name="Ben Saleh", occupation="Elektrotechnikerin")

    assert {(one["duty"], one["category"], one["cause"]) for one in network.hwk.see(referral_id)["duties"]} == {
        ("acknowledge_rectification", "IDENTITY", "rectification"),
        ("acknowledge_rectification", "QUALIFICATION", "rectification"),
    }
    person = network.hwk.fetch(referral_id)["person"]
    assert (person["family_name"], person["occupation"]) == ("Ben Saleh", "Elektrotechnikerin")
    assert {row["state"] for row in ledger(network, referral_id).values()} == {"fetched_anew"}
    assert [fact.by_fetch for fact in network.scene.said(RectificationAcknowledged)] == [True, True]
    assert network.hwk.see(referral_id)["status"] == "requested"


def test_it_may_be_acknowledged_by_word_for_one_kind_or_all(network: Network):
    referral_id = network.requested()
    network.hwk.fetch(referral_id)
    rectify(network, referral_id, family_name="Ben Saleh", email="neu@example.org")

    network.hwk.act(referral_id, "acknowledge_rectification", {"category": "CONTACT"})
    assert [one["category"] for one in network.hwk.see(referral_id)["duties"]] == ["IDENTITY"]
    network.hwk.act(referral_id, "acknowledge_rectification")

    assert {row["state"] for row in ledger(network, referral_id).values()} == {"acknowledged"}


@pytest.mark.parametrize("fetched", [False, True])
def test_only_what_a_partner_has_is_passed_on_to_it(network: Network, fetched: bool):
    """Nobody who never fetched is told; nor whoever fetched other things."""
    referral_id = network.requested(recipient(categories=["IDENTITY", "LANGUAGE"]))
    if fetched:
        network.hwk.fetch(referral_id)
    rectify(network, referral_id, email="neu@example.org", occupation="Malerin")
    assert network.scene.said(DutyOpened) == []


def test_a_correction_that_changes_nothing_is_passed_on_to_nobody(network: Network):
    referral_id = network.requested()
    person = network.hwk.fetch(referral_id)["person"]
    rectify(network, referral_id, family_name=person["family_name"], email=person["email"])
    assert network.scene.said(DutyOpened) == []


def asked_of_two(network: Network) -> tuple[str, str]:
    """Two bodies know her; the first one asks a question."""
    enquiry = network.navigator.enquire()
    network.navigator.consent(enquiry, recipient(), to_ihk())
    ids = []
    for service in (HWK_SERVICE, IHK_SERVICE):
        ids.append(str(network.navigator.draft(enquiry, service)["id"]))
        network.navigator.act(ids[-1], "prepare", {"duplicates_acknowledged": True})
        network.scene.tick()
    network.hwk.act(ids[0], "ask", {"question": "OTHER"})
    return ids[0], ids[1]


def test_what_is_answered_to_one_body_is_in_the_dossier_that_waits_for_another(network: Network):
    asked, other = asked_of_two(network)
    network.navigator.act(asked, "answer", {"person": {"family_name": "Ben Saleh"}})
    assert network.ihk.fetch(other)["person"]["family_name"] == "Ben Saleh"
    assert network.scene.said(DutyOpened) == []


def test_whoever_fetched_what_an_answer_to_another_body_corrects_takes_over_what_is_right(network: Network):
    asked, other = asked_of_two(network)
    network.ihk.fetch(other)
    network.navigator.act(asked, "answer", {"person": {"family_name": "Ben Saleh"}})
    assert set(ledger(network, other)) == {("acknowledge_rectification", "IDENTITY")}
    assert network.ihk.fetch(other)["person"]["family_name"] == "Ben Saleh"
    assert {row["state"] for row in ledger(network, other).values()} == {"fetched_anew"}


def test_what_was_empty_before_an_answer_was_wrong_nowhere(network: Network):
    asked, other = asked_of_two(network)
    network.ihk.fetch(other)
    network.navigator.act(asked, "answer", {"person": {"qualification_year": 2016}})
    assert network.scene.said(DutyOpened) == []
    assert network.ihk.fetch(other)["person"]["qualification_year"] == 2016


def test_where_consent_carries_it_no_longer_nothing_is_told(network: Network):
    referral_id = network.requested()
    network.hwk.fetch(referral_id)
    network.scene.clock.instant += timedelta(days=200)  # the consent has run out; the clock has not looked yet
    rectify(network, referral_id, family_name="Ben Saleh")
    assert network.scene.said(DutyOpened) == []
    assert len(network.scene.said(DossierFetched)) == 1


def test_what_has_ended_is_corrected_too_and_what_must_be_deleted_is_not(network: Network):
    ended, stopped = network.requested(), network.requested()
    for referral_id in (ended, stopped):
        network.hwk.fetch(referral_id)
    network.hwk.act(ended, "reject", {"reason": "NO_CAPACITY"})
    network.navigator.act(stopped, "cancel", {"reason": "MISTAKE"})
    for referral_id in (ended, stopped):
        rectify(network, referral_id, family_name="Ben Saleh")
    assert set(ledger(network, ended)) == {("acknowledge_rectification", "IDENTITY")}
    assert set(ledger(network, stopped)) == {("acknowledge_stop", None), ("state_deletion", None)}


def test_what_is_stopped_needs_no_correction_any_more(network: Network):
    referral_id = network.requested()
    network.hwk.fetch(referral_id)
    rectify(network, referral_id, family_name="Ben Saleh")
    network.navigator.act(referral_id, "cancel", {"reason": "MISTAKE"})
    assert ledger(network, referral_id)["acknowledge_rectification", "IDENTITY"]["state"] == "superseded"
    assert {one["duty"] for one in network.hwk.see(referral_id)["duties"]} == {"acknowledge_stop", "state_deletion"}


# --- the page -------------------------------------------------------------------------------------------------------


def counters(page: str) -> dict[str, int]:
    return {name.strip(): int(many) for name, many in re.findall(r">([^<>]+) <strong[^>]*>(\d+)</strong>", page)}


def references(page: str) -> list[str]:
    return re.findall(r"<bdi>(R-26-[A-Z0-9]+)</bdi>", page)


def test_the_page_follows_the_facts(network: Network, lead: FlaskClient):
    assert "Nothing stands here" in lead.get(PAGE).text
    referral_id = owing(network)
    reference = network.navigator.see(referral_id)["reference"]

    assert counters(lead.get(PAGE).text)["Open"] == 2
    assert references(lead.get(PAGE).text) == [reference, reference]

    network.scene.days_pass(16)
    late = lead.get(PAGE).text
    assert counters(late)["Overdue"] == 2
    assert "late by 2 days" in late
    network.scene.days_pass(10)
    assert "contact of the agreement written to" in lead.get(PAGE).text

    network.hwk.act(referral_id, "state_deletion", {"deletion": "retained", "ground": "STATUTORY_FILE_DUTY"})
    record(network, referral_id, "acknowledge_stop")
    page = lead.get(PAGE).text
    found = counters(page)
    assert (found["Open"], found["Overdue"], found["Kept"], found["Confirmed"]) == (0, 0, 1, 1)
    assert "recorded by hand" in page


@pytest.mark.parametrize(
    ("filters", "many"),
    [
        ("", 4),
        ("?state=open", 3),
        ("?state=deleted", 1),
        ("?state=overdue", 0),
        (f"?partner={IHK}", 2),
        (f"?partner={IHK}&duty=state_deletion", 1),
        ("?state=nonsense&partner=nobody&duty=none", 4),
    ],
)
def test_it_is_filtered_by_partner_state_and_kind_and_the_file_says_the_same(
    network: Network, lead: FlaskClient, filters: str, many: int
):
    first = owing(network)
    network.hwk.act(first, "state_deletion", {"deletion": "deleted"})
    second = network.requested(to_ihk(), service_id=IHK_SERVICE)
    network.ihk.fetch(second)
    network.navigator.act(second, "cancel", {"reason": "MISTAKE"})

    assert len(references(lead.get(PAGE + filters).text)) == many
    rows = list(csv.DictReader(io.StringIO(lead.get(PAGE + ".csv" + filters).text)))
    assert len(rows) == many
    assert all(set(row["duty"]) <= set("abcdefghijklmnopqrstuvwxyz_") for row in rows)


def test_pages_hold_every_row_once_and_keep_their_filter(network: Network, lead: FlaskClient):
    with network.scene.unit.work(actor="system:test") as work:
        referral_id = owing(network)
        work.tx.execute(
            "INSERT INTO ledger SELECT gen_random_uuid(), referral_id, organization_id, sender_id, site, duty, cause,"
            " category, opened_at, due_on + (n %% 7), CASE WHEN n %% 3 = 0 THEN 'acknowledged' ELSE 'open' END, ground,"
            " by_hand, CASE WHEN n %% 3 = 0 THEN opened_at END FROM ledger, generate_series(1, 60) n"
            " WHERE referral_id = %s",
            (referral_id,),
        )
    total, address = 0, f"{PAGE}?partner={HWK}"
    for _ in range(4):
        page = lead.get(address).text
        total += len(references(page))
        following = re.search(r'href="([^"]+)" rel="next"', page)
        if following is None:
            break
        address = following[1].replace("&amp;", "&")
        assert f"partner={HWK}" in address
    assert total == 122
    assert lead.get(f"{PAGE}?after=elsewhere").status_code == 422


def test_a_lead_sees_her_own_organizations_at_her_site_and_the_dpo_all_of_it(network: Network, lead: FlaskClient):
    owing(network)
    assert len(references(lead.get(PAGE).text)) == 2
    elsewhere = browser_of(network, sub="lisa", roles=["lead"], site="neuss")
    foreign = browser_of(network, sub="lore", roles=["lead"], employer=str(IHK))
    dpo = browser_of(network, sub="dora", roles=["dpo"], site=None)
    assert references(elsewhere.get(PAGE).text) == references(foreign.get(PAGE).text) == []
    seen = dpo.get(PAGE).text
    assert len(references(seen)) == 2
    assert "/audit/cases/referral/" in seen
    assert "/referral/referrals/" not in seen
    assert browser_of(network, roles=["navigator"]).get(PAGE).status_code == 403


def test_no_word_about_the_person_stands_on_the_page_or_in_the_file(network: Network, lead: FlaskClient):
    owing(network)
    for text in (lead.get(PAGE).text, lead.get(f"{PAGE}.csv").text):
        assert "Ben Salah" not in text
        assert "Amira" not in text


def test_without_an_agreement_nobody_fetches_for_the_first_time_and_who_has_may_be_answered_for_thirty_days(
    network: Network,
):
    fetched, waiting = network.requested(), network.requested()
    network.hwk.fetch(fetched)
    network.hwk.act(fetched, "ask", {"question": "QUALIFICATION_DETAILS"})
    [row] = network.scene.rows("SELECT snapshot -> 'agreement' AS it FROM organizations WHERE id = %s", HWK)
    ended = {**row["it"], "valid_until": (NOW.date() - timedelta(days=1)).isoformat()}
    with network.scene.unit.work(actor="system:test") as work:
        sql = "UPDATE organizations SET snapshot = jsonb_set(snapshot, '{agreement}', %s) WHERE id = %s"
        work.tx.execute(sql, (json.dumps(ended), HWK))

    refused = network.hwk.try_fetch(waiting)
    assert (refused.status_code, refused.json["slug"]) == (409, "agreement.not-in-force")
    network.hwk.fetch(fetched)
    network.scene.clock.instant += timedelta(days=30)
    assert network.hwk.try_fetch(fetched).json["slug"] == "agreement.not-in-force"
    answer = network.navigator.try_act(fetched, "answer", {"person": {"qualification_year": 2016}})
    assert (answer.status_code, answer.json["slug"]) == (409, "agreement.not-in-force")
