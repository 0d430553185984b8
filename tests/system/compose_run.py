"""``make compose-test``: the compose stack really started, looked at from outside, and the story played in it.

    python -m tests.system.compose_run [--keep] [--out docs/results/compose]

Where no container engine answers it says so and ends with 0 - nothing was tried; with LOTSENNETZ_COMPOSE_REQUIRED=1 it
ends with 75. The engine is whatever `docker` finds in the environment (DOCKER_HOST, DOCKER_CONFIG); images come from
POSTGRES_IMAGE, RABBITMQ_IMAGE, NGINX_IMAGE and BASE_IMAGE, and LOTSENNETZ_COMPOSE_UP is passed to `docker compose up`
(`--pull never` on a machine that has all images).
"""

import argparse
import json
import os
import re
import shlex
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import urllib3

from deploy.demo.places import free_port

ROOT = Path(__file__).resolve().parents[2]
PROJECT = "lotsennetz-test"
NOT_TRIED = 75
PATIENCE = float(os.environ.get("LOTSENNETZ_COMPOSE_PATIENCE", "900"))
COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
JSON = dict[str, Any]


class StackError(Exception):
    """The stack did not do what it is to do; the text ends with a log."""


@dataclass
class Stack:
    """One project of compose, with ports of its own, from `.env.example` and nothing else."""

    port: int = field(default_factory=free_port)
    amqps: int = field(default_factory=free_port)

    @property
    def variables(self) -> dict[str, str]:
        door = f"lotsennetz.localhost:{self.port}"
        return {
            **os.environ,
            "HTTPS_PORT": str(self.port),
            "AMQPS_PORT": str(self.amqps),
            "PUBLIC_URL": f"https://{door}",
            "ISSUER_URL": f"https://login.{door}",
        }

    def compose(self, *words: str, profiles: tuple[str, ...] = ("oidc",), check: bool = True) -> str:
        """One command of compose; what it printed."""
        chosen = [part for name in profiles for part in ("--profile", name)]
        command = ["docker", "compose", "-p", PROJECT, "--env-file", ".env.example", *chosen, *words]
        done = subprocess.run(command, cwd=ROOT, env=self.variables, capture_output=True, text=True, check=False)
        if check and done.returncode:
            raise StackError(f"{' '.join(words)}:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
        return COLOURS.sub("", done.stdout)

    def containers(self) -> list[JSON]:
        text = self.compose("ps", "--all", "--format", "json", profiles=("oidc", "demo"))
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]

    def start(self) -> float:
        """Everything but the demonstration's story; seconds until every container is well."""
        began = time.monotonic()
        more = shlex.split(os.environ.get("LOTSENNETZ_COMPOSE_UP", ""))
        self.compose("up", "--detach", "--no-build", *more)
        self.wait()
        return time.monotonic() - began

    def wait(self) -> None:
        """Until whatever stands is healthy and whatever was to be done once is done."""
        deadline = time.monotonic() + PATIENCE
        while waiting := [one for one in self.containers() if not _is_well(one)]:
            failed = [one for one in waiting if one["State"] == "exited" and one["ExitCode"] != 0]
            if failed or time.monotonic() > deadline:
                names = [one["Service"] for one in failed or waiting]
                raise StackError(f"not well: {', '.join(names)}\n{self.compose('logs', '--tail', '30', *names)}")
            time.sleep(1)

    def stop(self) -> None:
        self.compose("down", "--volumes", "--remove-orphans", "--timeout", "20", profiles=("oidc", "demo", "tools"))

    def authority(self, folder: Path) -> Path:
        """The certificate a visitor has to believe."""
        file = folder / "ca.pem"
        self.compose("cp", "proxy:/run/secrets/ca.pem", str(file))
        return file


def _is_well(one: JSON) -> bool:
    if one["State"] == "exited":
        return bool(one["ExitCode"] == 0)
    return one["State"] == "running" and one.get("Health") in ("healthy", "")


def engine() -> str | None:
    """What keeps the stack from being started here, or None."""
    if shutil.which("docker") is None:
        return "there is no docker command"
    for command in (["docker", "compose", "version"], ["docker", "info", "--format", "{{.ServerVersion}}"]):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            return f"{' '.join(command[:2])}: {done.stderr.strip().splitlines()[-1:] or ['no answer']}"
    return None


