"""An operator at the running network: everything the command promises, against the real services and broker."""

import json
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import amqp
import pytest

from contracts.identity import id_of
from deploy.demo import stage
from deploy.demo.story import Story
from lotse.broker import Broker
from tests.system.conftest import ROOT, RunningNetwork, Told
from tests.waiting import eventually

Lotse = Callable[..., Told]
DIRECTORY = ROOT / "services" / "directory" / "data" / "aachen-muenster.ndjson"
pytestmark = [pytest.mark.system, pytest.mark.timeout(420)]


@pytest.fixture
def broker(network: RunningNetwork) -> Broker:
    return Broker(network.state["broker"]["management_url"], network.state["broker"]["vhost"])


def test_a_network_that_just_started_is_well(lotse: Lotse) -> None:
    told = lotse("status", "--json")
    assert [row["health"] for row in told.data["services"]] == ["ready"] * 4
    assert told.code == 0, told.out


def test_every_queue_has_its_one_listener(lotse: Lotse) -> None:
    def listeners() -> dict[str, int]:
        return {queue["name"]: queue["consumers"] for queue in lotse("status", "--json").data["queues"]}

    for name in ("referral.inbox.0", "notifications.inbox.0", "audit.inbox.0", "referral.commands.0"):
        eventually(lambda name=name: listeners()[name] == 1, timeout=30)


@pytest.mark.long
def test_a_message_nobody_can_read_is_parked_shown_and_given_up_with_a_reason(lotse: Lotse, broker: Broker) -> None:
    letter = {"properties": {}, "routing_key": "x", "payload": "unreadable", "payload_encoding": "string"}
    broker.call("POST", f"/exchanges/{broker.vhost}/directory.events/publish", letter)
    eventually(lambda: len(lotse("parked", "list", "--json").data) == 3, timeout=30)
    assert lotse("status").code == 1
    rows = lotse("parked", "list", "--json").data
    assert {row["reason"] for row in rows} == {"event.not-vouched-for"}  # no service said it; it was not even read
    for row in rows:
        number = str(row["parked_id"])
        assert "unreadable" not in lotse("parked", "show", row["service"], number).out
        assert lotse("parked", "discard", row["service"], number, "--reason", "UNREADABLE").code == 0
    assert lotse("parked", "list").code == 0


@pytest.mark.long
def test_a_letter_for_nobody_is_seen_put_back_where_there_is_a_place_and_dropped_with_a_reason(
    lotse: Lotse, broker: Broker
) -> None:
    undeliverable = ("--place", "unrouted", "--cause", "unroutable", "--reason", "RECEIVER_GONE")
    lotse("letters", "drop", *undeliverable)  # whatever an earlier run left
    nobody, gone = "nobody", "00000000-0000-0000-0000-00000000dead"
    for key in (nobody, gone):
        letter = {"properties": {}, "routing_key": key, "payload": "Rosalinde Planted", "payload_encoding": "string"}
        broker.call("POST", f"/exchanges/{broker.vhost}/partners/publish", letter)
    rows = eventually(lambda: _of(lotse("letters", "list", "--json").data, 2), timeout=30)
    assert {row["cause"] for row in rows} == {"unroutable"}
    assert "Planted" not in lotse("letters", "show", rows[0]["letter_id"]).out
    eventually(lambda: lotse("status").code == 1, timeout=30)  # the broker counts every few seconds
    told = lotse("letters", "return", "--all", "--json")
    assert (told.code, told.data) == (1, {"handled": 0, "unconfirmed": 1, "without_home": 1})
    dropped = lotse("letters", "drop", *undeliverable)
    assert (dropped.code, dropped.out.strip()) == (0, "2 dropped.")
    assert lotse("letters", "list").code == 0


def _of(seen: Any, count: int) -> Any:
    return seen["letters"] if len(seen["letters"]) == count else None


def test_the_directory_file_has_no_mistake_and_checking_changes_nothing(lotse: Lotse) -> None:
    told = lotse("directory", "check", str(DIRECTORY), "--json")
    assert told.code == 0, told.err
    assert all(kind["new"] == 0 for kind in told.data["counts"].values())


