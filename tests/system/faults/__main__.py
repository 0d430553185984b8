"""Run the suite and write down what came of each fault.

    python -m tests.system.faults --out docs/results

writes `faults.json` and `faults.md` there: events under the fault, lost, twice, out of order, seconds until everything
was through. ARGS after `--` go to pytest, such as `-- -k kills`; rows that were not run keep what was found before.
"""

import json
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from tests.system.faults.conftest import OUTCOME
from tests.system.faults.matrix import BESIDES, MATRIX, Row
from tests.system.kept import run_and_keep

HEAD = """# Faults

Every row of the matrix of faults, and the test that asserts what is expected of it. Where this suite lets steps be done
by clients all the time while a fault is on, it counts: *events* are those told under the fault, *lost* those that were
acknowledged, committed or announced and did not get to the next place, *twice* effects or deliveries handled more than
once, *out of order* steps within a subject that are not one forward, *again* how often clients had to ask again.
*Recovered* is the time from the end of the fault until clients were answered, everything they were promised was heard
by an ordered hearer, stood in the audit log, and the log verified from outside. Measured beside other work on two cores
by `python -m tests.system.faults`. A fault of this suite that has no line in the second table was not counted yet.

"""


def outcomes(report: str) -> dict[str, dict[str, Any]]:
    """By test, what it recorded of its fault and whether it held."""
    found = {}
    for case in ET.fromstring(report).iter("testcase"):
        kept = [one.get("value", "") for one in case.iter("property") if one.get("name") == OUTCOME]
        for value in kept:
            file = case.get("classname", "").replace(".", "/") + ".py"
            held = case.find("failure") is None and case.find("error") is None
            found[f"{file}::{case.get('name')}"] = {**json.loads(value), "held": held}
    return found


def page(found: dict[str, dict[str, Any]]) -> str:
    lines = ["| # | fault | expected | asserted by |", "|---|---|---|---|"]
    lines += [f"| {one.number} | {one.fault} | {one.expected} | {pointers(one)} |" for one in (*MATRIX, *BESIDES)]
    lines += ["", "| # | what was done | events | again | lost | twice | out of order | recovered |"]
    lines += ["|---|---|---|---|---|---|---|---|"]
    numbers = {name: one.number for one in reversed((*MATRIX, *BESIDES)) for name in one.tests}
    rows = sorted(
        (numbers.get(name, numbers.get(name.partition("[")[0], 0)), name, told) for name, told in found.items()
    )
    lines += [figures(number, told) for number, _, told in rows]
    events = sum(told["events"] for told in found.values())
    lines += ["", f"Together {events} events under {len(found)} faults."]
    return HEAD + "\n".join(lines) + "\n"


def pointers(one: Row) -> str:
    return ", ".join(f"`{name}`" for name in one.tests)


def figures(number: int, told: dict[str, Any]) -> str:
    cells = [number, told["fault"], told["events"], told["repeated_by_clients"], told["lost"], told["twice"]]
    cells += [told["out_of_order"], f"{told['recovery_seconds']} s" + ("" if told["held"] else " **did not hold**")]
    return "| " + " | ".join(map(str, cells)) + " |"


if __name__ == "__main__":
    sys.exit(run_and_keep(Path(__file__).parent, __doc__, outcomes, page))
