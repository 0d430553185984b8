"""``make bench``: the spine beside its peers, in one run, interleaved, as ratios.

Absolute rates swing by a factor of two between minutes on a shared machine; ratios of one run and CPU time per
transition do not, and are what is aimed at. Results go to docs/results as JSON and as a table.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from deploy.demo.servers import running_postgres, running_rabbitmq
from tests.benchmarks import drain, report
from tests.benchmarks.rounds import Round, play
from tests.benchmarks.stage import NAMEKO, ROOT, SPINE, Servers

RESULTS = ROOT / "docs" / "results"


def main() -> int:
    options = parse()
    home = ROOT / ".dev" / "bench"
    with tempfile.TemporaryDirectory() as logs, running_postgres(home) as postgres, running_rabbitmq(home) as rabbit:
        servers = Servers(postgres.dsn, rabbit.amqp_uri, rabbit.management_url)
        rounds = interleaved(servers, Path(logs), options)
        half = [play(SPINE, servers, Path(logs), cases=options.cases, clients=4) for _ in range(options.rounds)]
        drains = [drain.measure(servers, options.letters) for _ in range(options.rounds)]
    found = report.figures(rounds, half, drains)
    report.write(RESULTS, found)
    print(report.table(found))
    return 0


def interleaved(servers: Servers, logs: Path, options: argparse.Namespace) -> list[Round]:
    """A B, B A, A B, ...: what changes slowly on the machine touches both alike."""
    rounds = []
    for number in range(options.rounds):
        order = (SPINE, NAMEKO) if number % 2 == 0 else (NAMEKO, SPINE)
        for contestant in order:
            done = play(contestant, servers, logs, cases=options.cases, clients=options.clients)
            rounds.append(done)
            print(
                f"round {number + 1}: {done.contestant:20} {done.per_second:6.0f}/s {done.cpu_ms_total:5.2f} CPU-ms "
                + " ".join(f"{name} {value:.2f}" for name, value in done.cpu_ms.items()),
                file=sys.stderr,
                flush=True,
            )
    return rounds


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cases", type=int, default=250, help="lifecycles of six transitions per round")
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--letters", type=int, default=10_000, help="letters in the outbox for the drain")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
