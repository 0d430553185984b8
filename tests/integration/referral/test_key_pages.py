"""How persons' keys are kept, as the lead, the data-protection officer, operators and metrics see it."""

import os
import re
from collections.abc import Iterator
from datetime import date
from urllib.parse import urlsplit

import pytest
from prometheus_client.registry import CollectorRegistry

from contracts.codes import StaffRole
from deploy.demo.databases import at_database
from services.chassis.db import Database, connect
from services.referral.commands import enquiries, rewrapping
from services.referral.figures import KeyFigures
from services.referral.store import persons
from services.referral.store.enquiries import OF_INDEX
from services.referral.vault import ServiceKeys
from tests.integration.referral.rig import Network
from tests.integration.referral.scene import CENTER, NAVIGATOR, RECORD, SERVICE_KEY, Scene, some_keys
from tests.integration.referral.test_data_protection_pages import browser_of

PAGE = "/referral/data-protection/keys"
OLD = ServiceKeys(SERVICE_KEY).wrapping_id
NEW_KEY = os.urandom(32)
NEW = ServiceKeys(NEW_KEY).wrapping_id


def rotated(scene: Scene) -> Network:
    """The service started anew with a new key; the old one still unwraps."""
    scene.keys = some_keys(scene.keys.store, scene.keys.ledger.path, ServiceKeys(NEW_KEY, SERVICE_KEY))
    return Network(scene)


def page(network: Network, role: str = "dpo") -> str:
    answer = browser_of(network, sub=role, roles=[role]).get(PAGE)
    assert answer.status_code == 200, answer.text
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))


@pytest.mark.parametrize("role", ["lead", "dpo"])
def test_who_answers_for_data_protection_sees_that_all_hangs_on_the_current_key(scene: Scene, role: str):
    scene.told_directory().an_enquiry()
    shown = page(Network(scene), role)
    assert f"Current service key {OLD}" in shown
    assert "Everything hangs on the current service key." in shown
    assert f"{OLD} current 1 0 1" in shown
    assert "none yet" in shown


@pytest.mark.parametrize("role", [role for role in StaffRole if role not in {StaffRole.LEAD, StaffRole.DPO}])
def test_nobody_else_sees_the_page(network: Network, role: StaffRole):
    assert browser_of(network, sub="x", roles=[role.value]).get(PAGE).status_code == 403


def test_an_unfinished_change_and_an_unfinished_erasure_are_said_and_go_away(scene: Scene):
    erased = scene.told_directory().an_enquiry()
    scene.an_enquiry()
    network = rotated(scene)
    scene.an_enquiry()
    with scene.unit.work(actor=NAVIGATOR.actor) as work:
        enquiries.erase(work, NAVIGATOR, erased.id)
    shown = page(network)
    assert "The change of the service key is not finished." in shown
    assert "One erasure is not finished yet." in shown
    assert f"{NEW} current 1 0 1" in shown and f"{OLD} former 2 0 1" in shown

    scene.tick()
    rewrapping.rewrap(scene.unit, scene.keys)

    shown = page(network)
    assert "not finished" not in shown.replace("Erasures not finished 0", "")
    assert f"{NEW} current 2 0 2" in shown and OLD not in shown
    assert "none yet" not in shown


def test_the_page_names_nobody(scene: Scene):
    enquiry = scene.told_directory().an_enquiry()
    answer = browser_of(Network(scene), sub="dora", roles=["dpo"]).get(PAGE).text
    words = [str(word) for word in (*RECORD.values(), enquiry.person_id, enquiry.id)]
    assert [word for word in words if len(word) > 2 and word in answer] == []


