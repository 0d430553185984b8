"""What the pages for partners tell to type is typed here, at a running network, in a partner's place."""

import inspect
import json
import os
import shutil
import socket
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.demo import stage
from deploy.demo.keys import KeyFiles
from deploy.demo.participants import PARTICIPANTS
from deploy.demo.sandbox.joining import Wish
from deploy.demo.story import Story
from tests.system.conftest import ROOT, RunningNetwork, Told
from tests.system.guests import PAGES, Guest, blocks, sitting_at, typed
from tests.system.sandbox import opened
from tests.waiting import eventually

HWK, IHK, KIA = "hwk-aachen", "ihk-aachen", "kia-staedteregion-aachen"
AMQP = "quickstart-amqp.md"
AMQPLIB = ROOT / "tests" / "vendor" / "node" / "amqplib"
NEEDED = ("curl", "jq", "node")
pytestmark = [
    pytest.mark.system,
    pytest.mark.timeout(300),
    pytest.mark.skipif(not all(map(shutil.which, NEEDED)), reason=f"the pages are typed with {', '.join(NEEDED)}"),
]


@pytest.fixture
def story(network: RunningNetwork) -> Story:
    story = Story(stage.setting(network.state, network.dev))
    story.directory()
    return story


@pytest.fixture
def at(network: RunningNetwork, story: Story, tmp_path: Path) -> Callable[..., object]:
    """To sit down at a partner's desk."""
    return lambda slug: sitting_at(slug, network, story, tmp_path)


def well(told: Told) -> str:
    assert told.code == 0, told.out[-1500:] + told.err[-1500:]
    return told.out


def test_rest_pull_as_it_is_typed(at) -> None:
    with at(HWK) as guest:
        referral = guest.referred()
        out = well(guest.follow("quickstart-pull.md"))
        assert '"ground": "consent"' in out and "family_name" in out
        assert guest.status_of(referral) == "completed"


def test_amqp_as_it_is_typed(at) -> None:
    with at(HWK) as guest:
        referral = guest.referred()
        out = well(guest.follow(AMQP))
        assert '"result":"done"' in out and "family_name" in out
        assert guest.status_of(referral) == "accepted"


@pytest.mark.long
def test_amqp_as_it_is_typed_with_node(at) -> None:
    """The same page, with the other program where it says so."""
    with at(HWK) as guest:
        shutil.copytree(AMQPLIB, guest.folder / "node_modules" / "amqplib")  # as `npm install amqplib` puts it there
        referral = guest.referred()
        words = [word.replace("python examples/by_queue.py", "node examples/by_queue.mjs") for word in typed(AMQP)]
        assert "by_queue.mjs say" in words[-1]
        out = well(guest.run(*words))
        assert '"result":"done"' in out and "family_name" in out
        assert guest.status_of(referral) == "accepted"
        duties = guest.run("node", "examples/by_queue.mjs", "say", referral, "1", "accept", "{}")
        (result,) = [json.loads(line) for line in well(duties).splitlines() if "command_result" in line]
        assert result["data"]["result"] == "stale", "an old version is answered, and changes nothing"


def test_the_kit_as_it_is_typed(at) -> None:
    with at(KIA) as guest:
        referral = guest.referred()
        out = well(guest.follow("quickstart-kit.md"))
        assert "WRONG" not in out and "family_name" in out
        assert guest.status_of(referral) == "in_progress"


@pytest.mark.long
@pytest.mark.parametrize(
    ("program", "status"),
    [
        (("node", "examples/partner.mjs", "once"), "clarification"),
        (("python", "examples/partner.py", "once"), "accepted"),
    ],
    ids=["Node", "Python"],
)
def test_a_whole_program_hears_opens_and_answers_and_stops_when_told_to(at, program, status: str) -> None:
    with at(KIA) as guest:
        referral = guest.referred()
        out = well(guest.run(*program))
        assert "receive: received" in out and guest.status_of(referral) == status
        assert well(guest.run(*program)) == "", "what it has taken it does not take again"
        guest.story.desk.act(referral, "cancel", {"reason": "MISTAKE"})
        eventually(lambda: "state_deletion" in well(guest.run(*program)), timeout=60, interval=0.5)
        duties = guest.story.desk.get(f"/referral/api/v1/referrals/{referral}")["duties"]
        assert duties == []


