"""Obstacles met in single cases: recorded with two clicks, corrected, taken back; words never leave the case."""

from typing import Any
from uuid import uuid4

import pytest
from werkzeug.test import TestResponse

from contracts.codes import Action, LegalSphere, Obstacle, ObstacleEffect, RejectionReason
from contracts.partner import actions
from contracts.referral import ObstacleCorrected, ObstacleRecorded, ObstacleTakenBack, PersonalDataViewed
from tests.integration.referral.rig import Network
from tests.integration.referral.scene import somebody_else

WORDS = "Kein Kurs am Abend für Eltern"


@pytest.fixture(scope="module")
def network(one_network: Network) -> Network:
    return one_network


@pytest.fixture
def case(network: Network) -> Any:
    return network.scene.an_enquiry(**somebody_else())


def send(network: Network, path: str, role: str = "navigator", **form: Any) -> TestResponse:
    headers = {"Authorization": f"Bearer {network.staff(roles=[role]).token}"}
    return network.app.test_client().post(path, data={"request_key": uuid4().hex, **form}, headers=headers)


def record(network: Network, case: Any, **form: Any) -> TestResponse:
    said = {"need_id": case.needs[0].id, "kind": "WAITING_TIME", **form}
    return send(network, f"/referral/enquiries/{case.id}/obstacles", **said)


def kept(network: Network, case: Any) -> list[dict[str, Any]]:
    return network.scene.rows("SELECT * FROM obstacles WHERE enquiry_id = %s ORDER BY recorded_at, id", case.id)


def words_of(network: Network, case: Any) -> list[dict[str, Any]]:
    return network.scene.rows("SELECT * FROM obstacle_words WHERE enquiry_id = %s", case.id)


def page(network: Network, case: Any) -> str:
    return network.navigator.ask("GET", f"/referral/enquiries/{case.id}?lang=de", Accept="text/html").text


def said_of(network: Network, case: Any, kind: type) -> list[Any]:
    return [one for one in network.scene.said(kind) if one.enquiry_id == case.id]


def test_the_kind_alone_is_enough_and_the_topic_is_the_needs(network: Network, case: Any):
    assert record(network, case).status_code == 303
    [one] = said_of(network, case, ObstacleRecorded)
    assert (one.topic, one.obstacle, one.effect, one.area) == (case.needs[0].topic, Obstacle.WAITING_TIME, None, None)
    assert "Wartezeit" in page(network, case)


def test_words_stay_sealed_in_the_case_and_no_event_has_them(network: Network, case: Any):
    record(network, case, words=WORDS, effect="DELAYED", legal_sphere="SGB2", area="05358")
    [one] = said_of(network, case, ObstacleRecorded)
    assert (one.effect, one.legal_sphere, one.area) == (ObstacleEffect.DELAYED, LegalSphere.SGB2, "05358")
    bodies = network.scene.rows("SELECT body FROM outbox")
    assert not any(WORDS.encode() in bytes(row["body"]) for row in bodies)
    assert WORDS.encode() not in bytes(words_of(network, case)[0]["sealed"])
    assert WORDS in page(network, case)
    assert [one.categories for one in said_of(network, case, PersonalDataViewed)][-1] == ("FREE_TEXT",)


def test_the_same_text_of_a_case_is_kept_once(network: Network, case: Any):
    for words in (WORDS, f"  {WORDS.upper()}\r\n", "Etwas anderes"):
        record(network, case, words=words)
    first, second, third = kept(network, case)
    assert first["words_id"] == second["words_id"] != third["words_id"]
    assert len(words_of(network, case)) == 2


def test_a_form_sent_twice_counts_once(network: Network, case: Any):
    key = uuid4().hex
    assert [record(network, case, request_key=key).status_code for _ in range(2)] == [303, 303]
    assert len(kept(network, case)) == 1


def test_it_is_corrected_and_its_old_words_go(network: Network, case: Any):
    record(network, case, words=WORDS)
    [one] = kept(network, case)
    path = f"/referral/enquiries/{case.id}/obstacles/{one['id']}"
    assert send(network, path, kind="COST", effect="GAVE_UP", words="Zu teuer").status_code == 303
    [told] = said_of(network, case, ObstacleCorrected)
    assert (told.obstacle_id, told.obstacle, told.effect) == (one["id"], Obstacle.COST, ObstacleEffect.GAVE_UP)
    assert len(words_of(network, case)) == 1
    shown = page(network, case)
    assert "Zu teuer" in shown and WORDS not in shown and "berichtigt am" in shown


