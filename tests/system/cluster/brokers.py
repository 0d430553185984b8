"""Three RabbitMQ nodes on this machine, each with its own folder and ports, that are one cluster."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy.demo.child import Child
from deploy.demo.places import DEV, free_port
from deploy.demo.rabbitmq_install import find_or_install
from deploy.demo.rabbitmq_server import PORTS, RabbitServer
from lotse import topology
from lotse.broker import Broker, BrokerError
from tests.brokers import PASSWORDS
from tests.waiting import eventually

VHOST = "cluster"
NODES = 3
AT_WORK = ("cluster_partition_handling = pause_minority", "net_ticktime = 15")


@dataclass(slots=True)
class Node(RabbitServer):
    """One of several: they find each other by one port mapper, and know each other by one secret."""

    mapper_port: int = 0
    cookie: str = ""

    def begin(self) -> None:
        kept = self.folder / "rabbitmq" / ".erlang.cookie"
        if not kept.exists():
            kept.parent.mkdir(parents=True)
            kept.write_text(self.cookie)
            kept.chmod(0o400)
        RabbitServer.begin(self)

    def _choose_ports(self) -> None:
        own = {name: free_port(self.ports.get(name)) for name in PORTS if name != "epmd"}
        self.ports = {**own, "epmd": self.mapper_port}

    def _start_mapper(self, mapper: Child) -> None:
        """It runs already, for all."""

    def _configuration(self) -> str:
        """As for a cluster at work (deploy/kubernetes/base/rabbitmq.yaml)."""
        return RabbitServer._configuration(self) + "\n".join((*AT_WORK, ""))


@dataclass
class BrokerCluster:
    """The nodes by number; every one of them has every queue."""

    folder: Path
    nodes: list[Node] = field(default_factory=list)
    _mapper: Child | None = None

    def start(self) -> None:
        port, cookie = free_port(), secrets.token_hex(16).upper()
        epmd = find_or_install(DEV / "rabbitmq-packages").epmd
        home = {"HOME": str(self.folder), "ERL_EPMD_PORT": str(port), "ERL_EPMD_ADDRESS": "127.0.0.1"}
        self._mapper = Child("epmd", [str(epmd)], self.folder / "epmd.log", env=home)
        self._mapper.start()
        self.nodes = [Node(self.folder / f"node-{n}", mapper_port=port, cookie=cookie) for n in range(1, NODES + 1)]
        first = self.nodes[0]
        for node in self.nodes:
            node.password = first.password  # users are the cluster's, and come from the first
            node.begin()
        for node in self.nodes:
            node._wait(600)
            node.finish()
        for node in self.nodes[1:]:
            for words in (("stop_app",), ("reset",), ("join_cluster", first.name), ("start_app",)):
                node.ctl(*words)
        topology.apply(first.management_url, VHOST, PASSWORDS)
        eventually(lambda: all(self.is_whole(queue) for queue in self.queues()), timeout=60, interval=1)

    def stop(self) -> None:
        for node in self.nodes:
            node.kill()
        if self._mapper is not None:
            self._mapper.kill()

    @property
    def amqp_uri(self) -> str:
        """The administrator's address at each of them."""
        return ";".join(f"{node.amqp_uri}/{VHOST}" for node in self.nodes)

    def kill(self, node: Node) -> None:
        """Kill it and wait until the kernel has taken its ports back."""
        node.kill()
        ports = [port for name, port in node.ports.items() if name != "epmd"]
        eventually(lambda: all(free_port(port) == port for port in ports), timeout=30)

    # --- what the nodes that live say --------------------------------------------------------------------------------

    def manager(self) -> Broker:
        """Some node that lives."""
        return Broker(next(node.management_url for node in self.nodes if node.alive), VHOST)

    def queues(self) -> list[str]:
        return [str(row["name"]) for row in self.manager().queues()]

    def seen(self, queue: str) -> Mapping[str, Any]:
        with suppress(BrokerError):
            return dict(self.manager().call("GET", f"/queues/{VHOST}/{queue}"))
        return {}

    def leader(self, queue: str) -> str:
        """The node that leads a queue; none while they are choosing."""
        return str(self.seen(queue).get("leader", ""))

    def is_whole(self, queue: str) -> bool:
        """Every node has it and takes part."""
        found = self.seen(queue)
        names = {node.name for node in self.nodes}
        return set(found.get("members", ())) == set(found.get("online", ())) == names


@contextmanager
def running_brokers(folder: Path) -> Iterator[BrokerCluster]:
    cluster = BrokerCluster(folder)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
