"""What referral says to a person and what the audit log says agree, entry by entry; half of it is never handed out."""

import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from contracts import envelope
from contracts.referral import SubjectAccessGiven
from deploy.demo.clocks import FixedClock
from lotse.commands import subject_access as command
from services.audit import commands
from services.audit.web.app import create_app
from services.chassis.config import load
from services.chassis.db import Database
from services.chassis.hear import Arrival
from services.chassis.work import Unit
from tests.browser.rig import served
from tests.chassis.web_rig import SETTINGS
from tests.integration.audit.conftest import LogAtWork, a_log
from tests.integration.audit.test_verifier import VERIFIER
from tests.integration.referral.rig import ISSUER, Network
from tests.integration.referral.scene import NOW, Scene
from tests.integration.referral.test_data_protection_pages import browser_of
from tests.integration.referral.test_external_disclosures import PAGE, tell
from tests.integration.referral.test_subject_access import a_whole_story
from tests.lotse.conftest import PaperNetwork, Run, paper, run, state

__all__ = ["paper", "run", "state"]
LEAD = {"roles": ["lead"], "site": "aachen"}


@pytest.fixture
def network(make_database: Callable[[str], Any]) -> Iterator[Network]:
    with Database(make_database("referral").app_dsn) as db:
        yield Network(Scene(db))


@pytest.fixture
def log(make_database: Callable[[str], Any], postgres: str, tmp_path: Path) -> Iterator[LogAtWork]:
    folder = tmp_path / "log"
    folder.mkdir()
    with a_log(make_database, postgres, folder) as made:
        yield made


@pytest.fixture
def both(network: Network, log: LogAtWork, state: dict[str, Any], paper: PaperNetwork) -> Iterator[None]:
    """Referral and audit at real addresses; the issuer gives the lead's token, as it would for her client."""
    given = {"CHECKPOINT_KEY_FILE": str(log.key_file.with_name("log.key")), "CHECKPOINT_DIR": str(log.directory)}
    settings = load("audit", {**SETTINGS, **given, "DATABASE_URL": log.app_dsn})
    paper.say("POST", "/token", {"access_token": network.staff(sub="lena", **LEAD).token})
    state["lotse"] |= {"lead_client_id": "lena", "lead_client_secret": "secret"}
    with Database(log.app_dsn) as database:
        audit = create_app(settings, Unit(database, FixedClock(NOW), "audit"), issuer_keys=ISSUER.keys())
        with served(network.app) as referral_url, served(audit) as audit_url:
            state["services"] = {"referral": referral_url, "audit": audit_url}
            yield


def hear_all(network: Network, log: LogAtWork, *, without: str = "") -> None:
    """What the relay would have carried, heard and signed."""
    rows = network.scene.rows("SELECT body FROM outbox WHERE exchange = 'referral.events' ORDER BY number")
    heard = [Arrival(envelope.read(bytes(row["body"])), "audit.inbox.0") for row in rows]
    kept = [one for one in heard if not without or one.envelope.type != without]
    with log.connection.transaction():
        commands.record(log.connection, log.writer, kept, NOW)
    log.sign()


def verified(folder: Path, log: LogAtWork) -> int:
    """What the independent verifier says to a folder that was handed out."""
    verifying = ["--export", folder / "audit-extract.ndjson", "--checkpoint", folder / "checkpoint.note"]
    command_line = [sys.executable, VERIFIER, *map(str, verifying), "--key", str(log.key_file)]
    return subprocess.run(command_line, check=False).returncode


def everything_logged(log: LogAtWork) -> list[dict[str, Any]]:
    rows = log.connection.execute("SELECT leaf FROM entries ORDER BY position").fetchall()
    return [json.loads(bytes(row["leaf"])) for row in rows]


def told_outside(network: Network, enquiry: Any, ground: str, confirming: dict[str, str] | None) -> str:
    """Told by the navigator and, as that says, confirmed by the lead; answers which one it is."""
    before = {row["id"] for row in network.scene.rows("SELECT id FROM external_disclosures")}
    assert tell(browser_of(network), enquiry, ground=ground).status_code == 303
    [one] = {row["id"] for row in network.scene.rows("SELECT id FROM external_disclosures")} - before
    if confirming is not None:
        lead = browser_of(network, sub="lena", roles=["lead"])
        assert lead.post(f"{PAGE}/{one}/confirmations", data=confirming).status_code == 303
    return str(one)


def hand_out(run: Callable[..., Run], enquiry: Any, target: Path, *more: str) -> Run:
    return run("subject-access", enquiry["id"], "--identity", "id_document", "--out", str(target), *more)


