"""A note and its follow-up in one: the words stay sealed in the case, the next step lies on the desk on its day."""

from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from werkzeug.test import TestResponse

from contracts.codes import NoteStep, TaskKind
from contracts.referral import NoteTaken, PersonalDataViewed, TaskClosed, TaskOpened
from tests.integration.referral.rig import Network
from tests.integration.referral.scene import somebody_else

WORDS = "Ruft nach der Frühschicht zurück, Zeugnisse liegen beim Bruder"
MONDAY_IN_A_WEEK = date(2026, 11, 30)


@pytest.fixture(scope="module")
def network(one_network: Network) -> Network:
    return one_network


@pytest.fixture
def case(network: Network) -> Any:
    return network.scene.an_enquiry(**somebody_else())


def send(network: Network, path: str, role: str = "navigator", **form: Any) -> TestResponse:
    headers = {"Authorization": f"Bearer {network.staff(roles=[role]).token}"}
    return network.app.test_client().post(path, data={"request_key": uuid4().hex, **form}, headers=headers)


def note(network: Network, case: Any, **form: Any) -> TestResponse:
    said = {"words": WORDS, "next_step": "CALL_AGAIN", "due_on": MONDAY_IN_A_WEEK.isoformat(), **form}
    return send(network, f"/referral/enquiries/{case.id}/notes", **said)


def page(network: Network, path: str) -> str:
    return network.navigator.ask("GET", f"{path}?lang=de", Accept="text/html").text


def of_case(network: Network, case: Any) -> str:
    return page(network, f"/referral/enquiries/{case.id}")


def kept(network: Network, case: Any) -> list[dict[str, Any]]:
    return network.scene.rows("SELECT * FROM case_notes WHERE enquiry_id = %s ORDER BY taken_at, id", case.id)


def waiting(network: Network, case: Any) -> list[dict[str, Any]]:
    return network.scene.rows(
        "SELECT * FROM tasks WHERE enquiry_id = %s AND kind = 'follow_up_due' AND closed_at IS NULL ORDER BY due_on",
        case.id,
    )


def said_of(network: Network, case: Any, kind: type) -> list[Any]:
    return [one for one in network.scene.said(kind) if one.enquiry_id == case.id]


def test_one_form_writes_the_note_and_lays_the_next_step_on_the_desk(network: Network, case: Any):
    answer = note(network, case)
    assert answer.headers["Location"] == f"/referral/enquiries/{case.id}?done=note#notes"
    [told] = said_of(network, case, NoteTaken)
    [task] = said_of(network, case, TaskOpened)
    assert (told.next_step, told.due_on, told.task_id) == (NoteStep.CALL_AGAIN, MONDAY_IN_A_WEEK, task.task_id)
    assert (task.kind, task.due_on) == (TaskKind.FOLLOW_UP_DUE, MONDAY_IN_A_WEEK)
    assert WORDS in of_case(network, case)
    assert "Wieder anrufen" in page(network, "/referral/")


def test_the_words_are_sealed_and_seeing_them_is_noted(network: Network, case: Any):
    note(network, case)
    [row] = kept(network, case)
    assert WORDS.encode() not in bytes(row["sealed"])
    assert not any(WORDS.encode() in bytes(one["body"]) for one in network.scene.rows("SELECT body FROM outbox"))
    of_case(network, case)
    assert ("FREE_TEXT",) in [one.categories for one in said_of(network, case, PersonalDataViewed)]


def test_a_note_may_have_no_next_step(network: Network, case: Any):
    assert note(network, case, next_step="").status_code == 303
    [row] = kept(network, case)
    assert (row["next_step"], row["due_on"], row["task_id"]) == (None, None, None)
    assert waiting(network, case) == []


def test_the_form_offers_a_day_three_working_days_ahead(network: Network, case: Any):
    assert 'name="due_on" value="2026-11-26"' in of_case(network, case)  # it is Monday


def test_two_days_to_come_back_lie_on_the_desk_beside_each_other(network: Network):
    referral = network.scene.requested(**somebody_else())
    case = network.scene.rows("SELECT * FROM enquiries WHERE id = %s", referral.enquiry_id)[0]
    for day in ("2026-11-25", "2026-11-27"):
        form = {"words": WORDS, "next_step": "ASK_PARTNER", "due_on": day, "referral_id": referral.id}
        assert send(network, f"/referral/enquiries/{case['id']}/notes", **form).status_code == 303
    tasks = network.scene.rows(
        "SELECT due_on FROM tasks WHERE referral_id = %s AND kind = 'follow_up_due'", referral.id
    )
    assert len(tasks) == 2


