"""``make fuzz``: every door under input nobody thought of, with figures; writes docs/results/fuzz.md and .json.

First a planted hole has to be found, or nothing is worth saying. Then each target is mutated for a while towards code
not reached before (atheris), two at a time, and the four APIs are asked what their descriptions allow (schemathesis,
by the tests of the gate with many more examples). Ends with 1 where anything broke, and keeps the input that did it.

The fuzzer lives in a folder of its own under `.dev/`, locked with hashes; neither images nor tests install it.
"""

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from deploy.demo.databases import drop_database
from deploy.demo.servers import running_postgres, running_rabbitmq
from services.chassis.migrate import migrate, migrate_only
from tests.benchmarks.stage import new_database
from tests.fuzz.report import page
from tests.fuzz.targets import HOLE, ROOT, TARGETS, Target
from tests.knocking import KNOCKED

HOME = ROOT / ".dev" / "fuzz"
LOCK = Path(__file__).with_name("requirements.lock")
RESULT = ROOT / "docs" / "results" / "fuzz.json"
SERVICES = ("referral", "directory", "audit", "notifications")
#: What libFuzzer says of itself: edges and features seen, inputs kept because they reached something new.
SEEN = re.compile(r"cov: (\d+) ft: (\d+) corp: (\d+)/")
AT_ONCE = 2

Json = dict[str, Any]


def main() -> int:
    options = parse()
    bring_fuzzer()
    with running_postgres(HOME) as postgres, running_rabbitmq(HOME) as rabbit:
        if not is_found():
            print("the planted hole was not found: nothing else was tried", file=sys.stderr)
            return 1
        wanted = [name for name in TARGETS if not options.only or name in options.only]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            told = pool.map(lambda name: door(name, options.seconds, postgres.dsn), wanted)
            doors = dict(zip(wanted, told, strict=True))
        servers = {"POSTGRES": postgres.dsn, "AMQP": rabbit.amqp_uri, "MANAGEMENT": rabbit.management_url}
        apis = {} if options.only else asked(options.times, servers)
    if options.write:
        keep(doors, apis)
    broken = [name for name, told in (doors | apis).items() if told["broken"]]
    for name in broken:
        print(f"{name} broke: see {HOME}", file=sys.stderr)
    return 1 if broken else 0


def keep(doors: Json, apis: Json) -> None:
    """Write down what was found; what was not tried keeps what was found before."""
    before: Json = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else {"doors": {}, "apis": {}}
    all_doors = {**before["doors"], **doors}
    found = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "doors": {name: all_doors[name] for name in TARGETS if name in all_doors},
        "apis": apis or before["apis"],
    }
    RESULT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    RESULT.with_suffix(".md").write_text(page(found), encoding="utf-8")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="for each door (default 60)")
    parser.add_argument("--times", type=int, default=6, help="how many times the examples of the long run (default 6)")
    parser.add_argument("--only", nargs="+", choices=sorted(TARGETS), help="these doors; others keep what was found")
    parser.add_argument("--no-write", dest="write", action="store_false", help="only tell, keep nothing")
    return parser.parse_args()


def bring_fuzzer() -> None:
    """The locked fuzzer, once for each state of the lock."""
    wanted, stamp = hashlib.sha256(LOCK.read_bytes()).hexdigest(), HOME / "installed"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return
    into = ["--target", str(HOME / "tools"), "--upgrade", "--require-hashes", "--only-binary", ":all:", "-r", str(LOCK)]
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", *into], check=True)
    stamp.write_text(wanted, encoding="utf-8")


def door(name: str, seconds: int, admin_dsn: str) -> Json:
    """What came of one target."""
    target = TARGETS[name]
    with tempfile.TemporaryDirectory() as folder, _database(target, admin_dsn) as dsn:
        told = fuzzed(name, seconds, Path(folder), *dsn)
    print(f"{target.title:45} {told['inputs']:>9,} inputs {told['features']:>7,} features", flush=True)
    return {"title": target.title, **told}


def is_found() -> bool:
    """Whether the fuzzer finds the planted hole within a minute."""
    with tempfile.TemporaryDirectory() as folder:
        told = fuzzed("planted", 60, Path(folder))
    (HOME / "planted.broken.json").unlink(missing_ok=True)
    return HOLE.hex() in (told["broken"] or {}).get("input", "")


def fuzzed(name: str, seconds: int, folder: Path, *dsn: str) -> Json:
    command = [sys.executable, "-m", "tests.fuzz.worker", name, str(seconds), str(folder), *dsn]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(HOME / "tools")))}
    done = subprocess.run(command, env=env, check=False, capture_output=True, text=True, cwd=ROOT, errors="replace")
    kept = folder / "told.json"
    told = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {"outcomes": {}, "seconds": 0}
    edges, features, corpus = map(int, (SEEN.findall(done.stderr) or [(0, 0, 0)])[-1])
    broken = told.get("broken") or ({"said": done.stderr[-4_000:]} if done.returncode else None)
    if broken:
        (HOME / f"{name}.broken.json").write_text(json.dumps(broken, indent=1), encoding="utf-8")
    return {
        "inputs": sum(told["outcomes"].values()),
        "outcomes": told["outcomes"],
        "seconds": told["seconds"],
        "edges": edges,
        "features": features,
        "corpus": corpus,
        "broken": broken,
    }


@contextmanager
def _database(target: Target, admin_dsn: str) -> Iterator[list[str]]:
    """A migrated one, where the target works on one."""
    if target.database is None:
        yield []
        return
    dsn = new_database(admin_dsn, target.database)
    if target.database == "referral":
        migrate_only(dsn, ROOT / "services" / "referral" / "keystore" / "migrations")
    migrate(dsn, ROOT / "services" / target.database / "migrations")
    try:
        yield [dsn]
    finally:
        drop_database(admin_dsn, dsn.rpartition("/")[2])


def asked(times: int, servers: Mapping[str, str]) -> dict[str, Json]:
    """Of each API: how many operations, requests and answers of each kind; the tests say themselves what is meant."""
    env = {**os.environ, "LOTSENNETZ_LONG": "1", "LOTSENNETZ_TIMES": str(times)}
    env |= {f"LOTSENNETZ_TEST_{name}": uri for name, uri in servers.items()}
    found = {}
    for service in SERVICES:
        found[service] = told = ask(service, env)
        print(f"{service:45} {sum(told['answers'].values()):>9,} requests", flush=True)
    return found


def ask(service: str, env: Mapping[str, str]) -> Json:
    report, test = HOME / f"{service}.xml", f"tests/integration/{service}/test_openapi.py"
    run = [sys.executable, "-m", "pytest", "-q", "--timeout", "3600", test]
    run += [f"--junitxml={report}", "-o", "junit_family=xunit1"]
    done = subprocess.run(run, env=env, check=False, capture_output=True, text=True, cwd=ROOT)
    kept = [one.get("value", "") for one in ET.parse(report).iter("property") if one.get("name") == KNOCKED]
    told: Json = json.loads(kept[0]) if kept else {"operations": 0, "answers": {}}
    return {**told, "broken": {"said": done.stdout[-4_000:]} if done.returncode else None}


if __name__ == "__main__":
    sys.exit(main())
