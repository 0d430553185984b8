"""The service key changes while the service runs: nothing is lost, everybody is found, and the old key can go."""

import os
from argparse import Namespace
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest

from contracts.codes import ChannelKind, Topic
from contracts.directory import Channel
from contracts.referral import KeysRewrapped
from services.chassis.db import Database
from services.referral import fitness, handlers, operating
from services.referral.commands import enquiries, rewrapping
from services.referral.fitness import NotFitError
from services.referral.queries.custody import UNNAMED, custody
from services.referral.store import keys as custodial
from services.referral.store import marks, persons, pseudonyms
from services.referral.store.enquiries import Enquiry
from services.referral.vault import ServiceKeys, Vault
from tests.integration.referral.rig import Network
from tests.integration.referral.scene import (
    CENTER,
    HWK,
    NAVIGATOR,
    RECORD,
    SERVICE_KEY,
    Scene,
    an_organization,
    some_keys,
)

NEW_KEY = os.urandom(32)
OLD, NEW = ServiceKeys(SERVICE_KEY).wrapping_id, ServiceKeys(NEW_KEY).wrapping_id
BORN = date.fromisoformat(str(RECORD["birth_date"]))


@pytest.fixture
def scene(make_database: Callable[[str], Any]) -> Iterator[Scene]:
    """Three persons and a custodial pair under the old key, in two databases."""
    with Database(make_database("referral").app_dsn) as db:
        scene = Scene(db, keys_dsn=make_database("referral_keys").app_dsn).told_directory()
        with scene.unit.work(actor="system:directory") as work:
            handlers.keep_organization(work, an_organization(HWK, version=2, channel=Channel(kind=ChannelKind.LIGHT)))
            custodial.custodial_public(work, scene.keys.vault, HWK)
        yield scene
        scene.close()


def give_keys(scene: Scene, current: bytes, *former: bytes) -> None:
    """Start the service anew with these."""
    scene.keys = some_keys(scene.keys.store, scene.keys.ledger.path, ServiceKeys(current, *former))


def name_of(scene: Scene, enquiry: Enquiry) -> str:
    with scene.db.read() as connection:
        return str(persons.record_of(connection, scene.keys.vault, enquiry.person_id)["given_name"])


def found(scene: Scene, given_name: str) -> list[Any]:
    with scene.unit.work(actor=NAVIGATOR.actor) as work:
        hits = enquiries.search(
            work, scene.keys.vault, NAVIGATOR, given_name=given_name, family_name="Ben Salah", birth_date=BORN
        )
    return [hit.enquiry_id for hit in hits]


def held(scene: Scene) -> dict[str, dict[str, int]]:
    with scene.db.read() as connection:
        return {kind: dict(counts) for kind, counts in custody(connection, scene.keys).held.items()}


def a_run(scene: Scene, *, dry_run: bool = False) -> int:
    """As an operator types it; returns the exit code."""
    return operating.rewrap(Namespace(dry_run=dry_run), scene.unit, scene.keys)


def three(scene: Scene) -> list[Enquiry]:
    return [scene.an_enquiry(given_name=name) for name in ("Amira", "Olena", "Yusuf")]


def test_after_a_rewrap_the_new_key_alone_opens_and_finds_everything(scene: Scene, capsys: pytest.CaptureFixture[str]):
    people = three(scene)
    give_keys(scene, NEW_KEY, SERVICE_KEY)
    later = scene.an_enquiry(given_name="Marta")
    assert [name_of(scene, one) for one in [*people, later]] == ["Amira", "Olena", "Yusuf", "Marta"]
    assert (found(scene, "Amira"), found(scene, "Marta")) == ([people[0].id], [later.id])

    assert a_run(scene) == 0

    assert "nothing is left under a former key" in capsys.readouterr().out
    assert held(scene) == {"person_keys": {NEW: 4}, "custodial_keys": {NEW: 1}, "blind_indexes": {NEW: 4}}
    give_keys(scene, NEW_KEY)
    fitness.check(scene.unit, scene.keys)
    assert [name_of(scene, one) for one in [*people, later]] == ["Amira", "Olena", "Yusuf", "Marta"]
    assert [found(scene, name) for name in ("Amira", "Olena", "Marta")] == [[people[0].id], [people[1].id], [later.id]]
    with scene.db.read() as connection:
        assert "d" in custodial.custodial_private(connection, scene.keys.vault, HWK)