def test_on_a_case_it_stands_in_the_timeline_and_is_read_there(network: Network):
    referral = network.scene.requested(**somebody_else())
    path = f"/referral/referrals/{referral.id}"
    form = {"words": WORDS, "next_step": "GET_PAPERS", "due_on": "2026-11-27", "referral_id": referral.id}
    answer = send(network, f"/referral/enquiries/{referral.enquiry_id}/notes", **form)
    assert answer.headers["Location"] == f"{path}?done=note#notes"
    shown = page(network, path)
    assert "Nächster Schritt: Unterlagen einholen, am 27.11.2026." in shown and WORDS in shown


def test_what_was_come_back_to_is_settled_with_the_new_note(network: Network, case: Any):
    note(network, case)
    [before] = waiting(network, case)
    assert f'value="{before["id"]}"' in of_case(network, case)
    note(network, case, due_on="2026-12-07", settles=str(before["id"]))
    assert [row["due_on"] for row in waiting(network, case)] == [date(2026, 12, 7)]
    assert before["id"] in [one.task_id for one in network.scene.said(TaskClosed)]


def test_anothers_follow_up_is_not_settled_from_here(network: Network, case: Any):
    other = network.scene.an_enquiry(**somebody_else())
    note(network, other)
    [foreign] = waiting(network, other)
    assert note(network, case, settles=str(foreign["id"])).status_code == 303
    assert len(waiting(network, other)) == 1


def test_a_form_sent_twice_counts_once(network: Network, case: Any):
    key = uuid4().hex
    assert [note(network, case, request_key=key).status_code for _ in range(2)] == [303, 303]
    assert len(kept(network, case)) == len(waiting(network, case)) == 1


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"words": " "}, "words"),
        ({"words": "a" * 4_001}, "words"),
        ({"next_step": "DANCE"}, "next_step"),
        ({"due_on": ""}, "due_on"),
        ({"due_on": "soon"}, "due_on"),
        ({"due_on": "2026-11-22"}, "due_on"),
        ({"due_on": "2028-01-01"}, "due_on"),
        ({"person_id": "somebody"}, "person_id"),
    ],
    ids=["no-words", "too-many", "step", "no-day", "day", "over", "too-far", "person"],
)
def test_bad_input_is_named_and_leaves_neither_note_nor_task(
    network: Network, case: Any, wrong: dict[str, str], name: str
):
    answer = note(network, case, **wrong)
    assert answer.status_code == 422 and list(answer.json["fields"]) == [name]  # type: ignore[index]
    assert kept(network, case) == waiting(network, case) == []


@pytest.mark.parametrize("role", ["coordinator", "dpo"])
def test_nobody_but_the_desk_writes_notes(network: Network, case: Any, role: str):
    assert send(network, f"/referral/enquiries/{case.id}/notes", role, words=WORDS).status_code == 403


def test_a_referral_of_another_case_is_refused(network: Network, case: Any):
    referral = network.scene.requested(**somebody_else())
    assert note(network, case, referral_id=referral.id).status_code == 404
    assert kept(network, case) == []


def test_she_reads_the_notes_about_her_in_her_subject_access(network: Network, case: Any):
    note(network, case)
    lead = network.staff(sub="lena", roles=["lead"], acr="gold")
    asked = {"identity_check": "known_in_person", "language": "de"}
    answer = lead.ask("POST", f"/referral/api/v1/enquiries/{case.id}/subject-access", asked, Accept="application/json")
    assert answer.status_code == 200, answer.text
    assert {"note"} == {one["kind"] for one in answer.json["words"]}  # type: ignore[index]
    assert [one["text"] for one in answer.json["words"]] == [WORDS]  # type: ignore[index]


def test_of_an_erased_person_no_note_can_be_read_or_written(network: Network, case: Any):
    note(network, case)
    with network.scene.unit.work(actor="system:test") as work:
        work.tx.execute(
            "UPDATE persons SET erased_at = now(), sealed = NULL, blind_index = NULL WHERE id = %s", (case.person_id,)
        )
    assert note(network, case).status_code == 404
    assert WORDS not in of_case(network, case)
