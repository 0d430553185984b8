"""A partner's system is examined on a running network: the kit passes, a careless system fails with named checks."""

import json
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.demo.places import free_port, read_state
from deploy.demo.sandbox.handing_out import Wish
from lotse.certify.checks import by_queue
from tests.system.conftest import RunningNetwork, Told
from tests.system.sandbox import PROGRAMS, OpenSandbox, kit_takes_part, let_answer, opened, running

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]
#: A whole examination, on a machine that has other things to do.
WHOLE = pytest.mark.timeout(1500)


@pytest.fixture(scope="module")
def sandbox(network: RunningNetwork) -> Iterator[OpenSandbox]:
    with opened(network) as here:
        yield here


@pytest.fixture
def certify(network: RunningNetwork, lotse: Callable[..., Told], tmp_path: Path) -> Callable[..., Any]:
    """The command as it is typed; the document and how it ended."""

    def call(slug: str, *words: str) -> tuple[int, Any]:
        told = lotse("partner", "certify", slug, "--out", str(tmp_path), "--json", *words, timeout=1400)
        assert told.code in (0, 1) and told.out, told.err
        return told.code, told.data

    return call


def outcomes(document: Any) -> dict[str, str]:
    return {one["id"]: one["outcome"] for one in document["checks"]}


def failed(document: Any) -> list[Any]:
    return [one for one in document["checks"] if one["outcome"] == "failed"]


@pytest.mark.long
def test_a_partner_is_let_in_and_examined_and_the_report_is_signed(
    sandbox: OpenSandbox, certify: Callable[..., Any], lotse: Callable[..., Told], tmp_path: Path
):
    folder = sandbox.let_in(Wish("probe-quick", "amqp"))
    handed = tomllib.loads((folder / "settings.toml").read_text())
    assert {"network_url", "organization_id", "token_url", "client_id", "client_secret", "amqp_uri"} <= set(handed)
    with kit_takes_part(folder):
        code, document = certify("probe-quick", "--only", "life.reject")
    assert (code, failed(document)) == (0, [])
    key = sandbox.network.dev / "keys" / "certification.public.json"
    verified = lotse("partner", "verify-report", document["signed"], "--key", str(key), "--json")
    assert verified.data["run"] == document["run"]
    assert verified.code == 1 and not verified.data["passed"], "a part is no certificate"
    assert json.loads(Path(document["signed"]).with_suffix(".json").read_text()) == verified.data


@pytest.mark.long
@WHOLE
@pytest.mark.parametrize(("channel", "via"), [("pull", "rest"), ("amqp", "amqp")])
def test_the_kit_passes_the_whole_examination(
    sandbox: OpenSandbox, certify: Callable[..., Any], channel: str, via: str
):
    with kit_takes_part(sandbox.let_in(Wish(f"probe-{channel}", channel)), via):
        code, document = certify(f"probe-{channel}", "--quiet", "3")
    assert (code, failed(document), document["passed"]) == (0, [], True)
    not_tried = {name for name, outcome in outcomes(document).items() if outcome == "not_tried"}
    assert {name.partition(".")[0] for name in not_tried} <= {"webhook", "fault", "queue"}, not_tried
    assert ("queue.lost" in not_tried) is (channel == "pull") and ("fault.lost" in not_tried) is (channel == "amqp")


@pytest.mark.long
@WHOLE
def test_a_system_that_is_called_passes_the_whole_examination(sandbox: OpenSandbox, certify: Callable[..., Any]):
    port = free_port()
    folder = sandbox.let_in(Wish("probe-webhook", "webhook", f"http://127.0.0.1:{port}/notices"))
    let_answer(folder)
    secret = read_state(sandbox.network.dev)["sandbox"]["partners"]["probe-webhook"]["webhook_secret"]
    with running(folder, str(PROGRAMS / "by_webhook.py"), "settings.toml", str(port), secret):
        code, document = certify("probe-webhook", "--quiet", "3")
    assert (code, failed(document), document["passed"]) == (0, [], True)
    not_tried = {name for name, outcome in outcomes(document).items() if outcome == "not_tried"}
    assert not_tried == {one.id for one in by_queue.CHECKS}, "everything else concerns a system that is called"


BY_QUEUE = {one.id for one in by_queue.CHECKS}


def only(*names: str) -> list[str]:
    return [word for name in sorted(names) for word in ("--only", name)]


@pytest.mark.long
def test_by_queue_the_kit_bears_what_may_happen_to_an_answer_and_its_result(
    sandbox: OpenSandbox, certify: Callable[..., Any]
):
    with kit_takes_part(sandbox.let_in(Wish("probe-shaken", "amqp")), "amqp"):
        code, document = certify("probe-shaken", *only(*BY_QUEUE), "--quiet", "3")
    assert (code, failed(document)) == (0, [])
    assert set(outcomes(document)) == BY_QUEUE


@pytest.mark.long
def test_a_careless_system_on_the_queue_fails_with_every_fault_named(sandbox: OpenSandbox, certify: Callable[..., Any]):
    folder = sandbox.let_in(Wish("probe-hasty", "amqp"))
    with running(folder, str(PROGRAMS / "careless_by_queue.py"), "settings.toml"):
        tried = only(*BY_QUEUE, "life.accept")
        code, document = certify("probe-hasty", *tried, "--patience", "12", "--quiet", "3")
    assert code == 1
    assert {one["id"] for one in failed(document)} == BY_QUEUE
    assert all(one["seen"] and one["hint"] for one in failed(document))


#: What the careless system does not do, each by the check that says so.
CARELESS = {"life.fetch", "life.reject", "stop.cancelled", "message.twice", "fault.lost", "end.taken"}


@pytest.mark.long
def test_a_careless_system_fails_with_every_fault_named(sandbox: OpenSandbox, certify: Callable[..., Any]):
    folder = sandbox.let_in(Wish("probe-careless", "pull"))
    tried = only(*CARELESS, "life.accept")
    with running(folder, str(PROGRAMS / "careless.py"), "settings.toml"):
        code, document = certify("probe-careless", *tried, "--patience", "12", "--quiet", "3")
    assert code == 1
    assert {one["id"] for one in failed(document)} == CARELESS
    assert all(one["seen"] and one["hint"] for one in failed(document))