def test_a_run_is_told_and_kept_and_a_second_one_finds_nothing_to_do(scene: Scene):
    three(scene)
    give_keys(scene, NEW_KEY, SERVICE_KEY)
    assert (a_run(scene), a_run(scene)) == (0, 0)

    first, second = scene.said(KeysRewrapped)
    assert (first.wrapping_id, first.left, first.unreadable) == (NEW, 0, 0)
    assert (first.person_keys, first.custodial_keys, first.blind_indexes) == (3, 1, 3)
    assert (second.person_keys, second.custodial_keys, second.blind_indexes) == (0, 0, 0)
    kept = scene.rows("SELECT wrapping_id, person_keys FROM rewraps ORDER BY ended_at, person_keys DESC")
    assert kept == [{"wrapping_id": NEW, "person_keys": 3}, {"wrapping_id": NEW, "person_keys": 0}]


def test_a_dry_run_opens_everything_and_changes_nothing(scene: Scene, capsys: pytest.CaptureFixture[str]):
    three(scene)
    give_keys(scene, NEW_KEY, SERVICE_KEY)
    before = held(scene)

    assert a_run(scene, dry_run=True) == 0

    assert f"3 persons' keys would be put under {NEW}" in capsys.readouterr().out
    assert held(scene) == before == {
        "person_keys": {OLD: 3}, "custodial_keys": {OLD: 1}, "blind_indexes": {OLD: 3},
    }  # fmt: skip
    assert scene.said(KeysRewrapped) == []