def test_a_wrong_row_is_named_by_line_and_nothing_is_taken_in(lotse: Lotse, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.ndjson"
    first = DIRECTORY.read_text(encoding="utf-8").splitlines()[0]
    wrong.write_text(first + '\n{"object": "organization", "id": "x", "name": 7}\n', encoding="utf-8")
    told = lotse("directory", "import", str(wrong))
    assert told.code == 1
    assert "2" in told.out
    assert "Nothing was taken in" in told.err


def test_the_log_is_verified_by_the_independent_program(lotse: Lotse) -> None:
    eventually(lambda: lotse("audit", "verify").code == 0, timeout=60, interval=2)


def test_one_changed_byte_is_found(lotse: Lotse, network: RunningNetwork, tmp_path: Path) -> None:
    from lotse.config import load
    from lotse.network import Network

    lines = Network(load(network.dev / "state.json")).download("audit", "api/v1/export/hashes").splitlines()
    entry = json.loads(lines[len(lines) // 2])
    first = entry["leaf_hash"][0]
    entry["leaf_hash"] = ("1" if first == "0" else "0") + entry["leaf_hash"][1:]
    lines[len(lines) // 2] = json.dumps(entry).encode()
    changed = tmp_path / "changed.ndjson"
    changed.write_bytes(b"\n".join(lines) + b"\n")
    told = lotse("audit", "verify", "--export", str(changed))
    assert told.code == 1, told.out + told.err


def test_an_onboarded_partner_can_sign_in_and_listen_until_it_is_suspended(
    lotse: Lotse, network: RunningNetwork, broker: Broker
) -> None:
    given = lotse("partner", "onboard", "vuv-aachen", "--json").data
    address = network.state["rabbitmq"]["ports"]["amqp"]
    told = _listen(address, given, broker.vhost)
    assert told == 0
    assert lotse("partner", "sync", "--check").code == 0
    assert lotse("partner", "suspend", "vuv-aachen", "--cut").code == 0
    with pytest.raises((amqp.exceptions.NotAllowed, amqp.exceptions.AccessRefused, OSError)):
        _listen(address, given, broker.vhost)
    assert lotse("partner", "offboard", "vuv-aachen", "--yes").code == 0
    assert str(id_of("organization", "vuv-aachen")) not in str(broker.queues())


def _listen(port: int, given: dict[str, Any], vhost: str) -> int:
    connection = amqp.Connection(
        f"127.0.0.1:{port}", given["amqp_user"], given["amqp_password"], virtual_host=vhost, connect_timeout=5
    )
    with connection:
        return int(connection.channel().queue_declare(given["reads"], passive=True).message_count)


@pytest.mark.parametrize(
    ("partner", "state"),
    [("ihk-aachen", "confirmed"), ("hwk-aachen", "sent"), ("kia-staedteregion-aachen", "confirmed")],
)
def test_a_test_notice_reaches_each_kind_of_partner_system(lotse: Lotse, partner: str, state: str) -> None:
    """The webhook answers, the queue holds it until it is read, the feed's reader acknowledges it."""
    told = lotse("channel", "ping", partner, "--json")
    assert told.code == 0, told.out + told.err
    delivery = told.data["delivery_id"]
    eventually(lambda: lotse("deliveries", "show", delivery, "--json").data["state"] == state, timeout=30)


def test_a_webhooks_secret_changes_while_its_receiver_still_has_the_old_one(lotse: Lotse) -> None:
    assert lotse("channel", "secret", "ihk-aachen", "--json").data["old_until"] is not None
    told = lotse("channel", "ping", "ihk-aachen", "--json")
    assert (told.code, told.data["state"]) == (0, "confirmed")
    replayed = lotse("channel", "replay", "ihk-aachen", "--since", "2026-01-01", "--json")
    assert replayed.data["leaving"] >= 1
    assert lotse("channel", "list", "--json").data == []


def test_secrets_of_the_network_stand_in_no_log(network: RunningNetwork) -> None:
    secrets = [value for value in network.state["secrets"].values() if len(value) > 16]
    assert secrets
    for log in (network.dev / "logs").glob("*.log"):
        text = log.read_text(errors="replace")
        assert [secret for secret in secrets if secret in text] == [], log.name


def test_everything_about_a_person_is_handed_out_with_the_logs_own_proof(
    lotse: Lotse, network: RunningNetwork, tmp_path: Path
) -> None:
    desk = Story(stage.setting(network.state, network.dev)).desk
    needs = [{"topic": "SPRACHE", "urgency": "normal"}]
    person = {"given_name": "Auskunftine", "family_name": "Fragefroh", "birth_date": "1950-02-03"}
    asked = {"enquirer": "person", "site": "aachen", "person": person, "needs": needs}
    enquiry = desk.post("/referral/api/v1/enquiries", asked)
    desk.get(f"/referral/api/v1/enquiries/{enquiry['id']}/person")
    given = ("subject-access", enquiry["id"], "--identity", "id_document", "--language", "fr", "--out")
    tries = count()

    def handed_out() -> tuple[Path, dict[str, str]]:
        # decisions the log has not heard yet are waited for, nothing is written until then; a look just now is not
        folder = tmp_path / f"handed-out-{next(tries)}"
        assert lotse(*given, str(folder)).code == 0
        files = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}
        assert any("personal_data_viewed" in text and "Auskunftine" not in text for text in files.values())
        return folder, files

    folder, files = eventually(handed_out, timeout=60, interval=1)
    assert any("Auskunftine" in text for text in files.values())
    assert lotse(*given, str(folder)).code != 0, "what was handed out is not written over"
