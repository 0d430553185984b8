"""The kit joins a running network in a partner's place: by its command line, two folders, and nothing else."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from deploy.demo import stage
from deploy.demo.participants import PARTICIPANTS
from deploy.demo.story import KIA, KIA_LANGUAGE, Story
from tests.system.conftest import ROOT, RunningNetwork, Told
from tests.waiting import eventually

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]
PERSON = {
    "given_name": "Kitty",
    "family_name": "Ordnerfrau",
    "birth_date": "1991-04-05",
    "phone": "+49 241 5550177",
    "languages": ["fr"],
}


@dataclass
class Place:
    """A partner's machine: its settings, its folders, and the command as it is typed there."""

    folder: Path
    settings: Path

    def kit(self, *words: str) -> Told:
        done = subprocess.run(
            self.program(*words), **self.way(), capture_output=True, text=True, timeout=90, check=False
        )
        return Told(done.returncode, done.stdout, done.stderr)

    def program(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "lotsennetz_partner", "--settings", str(self.settings), *words]

    def way(self) -> dict[str, Any]:
        """Only the kit is found from there, nothing of the network."""
        return {"cwd": self.folder, "env": {**os.environ, "PYTHONPATH": str(ROOT / "partner_kit")}}

    def inbox(self, kind: str) -> list[Any]:
        return [json.loads(file.read_text()) for file in self.inbox_files(f"*.{kind}")]

    def inbox_files(self, name: str) -> list[Path]:
        return sorted((self.folder / "inbox").glob(f"{name}.*.json"))

    def dossiers(self, referral_id: str) -> list[Any]:
        return [one for one in self.inbox("referral_requested") if one["notice"]["referral_id"] == referral_id]

    def answer(self, name: str, **content: Any) -> None:
        (self.folder / "outbox" / name).write_text(json.dumps(content))

    def result(self, name: str) -> Any:
        return json.loads((self.folder / "outbox" / "done" / f"{name}.result.json").read_text())


@pytest.fixture
def story(network: RunningNetwork) -> Story:
    story = Story(stage.setting(network.state, network.dev))
    story.directory()
    return story


@pytest.fixture
def place(network: RunningNetwork, story: Story, tmp_path: Path) -> Iterator[Place]:
    """The KIA's own system stands still; the kit has its identity and its keys."""
    kia = next(one for one in PARTICIPANTS if one.organization_id == KIA)
    settings = tmp_path / "settings.toml"
    settings.write_text(
        f'network_url = "{network.state["origin"]}"\n'
        f'organization_id = "{KIA}"\n'
        f'token_url = "{network.state["issuer"]}/token"\n'
        f'client_id = "{kia.client_id}"\n'
        f'client_key_file = "{network.dev / "keys" / f"partner.{kia.slug}.client.json"}"\n'
        f'private_key_files = ["{network.dev / "keys" / f"partner.{kia.slug}.json"}"]\n'
    )
    stand_in = running(network, "deploy.demo.partners.kia_pull")
    stand_in.send_signal(signal.SIGSTOP)
    try:
        yield Place(tmp_path, settings)
    finally:
        stand_in.send_signal(signal.SIGCONT)


def running(network: RunningNetwork, module: str) -> psutil.Process:
    """The one process that runs this module; others come and go while we look."""
    found = []
    for one in psutil.Process(network.process.pid).children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            found += [one] if module in one.cmdline() else []
    [only] = found
    return only


def referred(story: Story, name: str) -> str:
    person = {**PERSON, "birth_date": f"19{len(story.ids) % 40 + 50}-04-05"}
    story._enquire(name, person, [{"topic": "SPRACHE", "urgency": "normal"}])
    assert story._suggestions(name, "SPRACHE")["suggestions"], "the directory has not arrived"
    categories = ["IDENTITY", "CONTACT", "LANGUAGE"]
    story._consent(name, "fr", [story._recipient(KIA, KIA_LANGUAGE, ["SPRACHE"], categories)])
    story._refer(f"{name}-kia", name, "SPRACHE", KIA_LANGUAGE)
    story.desk.wait_for(story.ids[f"{name}-kia"], "requested")
    return story.ids[f"{name}-kia"]


def until_told(place: Place, found: Callable[[], bool]) -> None:
    """Listen in short turns until it is there: what left the network still has to arrive."""

    def listened() -> bool:
        told = place.kit("listen", "--once")
        assert told.code == 0, told.err
        return found()

    eventually(listened, timeout=60, interval=0.5)


@pytest.mark.long
def test_a_legacy_system_takes_part_with_two_folders(place: Place, story: Story):
    assert place.kit("check").code == 0
    referral = referred(story, "kit")
    until_told(
        place, lambda: any(one["notice"]["referral_id"] == referral for one in place.inbox("referral_requested"))
    )
    [handed] = [one for one in place.inbox("referral_requested") if one["notice"]["referral_id"] == referral]
    assert handed["dossier"]["person"]["family_name"] == "Ordnerfrau"
    number = handed["referral"]["reference"]

    place.answer("1.json", referral=number, action="accept", contact_by="yesterday")
    place.answer("2.json", referral=number, action="sing")
    place.answer("3.json", referral=number, action="accept")
    assert place.kit("listen", "--once").code == 0

    assert place.result("1")["result"] == "refused" and "contact_by" in str(place.result("1")), place.result("1")
    assert place.result("2")["result"] == "refused"
    assert (place.result("3")["result"], place.result("3")["status"]) == ("done", "accepted")
    told = place.kit("start", number, "--first-contact-on", "yesterday")
    assert told.code == 3 and "first_contact_on: expected" in told.err, told.err
    assert "accepted" in place.kit("show", number).out

    consent = f"/referral/api/v1/enquiries/{story.ids['kit']}/consents/{story.ids['kit/consent']}/withdrawals"
    story.desk.post(consent, {"channel": "letter"})
    until_told(place, lambda: place.inbox("referral_stopped") != [] or place.inbox("duty_opened") != [])
    assert place.dossiers(referral) == []
    refused = place.kit("open", number)
    assert refused.code == 3 and "Ordnerfrau" not in refused.out
    for words in (("acknowledge-stop", number), ("state-deletion", number, "--deletion", "deleted")):
        told = place.kit(*words)
        assert told.code == 0, told.err


def test_killed_in_the_middle_it_goes_on_where_it_was(place: Place, story: Story):
    referral = referred(story, "kill")
    number = story.desk.get(f"/referral/api/v1/referrals/{referral}")["reference"]
    script = place.folder / "import.sh"
    script.write_text(
        '#!/bin/sh\necho "$1" >> seen\nif [ ! -e died ]; then touch died; kill -9 $PPID; fi\n', encoding="utf-8"
    )
    script.chmod(0o755)
    with place.settings.open("a") as settings:
        settings.write(f'command = "{script}"\n')

    def killed() -> bool:
        return place.kit("listen", "--once").code == -signal.SIGKILL

    def seen() -> list[str]:
        return (place.folder / "seen").read_text().splitlines()

    def handed_over() -> bool:
        """Of what came before, some has been stopped since: those files are gone, as they must be."""
        return any(str(file) in seen() for file in place.inbox_files(f"{number}.referral_requested"))

    eventually(killed, timeout=60, interval=0.5)
    until_told(place, handed_over)

    first, *after = seen()
    assert first == after[0], "what was handed over when it died is handed over again"
    assert len(after) == len(set(after)), "and nothing else twice"
    assert place.dossiers(referral) != []
