"""Finding a RabbitMQ: the machine's own, else Debian's package by apt (root), else the package unpacked in `.dev/`."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from deploy.demo.places import is_root

UNPACKED = [
    "rabbitmq-server",
    "erlang-base",
    "erlang-asn1",
    "erlang-crypto",
    "erlang-eldap",
    "erlang-ftp",
    "erlang-inets",
    "erlang-mnesia",
    "erlang-os-mon",
    "erlang-parsetools",
    "erlang-public-key",
    "erlang-runtime-tools",
    "erlang-snmp",
    "erlang-ssl",
    "erlang-syntax-tools",
    "erlang-tftp",
    "erlang-tools",
    "erlang-xmerl",
]
BY_HAND = "sudo apt-get install --no-install-recommends rabbitmq-server   # or set AMQP_URI to a running one"


class NoBrokerError(Exception):
    """No RabbitMQ here and no way to get one; the text is the one line to type."""


@dataclass(frozen=True, slots=True)
class Installation:
    """A RabbitMQ to run: its start script and the Erlang beside it."""

    script: Path
    erlang: Path

    @property
    def epmd(self) -> Path:
        """Erlang's port mapper."""
        return self.erlang / "epmd"


def find_or_install(cache: Path) -> Installation:
    """The first that works of: installed, apt, unpacked under `cache`."""
    for look in (_installed, lambda: _unpacked(cache)):
        if found := look():
            return found
    if shutil.which("apt-get") is None:
        raise NoBrokerError(BY_HAND)
    try:
        if is_root():
            _apt_install()
            if found := _installed():
                return found
        _unpack_packages(cache)
    except (subprocess.CalledProcessError, OSError) as error:
        raise NoBrokerError(BY_HAND) from error
    if found := _unpacked(cache):
        return found
    raise NoBrokerError(BY_HAND)


def _installed() -> Installation | None:
    erl = shutil.which("erl")
    if erl is None:
        return None
    scripts = sorted(Path("/usr/lib/rabbitmq/lib").glob("rabbitmq_server-*/sbin/rabbitmq-server"))
    if not scripts and (named := shutil.which("rabbitmq-server")):
        scripts = [Path(named).resolve()]
    erlang = Path(erl).resolve().parent
    return Installation(scripts[-1], erlang) if scripts and (erlang / "epmd").exists() else None


def _unpacked(cache: Path) -> Installation | None:
    scripts = sorted(cache.glob("root/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server"))
    erlang = cache / "root/usr/lib/erlang/bin"
    return Installation(scripts[-1], erlang) if scripts and (cache / "complete").exists() else None


def _apt_install() -> None:
    # RUNLEVEL=1 keeps the package from starting a broker of its own; we start a private one
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    subprocess.run(["apt-get", "-qq", "update"], check=True, env=env, stdin=subprocess.DEVNULL)
    subprocess.run(
        ["apt-get", "-qq", "install", "-y", "--no-install-recommends", "rabbitmq-server"],
        check=True, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
    )  # fmt: skip


def _unpack_packages(cache: Path) -> None:
    """Download Debian's packages with the user's own apt lists and unpack them; the system is not touched."""
    for folder in ("lists/partial", "archives/partial", "debs"):
        (cache / folder).mkdir(parents=True, exist_ok=True)
    apt = ["apt-get", "-qq", "-o", f"Dir::State::lists={cache / 'lists'}", "-o", f"Dir::Cache={cache}"]
    apt += ["-o", "Dir::Cache::archives=archives", "-o", "Debug::NoLocking=1"]
    subprocess.run([*apt, "update"], check=True, stdin=subprocess.DEVNULL)
    subprocess.run([*apt, "download", *UNPACKED], check=True, cwd=cache / "debs", stdin=subprocess.DEVNULL)
    root = cache / "root"
    for package in sorted((cache / "debs").glob("*.deb")):
        subprocess.run(["dpkg", "-x", str(package), str(root)], check=True)
    _move_erlang(root / "usr/lib/erlang")
    (cache / "complete").touch()


def _move_erlang(erlang: Path) -> None:
    """Erlang's start scripts name their installation folder; tell them where they are now."""
    for script in (erlang / "bin" / "erl", *erlang.glob("erts-*/bin/erl"), *erlang.glob("**/bin/start")):
        if script.is_file() and not script.is_symlink():
            text = script.read_text()
            script.write_text(re.sub(r"ROOTDIR=/usr/lib/erlang\b", f"ROOTDIR={erlang}", text))
