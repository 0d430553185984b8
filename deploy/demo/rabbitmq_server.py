"""A private RabbitMQ node: own ports, own folder, own port mapper, and nothing of it left after `stop`."""

import hashlib
import os
import secrets
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import urllib3

from contracts.envelope import MAX_BYTES
from deploy.demo.child import Child
from deploy.demo.places import DEV, free_port, read_state, write_state
from deploy.demo.rabbitmq_install import Installation, find_or_install

#: An envelope at its largest and what is around it. What is larger is refused as it comes in, not kept on our disk.
MAX_MESSAGE_SIZE = MAX_BYTES + 64 * 1024
PORTS = ("amqp", "amqps", "management", "dist", "epmd")


@dataclass(slots=True)
class RabbitServer:
    """A RabbitMQ under `folder/rabbitmq` that can be started, stopped and killed; its data survives all three."""

    folder: Path
    #: Where `ca.pem`, `certificate.pem` and `key.pem` lie, if it is to listen by TLS as well.
    certificates: Path | None = None
    ports: dict[str, int] = field(init=False)
    password: str = field(init=False)
    _installation: Installation | None = field(default=None, init=False)
    _mapper: Child | None = field(default=None, init=False)
    _node: Child | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        kept = read_state(self.folder).get("rabbitmq", {})
        self.password = kept.get("password") or secrets.token_urlsafe(24)
        self.ports = dict(kept.get("ports", {}))

    @property
    def amqp_uri(self) -> str:
        """The administrator's AMQP address, without a virtual host."""
        return f"amqp://admin:{self.password}@127.0.0.1:{self.ports['amqp']}"

    @property
    def management_url(self) -> str:
        """The administrator's address of the management API."""
        return f"http://admin:{self.password}@127.0.0.1:{self.ports['management']}"

    @property
    def alive(self) -> bool:
        """Whether the node's process runs."""
        return self._node is not None and self._node.alive

    def start(self) -> None:
        """Start the node and return when its management API answers."""
        self.begin()
        self.finish()

    def begin(self) -> None:
        """Start the node and do not wait: it takes its seconds while others start too."""
        self._installation = self._installation or find_or_install(DEV / "rabbitmq-packages")
        self._choose_ports()
        home = self.folder / "rabbitmq"
        home.mkdir(parents=True, exist_ok=True)
        (home / "rabbitmq.conf").write_text(self._configuration())
        (home / "enabled_plugins").write_text("[rabbitmq_management,rabbitmq_consistent_hash_exchange].\n")
        env = self._environment(home, self._installation)
        logs = self.folder / "logs"
        self._start_mapper(Child("epmd", [str(self._installation.epmd)], logs / "epmd.log", env=env))
        self._node = Child("rabbitmq", [str(self._installation.script)], logs / "rabbitmq.log", env=env, cwd=home)
        self._node.start()

    def _choose_ports(self) -> None:
        self.ports = {name: free_port(self.ports.get(name)) for name in PORTS}

    def _start_mapper(self, mapper: Child) -> None:
        self._mapper = mapper
        mapper.start()

    def finish(self) -> None:
        """Wait until the node that was begun answers, and write down where it is."""
        self._wait()
        kept = {"ports": self.ports, "password": self.password}
        kept |= {"amqp_uri": self.amqp_uri, "management_url": self.management_url}
        write_state({"rabbitmq": kept}, self.folder)

    def stop(self) -> None:
        """Shut the node down, then its port mapper."""
        for child in (self._node, self._mapper):
            if child:
                child.stop(patience=40)

    def kill(self) -> None:
        """What a power cut would do."""
        for child in (self._node, self._mapper):
            if child:
                child.kill()

    def restart(self) -> None:
        """Stop and start on the same ports."""
        self.stop()
        self.start()

    def ctl(self, *words: str, program: str = "rabbitmqctl", seconds: float = 400) -> str:
        """One of the broker's own commands, spoken to this node; what it says."""
        if self._installation is None:
            raise RuntimeError("the node was never started")
        env = self._environment(self.folder / "rabbitmq", self._installation)
        command = [str(self._installation.script.with_name(program)), *words]
        done = subprocess.run(command, env=env, check=False, capture_output=True, text=True, timeout=seconds)
        if done.returncode:
            raise RuntimeError(f"{program} {' '.join(words)}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def _configuration(self) -> str:
        tls = self.certificates
        secure = (
            ()
            if tls is None
            else (
                f"listeners.ssl.1 = 127.0.0.1:{self.ports['amqps']}",
                f"ssl_options.cacertfile = {tls / 'ca.pem'}",
                f"ssl_options.certfile = {tls / 'certificate.pem'}",
                f"ssl_options.keyfile = {tls / 'key.pem'}",
            )
        )
        return "\n".join(
            (
                f"listeners.tcp.1 = 127.0.0.1:{self.ports['amqp']}",
                "management.tcp.ip = 127.0.0.1",
                f"management.tcp.port = {self.ports['management']}",
                "default_user = admin",
                f"default_pass = {self.password}",
                "default_user_tags.administrator = true",
                f"max_message_size = {MAX_MESSAGE_SIZE}",
                "disk_free_limit.absolute = 200MB",
                "collect_statistics_interval = 1000",
                "log.console = true",
                "log.console.level = warning",
                "log.file = false",
                *secure,
                "",
            )
        )

    @property
    def name(self) -> str:
        """The node's, as other nodes call it."""
        return f"lotsennetz-{hashlib.sha256(str(self.folder / 'rabbitmq').encode()).hexdigest()[:8]}@localhost"

    def _environment(self, home: Path, installation: Installation) -> dict[str, str]:
        names = {
            "NODENAME": self.name,
            "NODE_PORT": str(self.ports["amqp"]),
            "NODE_IP_ADDRESS": "127.0.0.1",
            "DIST_PORT": str(self.ports["dist"]),
            "MNESIA_BASE": str(home / "mnesia"),
            "MNESIA_DIR": str(home / "mnesia" / "node"),
            "QUORUM_DIR": str(home / "mnesia" / "node" / "quorum"),
            "FEATURE_FLAGS_FILE": str(home / "feature_flags"),
            "LOG_BASE": str(home / "log"),
            "LOGS": "-",
            "GENERATED_CONFIG_DIR": str(home / "config"),
            "SCHEMA_DIR": str(home / "schema"),
            "ENABLED_PLUGINS_FILE": str(home / "enabled_plugins"),
            "CONFIG_FILE": str(home / "rabbitmq.conf"),
            "ADVANCED_CONFIG_FILE": str(home / "advanced.config"),
            "CONF_ENV_FILE": str(home / "none"),
            "PID_FILE": str(home / "pid"),
            "SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        }
        env = {f"RABBITMQ_{name}": value for name, value in names.items()}
        return env | {
            "HOME": str(home),
            "PATH": f"{installation.erlang}:{os.environ.get('PATH', '/usr/bin:/bin')}",
            "LANG": "C.UTF-8",
            "ERL_EPMD_PORT": str(self.ports["epmd"]),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
        }

    def _wait(self, seconds: float = 240) -> None:
        headers = urllib3.make_headers(basic_auth=f"admin:{self.password}")
        url = f"http://127.0.0.1:{self.ports['management']}/api/health/checks/virtual-hosts"
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.alive:
            try:
                if urllib3.request("GET", url, headers=headers, retries=False, timeout=2).status == 200:
                    return
            except urllib3.exceptions.HTTPError:
                pass
            time.sleep(0.25)
        log = self._node.tail() if self._node else ""
        self.stop()
        raise RuntimeError(f"RabbitMQ did not start:\n{log}")