# --- what is looked at ---------------------------------------------------------------------------------------


def the_door(stack: Stack, authority: Path) -> JSON:
    """TLS the visitor can check, one origin for all, headers on everything, nothing of the inner side."""
    pool = urllib3.HTTPSConnectionPool(
        "127.0.0.1", stack.port, ca_certs=str(authority), server_hostname="lotsennetz.localhost",
        assert_hostname="lotsennetz.localhost", retries=False, timeout=30,
    )  # fmt: skip

    def ask(path: str) -> urllib3.BaseHTTPResponse:
        return pool.request("GET", path, headers={"Host": f"lotsennetz.localhost:{stack.port}"}, redirect=False)

    seen = {
        path: ask(path).status
        for path in ("/", "/referral/", "/directory/", "/notifications/", "/audit/", "/hsds/services", "/legal/imprint",
                     "/partner/v1/events", "/referral/metrics", "/nowhere")
    }  # fmt: skip
    _expect(seen["/"] == 303 and seen["/referral/metrics"] == 404 and seen["/nowhere"] == 404, f"the door: {seen}")
    _expect(all(seen[path] < 500 for path in seen), f"the door: {seen}")
    for path in ("/referral/", "/nowhere"):
        headers = ask(path).headers
        for name in ("Strict-Transport-Security", "Content-Security-Policy", "X-Content-Type-Options"):
            _expect(name in headers and "," not in headers[name].partition(";")[0], f"{path}: {name}")
    return dict(seen)


