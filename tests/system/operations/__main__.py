"""``python -m tests.system.operations [drill]``: the operations once, and what they came to as a page.

Writes `docs/results/operations.json` and `operations.md`; what was not asked for keeps its figures of before.
"""

import argparse
import json
import os
import platform
import signal
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.system.conftest import ROOT
from tests.system.operations import drill

RESULTS = ROOT / "docs" / "results"
OPERATIONS: dict[str, tuple[Callable[[Path], dict[str, Any]], str]] = {
    "drill": (
        drill.run,
        "Backed up while people work; every table and queue destroyed; restored, deletions replayed, verified; what was"
        " under way published and said again, twice; partners at work before and after.",
    ),
}


def page(kept: dict[str, Any]) -> str:
    lines = ["# Operations, tried on a network at work\n", "By `python -m tests.system.operations`.\n"]
    for name, (_, words) in OPERATIONS.items():
        if told := kept.get(name):
            lines += [f"## {name.capitalize()}\n", f"{words}\n", f"{told['when']}, {told['where']}.\n"]
            lines += ["| | |\n|---|---:|", *(f"| {what} | {figure} |" for what, figure in told["figures"].items()), ""]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("operations", nargs="*", choices=[*OPERATIONS, []], help="all of them if none is named")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # and leave nothing running
    chosen = parser.parse_args().operations or list(OPERATIONS)
    file = RESULTS / "operations.json"
    kept = json.loads(file.read_text()) if file.exists() else {}
    for name in chosen:
        with tempfile.TemporaryDirectory(prefix=f"lotsennetz-{name}-") as folder:
            figures = OPERATIONS[name][0](Path(folder))
        when, where = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"), f"{os.cpu_count()} cores"
        kept[name] = {"when": when, "where": f"Python {platform.python_version()}, {where}", "figures": figures}
        file.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")
        (RESULTS / "operations.md").write_text(page(kept))
        print(f"{name}: {json.dumps(figures, indent=1)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
