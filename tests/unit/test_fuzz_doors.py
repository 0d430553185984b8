"""What fuzzing begins with is really taken, rubbish is really refused, and a hole is really one."""

import pytest

from tests.fuzz.report import page
from tests.fuzz.targets import PLANTED, TARGETS

PLAIN = [name for name, target in TARGETS.items() if target.database is None]


@pytest.mark.parametrize("name", PLAIN)
def test_a_door_takes_what_is_in_order_and_refuses_rubbish(name: str):
    with TARGETS[name].open() as opened:
        assert "taken" in {opened.run(seed) for seed in opened.seeds}
        for rubbish in (b"", b"\x00\xff", b"{}", b"[[[[", b'{"a": 1e999}', "ä".encode() * 100):
            assert opened.run(rubbish) != "taken" or (name, rubbish) in HARMLESS


#: An empty file of rows holds nothing, and nothing wrong.
HARMLESS = {("rows", b"")}


def test_the_planted_hole_is_one():
    with PLANTED.open() as opened:
        assert opened.run(opened.seeds[0]) == "refused"
        with pytest.raises(RuntimeError):
            opened.run(b"hole in it")


def test_a_page_says_what_broke():
    door = {"title": "a door", "inputs": 10, "seconds": 2.0, "corpus": 1, "features": 5, "edges": 3}
    door |= {"outcomes": {"taken": 4, "refused": 6}, "broken": {"said": "ValueError"}}
    api = {"operations": 3, "answers": {"200": 7, "422": 5}, "broken": None}
    told = page({"at": "2026-11-27T09:00", "cores": 2, "doors": {"a": door}, "apis": {"referral": api}})
    assert "| a door | 10 | 5 | 4 | 6 | 1 | 5 | **yes** |" in told
    assert "| referral | 3 | 12 | 200: 7, 422: 5 | no |" in told
