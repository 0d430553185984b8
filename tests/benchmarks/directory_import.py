"""How long a directory file of a hundred thousand services takes, and that memory does not grow with it.

``python -m tests.benchmarks.directory_import`` measures in processes of their own, on a database of its own, and writes
docs/results/directory-import.json and .md.
"""

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from contracts.codes import EMPLOYER_TOPICS, Topic
from deploy.demo import databases
from deploy.demo.servers import running_postgres
from services.chassis.migrate import migrate
from services.directory.service import HERE as DIRECTORY
from tests.chassis.web_rig import SETTINGS

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "docs" / "results"
SIZES = (1_000, 10_000, 100_000)
DISTRICTS = [f"{state:02}{district:03}" for state in range(1, 17) for district in range(1, 26)]

#: The child says what its own memory was at its largest.
CHILD = """
import resource, sys, time
from services.directory import files
started = time.monotonic()
code = files.main(sys.argv[1:])
spent = resource.getrusage(resource.RUSAGE_SELF)
print(f"MEASURED {spent.ru_maxrss} {time.monotonic() - started:.2f} {spent.ru_utime + spent.ru_stime:.2f}")
sys.exit(code)
"""


@dataclass(frozen=True)
class Measured:
    """One size: the first filling, the same file again, and the largest the process ever was."""

    services: int
    file_mib: float
    first_seconds: float
    again_seconds: float
    dry_run_seconds: float
    #: Processor time of the first filling in its own process, whatever else runs on the machine.
    cpu_seconds: float
    peak_mib: float


def rows_of(services: int) -> Iterator[bytes]:
    """A directory of so many services of one body per hundred, spread over districts and topics."""
    sources = ["s"]
    yield _line(object="source", id="s", title="Measured", publisher="Nobody")
    for district in DISTRICTS:
        yield _line(object="area", id=district, name={"de": f"Kreis {district}"}, sources=sources)
    for number in range(-(-services // 100)):
        yield _line(
            object="organization",
            id=f"o-{number}",
            name={"de": f"Stelle {number}"},
            description={"de": "Eine Stelle."},
            organization_type="association",
            sources=sources,
        )
    persons = [topic.value for topic in Topic if topic not in EMPLOYER_TOPICS]
    for number in range(services):
        yield _line(
            object="service",
            id=f"s-{number}",
            organization_id=f"o-{number // 100}",
            name={"de": f"Angebot {number}", "en": f"Offer {number}"},
            description={"de": "Hilft bei vielem. " * 8, "en": "Helps with much. " * 8},
            status="active",
            topics=[persons[number % len(persons)]],
            areas=[DISTRICTS[number % len(DISTRICTS)]],
            audience="both",
            role="advises",
            languages=[{"code": "de"}],
            phones=[{"number": "+49 241 1234567"}],
            sources=sources,
        )


def _line(**row: Any) -> bytes:
    return json.dumps(row).encode() + b"\n"


def measured(dsn: str, folder: Path, services: int) -> Measured:
    """Take a file in, look at it dry, take it in again."""
    file = folder / f"{services}.ndjson"
    with file.open("wb") as target:
        target.writelines(rows_of(services))
    first, peak, cpu = _imported(dsn, file)
    again, peak_again, _ = _imported(dsn, file)
    dry, peak_dry, _ = _imported(dsn, file, "--dry-run")
    peak = max(peak, peak_again, peak_dry)
    found = Measured(services, file.stat().st_size / 2**20, first, again, dry, cpu, peak / 1024)
    file.unlink()
    return found


def _imported(dsn: str, file: Path, *options: str) -> tuple[float, int, float]:
    environment = {**os.environ, **SETTINGS, "DATABASE_URL": dsn}
    command = [sys.executable, "-c", CHILD, "import", *options, str(file)]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{done.stdout[-2000:]}{done.stderr[-2000:]}")
    peak, seconds, cpu = done.stdout.splitlines()[-1].split()[1:]
    return float(seconds), int(peak), float(cpu)


def main() -> int:
    passwords = {"directory": "bench", "directory_owner": "bench"}
    found = []
    with running_postgres(ROOT / ".dev" / "bench") as postgres, tempfile.TemporaryDirectory() as folder:
        databases.ensure_roles(postgres.dsn, "directory", passwords)
        for size in SIZES:
            name = f"import_bench_{os.getpid()}_{size}"
            made = databases.create_database(postgres.dsn, "directory", passwords, name=name)
            migrate(made.owner_dsn, DIRECTORY / "migrations")
            found.append(measured(made.app_dsn, Path(folder), size))
            print(found[-1], file=sys.stderr)
    write(found)
    return 0


def write(found: list[Measured]) -> None:
    figures = {"measured_on": time.strftime("%Y-%m-%d"), "python": platform.python_version()}
    document = {**figures, "sizes": [asdict(one) for one in found]}
    (RESULTS / "directory-import.json").write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    lines = [
        "# Taking in a directory file",
        "",
        "Made by `python -m tests.benchmarks.directory_import`: reading, checking, comparing, writing and announcing",
        f"in one transaction, in a process of its own, {figures['measured_on']}. Memory: the largest it ever was.",
        "",
        "| services | file | first time | of it CPU here | the same again | dry run | memory |",
        "|---:|---:|---:|---:|---:|---:|---:|",
        *(
            f"| {one.services:,} | {one.file_mib:.1f} MiB | {one.first_seconds:.1f} s | {one.cpu_seconds:.1f} s"
            f" | {one.again_seconds:.1f} s"
            f" | {one.dry_run_seconds:.1f} s | {one.peak_mib:.0f} MiB |"
            for one in found
        ),
        "",
    ]
    (RESULTS / "directory-import.md").write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
