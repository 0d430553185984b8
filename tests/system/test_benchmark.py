"""Everybody in the benchmark does the same work: a few cases each, and what must hold after a round.

`play` looks for it itself: acknowledged = committed = heard, once, in order, the chain unbroken, the outbox empty.
"""

from pathlib import Path

import pytest

from tests.benchmarks import contestants, limits, stages
from tests.benchmarks.contestants import FASTAPI, FASTSTREAM, NAMEKO, NODE, SPINE, Contestant
from tests.benchmarks.product import NAME, prepared
from tests.benchmarks.rounds import FURTHER, STEPS, play, play_product
from tests.benchmarks.stage import Servers

pytestmark = [pytest.mark.long, pytest.mark.system]
CASES = 5


@pytest.fixture
def servers(postgres: str, broker_server: tuple[str, str]) -> Servers:
    return Servers(postgres, *broker_server)


@pytest.mark.parametrize("one", [SPINE, NAMEKO, FASTSTREAM, FASTAPI, NODE], ids=lambda one: one.name)
def test_every_contestant_does_the_whole_work_and_keeps_what_it_promised(
    one: Contestant, servers: Servers, tmp_path: Path
) -> None:
    if one.name in contestants.missing():
        pytest.skip(contestants.missing()[one.name])
    contestants.prepare()
    done = play(one, servers, tmp_path, cases=CASES, clients=4, half=1)
    assert done.transitions == CASES * STEPS
    assert {"api", "relay", "consumer"} <= done.cpu_ms.keys()


def test_the_product_answers_and_its_log_verifies(servers: Servers, tmp_path: Path) -> None:
    with prepared(servers, tmp_path, 10) as made:
        accepted, further = play_product(made, tmp_path, clients=4, half=2)
        assert (accepted.contestant, further.contestant) == (NAME, FURTHER)
        assert further.transitions == 5 * accepted.transitions
        counted = stages.of_the_product(made, 10)
    assert counted["lifecycle"] > 0
    assert counted["consent: what it may still tell"] > 0


def test_the_limit_is_of_the_statement_the_spine_sends(servers: Servers) -> None:
    """Whatever pgbench committed, its state and its letters agree: `commits` compares them."""
    assert limits.commits(servers, each=5).per_second > 0
