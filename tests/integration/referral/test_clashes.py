"""Two bodies order somebody at the same hour: her desk hears of it by two numbers, no body hears anything."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient

from contracts.codes import Site, StaffRole, TaskKind
from contracts.referral import AppointmentsClashAnswered, TaskClosed, TaskOpened
from services.chassis.db import Database
from services.referral.commands import clashing, enquiries
from services.referral.store.referrals import staff_actor
from tests.integration.referral.desk_rig import a_desk
from tests.integration.referral.guests import everything
from tests.integration.referral.rig import Navigator, Network, Partner, recipient, somebody_new, to_ihk
from tests.integration.referral.scene import CENTER, HWK_SERVICE, IHK_SERVICE, NAVIGATOR, NOW, RECORD, Scene
from tests.integration.referral.scene import an_appointment as sealed
from tests.integration.referral.test_appointments import two_at_the_same_hour
from tests.integration.referral.test_case_page import press, show
from tests.integration.referral.test_worklist import items, page, write
from tests.waiting import eventually

CAUSE = "Zwei Termine überschneiden sich"
ALERT = "Keine der beiden Stellen weiß von der anderen."
API = "/referral/api/v1"


@pytest.fixture(scope="module")
def shared(make_database: Callable[[str], Any]) -> Iterator[Network]:
    """One house for all of them; everybody is somebody else."""
    with Database(make_database("referral").app_dsn) as db:
        scene = Scene(db)
        yield a_desk(scene)
        scene.close()


@pytest.fixture
def network(shared: Network) -> Network:
    """Nothing is left on the desk by whoever came before."""
    for by in (shared.navigator, shared.staff(sub="otto", site="neuss")):
        for one in clashes(shared, by):
            by.post(f"{API}/appointment-clashes/{one['clash']['id']}/answers", {"answer": "over"})
    return shared


def clashes(network: Network, by: Navigator | None = None) -> list[Any]:
    tasks = (by or network.navigator).get(f"{API}/tasks")["tasks"]
    return [one for one in tasks if one["kind"] == TaskKind.APPOINTMENTS_CLASH]


def desk(network: Network) -> FlaskClient:
    client = network.app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {network.navigator.token}"
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "de"
    return client


def reference(network: Network, referral_id: str) -> str:
    return str(network.navigator.see(referral_id)["reference"])


def sent(
    network: Network, person: dict[str, Any], body: dict[str, Any], service: UUID, by: Navigator, site: str
) -> str:
    """A referral of this person that has just left one desk."""
    needs = [{"topic": "ANERKENNUNG", "urgency": "normal"}]
    enquiry = by.post(
        f"{API}/enquiries", {"enquirer": "person", "site": site, "person": {**RECORD, **person}, "needs": needs}
    )
    by.consent(enquiry, body)
    drafted = str(by.draft(enquiry, service)["id"])
    by.act(drafted, "prepare", {"duplicates_acknowledged": True})
    network.scene.tick()
    return drafted


def at_two_desks(network: Network) -> tuple[str, str, Navigator]:
    """Somebody of whom two sites of one house know, each by a record of its own, expected twice at the same hour."""
    other, person = network.staff(sub="otto", site="neuss"), somebody_new()
    here = sent(network, person, recipient(), HWK_SERVICE, network.navigator, "aachen")
    there = sent(network, person, to_ihk(), IHK_SERVICE, other, "neuss")
    network.hwk.act(here, "accept", {"sealed_appointment": sealed()})
    network.ihk.act(there, "accept", {"sealed_appointment": sealed()})
    return here, there, other


def test_the_desk_is_told_by_two_numbers_and_by_nothing_that_says_when(network: Network):
    first, second = two_at_the_same_hour(network)
    [task] = clashes(network)
    numbers = {reference(network, first), reference(network, second)}
    assert {task["reference"], task["clash"]["with"]} == numbers
    told = network.scene.said(TaskOpened)[-1]
    assert (told.kind, told.referral_id, told.role) == (TaskKind.APPOINTMENTS_CLASH, None, "navigator")
    assert told.due_on == date(2026, 11, 24), "the next working day, whenever the appointments are"
    shown = page(network.navigator)
    assert CAUSE in items(network.navigator) and numbers <= set(re.findall(r"R-26-\w{6}", shown))
    assert "#appointments" in shown and "Anrufen, einen verlegen lassen" in shown
    said = f"{network.scene.said()}{json.dumps(everything(network), ensure_ascii=False)}"
    assert "2026-11-30T09" not in said and "2026-11-30T10" not in said


def test_it_is_due_on_the_same_day_however_far_away_the_appointments_are(network: Network):
    for days in (2, 200):
        one = network.navigator.enquire()
        network.navigator.consent(one, recipient(), to_ihk())
        _both(network, one, days)
    assert {task["due_on"] for task in clashes(network)} == {"2026-11-24"}
    assert len(clashes(network)) == 2


def _both(network: Network, enquiry: Any, days: int) -> list[str]:
    ids = []
    for service, body in ((HWK_SERVICE, network.hwk), (IHK_SERVICE, network.ihk)):
        drafted = str(network.navigator.draft(enquiry, service)["id"])
        network.navigator.act(drafted, "prepare", {"duplicates_acknowledged": True})
        network.scene.tick()
        body.act(drafted, "accept", {"sealed_appointment": sealed(days)})
        ids.append(drafted)
    return ids


def test_no_body_is_told_anything_neither_in_the_answer_nor_afterwards(network: Network):
    first, second = two_at_the_same_hour(network)
    alone = network.requested(to_ihk(), service_id=IHK_SERVICE)
    network.ihk.act(alone, "accept", {"sealed_appointment": sealed()})
    views = [network.ihk.see(second), network.ihk.see(alone)]
    assert views[0].keys() == views[1].keys()
    assert reference(network, first) not in json.dumps(views)
    assert "clash" not in json.dumps(views)


def moved(network: Network, first: str, second: str) -> None:
    network.ihk.act(second, "set_appointment", {"sealed_appointment": sealed(at=NOW + timedelta(hours=1))})


def called_off(network: Network, first: str, second: str) -> None:
    network.hwk.act(first, "cancel_appointment")


def stopped(network: Network, first: str, second: str) -> None:
    network.navigator.act(first, "cancel", {"reason": "PERSON_DECLINED"})


def ended_by_the_body(network: Network, first: str, second: str) -> None:
    network.ihk.act(second, "start", {"first_contact_on": NOW.date().isoformat()})
    network.ihk.act(second, "end", {"reason": "PERSON_DECLINED"})


@pytest.mark.parametrize("how", [moved, called_off, stopped, ended_by_the_body], ids=lambda one: one.__name__)
def test_it_goes_away_by_itself_when_nothing_overlaps_any_more(
    network: Network, how: Callable[[Network, str, str], None]
):
    first, second = two_at_the_same_hour(network)
    [task] = clashes(network)
    how(network, first, second)
    assert clashes(network) == []
    assert [str(one.task_id) for one in network.scene.said(TaskClosed)].count(task["id"]) == 1
    assert ALERT not in show(desk(network), second)


def test_what_was_done_stays_on_the_desk_as_long_as_another_overlaps(network: Network):
    first, second = two_at_the_same_hour(network)
    network.ihk.act(second, "set_appointment", {"sealed_appointment": sealed(at=NOW + timedelta(minutes=15))})
    assert len(clashes(network)) == 1, "moved, and still at the same hour"
    network.hwk.act(first, "set_appointment", {"sealed_appointment": sealed(8)})
    assert clashes(network) == []


def test_the_desk_says_why_both_may_stay_and_is_not_asked_again_for_the_same_hours(network: Network):
    browser = desk(network)
    first, second = two_at_the_same_hour(network)
    [task] = clashes(network)
    assert ALERT in show(browser, first) and ALERT in show(browser, second)
    refused = network.navigator.ask("POST", f"{API}/tasks/{task['id']}/closings", {})
    assert (refused.status_code, refused.json["slug"]) == (409, "task.answer-wanted")
    assert press(browser, first, f"clashes/{task['clash']['id']}/answers", answer="shrug").status_code == 422
    answered = press(browser, first, f"clashes/{task['clash']['id']}/answers", answer="somebody_else_goes")
    assert answered.status_code == 303 and clashes(network) == []
    [told] = [one for one in network.scene.said(AppointmentsClashAnswered) if str(one.clash_id) == task["clash"]["id"]]
    assert told.answer == "somebody_else_goes"
    shown = show(browser, second)
    assert ALERT not in shown and "bleiben so: jemand anderes geht hin, 23.11.2026" in shown
    elsewhere = sealed(at=NOW + timedelta(minutes=30), place="Zimmer 99")
    network.ihk.act(second, "set_appointment", {"sealed_appointment": elsewhere})
    assert clashes(network) == [], "another room at the same time"
    network.ihk.act(second, "set_appointment", {"sealed_appointment": sealed(at=NOW + timedelta(minutes=20))})
    assert len(clashes(network)) == 1, "another time, and still at once"


def test_two_sites_of_one_house_are_told_each_of_the_other_by_its_number_alone(network: Network):
    here, there, other = at_two_desks(network)
    [ours], [theirs] = clashes(network), clashes(network, other)
    their_number = other.see(there)["reference"]
    assert (ours["referral_id"], ours["clash"]["with"]) == (here, their_number)
    assert (theirs["referral_id"], theirs["clash"]["with"]) == (there, reference(network, here))
    shown = show(desk(network), here)
    assert f"{their_number}</bdi> (am Schreibtisch Neuss)" in shown
    assert there not in shown and "IHK" not in shown
    assert "IHK" not in page(network.navigator)
    foreign = f"{API}/appointment-clashes/{theirs['clash']['id']}/answers"
    assert network.navigator.ask("POST", foreign, {"answer": "over"}).status_code == 404
    network.ihk.act(there, "cancel_appointment")
    assert clashes(network) == clashes(network, other) == []


def test_what_one_site_answered_for_other_hours_it_is_asked_again_though_the_other_has_not_answered(network: Network):
    _, there, other = at_two_desks(network)
    [ours], [theirs] = clashes(network), clashes(network, other)
    network.navigator.post(f"{API}/appointment-clashes/{ours['clash']['id']}/answers", {"answer": "somebody_else_goes"})
    network.ihk.act(there, "set_appointment", {"sealed_appointment": sealed(at=NOW + timedelta(minutes=5))})
    assert len(clashes(network)) == 1
    assert [one["id"] for one in clashes(network, other)] == [theirs["id"]], "it still waits there, once"


def test_somebody_else_of_her_name_is_not_taken_for_her_again(network: Network):
    here, there, other = at_two_desks(network)
    [ours], [theirs] = clashes(network), clashes(network, other)
    for by, one in ((network.navigator, ours), (other, theirs)):
        by.post(f"{API}/appointment-clashes/{one['clash']['id']}/answers", {"answer": "another_person"})
    network.ihk.act(there, "set_appointment", {"sealed_appointment": sealed(at=NOW + timedelta(minutes=5))})
    network.hwk.act(here, "set_appointment", {"sealed_appointment": sealed(at=NOW + timedelta(minutes=10))})
    assert clashes(network) == clashes(network, other) == []


def test_whoever_has_one_record_is_never_taken_for_another_person(network: Network):
    _, second = two_at_the_same_hour(network)
    [task] = clashes(network)
    asked = f"{API}/appointment-clashes/{task['clash']['id']}/answers"
    refused = network.navigator.ask("POST", asked, body={"answer": "another_person"})
    assert (refused.status_code, "another_person" in refused.text) == (422, False), refused.text
    assert 'value="another_person"' not in show(desk(network), second)
    network.navigator.post(asked, {"answer": "keeps_both"})
    network.ihk.act(second, "set_appointment", {"sealed_appointment": sealed(at=NOW + timedelta(minutes=20))})
    assert len(clashes(network)) == 1, "asked again for other hours"


def test_another_controllers_referrals_are_never_compared(network: Network):
    person, other = somebody_new(), network.staff(sub="otto", site="neuss")
    here = sent(network, person, recipient(), HWK_SERVICE, network.navigator, "aachen")
    there = sent(network, person, to_ihk(), IHK_SERVICE, other, "neuss")
    network.ihk.act(there, "accept", {"sealed_appointment": sealed()})
    write(network, "UPDATE referrals SET sender_id = %s WHERE id = %s", uuid4(), there)
    network.hwk.act(here, "accept", {"sealed_appointment": sealed()})
    assert clashes(network) == clashes(network, other) == []


def test_nobody_elsewhere_answers_it_and_a_helper_or_officer_does_not_either(network: Network):
    two_at_the_same_hour(network)
    [task] = clashes(network)
    path = f"{API}/appointment-clashes/{task['clash']['id']}/answers"
    for claims, status in (({"site": "neuss"}, 404), ({"roles": ["dpo"]}, 403), ({"roles": ["helper"]}, 403)):
        assert network.staff(sub="else", **claims).ask("POST", path, {"answer": "over"}).status_code == status
    assert len(clashes(network)) == 1
    lead = network.staff(sub="lena", roles=["lead"])
    assert lead.ask("POST", path, {"answer": "keeps_both"}).status_code == 201
    assert lead.ask("POST", path, {"answer": "keeps_both"}).status_code == 404


def test_of_two_that_come_at_once_the_second_sees_the_first(network: Network):
    """The first is held just before it commits; the second waits for it, and finds it."""
    enquiry = network.navigator.enquire()
    network.navigator.consent(enquiry, recipient(), to_ihk())
    ids = []
    for service in (HWK_SERVICE, IHK_SERVICE):
        ids.append(str(network.navigator.draft(enquiry, service)["id"]))
        network.navigator.act(ids[-1], "prepare", {"duplicates_acknowledged": True})
        network.scene.tick()
    may_go, is_there, compare = threading.Event(), threading.Event(), clashing.compare

    def held(*args: Any) -> None:
        compare(*args)
        if not is_there.is_set():
            is_there.set()
            assert may_go.wait(30)

    clashing.compare = held  # type: ignore[assignment]
    try:
        bodies: list[Partner] = [network.hwk, network.ihk]
        threads = [
            threading.Thread(target=body.act, args=(one, "accept", {"sealed_appointment": sealed()}))
            for body, one in zip(bodies, ids, strict=True)
        ]
        threads[0].start()
        assert is_there.wait(30)
        threads[1].start()
        eventually(lambda: _waits_for_a_lock(network))
        may_go.set()
        for one in threads:
            one.join(30)
    finally:
        clashing.compare = compare
        may_go.set()
    assert len(clashes(network)) == 1


def _waits_for_a_lock(network: Network) -> bool:
    with network.scene.db.read() as connection:
        row = connection.execute(
            "SELECT count(*) AS many FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        ).fetchone()
    return row is not None and row["many"] > 0


def test_when_she_is_erased_nothing_of_it_stays_on_a_desk(network: Network):
    _, there, other = at_two_desks(network)
    assert len(clashes(network)) == len(clashes(network, other)) == 1
    by = staff_actor(NAVIGATOR.actor, Site.NEUSS, CENTER, StaffRole.LEAD)
    with network.scene.unit.work(actor=NAVIGATOR.actor) as work:
        enquiries.erase(work, by, UUID(other.see(there)["enquiry_id"]))
    assert clashes(network) == clashes(network, other) == []