@pytest.mark.usefixtures("both")
def test_both_say_the_same_and_the_folder_proves_itself(
    network: Network, log: LogAtWork, run: Callable[..., Run], tmp_path: Path
):
    enquiry = a_whole_story(network)
    network.requested()  # somebody else's, which must not turn up
    hear_all(network, log)
    target = tmp_path / "auskunft"
    told = hand_out(run, enquiry, target, "--json")
    assert told.code == 0, told.err
    summary = json.loads(told.out[told.out.rindex("{\n") :])  # the services' log lines stand before it
    assert summary["disclosures"] == 1
    document = json.loads((target / "auskunft.json").read_text())
    extract = (target / "audit-extract.ndjson").read_bytes()
    recorded = {row["id"] for row in document["recorded"]["decisions"]}
    logged = {one["data"]["decision_id"] for one in command.leaves(extract) if one["type"] == command.DECIDED}
    assert recorded == logged and len(recorded) >= 4
    left = {one["decision_id"] for one in document["disclosures"]}
    allowed = {
        one["data"]["decision_id"]
        for one in command.leaves(extract)
        if one["type"] == command.DECIDED and one["data"]["allowed"] and one["data"]["point"] == "fetch"
    }
    assert left == allowed
    for line in (target / "MANIFEST.sha256").read_text().splitlines():
        digest, name = line.split("  ")
        assert sha256((target / name).read_bytes()).hexdigest() == digest
    assert "Samira" in (target / "auskunft.html").read_text()
    assert b"Samira" not in extract
    assert verified(target, log) == 0


@pytest.mark.usefixtures("both")
def test_one_archive_by_the_pseudonym(network: Network, log: LogAtWork, run: Callable[..., Run], tmp_path: Path):
    enquiry = a_whole_story(network)
    hear_all(network, log)
    target = tmp_path / "auskunft.zip"
    words = ("--identity", "known_in_person", "--person", "--language", "ar", "--zip", "--out", str(target))
    told = run("subject-access", enquiry["person_id"], *words)
    assert told.code == 0, told.err
    with zipfile.ZipFile(io.BytesIO(target.read_bytes())) as packed:
        assert 'dir="rtl"' in packed.read("auskunft.html").decode()
        assert "MANIFEST.sha256" in packed.namelist()


@pytest.mark.usefixtures("both")
def test_where_they_differ_nothing_is_written_and_the_entry_is_named(
    network: Network, log: LogAtWork, run: Callable[..., Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(command, "PATIENCE_SECONDS", 0)
    enquiry = a_whole_story(network)
    hear_all(network, log, without=command.DECIDED)
    told = hand_out(run, enquiry, tmp_path / "auskunft")
    assert told.code == 1
    missing = network.scene.rows("SELECT id FROM decisions LIMIT 1")[0]["id"]
    assert str(missing) in told.err
    assert not (tmp_path / "auskunft").exists()
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith(".auskunft")] == []


@pytest.mark.usefixtures("both")
def test_where_audit_is_down_nothing_is_handed_out_and_nothing_written(
    network: Network, run: Callable[..., Run], state: dict[str, Any], tmp_path: Path
):
    state["services"]["audit"] = "http://127.0.0.1:9"
    told = hand_out(run, network.navigator.enquire(), tmp_path / "auskunft")
    assert told.code == 3
    assert "audit is unreachable" in told.err
    assert network.scene.said(SubjectAccessGiven) == []
    assert not (tmp_path / "auskunft").exists()


@pytest.mark.usefixtures("both")
def test_what_is_there_is_not_overwritten_and_a_missing_client_is_named(
    network: Network, run: Callable[..., Run], state: dict[str, Any], tmp_path: Path
):
    enquiry = network.navigator.enquire()
    assert hand_out(run, enquiry, tmp_path).code == 2
    del state["lotse"]["lead_client_id"]
    told = hand_out(run, enquiry, tmp_path / "auskunft")
    assert told.code == 2
    assert "LOTSE_LEAD_CLIENT_ID" in told.err


@pytest.mark.usefixtures("both")
@pytest.mark.parametrize("withheld_until", [None, "2026-11-30"], ids=["unconfirmed", "held back"])
def test_what_was_told_outside_is_not_in_the_folder_before_she_may_hear_of_it(
    network: Network, log: LogAtWork, run: Callable[..., Run], tmp_path: Path, withheld_until: str | None
):
    """One was told to her already and stays; of the other neither ground, time, kinds of data nor body goes along."""
    enquiry = a_whole_story(network)
    told_outside(network, enquiry, "court_order", {})
    kept_back = told_outside(
        network, enquiry, "sgb8_8a", {"withheld_until": withheld_until} if withheld_until else None
    )
    hear_all(network, log)
    about_it = [one for one in everything_logged(log) if one["data"].get("disclosure_id") == kept_back]
    assert {one["data"]["person_id"] for one in about_it} == {enquiry["person_id"]}  # the log knows, by her pseudonym

    target = tmp_path / "auskunft"
    told = hand_out(run, enquiry, target)

    assert told.code == 0, told.err
    assert "left out" in told.err
    folder = {one.name: one.read_text() for one in target.iterdir()}
    for content in folder.values():
        assert kept_back not in content and "sgb8_8a" not in content and "left out" not in content
    assert "court_order" in folder["audit-extract.ndjson"] and "court_order" in folder["auskunft.json"]
    assert verified(target, log) == 0
