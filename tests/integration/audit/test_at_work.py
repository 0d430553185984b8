"""Audit as real processes on a real broker: what was told is in the log, signed and published, whatever is killed."""

import random
import subprocess
import sys
import time

import pytest

from services.audit import publication
from services.audit.keys import make_signer, open_checkpoint, save_signer
from tests.chassis.rig import Process, Room, relay_of, running, settings_of
from tests.integration.audit.test_verifier import VERIFIER
from tests.waiting import eventually


class Audit:
    """The service's processes over one database and one virtual host."""

    def __init__(self, addresses, vhost, folder):
        self.room = Room("audit", addresses.app_dsn, addresses.owner_dsn)
        self.folder = folder
        self.signer = make_signer("lotsennetz.example/audit")
        save_signer(self.signer, folder / "log.key")
        self.directory = folder / "checkpoints"
        self.directory.mkdir()
        self.env = {
            **settings_of(self.room, vhost.amqp_uri),
            "CHECKPOINT_KEY_FILE": str(folder / "log.key"),
            "CHECKPOINT_DIR": str(self.directory),
        }

    def role(self, name):
        return Process("services.audit", name, self.env, self.folder / f"{name}.log")

    def size(self):
        return int(str(self.room.value("SELECT count(*) FROM entries WHERE source = '/lotsennetz/directory'")))

    def published(self):
        note = publication.latest(self.directory)
        return 0 if note is None else open_checkpoint(note, self.signer.key).size

    def verified(self):
        outside = ["--checkpoint", self.directory, "--key", self.folder / "log.key.pub"]
        command = [sys.executable, VERIFIER, "--database", self.room.dsn, *outside]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return True


@pytest.fixture
def audit(make_database, make_vhost, tmp_path):
    vhost = make_vhost()
    found = Audit(make_database("audit"), vhost, tmp_path)
    found.vhost = vhost
    return found


@pytest.fixture
def teller(make_database):
    addresses = make_database("directory")
    return Room("directory", addresses.app_dsn, addresses.owner_dsn)


def test_everything_told_is_in_the_log_signed_and_published(audit, teller, tmp_path):
    teller.tell(300)
    with (
        running(relay_of(teller, audit.vhost.amqp_uri, tmp_path)),
        running(audit.role("worker")),
        running(audit.role("clock")),
    ):
        eventually(lambda: audit.size() == 300, timeout=40)
        eventually(lambda: audit.published() >= 300, timeout=20)
    audit.verified()
    row = audit.room.rows("SELECT min(stream_position) AS first, max(stream_position) AS last FROM entries")[0]
    assert row == {"first": 1, "last": 300}


@pytest.mark.long
def test_a_worker_killed_again_and_again_leaves_a_whole_log(audit, teller, tmp_path):
    with running(relay_of(teller, audit.vhost.amqp_uri, tmp_path)), running(audit.role("clock")):
        for round_number in range(4):
            worker = audit.role("worker").start()
            teller.tell(200)
            time.sleep(random.Random(round_number).uniform(0.8, 2.5))
            worker.kill()
        with running(audit.role("worker")):
            eventually(lambda: audit.size() == 800, timeout=60)
            eventually(lambda: audit.published() >= 800, timeout=20)
    audit.verified()


def test_a_worker_without_its_key_says_so_and_does_not_start(audit):
    del audit.env["CHECKPOINT_KEY_FILE"]
    worker = audit.role("worker").start()
    assert worker.process.wait(30) != 0
    assert worker.said("CHECKPOINT_KEY")