def test_operators_and_metrics_read_the_same_figures(scene: Scene):
    scene.told_directory().an_enquiry()
    network = rotated(scene)
    scene.an_enquiry()
    seen = network.staff(sub="otto", roles=["operations"]).get("/referral/operator/status")["keys"]
    assert seen["person_keys"] == {OLD: 1, NEW: 1}
    assert (seen["wrapping_id"], seen["unfinished_erasures"], seen["last_rewrap_at"]) == (NEW, 0, None)

    metrics = CollectorRegistry()
    metrics.register(KeyFigures(scene.db, lambda: scene.keys))
    for key in (OLD, NEW):
        assert metrics.get_sample_value("lotsennetz_person_keys", {"wrapping_id": key}) == 1
        assert metrics.get_sample_value("lotsennetz_blind_indexes", {"wrapping_id": key}) == 1
    assert metrics.get_sample_value("lotsennetz_unfinished_erasures") == 0


@pytest.fixture
def cut_off(scene: Scene) -> Iterator[Scene]:
    lost = Scene(scene.db, keys_dsn="postgresql://nobody@127.0.0.1:9/nothing")
    yield lost
    lost.close()


def test_while_the_key_store_is_away_the_status_says_so_and_metrics_are_silent(cut_off: Scene):
    network = Network(cut_off)
    status = network.staff(sub="otto", roles=["operations"]).get("/referral/operator/status")
    assert status["keys"] == {"store": "unavailable"}
    assert list(KeyFigures(cut_off.db, lambda: cut_off.keys).collect()) == []
    assert browser_of(network, sub="dora", roles=["dpo"]).get(PAGE).status_code == 503


def plan_of(db: Database, sql: str, *params: object) -> str:
    with db.session() as connection:
        return "\n".join(str(row["QUERY PLAN"]) for row in connection.execute(f"EXPLAIN {sql}".encode(), params))


def test_an_exact_search_walks_the_index_and_never_meets_the_erased(scene: Scene, postgres: str):
    """Among twenty thousand, a search under two service keys reads the index twice."""
    erased = scene.told_directory().an_enquiry(given_name="Zyrelha")
    living = scene.an_enquiry(given_name="Olena")
    with scene.db.session() as connection:
        connection.execute(
            "INSERT INTO persons (id, kind, sealed, blind_index, index_key_id, recorded_at, changed_at)"
            " SELECT gen_random_uuid(), 'person', '\\x00', sha256(n::text::bytea), 'x', now(), now()"
            " FROM generate_series(1, 20000) AS n"
        )
        connection.execute(
            "INSERT INTO enquiries (id, enquirer, person_id, site, organization_id, recorded_by, recorded_at,"
            " last_contact_at) SELECT gen_random_uuid(), 'person', id, 'aachen', %s, 'staff:x', now(), now()"
            " FROM persons WHERE index_key_id = 'x'",
            (CENTER,),
        )
        connection.execute(
            "INSERT INTO enquiry_persons (enquiry_id, person_id, relation, added_at, added_by)"
            " SELECT id, person_id, 'self', now(), 'staff:x' FROM enquiries WHERE recorded_by = 'staff:x'"
        )
    with connect(at_database(postgres, urlsplit(scene.db.dsn).path.removeprefix("/"))) as superuser:
        superuser.execute("ANALYZE persons, enquiries, enquiry_persons")
    with scene.unit.work(actor=NAVIGATOR.actor) as work:
        enquiries.erase(work, NAVIGATOR, erased.id)
    service_keys = ServiceKeys(NEW_KEY, SERVICE_KEY)
    born = date.fromisoformat(str(RECORD["birth_date"]))
    wanted = service_keys.blind_indexes("Olena", "Ben Salah", born)
    for sql, params in ((persons.FOUND_BY, (wanted,)), (OF_INDEX, (wanted, "aachen", CENTER, False))):
        plan = plan_of(scene.db, sql, *params)
        assert "persons_blind_index" in plan and "Seq Scan on persons" not in plan, plan
    with scene.db.read() as connection:
        found = [
            persons.found_by(connection, service_keys.blind_indexes(name, "Ben Salah", born))
            for name in ("Olena", "Zyrelha")
        ]
    assert found == [[living.person_id], []]