def nothing_in_the_clear(stack: Stack) -> str:
    """The broker's published port answers TLS and nothing else; the database asks for TLS."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", stack.amqps), 10) as link, context.wrap_socket(link) as secure:
        version = str(secure.version())
    _expect(version in ("TLSv1.2", "TLSv1.3"), version)
    plain = "host=127.0.0.1 user=postgres dbname=postgres sslmode=disable"
    command = ["exec", "-T", "postgres", "psql", plain, "-c", "SELECT 1"]
    refused = subprocess.run(
        ["docker", "compose", "-p", PROJECT, "--env-file", ".env.example", *command],
        cwd=ROOT, env=stack.variables, capture_output=True, text=True, check=False,
    )  # fmt: skip
    _expect(refused.returncode != 0 and "no encryption" in refused.stderr, refused.stderr)
    return version


def the_topology(stack: Stack) -> str:
    """What the broker took in as definitions is all that `lotse topology apply` wants."""
    said = stack.compose("logs", "--no-log-prefix", "prepare").strip()
    _expect("nothing was missing" in said, said)
    return said


def the_story(stack: Stack) -> JSON:
    """The stand-ins join, the story is played; its table and how long it took."""
    began = time.monotonic()
    more = shlex.split(os.environ.get("LOTSENNETZ_COMPOSE_UP", ""))
    stack.compose("up", "--detach", "--no-build", *more, profiles=("oidc", "demo"))
    deadline = time.monotonic() + PATIENCE
    while True:
        story = next((one for one in stack.containers() if one["Service"] == "story"), None)
        if story and story["State"] == "exited":
            break
        if time.monotonic() > deadline:
            raise StackError(stack.compose("logs", "--tail", "40", profiles=("oidc", "demo")))
        time.sleep(2)
    text = stack.compose("logs", "--no-log-prefix", "story", profiles=("oidc", "demo"))
    if story["ExitCode"] != 0:
        raise StackError(text)
    steps = sum(line.startswith("held") for line in text.splitlines())
    _expect(steps >= 20, text)
    return {"seconds": round(time.monotonic() - began, 1), "steps": steps, "text": text}


def sizes() -> dict[str, int]:
    text = _docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}", "lotsennetz/*")
    names = dict(line.split() for line in text.splitlines())
    return {name: int(_docker("image", "inspect", "-f", "{{.Size}}", identity)) for name, identity in names.items()}


def memory() -> dict[str, float]:
    """Resident megabytes of every running container."""
    text = _docker("stats", "--no-stream", "--format", "{{.Name}} {{.MemUsage}}")
    rows = [line.split() for line in text.splitlines() if line.startswith(f"{PROJECT}-")]
    return {row[0].removeprefix(f"{PROJECT}-").removesuffix("-1"): _megabytes(row[1]) for row in rows}


def _megabytes(text: str) -> float:
    for unit, factor in (("GiB", 1024.0), ("MiB", 1.0), ("KiB", 1 / 1024), ("B", 1 / 1024 / 1024)):
        if text.endswith(unit):
            return round(float(text.removesuffix(unit)) * factor, 1)
    raise ValueError(text)


def _docker(*words: str) -> str:
    return subprocess.run(["docker", *words], capture_output=True, text=True, check=True).stdout.strip()


def _expect(held: bool, seen: str) -> None:
    if not held:
        raise StackError(f"not as expected: {seen}")


# --- and what is said of it -------------------------------------------------------------------------------------


@contextmanager
def step(what: str) -> Iterator[None]:
    began = time.monotonic()
    print(f"{what} ...", flush=True)
    yield
    print(f"    {time.monotonic() - began:.1f} s", flush=True)


def run(stack: Stack, folder: Path) -> JSON:
    figures: JSON = {"date": datetime.now(UTC).date().isoformat(), "load": os.getloadavg()[0], "cores": os.cpu_count()}
    with step("building the images"):
        began = time.monotonic()
        stack.compose("build", profiles=("oidc", "demo"))
        figures["build_seconds"] = round(time.monotonic() - began, 1)
    with step("starting the stack"):
        figures["ready_seconds"] = round(stack.start(), 1)
    with step("looking at it from outside"):
        figures["door"] = the_door(stack, stack.authority(folder))
        figures["tls"] = nothing_in_the_clear(stack)
        figures["topology"] = the_topology(stack)
        figures["memory_idle"] = memory()
    with step("playing the story"):
        figures["story"] = the_story(stack)
        print(figures["story"]["text"])
    figures["memory_story"] = memory()
    figures["images"] = sizes()
    return figures


def as_page(figures: JSON) -> str:
    """The same for readers."""
    idle, played = figures["memory_idle"], figures["memory_story"]
    rows = [f"| {name} | {idle.get(name, '–')} | {played[name]} |" for name in sorted(played)]
    images = [f"| `{name}` | {size / 1_000_000:.0f} |" for name, size in sorted(figures["images"].items())]
    total = sum(idle.values())
    began = f"{figures['cores']} cores, load {figures['load']:.1f} when it began"
    story = figures["story"]
    return "\n".join(
        (
            "# The compose stack, started for real",
            "",
            f"Measured on {figures['date']} by `make compose-test`: {began}.",
            "",
            f"- images built in {figures['build_seconds']:.0f} s (what was built before is not built again)",
            f"- from `docker compose up -d` to every container healthy: {figures['ready_seconds']:.0f} s",
            f"- the story: {story['steps']} steps held in {story['seconds']:.0f} s, the partners' joining included",
            f"- resident memory of the whole stack, idle: {total:.0f} MB in {len(idle)} containers",
            f"- the broker's port spoke {figures['tls']} and nothing else; the database refused what came in the clear",
            f"- {figures['topology'].splitlines()[-1]} after the broker had taken in its definitions",
            "",
            "Of an image's size all but a few MB is its base and its packages, which all of them share.",
            "",
            "| image | MB |",
            "| --- | --- |",
            *images,
            "",
            "| container | idle, MB | after the story, MB |",
            "| --- | --- | --- |",
            *rows,
            "",
        )
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", action="store_true", help="leave the stack running")
    parser.add_argument("--out", type=Path, help="write figures to OUT.json and OUT.md")
    chosen = parser.parse_args()
    missing = engine()
    if missing is not None:
        print(f"SKIPPED: no container engine can run here ({missing}). Nothing was started, nothing is shown.")
        return NOT_TRIED if os.environ.get("LOTSENNETZ_COMPOSE_REQUIRED") else 0
    stack = Stack()
    folder = ROOT / ".dev" / "compose"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        figures = run(stack, folder)
    except StackError as error:
        print(f"FAILED: {error}", file=sys.stderr)
        return 1
    finally:
        if not chosen.keep:
            stack.stop()
    if chosen.out:
        chosen.out.with_suffix(".md").write_text(as_page(figures), encoding="utf-8")
        figures["story"].pop("text")
        chosen.out.with_suffix(".json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(f"the stack stood after {figures['ready_seconds']} s and the story held")
    return 0


if __name__ == "__main__":
    sys.exit(main())
