"""Witnesses: programs of others that countersign a log as long as it only grows - and notice when it does not."""

import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from werkzeug.serving import make_server

from deploy.demo.clocks import FixedClock
from services.audit.web.app import create_app
from services.chassis.config import load
from services.chassis.db import Database, connect
from services.chassis.work import Unit
from tests.chassis.web_rig import HWK, SETTINGS, TestIssuer, bearer
from tests.integration.audit.conftest import START

WITNESS = Path(__file__).parents[3] / "services" / "audit" / "verifier" / "lotsennetz_witness.py"
ISSUER = TestIssuer()
PARTNER = ISSUER.token(sub="hwk-system", roles=None, organization_id=str(HWK))
DPO = bearer(ISSUER.token(sub="dora", roles=["dpo"]))


def witness(*arguments):
    return subprocess.run(
        [sys.executable, "-I", str(WITNESS), *map(str, arguments)], check=False, capture_output=True, text=True
    )


class Served:
    """A log behind real HTTP."""

    def __init__(self, log, keys):
        given = {"CHECKPOINT_PUBLIC_KEY_FILE": str(log.key_file), "CHECKPOINT_DIR": str(log.directory)}
        settings = load("audit", {**SETTINGS, **given, "DATABASE_URL": log.app_dsn, "WITNESS_KEYS_FILE": str(keys)})
        self.database = Database(log.app_dsn)
        self.app = create_app(settings, Unit(self.database, FixedClock(START), "audit"), issuer_keys=ISSUER.keys())
        self.server = make_server("127.0.0.1", 0, self.app, threaded=True)
        self.url = f"http://127.0.0.1:{self.server.server_port}/audit/api/v1"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.database.close()


class Watcher:
    """A witness with its own key and memory."""

    def __init__(self, folder, log):
        self.folder, self.log = folder, log
        made = witness("--make-key", "witness.example/hwk", "--key", folder / "witness.key")
        (folder / "witnesses").write_text(made.stdout)
        (folder / "token").write_text(PARTNER)
        self.keys = folder / "witnesses"

    def look(self, served):
        paths = {"key": "witness.key", "state": "seen.json", "token-file": "token"}
        options = [part for name, file in paths.items() for part in (f"--{name}", self.folder / file)]
        return witness("--log", served.url, "--log-key", self.log.key_file, *options)


@pytest.fixture
def watcher(log, tmp_path):
    return Watcher(tmp_path, log)


def grown(log, *numbers, hours=1):
    log.hear(*numbers, now=START + timedelta(hours=hours))
    log.sign(START + timedelta(hours=hours + 1))


def test_a_witness_countersigns_a_log_that_grows(log, watcher):
    grown(log, *range(5))
    with Served(log, watcher.keys) as served:
        assert watcher.look(served).stdout == "countersigned 5 entries\n"
        grown(log, *range(5, 400), hours=3)
        assert watcher.look(served).stdout == "countersigned 400 entries, 395 more than last time\n"
        assert watcher.look(served).returncode == 0
        client = served.app.test_client()
        note = client.get("/audit/api/v1/checkpoints/latest", headers=DPO).get_data(as_text=True)
        assert note.count("\N{EM DASH} ") == 2
        page = client.get("/audit/integrity", headers={**DPO, "Accept-Language": "en"}).get_data(as_text=True)
        assert "witness.example/hwk" in page and "400" in page
    kept = log.connection.execute("SELECT size FROM cosignatures ORDER BY size").fetchall()
    assert [row["size"] for row in kept] == [5, 400]


def test_a_log_that_forks_is_noticed_and_not_countersigned(log, watcher, make_database):
    grown(log, *range(10))
    with Served(log, watcher.keys) as served:
        watcher.look(served)
    other = make_database("audit")
    (log.directory / "elsewhere").mkdir()
    with connect(other.app_dsn) as connection:
        forked = log.elsewhere(connection, log.directory / "elsewhere")
        forked.app_dsn = other.app_dsn
        grown(forked, *range(100, 130))
        with Served(forked, watcher.keys) as served:
            seen = watcher.look(served)
    assert (seen.returncode, "FORKED" in seen.stderr) == (1, True), seen


def test_two_heads_of_one_size_are_a_fork(log, watcher, make_database):
    grown(log, *range(10))
    with Served(log, watcher.keys) as served:
        watcher.look(served)
    other = make_database("audit")
    (log.directory / "elsewhere").mkdir()
    with connect(other.app_dsn) as connection:
        forked = log.elsewhere(connection, log.directory / "elsewhere")
        forked.app_dsn = other.app_dsn
        grown(forked, *range(100, 110))
        with Served(forked, watcher.keys) as served:
            seen = watcher.look(served)
    assert (seen.returncode, "two heads of 10 entries" in seen.stderr) == (1, True), seen


def test_a_log_restored_from_an_older_backup_is_noticed(log, watcher, make_database):
    grown(log, *range(10))
    with Served(log, watcher.keys) as served:
        watcher.look(served)
    older = make_database("audit")
    (log.directory / "elsewhere").mkdir()
    with connect(older.app_dsn) as connection:
        restored = log.elsewhere(connection, log.directory / "elsewhere")
        restored.app_dsn = older.app_dsn
        grown(restored, *range(6))
        with Served(restored, watcher.keys) as served:
            seen = watcher.look(served)
    assert (seen.returncode, "SHRANK" in seen.stderr) == (1, True), seen


def test_a_stranger_s_countersignature_is_refused(log, watcher, tmp_path):
    grown(log, *range(3))
    (tmp_path / "stranger").mkdir()
    stranger = Watcher(tmp_path / "stranger", log)
    with Served(log, watcher.keys) as served:
        (tmp_path / "stranger" / "seen.json").unlink(missing_ok=True)
        assert stranger.look(served).returncode == 2
        client = served.app.test_client()
        for body, status in (("nonsense", 422), ("other\n3\nAAAA\n\n", 422)):
            answer = client.post("/audit/api/v1/cosignatures", data=body, headers=bearer(PARTNER))
            assert answer.status_code == status
        assert client.post("/audit/api/v1/cosignatures", data="x", headers=DPO).status_code == 403
    assert log.connection.execute("SELECT count(*) AS n FROM cosignatures").fetchone() == {"n": 0}


def test_a_countersignature_of_a_head_we_never_signed_is_refused(log, watcher, make_database):
    grown(log, *range(3))
    forged = log.writer.signer.sign(3, bytes(32))
    with Served(log, watcher.keys) as served:
        answer = served.app.test_client().post("/audit/api/v1/cosignatures", data=forged, headers=bearer(PARTNER))
    assert (answer.status_code, answer.json["slug"]) == (409, "audit.head-not-ours")


def test_a_log_that_cannot_be_reached_is_no_accusation(log, watcher):
    class Nowhere:
        url = "http://127.0.0.1:1/audit/api/v1"

    assert watcher.look(Nowhere).returncode == 2
    assert witness("--key", "x").returncode == 2