@pytest.mark.long
@pytest.mark.timeout(1500)
@pytest.mark.parametrize(
    ("runs", "script"), [("node", "partner.mjs"), (sys.executable, "partner.py")], ids=["Node", "Python"]
)
def test_a_whole_program_passes_the_examination(
    network: RunningNetwork, lotse: Callable[..., Told], tmp_path: Path, runs: str, script: str
) -> None:
    slug = f"docs-{script.replace('.', '-')}"
    with opened(network) as sandbox:
        folder = sandbox.let_in(Wish(slug, "pull"))
        handed = tomllib.loads((folder / "settings.toml").read_text())
        given = {name: str(handed[name.lower()]) for name in ("TOKEN_URL", "CLIENT_ID", "CLIENT_SECRET")}
        given |= {"NETWORK": handed["network_url"], "PRIVATE_KEY_FILE": str(folder / handed["private_key_files"][0])}
        words = [runs, str(PAGES / "examples" / script)]
        with (tmp_path / "told").open("wb") as log:
            program = subprocess.Popen(words, cwd=tmp_path, env={**os.environ, **given}, stdout=log, stderr=log)
        try:
            told = lotse("partner", "certify", slug, "--out", str(tmp_path), "--json", "--quiet", "3", timeout=1400)
            assert program.poll() is None, (tmp_path / "told").read_text()[-2000:]
        finally:
            program.kill()
            program.wait(10)
    assert [one for one in told.data["checks"] if one["outcome"] == "failed"] == []
    assert (told.code, told.data["passed"]) == (0, True)


@pytest.mark.parametrize(
    "script",
    [None, pytest.param(("python", "examples/webhook.py"), marks=pytest.mark.long)],
    ids=["as it is typed", "Python"],
)
def test_a_webhook_receiver_takes_what_is_genuine_once(at, lotse, script: tuple[str, ...] | None) -> None:
    port, secret = free_port(), lotse("channel", "secret", IHK, "--json").data["secret"]
    with at(IHK) as sitting:
        guest = sitting.told(PORT=str(port), WEBHOOK_SECRET=secret)
        with guest.begun(*(script or typed("quickstart-webhook.md"))) as process, called_at(guest, port):
            eventually(lambda: lotse("channel", "ping", IHK).code == 0, timeout=120, interval=1)
            referral = guest.referred()
            notices = guest.folder / "notices.ndjson"
            eventually(lambda: referral in notices.read_text(), timeout=60)
            if script is None:
                out, err = process.communicate(timeout=90)
                assert process.returncode == 0 and "referral_requested" in out, out + err
        told = [json.loads(line) for line in notices.read_text().splitlines()]
        assert len({one["id"] for one in told}) == len(told)


@contextmanager
def called_at(guest: Guest, port: int) -> Iterator[None]:
    """The partner handed in another address for a while."""
    take_in(guest, port)
    try:
        yield
    finally:
        take_in(guest, guest.network.state["ports"]["webhook"])


def take_in(guest: Guest, port: int) -> None:
    keys = KeyFiles(guest.network.dev / "keys")
    rows = stage.participations(
        stage.datetime.now(stage.UTC).date(),
        webhook_urls={IHK: f"http://127.0.0.1:{port}/lotsennetz"},
        public_keys={one.slug: keys.partner_public(one.slug) for one in PARTICIPANTS if one.has_own_key},
    )
    body = b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)
    stage._import(guest.network.state["origin"], guest.story._token("edda-editor"), body)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def stands_in_the_gate(test: Callable[..., object]) -> bool:
    """Whether a run of it is not marked long."""
    marks = getattr(test, "pytestmark", [])
    runs = [values for mark in marks if mark.name == "parametrize" for values in [mark.args[1]]]
    all_long = any(all("long" in {one.name for one in getattr(run, "marks", ())} for run in values) for values in runs)
    return not all_long and "long" not in {mark.name for mark in marks}


def test_every_quickstart_is_typed_in_the_gate() -> None:
    tests = [one for name, one in globals().items() if name.startswith("test_") and "quickstart_is" not in name]
    in_the_gate = "".join(inspect.getsource(one) for one in tests if stands_in_the_gate(one))
    for page in PAGES.glob("quickstart-*.md"):
        named = f'"{page.name}"' in in_the_gate or (page.name == AMQP and "follow(AMQP)" in in_the_gate)
        assert bool(blocks(page.name)) == named, page.name