def test_a_run_that_was_stopped_goes_on_where_it_was(scene: Scene, monkeypatch: pytest.MonkeyPatch):
    people = three(scene)
    give_keys(scene, NEW_KEY, SERVICE_KEY)
    monkeypatch.setattr(rewrapping, "BATCH", 2)

    def stop(kind: str, count: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rewrapping.rewrap(scene.unit, scene.keys, tell=stop)
    assert held(scene)["person_keys"] == {NEW: 2, OLD: 1}
    assert [name_of(scene, one) for one in people] == ["Amira", "Olena", "Yusuf"]

    assert a_run(scene) == 0
    assert scene.said(KeysRewrapped)[0].person_keys == 1
    assert held(scene)["person_keys"] == {NEW: 3}


def test_what_happens_beside_a_run_is_neither_lost_nor_undone(scene: Scene, monkeypatch: pytest.MonkeyPatch):
    """Between two batches somebody is erased, somebody rectified, and a process not yet restarted records somebody."""
    erased, rectified, third = three(scene)
    old = Vault(ServiceKeys(SERVICE_KEY), scene.keys.store)
    give_keys(scene, NEW_KEY, SERVICE_KEY)
    monkeypatch.setattr(rewrapping, "BATCH", 1)
    late: list[Enquiry] = []
    read = marks.marked_otherwise

    def meanwhile(*asked: Any) -> Any:
        batch = read(*asked)
        if not late:
            with scene.unit.work(actor=NAVIGATOR.actor) as work:
                enquiries.erase(work, NAVIGATOR, erased.id)
                enquiries.rectify(work, scene.keys, NAVIGATOR, rectified.id, {"given_name": "Olha"})
            now, scene.keys = scene.keys, some_keys(scene.keys.store, scene.keys.ledger.path, old.service_keys)
            late.append(scene.an_enquiry(given_name="Marta"))
            scene.keys = now
            scene.tick()
        return batch

    monkeypatch.setattr(marks, "marked_otherwise", meanwhile)
    code = a_run(scene)

    assert code == 1, "what the old process made during the run is left for the next"
    assert held(scene)["person_keys"] == {NEW: 2, OLD: 1}
    assert scene.rows("SELECT blind_index FROM persons WHERE id = %s", erased.person_id) == [{"blind_index": None}]
    monkeypatch.undo()
    assert a_run(scene) == 0
    give_keys(scene, NEW_KEY)
    assert [name_of(scene, one) for one in (rectified, third, late[0])] == ["Olha", "Yusuf", "Marta"]
    assert [found(scene, name) for name in ("Amira", "Olena", "Olha", "Marta")] == [
        [], [], [rectified.id], [late[0].id],
    ]  # fmt: skip


def test_what_does_not_open_is_counted_by_its_key_left_as_it_is_and_ends_the_command_in_failure(
    scene: Scene, capsys: pytest.CaptureFixture[str]
):
    spoiled, *others = three(scene)
    with scene.key_db.session() as connection:
        connection.execute(
            "UPDATE keystore.person_keys SET wrapped = set_byte(wrapped, 20, 255 - get_byte(wrapped, 20))"
            " WHERE person_id = %s",
            (spoiled.person_id,),
        )
    give_keys(scene, NEW_KEY, SERVICE_KEY)

    assert a_run(scene, dry_run=True) == 1
    assert a_run(scene) == 1

    out = capsys.readouterr().out
    assert f"2 could not be opened with {OLD}" in out  # the key, and with it what she is found by
    assert f"left: 1 persons' keys under {OLD}" in out
    assert held(scene)["person_keys"] == {NEW: 2, OLD: 1}
    assert [name_of(scene, one) for one in others] == ["Olena", "Yusuf"]
    give_keys(scene, NEW_KEY)
    with pytest.raises(NotFitError, match=OLD):
        fitness.check(scene.unit, scene.keys)


def test_nothing_starts_without_a_key_that_something_still_hangs_on(scene: Scene):
    three(scene)
    give_keys(scene, NEW_KEY)
    with pytest.raises(NotFitError, match=f"{OLD}.*SERVICE_KEYS_OLD.*rewrap"):
        fitness.check(scene.unit, scene.keys)
    give_keys(scene, NEW_KEY, SERVICE_KEY)
    fitness.check(scene.unit, scene.keys)


def test_what_was_made_before_keys_had_names_gets_one(scene: Scene):
    person = scene.an_enquiry()
    with scene.db.session() as connection:
        connection.execute("UPDATE persons SET index_key_id = NULL")
        connection.execute("UPDATE custodial_keys SET wrapping_id = NULL")
    assert held(scene)["custodial_keys"] == held(scene)["blind_indexes"] == {UNNAMED: 1}
    fitness.check(scene.unit, scene.keys)

    assert a_run(scene) == 0

    assert held(scene) == {"person_keys": {OLD: 1}, "custodial_keys": {OLD: 1}, "blind_indexes": {OLD: 1}}
    assert found(scene, "Amira") == [person.id]


def alike(scene: Scene) -> int:
    """How many others are in care on this topic who may be the same person as somebody new with her name."""
    with scene.db.read() as connection:
        found = pseudonyms.same_matter(
            connection,
            scene.keys.vault,
            {**RECORD, "given_name": "Amira"},
            scene.clock.today(),
            person_id=uuid4(),
            controllers=[CENTER],
            topic=Topic.ANERKENNUNG,
        )
    return len(found)


def test_who_is_in_care_already_is_known_before_during_and_after_the_change(scene: Scene):
    enquiry = scene.an_enquiry(given_name="Amira")
    scene.consent(enquiry)
    scene.prepared(enquiry)
    scene.clock.instant += timedelta(minutes=1)
    scene.tick()
    before = scene.rows("SELECT person_id, period FROM pseudonyms")
    assert alike(scene) == 1
    give_keys(scene, NEW_KEY, SERVICE_KEY)
    assert alike(scene) == 1
    assert a_run(scene) == 0
    give_keys(scene, NEW_KEY)
    assert alike(scene) == 1
    assert scene.rows("SELECT person_id, period FROM pseudonyms") == before


def test_a_request_repeated_across_the_change_gets_its_answer_and_no_second_effect(scene: Scene):
    network = Network(scene)
    body = {
        "enquirer": "person",
        "site": "aachen",
        "person": RECORD,
        "needs": [{"topic": "ANERKENNUNG", "urgency": "normal"}],
    }
    repeated = {"Idempotency-Key": "the-same"}
    before = network.navigator.post("/referral/api/v1/enquiries", body, **repeated)
    give_keys(scene, NEW_KEY, SERVICE_KEY)
    network = Network(scene)

    assert network.navigator.post("/referral/api/v1/enquiries", body, **repeated) == before
    other = network.navigator.ask("POST", "/referral/api/v1/enquiries", {**body, "needs": []}, **repeated)
    assert other.status_code == 422
    assert len(scene.rows("SELECT FROM enquiries")) == 1
