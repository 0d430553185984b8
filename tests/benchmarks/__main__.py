"""``make bench``: spine and product beside their peers and the machine's limits, in one run, as ratios.

Absolute rates swing by a factor of two between minutes on a shared machine; ratios of one run and CPU time per
transition do not, and are what is aimed at. Writes docs/results/bench.json and docs/performance.md.
"""

import argparse
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from deploy.demo.servers import running_postgres, running_rabbitmq
from tests.benchmarks import audit_log, backlog, contestants, drain, limits, machine, report, stages
from tests.benchmarks.audit_stage import Log, database, seal_at
from tests.benchmarks.contestants import ROOT, SPINE
from tests.benchmarks.figures import Run, found
from tests.benchmarks.product import Prepared, prepared
from tests.benchmarks.rounds import Round, play, play_product
from tests.benchmarks.stage import Servers

#: Commands that are looked at stage by stage: fewer than a partner may send in a minute.
STAGED = 400


def main() -> int:
    options = parse()
    contestants.prepare()
    for name, why in contestants.missing().items():
        tell(f"{name} cannot be played: {why}")
    home, run, began = ROOT / ".dev" / "bench", Run(machine.facts()), time.monotonic()
    with tempfile.TemporaryDirectory() as folder, running_postgres(home) as postgres, running_rabbitmq(home) as rabbit:
        measure(run, Servers(postgres.dsn, rabbit.amqp_uri, rabbit.management_url), Path(folder), options)
    run.seconds = time.monotonic() - began
    document = found(run)
    if options.write:
        report.write(document)
    for one in document["figures"]:
        mark = "" if not one["target"] else "reached" if one["reached"] else "MISSED"
        print(f"{one['name']:75} {report.number(one['seen']):>9} {one['unit']:2}  {one['target']:17} {mark}")
    print(f"{run.seconds:.0f} s; others took {document['others']:.0%} of the machine")
    return 0


def measure(run: Run, servers: Servers, folder: Path, options: argparse.Namespace) -> None:
    with prepared(servers, folder, options.referrals) as made:
        for number in range(options.rounds):
            run.rounds += one_round(number, servers, made, folder, options)
            run.drains.append(drain.measure(servers, options.letters))
            run.commits.append(limits.commits(servers, options.commits))
        run.stages = {
            "spine": stages.of_the_spine(servers, min(options.referrals, STAGED)),
            "product": stages.of_the_product(made, min(options.referrals, STAGED)),
        }
    run.backlog = backlog.measure(servers, folder, options.backlog)
    run.log = of_the_log(servers.dsn, folder, options.entries)


def one_round(number: int, servers: Servers, made: Prepared, folder: Path, options: argparse.Namespace) -> list[Round]:
    """Everybody once, every other time the other way round: what changes slowly on the machine touches all alike."""
    playing = [(lambda one=one: [play_one(one, servers, folder, options)]) for one in contestants.present()]
    playing.append(lambda: play_product(made, folder, clients=options.clients, half=options.referrals // 4))
    rounds: list[Round] = []
    for play_next in playing if number % 2 == 0 else reversed(playing):
        played = play_next()
        rounds += played
        for done in played:
            parts = " ".join(f"{name} {value:.2f}" for name, value in done.cpu_ms.items())
            cost = f"{done.per_second:6.0f}/s {done.cpu_ms_total:5.2f} CPU-ms"
            tell(f"round {number + 1}: {done.contestant:28} {cost}  {parts}")
    return rounds


def play_one(one: contestants.Contestant, servers: Servers, folder: Path, options: argparse.Namespace) -> Round:
    half = options.cases // 2 if one is SPINE else 0
    return play(one, servers, folder, cases=options.cases, clients=options.clients, half=half)


def of_the_log(admin: str, folder: Path, entries: int) -> audit_log.Figures:
    """Appending and verifying, beside COPY: the long look at it is `python -m tests.benchmarks.audit_log`."""
    place = folder / "log"
    place.mkdir()
    with database(admin) as dsn:
        log = Log(dsn, place)
        figures = {"append": audit_log.append_rates(log), "limits": audit_log.limits(log)}
        log.grow(entries)
        figures["equal rows"] = audit_log.equal_rows(log, 100)
        seal_at(log, datetime.now(UTC))
        figures["verify"] = audit_log.verified(["--database", dsn], log, place)
        log.connection.close()
    return {**figures, "entries": entries}


def tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cases", type=int, default=150, help="lifecycles of six transitions per round")
    parser.add_argument("--referrals", type=int, default=800, help="referrals a partner answers per round")
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--letters", type=int, default=10_000, help="letters in the outbox for the drain")
    parser.add_argument("--commits", type=int, default=1_000, help="of each of pgbench's sixteen clients")
    parser.add_argument("--backlog", type=int, default=100_000, help="events to catch up with")
    parser.add_argument("--entries", type=int, default=100_000, help="entries of the log that is verified")
    parser.add_argument("--no-write", dest="write", action="store_false", help="only tell, keep nothing")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
