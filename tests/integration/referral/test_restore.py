"""The drill: a backup older than an erasure is restored, and the erased stay erased."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import urllib3

from contracts import envelope
from contracts.codes import DataCategory, Status
from contracts.referral import DeletionsReplayed, PersonKeyDestroyed
from deploy.demo.databases import DatabaseAddresses
from deploy.demo.places import free_port
from services.audit import commands as audit
from services.chassis.db import Database, connect
from services.chassis.errors import NotFoundError, UnavailableError
from services.chassis.hear import Arrival
from services.referral import fitness, starting
from services.referral.commands import enquiries, restoring
from services.referral.domain.grounds import Consent
from services.referral.fitness import NotFitError
from services.referral.keystore.ledger import LedgerError
from services.referral.store import persons, withdrawals
from services.referral.store.enquiries import Enquiry
from services.referral.vault import PersonKey, ServiceKeys
from tests.chassis.rig import Process
from tests.conftest import ROOT
from tests.integration.audit.conftest import LogAtWork, a_log
from tests.integration.audit.test_verifier import of_database
from tests.integration.referral.backups import dump, environment, restore
from tests.integration.referral.scene import HWK, IHK, NAVIGATOR, SERVICE_KEY, Scene, some_keys, to_hwk, to_ihk
from tests.waiting import eventually

#: What somebody would do who would rather not have destroyed it.
PRESERVED = """
UPDATE entries SET leaf = convert_to(replace(convert_from(leaf, 'UTF8'), 'key_destroyed', 'key_preserved'), 'UTF8')
WHERE type = 'referral.person_key_destroyed.v1'"""
ROLES = ("all", "web", "worker", "relay", "clock")


@dataclass
class House:
    """Two databases, a ledger outside, and backups of both from before an erasure."""

    scene: Scene
    data: DatabaseAddresses
    keys: DatabaseAddresses
    postgres: str
    folder: Path
    erased: Enquiry
    living: Enquiry

    def restored(self, *which: str) -> "House":
        """Of these the backup, of the other what is there now."""
        data, keys = self.data, self.keys
        if "data" in which:
            data = restore(self.postgres, self.folder / "data", "referral")
        if "keys" in which:
            keys = restore(self.postgres, self.folder / "keys", "referral_keys")
        scene = Scene(Database(data.app_dsn), keys_dsn=keys.app_dsn)
        scene.clock.instant = self.scene.clock.instant + timedelta(hours=1)
        scene.keys = some_keys(scene.keys.store, self.scene.keys.ledger.path)
        return House(scene, data, keys, self.postgres, self.folder, self.erased, self.living)

    def close(self) -> None:
        self.scene.close()
        self.scene.db.close()

    def read(self, enquiry: Enquiry) -> dict[str, Any]:
        with self.scene.db.read() as connection:
            return persons.record_of(connection, self.scene.keys.vault, enquiry.person_id)

    def raw(self, enquiry: Enquiry) -> dict[str, Any] | None:
        """What somebody with both databases and the service key gets, whatever our code would say."""
        with connect(self.data.owner_dsn) as data, connect(self.keys.owner_dsn) as keys:
            record = data.execute("SELECT sealed FROM persons WHERE id = %s", (enquiry.person_id,)).fetchone()
            key = keys.execute(
                "SELECT wrapped FROM keystore.person_keys WHERE person_id = %s", (enquiry.person_id,)
            ).fetchone()
        if record is None or record["sealed"] is None or key is None:
            return None
        ring = ServiceKeys(SERVICE_KEY)
        secret = ring.unwrap(f"person/{enquiry.person_id}", key["wrapped"], ring.wrapping_id)
        return PersonKey(enquiry.person_id, secret).open_record(persons.RECORD, record["sealed"])

    def fit(self) -> None:
        fitness.check(self.scene.unit, self.scene.keys)

    def replay(self) -> dict[str, int]:
        return restoring.replay(self.scene.unit, self.scene.keys).counts()

    def environment(self) -> Mapping[str, str]:
        return environment(self.data, self.keys, self.scene.keys.ledger.path, self.folder)


@pytest.fixture
def house(make_database: Callable[[str], Any], postgres: str, tmp_path: Path) -> Iterator[House]:
    """Backups are taken; then a person whose referral is running is erased."""
    data, keys = make_database("referral"), make_database("referral_keys")
    with Database(data.app_dsn) as db:
        scene = Scene(db, keys_dsn=keys.app_dsn).told_directory()
        erased = scene.an_enquiry(given_name="Zyrelha")
        scene.consent(erased)
        scene.prepared(erased)
        living = scene.an_enquiry(given_name="Olena")
        scene.days_pass(1)
        dump(postgres, data.app_dsn, tmp_path / "data")
        dump(postgres, keys.app_dsn, tmp_path / "keys")
        with scene.unit.work(actor=NAVIGATOR.actor) as work:
            enquiries.erase(work, NAVIGATOR, erased.id)
        scene.tick()
        yield House(scene, data, keys, postgres, tmp_path, erased, living)
        scene.close()


@pytest.mark.parametrize(
    ("which", "done"),
    [
        (("data", "keys"), {"records_closed": 1, "keys_destroyed": 1, "noted_in_table": 1}),
        (("data",), {"records_closed": 1, "keys_destroyed": 0, "noted_in_table": 1}),
        (("keys",), {"records_closed": 0, "keys_destroyed": 1, "noted_in_table": 0}),
    ],
    ids=["both", "the data alone", "the keys alone"],
)
def test_whichever_database_is_older_the_erased_are_erased_again(
    house: House, which: tuple[str, ...], done: dict[str, int]
):
    house.fit()
    old = house.restored(*which)
    came_back = old.raw(house.erased)
    assert (came_back or {}).get("given_name") == ("Zyrelha" if len(which) == 2 else None), "or nothing is shown here"
    with pytest.raises(NotFitError, match=r"1 erased persons.*replay-deletions"):
        old.fit()

    assert old.replay() == {"named": 1, "noted_in_ledger": 0, "withdrawn_again": 0, **done}

    old.fit()
    assert old.raw(house.erased) is None
    with pytest.raises(NotFoundError, match=r"person\.erased"):
        old.read(house.erased)
    assert old.read(house.living)["given_name"] == "Olena"
    [row] = old.scene.rows("SELECT person_id, erased_at, occasion FROM deletions WHERE key_destroyed_at IS NOT NULL")
    [told] = house.scene.keys.ledger.erasures().values()
    assert (row["person_id"], row["erased_at"], row["occasion"]) == (told.person_id, told.erased_at, told.occasion)
    assert old.replay() == dict.fromkeys(old.replay(), 0) | {"named": 1}
    assert len(old.scene.said(DeletionsReplayed)) == 1
    old.close()


def test_what_ran_for_the_erased_at_the_time_of_the_backup_is_stopped_again(house: House):
    old = house.restored("data", "keys")
    status = "SELECT status FROM referrals WHERE person_id = %s"
    assert old.scene.rows(status, house.erased.person_id) == [{"status": Status.REQUESTED}]
    assert len(old.scene.rows("SELECT FROM dossiers")) == 1
    old.replay()
    assert old.scene.rows(status, house.erased.person_id) == [{"status": Status.CANCELLED}]
    assert old.scene.rows("SELECT FROM dossiers") == []
    old.close()


def test_a_lost_ledger_is_written_again_from_the_table(house: House):
    [before] = house.scene.keys.ledger.erasures().values()
    house.scene.keys.ledger.path.unlink()
    house.fit()
    first, second = house.replay(), house.replay()
    assert first == {**second, "noted_in_ledger": 1}
    assert second == dict.fromkeys(second, 0) | {"named": 1}
    assert list(house.scene.keys.ledger.erasures().values()) == [before]
    assert [told.noted_in_ledger for told in house.scene.said(DeletionsReplayed)] == [1]


def test_somebody_who_came_and_was_erased_after_the_backup_leaves_no_key_behind(house: House):
    """The restored data never heard of her; a restored key store did, if it is newer than the data."""
    late = house.scene.an_enquiry(given_name="Marta")
    dump(house.postgres, house.keys.app_dsn, house.folder / "keys")
    with house.scene.unit.work(actor=NAVIGATOR.actor) as work:
        enquiries.erase(work, NAVIGATOR, late.id)
    house.scene.tick()
    old = house.restored("data", "keys")
    with pytest.raises(NotFitError, match="2 erased persons"):
        old.fit()
    assert old.replay()["keys_destroyed"] == 1  # the key of the other was gone already
    old.fit()
    assert old.scene.keys.store.existing([late.person_id]) == set()
    old.close()


def state_of(house: House, consent_id: UUID) -> list[tuple[UUID, int]]:
    """To whom the consent still holds, and for how many kinds of data."""
    current = in_force(house, consent_id)
    return [(one.organization_id, len(one.categories)) for one in current.recipients] if current else []


def in_force(house: House, consent_id: UUID) -> Consent | None:
    with house.scene.db.read() as connection:
        return withdrawals.in_force(connection, [consent_id]).get(consent_id)


TAKEN_BACK: dict[str, tuple[list[dict[str, Any]], list[tuple[UUID, int]]]] = {
    "a body and then a kind of data": ([{"organization_id": IHK}, {"category": DataCategory.CONTACT}], [(HWK, 2)]),
    "all of it": ([{}], []),
    "one body": ([{"organization_id": HWK}], [(IHK, 3)]),
    "one kind of data": ([{"category": DataCategory.CONTACT}], [(HWK, 2), (IHK, 2)]),
    "a body and then the rest": ([{"organization_id": IHK}, {}], []),
}


@pytest.mark.parametrize(
    ("taken_back", "held"),
    [
        pytest.param(*case, id=name, marks=[pytest.mark.long] * bool(number))
        for number, (name, case) in enumerate(TAKEN_BACK.items())
    ],
)
def test_what_was_taken_back_since_the_backup_is_taken_back_again(
    house: House, taken_back: list[dict[str, Any]], held: list[tuple[UUID, int]]
):
    scene, three = house.scene, (DataCategory.IDENTITY, DataCategory.CONTACT, DataCategory.LANGUAGE)
    consent = scene.consent(house.living, *(replace(one, categories=three) for one in (to_hwk(), to_ihk())))
    dump(house.postgres, house.data.app_dsn, house.folder / "data")
    for part in taken_back:
        scene.clock.instant += timedelta(minutes=1)
        scene.withdraw(house.living, consent.id, **part)
    scene.tick()
    house.fit()
    old = house.restored("data")
    assert sorted(state_of(old, consent.id)) == sorted([(HWK, 3), (IHK, 3)])
    with pytest.raises(NotFitError, match="replay-deletions"):
        old.fit()

    assert old.replay()["withdrawn_again"] == 1

    assert sorted(state_of(old, consent.id)) == sorted(held) == sorted(state_of(house, consent.id))
    old.scene.tick()
    old.fit()
    assert old.replay()["withdrawn_again"] == 0
    old.close()


def test_what_ran_on_a_withdrawn_consent_at_the_time_of_the_backup_is_stopped_again(house: House):
    scene = house.scene
    consent = scene.consent(house.living)
    referral = scene.prepared(house.living)
    scene.clock.instant += timedelta(seconds=31)
    scene.tick()
    dump(house.postgres, house.data.app_dsn, house.folder / "data")
    scene.withdraw(house.living, consent.id)
    scene.tick()
    old = house.restored("data")
    dossier = "SELECT FROM dossiers WHERE referral_id = %s"
    assert len(old.scene.rows(dossier, referral.id)) == 1
    assert (old.replay()["withdrawn_again"], old.scene.rows(dossier, referral.id)) == (1, [])
    assert old.scene.now(referral.id).status is Status.CANCELLED
    old.close()


def test_what_was_given_anew_after_a_withdrawal_is_left_alone(house: House):
    """A backup from after it: the ledger still names what was taken back before."""
    consent = house.scene.consent(house.living)
    house.scene.withdraw(house.living, consent.id)
    house.scene.clock.instant += timedelta(minutes=1)
    anew = house.scene.consent(house.living)
    house.scene.tick()
    house.fit()
    assert house.replay()["withdrawn_again"] == 0
    assert in_force(house, anew.id) is not None


def test_withdrawals_are_written_again_into_a_lost_ledger(house: House):
    consent = house.scene.consent(house.living)
    house.scene.withdraw(house.living, consent.id)
    house.scene.tick()
    before = house.scene.keys.ledger.withdrawals()
    assert [one for one, _ in before] == [consent.id]
    house.scene.keys.ledger.path.unlink()
    house.replay()
    assert house.scene.keys.ledger.withdrawals() == before


def test_an_erasure_under_way_is_no_restore(house: House):
    """Between the commit and the destroyed key a role may die and must come back."""
    with house.scene.unit.work(actor=NAVIGATOR.actor) as work:
        enquiries.erase(work, NAVIGATOR, house.living.id)
    house.fit()
    house.scene.tick()
    house.fit()


def test_a_ledger_that_cannot_be_read_keeps_every_role_down(house: House):
    with house.scene.keys.ledger.path.open("ab") as file:
        file.write(b'{"person_id": "somebody"}\n')
    with pytest.raises(NotFitError, match="line 2"):
        house.fit()
    with pytest.raises(LedgerError):
        house.replay()


def test_the_audit_log_stays_valid_and_no_leaf_of_it_changes(
    house: House, make_database: Callable[[str], Any], postgres: str, tmp_path: Path
):
    """The log is not restored with the rest: it heard of the erasure, and hears that it was repeated."""
    folder = tmp_path / "log"
    folder.mkdir()
    with a_log(make_database, postgres, folder) as log:
        hear_all(log, house.scene)
        log.publish()
        before = leaves(log)
        old = house.restored("data", "keys")
        old.replay()
        hear_all(log, old.scene)
        log.sign()
        log.publish()
        after = leaves(log)
        assert after[: len(before)] == before
        assert len(after) > len(before)
        erased = [one for one in after if one["type"] == "referral.person_key_destroyed.v1"]
        assert [UUID(one["data"]["person_id"]) for one in erased] == [house.erased.person_id] * 2
        assert of_database(log).code == 0
        assert "Zyrelha" not in json.dumps(after)
        log.tamper(PRESERVED)
        assert of_database(log).code == 1
        old.close()


def hear_all(log: LogAtWork, scene: Scene) -> int:
    """What a relay would have carried: everything in the outbox, in order; what was heard before adds nothing."""
    rows = scene.rows("SELECT body FROM outbox WHERE exchange = 'referral.events' ORDER BY number")
    arrivals = [Arrival(envelope.read(bytes(row["body"])), queue="audit.inbox.0") for row in rows]
    with log.connection.transaction():
        return audit.record(log.connection, log.writer, arrivals, scene.clock.now())


def leaves(log: LogAtWork) -> list[dict[str, Any]]:
    rows = log.connection.execute("SELECT leaf FROM entries ORDER BY position").fetchall()
    return [json.loads(bytes(row["leaf"])) for row in rows]


@pytest.mark.long
def test_no_role_starts_on_a_restored_backup_until_the_deletions_are_replayed(house: House, tmp_path: Path):
    """As operations would live through it: real processes, the commands as they are typed."""
    old = house.restored("data", "keys")
    env = {**old.environment(), "HTTP_ADDRESS": f"127.0.0.1:{free_port()}"}
    roles = [Process("services.referral", role, env, tmp_path / f"{role}.log").start() for role in ROLES]
    assert {role.role: role.process.wait(180) for role in roles} == dict.fromkeys(ROLES, 1)
    for role in roles:
        assert "run `python -m services.referral replay-deletions` first" in role.log.read_text(), role.role
        assert "Traceback" not in role.log.read_text()

    said = typed("replay-deletions", env)
    assert {"records_closed: 1", "keys_destroyed: 1"} <= set(said.splitlines())
    assert "records_closed: 0" in typed("replay-deletions", env)
    assert "nothing is left under a former key" in typed("rewrap", env)

    web = Process("services.referral", "web", env, tmp_path / "web.again.log").start()
    try:
        address = f"http://{env['HTTP_ADDRESS']}/referral/health/live"
        eventually(lambda: not web.alive or answers(address), timeout=120, interval=0.5)
        assert web.alive, web.log.read_text()[-2000:]
    finally:
        web.stop(60)
    assert (old.raw(house.erased), (old.raw(house.living) or {})["given_name"]) == (None, "Olena")
    assert old.scene.said(PersonKeyDestroyed) == [PersonKeyDestroyed(person_id=house.erased.person_id)]
    old.close()


def typed(command: str, env: Mapping[str, str]) -> str:
    program = [sys.executable, "-m", "services.referral", command]
    done = subprocess.run(program, env=env, cwd=ROOT, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def answers(address: str) -> bool:
    try:
        return urllib3.request("GET", address, retries=False, timeout=2).status == 200
    except urllib3.exceptions.HTTPError:
        return False


def test_who_cannot_be_looked_at_waits_until_it_can():
    answers = iter([UnavailableError("database.unavailable"), UnavailableError("database.unavailable"), None])
    paused: list[float] = []

    def check() -> None:
        if (answer := next(answers)) is not None:
            raise answer

    starting.wait_until_fit(check, paused.append)
    assert len(paused) == 2 and next(answers, "over") == "over"
