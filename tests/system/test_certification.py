"""A partner's system is examined on a running network: the kit passes, a careless system fails with named checks."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.demo.sandbox.joining import Wish
from tests.system.conftest import RunningNetwork, Told
from tests.system.sandbox import OpenSandbox, kit_takes_part, opened

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def sandbox(network: RunningNetwork) -> Iterator[OpenSandbox]:
    with opened(network) as here:
        yield here


def test_the_kit_asking_by_cursor_takes_a_referral_on(sandbox: OpenSandbox, lotse: Callable[..., Told], tmp_path: Path):
    folder = sandbox.let_in(Wish("probe-pull", "pull"))
    with kit_takes_part(folder):
        told = lotse("partner", "certify", "probe-pull", "--only", "life.accept", "--out", str(tmp_path), "--json")
    assert told.code == 0, told.out + told.err
    [check] = told.data["checks"]
    assert check["outcome"] == "passed", check
    [signed] = tmp_path.glob("*.jws")
    key = sandbox.network.dev / "keys" / "certification.public.json"
    verified = lotse("partner", "verify-report", str(signed), "--key", str(key), "--json")
    assert verified.data["run"] == told.data["run"] and not verified.data["passed"], "a part is no certificate"
    assert json.loads(signed.with_suffix(".json").read_text()) == verified.data
