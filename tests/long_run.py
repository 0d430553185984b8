"""What the long run came to, as a page: `make test-long` calls this with pytest's report and the result of the storm.

python -m tests.long_run REPORT.xml AGAIN.xml STORM.json PAGE.md

The page says which part ran how many tests in how many seconds, names what failed, and what became of it when it was
tried once more by itself, as the gate does (AGAIN.xml; absent where nothing failed).
"""

import json
import os
import platform
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from xml.etree import ElementTree as ET

MADE_BY = "`make test-long`: every test marked as long, and every property once more with all its examples"


@dataclass
class Part:
    """The tests of one file."""

    passed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    failed: list[str] = field(default_factory=list)

    def count(self, case: ET.Element) -> None:
        self.seconds += float(case.get("time", "0"))
        if case.find("failure") is not None or case.find("error") is not None:
            self.failed.append(case.get("name", ""))
        elif case.find("skipped") is not None:
            self.skipped += 1
        else:
            self.passed += 1


def parts_of(suite: ET.Element) -> dict[str, Part]:
    found: dict[str, Part] = defaultdict(Part)
    for case in suite.iter("testcase"):
        found[file_of(case.get("classname", ""))].count(case)
    return dict(sorted(found.items()))


def file_of(classname: str) -> str:
    """`tests.unit.test_x.TestX` is `unit/test_x`."""
    words = [word for word in classname.split(".") if word.islower() and word != "tests"]
    return "/".join(words)


def page(report: ET.Element, again: ET.Element | None, storm: dict[str, object] | None) -> str:
    suite = next(report.iter("testsuite"))
    parts = parts_of(suite)
    tried = {} if again is None else parts_of(next(again.iter("testsuite")))
    return "\n".join((*_head(suite), *_table(parts), *_storm(storm), *_failures(parts, tried))) + "\n"


def _head(suite: ET.Element) -> Iterator[str]:
    began = datetime.fromisoformat(suite.get("timestamp", "")).strftime("%Y-%m-%d %H:%M")
    yield "# The long run\n"
    yield f"{began}, by {MADE_BY}. Python {platform.python_version()}, {os.cpu_count()} cores.\n"


def _table(parts: dict[str, Part]) -> Iterator[str]:
    yield "| part | passed | failed | skipped | seconds |\n|---|---:|---:|---:|---:|"
    for name, part in parts.items():
        yield f"| {name} | {part.passed} | {len(part.failed)} | {part.skipped} | {part.seconds:.0f} |"
    sums = (
        sum(part.passed for part in parts.values()),
        sum(len(part.failed) for part in parts.values()),
        sum(part.skipped for part in parts.values()),
        sum(part.seconds for part in parts.values()),
    )
    yield "| **all** | {:,} | {} | {} | {:,.0f} |".format(*sums)


def _storm(storm: dict[str, object] | None) -> Iterator[str]:
    if storm is None:
        yield "\nThe storm of kills did not come to an end."
        return
    kills = storm["kills"]
    assert isinstance(kills, list)
    killed = f"{len(kills)} processes and servers killed with SIGKILL"
    played = "1 story" if storm["stories"] == 1 else f"{storm['stories']} stories"
    yield f"\nThe storm: {killed}, {played}, {storm['held']} held (seed {storm['seed']})."


def _failures(parts: dict[str, Part], again: dict[str, Part]) -> Iterator[str]:
    """What failed twice failed; what was tried again and did not is named, too."""
    twice = {(name, failed) for name, part in again.items() for failed in part.failed}
    once = [(name, failed) for name, part in parts.items() for failed in part.failed]
    if once:
        ends = f"{len(once) - len(twice)} passed then" if again else "nothing was tried again"
        yield f"\nWhat failed, tried once more by itself with nothing beside it ({ends}):\n"
        yield from (f"- {name}: {failed}{_end((name, failed), again, twice)}" for name, failed in once)


def _end(one: tuple[str, str], again: dict[str, Part], twice: set[tuple[str, str]]) -> str:
    if not again:
        return ""
    return ": **failed again**" if one in twice else ": passed"


def storm_after(file: Path, report: Path) -> dict[str, object] | None:
    """The result of the storm, if it is of this run and not of one before."""
    if not file.exists() or file.stat().st_mtime < report.stat().st_mtime:
        return None
    return dict(json.loads(file.read_text()))


def main(report: str, again: str, storm: str, target: str) -> int:
    first = ET.parse(report).getroot()
    is_of_this_run = Path(again).exists() and Path(again).stat().st_mtime >= Path(report).stat().st_mtime
    second = ET.parse(again).getroot() if is_of_this_run else None
    Path(target).write_text(page(first, second, storm_after(Path(storm), Path(report))), encoding="utf-8")
    print(f"the summary is in {target}")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
