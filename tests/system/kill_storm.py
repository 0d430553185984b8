"""Kill processes of a running demo at random moments while the story plays, and look whether anything was lost.

    python -m tests.system.kill_storm --kills 20 --seed 7

Starts the demo in a folder of its own, plays the story again and again, and kills -9 one process after another - every
role of every service and every partner system gets its turn - until the number is reached. A story holds only if every
step holds, so a lost event, a doubled effect or a broken log shows as a failed step. Prints a table and writes it as
JSON; exit 0 only if every story held.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]
ROLES = ("web", "worker", "relay", "clock")
SERVICES = ("directory", "referral", "notifications", "audit")
PARTNERS = ("hwk_amqp", "ihk_webhook", "kia_pull", "light_mail")


@dataclass
class Kill:
    """One process killed: which, when after the start of the story, and whether that story held."""

    target: str
    story: int
    after_seconds: float
    pid: int
    held: bool | None = None


def named(process: psutil.Process) -> str | None:
    """The name a process goes by in the table, or None if it is none of ours."""
    try:
        words = process.cmdline()
    except psutil.Error:
        return None
    for index, word in enumerate(words[:-1]):
        module = words[index + 1]
        if word == "-m" and module == "services.chassis.green":
            return f"{words[index + 2].removeprefix('services.')} worker"
        if word == "-m" and module.startswith("services."):
            role = words[index + 2] if len(words) > index + 2 else ""
            return f"{module.removeprefix('services.')} {role}"
        if word == "-m" and module.startswith("deploy.demo.partners."):
            return f"partner {module.rsplit('.', 1)[-1]}"
    return server(process, words)


def server(process: psutil.Process, words: list[str]) -> str | None:
    """PostgreSQL's first process, and the Erlang machine that is RabbitMQ."""
    program = Path(words[0]).name if words else ""
    if program == "postgres" and "-D" in words:
        return "server postgres"
    return "server rabbitmq" if program.startswith("beam") else None


def targets(supervisor: int, dev: Path, servers: bool) -> dict[str, list[psutil.Process]]:
    """What may be killed, by name. Servers need not be children of the demo, but their command names its folder."""
    found: dict[str, list[psutil.Process]] = {}
    family = set(psutil.Process(supervisor).children(recursive=True))
    for process in {*family, *(psutil.process_iter() if servers else ())}:
        name = named(process)
        if name is None or name.endswith(" all"):
            continue
        is_server = name.startswith("server ")
        if servers and str(dev) in " ".join(process.cmdline()) if is_server else process in family:
            found.setdefault(name, []).append(process)
    return found


def rounds(chance: random.Random, count: int, names: list[str]) -> Iterator[str]:
    """Every target once before any comes twice, in random order."""
    while True:
        order = sorted(names)
        chance.shuffle(order)
        for name in order:
            if count == 0:
                return
            count -= 1
            yield name


class Storm(threading.Thread):
    """Kills while a story plays; waits until a killed process is back before it kills the next."""

    def __init__(
        self,
        targets: Callable[[], dict[str, list[psutil.Process]]],
        order: Iterator[str],
        chance: random.Random,
        story: int,
    ) -> None:
        super().__init__(daemon=True)
        self.kills: list[Kill] = []
        self.over = threading.Event()
        self._targets, self._order, self._chance, self._story = targets, order, chance, story
        self.finished = False

    def run(self) -> None:
        began = time.monotonic()
        while not self.over.wait(self._chance.uniform(0.2, 3.0)):
            name = next(self._order, None)
            if name is None:
                self.finished = True
                return
            while not (victims := self._targets().get(name, [])):
                if self.over.wait(0.2):  # killed a moment ago and not back yet
                    return
            victim = self._chance.choice(victims)
            victim.send_signal(signal.SIGKILL)
            self.kills.append(Kill(name, self._story, round(time.monotonic() - began, 2), victim.pid))
            print(f"   killed {name} ({victim.pid}) after {self.kills[-1].after_seconds} s", flush=True)


def play(dev: Path) -> subprocess.CompletedProcess[str]:
    """One story on the running demo, by the command an operator would type."""
    command = [sys.executable, "-m", "deploy.demo.demo", "story", "--dev", str(dev), "--json"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900, check=False)


def start(dev: Path) -> subprocess.Popen[bytes]:
    log = (dev / "demo.log").open("wb")
    command = [sys.executable, "-m", "deploy.demo.demo", "up", "--dev", str(dev), "--no-story"]
    demo = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT, env=os.environ.copy())
    deadline = time.monotonic() + 240
    while not (dev / "ready").exists():
        if demo.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(f"the demo did not start; see {dev / 'demo.log'}")
        time.sleep(0.5)
    return demo


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--dev", type=Path, default=ROOT / ".dev" / "kill-storm")
    parser.add_argument("--servers", action="store_true", help="kill PostgreSQL and RabbitMQ, too")
    parser.add_argument("--out", type=Path, help="write the result as JSON here")
    arguments = parser.parse_args()
    chance = random.Random(arguments.seed)
    arguments.dev.mkdir(parents=True, exist_ok=True)
    (arguments.dev / "ready").unlink(missing_ok=True)
    demo = start(arguments.dev)
    kills: list[Kill] = []
    stories: list[bool] = []
    try:

        def alive() -> dict[str, list[psutil.Process]]:
            return targets(demo.pid, arguments.dev.resolve(), arguments.servers)

        print("may be killed:", ", ".join(sorted(alive())), flush=True)
        order = rounds(chance, arguments.kills, list(alive()))
        finished = False
        while not finished:
            storm = Storm(alive, order, chance, story=len(stories) + 1)
            storm.start()
            result = play(arguments.dev)
            storm.over.set()
            storm.join()
            finished = storm.finished
            stories.append(result.returncode == 0)
            for kill in storm.kills:
                kill.held = stories[-1]
            kills += storm.kills
            print(
                f"story {len(stories)}: {'held' if stories[-1] else 'FAILED'}, {len(kills)} killed so far", flush=True
            )
            if not stories[-1]:
                print(result.stdout[-3000:], result.stderr[-2000:])
    finally:
        demo.terminate()
        demo.wait(60)
    report = {
        "seed": arguments.seed,
        "stories": len(stories),
        "held": sum(stories),
        "kills": [asdict(k) for k in kills],
    }
    if arguments.out:
        arguments.out.write_text(json.dumps(report, indent=1) + "\n")
    print(f"{len(kills)} kills in {len(stories)} stories, {sum(stories)} held (seed {arguments.seed})")
    return 0 if stories and all(stories) and len(kills) >= arguments.kills else 1


if __name__ == "__main__":
    sys.exit(main())