def test_saying_the_same_again_tells_nothing(network: Network, case: Any):
    record(network, case, words=WORDS)
    [one] = kept(network, case)
    send(network, f"/referral/enquiries/{case.id}/obstacles/{one['id']}", kind="WAITING_TIME", words=WORDS)
    assert said_of(network, case, ObstacleCorrected) == []


def test_what_is_taken_back_is_gone_with_its_words(network: Network, case: Any):
    record(network, case, words=WORDS)
    [one] = kept(network, case)
    path = f"/referral/enquiries/{case.id}/obstacles/{one['id']}/withdrawals"
    assert [send(network, path).status_code for _ in range(2)] == [303, 404]
    assert [told.obstacle_id for told in said_of(network, case, ObstacleTakenBack)] == [one["id"]]
    assert words_of(network, case) == [] and WORDS not in page(network, case)


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"kind": "BOREDOM"}, "kind"),
        ({"kind": ""}, "kind"),
        ({"effect": "NONE"}, "effect"),
        ({"legal_sphere": "SGB99"}, "legal_sphere"),
        ({"area": "09162"}, "area"),
        ({"need_id": "none"}, "need_id"),
        ({"words": "a" * 2_001}, "words"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_bad_input_is_named_and_leaves_nothing(network: Network, case: Any, wrong: dict[str, str], name: str):
    answer = record(network, case, **wrong)
    assert answer.status_code == 422 and list(answer.json["fields"]) == [name]  # type: ignore[index]
    assert kept(network, case) == []


@pytest.mark.parametrize("role", ["coordinator", "dpo", "directory_editor"])
def test_nobody_but_the_desk_records(network: Network, case: Any, role: str):
    assert send(network, f"/referral/enquiries/{case.id}/obstacles", role, kind="COST").status_code == 403


def test_anothers_case_looks_like_none(network: Network, case: Any):
    other = network.staff(site="neuss")
    form = {"kind": "COST", "need_id": str(case.needs[0].id), "request_key": uuid4().hex}
    headers = {"Authorization": f"Bearer {other.token}"}
    answer = network.app.test_client().post(f"/referral/enquiries/{case.id}/obstacles", data=form, headers=headers)
    assert answer.status_code == 404 and kept(network, case) == []


def test_on_a_referral_it_stands_in_the_timeline_and_is_asked_for(network: Network):
    referral = network.scene.requested(**somebody_else())
    network.scene.answers(referral, Action.REJECT, actions.Reject(reason=RejectionReason.LANGUAGE))
    path = f"/referral/referrals/{referral.id}?lang=de"
    shown = network.navigator.ask("GET", path, Accept="text/html").text
    assert '<details class="action" open><summary>Hindernis festhalten' in shown
    form = {"need_id": referral.need_id, "referral_id": referral.id, "kind": "LANGUAGE_BARRIER"}
    answer = send(network, f"/referral/enquiries/{referral.enquiry_id}/obstacles", **form)
    assert answer.headers["Location"] == f"/referral/referrals/{referral.id}?done=obstacle"
    shown = network.navigator.ask("GET", path, Accept="text/html").text
    assert "Hindernis festgehalten: Sprachbarriere." in shown


def test_a_referral_of_another_need_is_refused(network: Network, case: Any):
    referral = network.scene.requested(**somebody_else())
    assert record(network, case, referral_id=referral.id).status_code == 404
    assert kept(network, case) == []


def test_of_an_erased_person_codes_stay_and_words_cannot_be_read(network: Network, case: Any):
    record(network, case, words=WORDS)
    with network.scene.unit.work(actor="system:test") as work:
        work.tx.execute(
            "UPDATE persons SET erased_at = now(), sealed = NULL, blind_index = NULL WHERE id = %s", (case.person_id,)
        )
    assert record(network, case).status_code == 404
    assert [row["kind"] for row in kept(network, case)] == ["WAITING_TIME"]
    assert WORDS not in page(network, case)
