"""Lose each of the servers in turn and write down what came of it.

    python -m tests.system.cluster --out docs/results

writes `cluster.json` and `cluster.md` there. ARGS after `--` go to pytest; what was not run keeps what was found
before.
"""

import json
import os
import platform
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from tests.system.cluster.conftest import FIGURES
from tests.system.faults.conftest import OUTCOME
from tests.system.kept import run_and_keep

TESTS = ".test_cluster"
HEAD = """# Several brokers, several database servers

Three RabbitMQ nodes in one cluster and three PostgreSQL servers, of which one writes and no commit is answered before
one of the other two has it, all as processes on one machine of {cores} cores, with a service, its relay, an ordered
hearer and the audit log of the network on them. Four clients ask for steps all the time and again under the same key
while one of the servers is lost. Afterwards every step that was acknowledged has to be committed, told, heard once and
in its order, and stand in the log, which the independent program verifies. Written by `python -m tests.system.cluster`
({day}), beside other work; nobody watches over the servers here but the test, which does what the handbook says.

"""
COLUMNS = ("what was done", "events", "again", "lost", "twice", "out of order")
COLUMNS += ("nobody was answered for", "a letter waited", "seconds until")
FOOT = """
*Again*: how often clients had to ask once more. *Nobody was answered for*: the longest time in which no client was
answered that her step is done. *A letter waited*: at most, from being written until a broker had confirmed it.
*Leader*: another node leads the hearer's queue. *Confirmed*: a letter written after the loss is confirmed.
*Promoted*: the server that is ahead may write. *Acknowledged*: steps are done again. *Whole*: the lost one is back and
takes part.
"""
WORDS = {
    "leader_again": "leader",
    "promoted": "promoted",
    "acknowledged_again": "acknowledged",
    "confirmed_again": "confirmed",
    "whole_again": "whole",
}


def outcomes(report: str) -> dict[str, dict[str, Any]]:
    """By test, what it recorded and whether it held; what ended before it could record anything did not hold."""
    found = {}
    cases = (one for one in ET.fromstring(report).iter("testcase") if one.get("classname", "").endswith(TESTS))
    for case in cases:
        kept = {one.get("name", ""): json.loads(one.get("value", "")) for one in case.iter("property")}
        held = case.find("failure") is None and case.find("error") is None
        if case.find("skipped") is None:
            found[str(case.get("name"))] = {**kept.get(OUTCOME, {}), **kept.get(FIGURES, {}), "held": held}
    return found


def page(found: Mapping[str, Mapping[str, Any]], now: datetime) -> str:
    head = HEAD.format(cores=os.cpu_count(), day=f"{now:%Y-%m-%d}, Python {platform.python_version()}")
    head += f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}\n"
    events = sum(told.get("events", 0) for told in found.values())
    return head + "".join(map(line, found, found.values())) + f"\nTogether {events} events.\n" + FOOT


def line(name: str, told: Mapping[str, Any]) -> str:
    held = "" if told["held"] else " **did not hold**"
    cells = [f"{told.get('fault', name)}{held}"]
    cells += [told.get(key, "?") for key in ("events", "repeated_by_clients", "lost", "twice", "out_of_order")]
    cells += [f"{told[key]} s" if key in told else "?" for key in ("longest_pause", "longest_wait")]
    cells += [", ".join(f"{word} {told[key]}" for key, word in WORDS.items() if key in told) or "–"]
    return "| " + " | ".join(map(str, cells)) + " |\n"


if __name__ == "__main__":
    sys.exit(run_and_keep(Path(__file__).parent, __doc__, outcomes, lambda found: page(found, datetime.now(UTC))))
