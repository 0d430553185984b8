"""The search: every place of a running network, what was looked at, and what was found."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain

from contracts.codes import DiscardReason
from tests.system.leaks import places
from tests.system.leaks.needles import Hit, Searcher
from tests.system.leaks.places import Item
from tests.system.leaks.scene import Scene


@dataclass(frozen=True, slots=True)
class Leak:
    """A needle where it must not be."""

    kind: str
    place: str
    hit: Hit

    def __str__(self) -> str:
        return f"{self.kind}: {self.place}: {self.hit.label} ({self.hit.spelling}): …{self.hit.around!r}…"


@dataclass
class Report:
    """What was searched, by kind: places, rows or lines or messages, bytes; and what was found there."""

    places: Counter[str] = field(default_factory=Counter)
    units: Counter[str] = field(default_factory=Counter)
    bytes: Counter[str] = field(default_factory=Counter)
    leaks: list[Leak] = field(default_factory=list)
    patterns: int = 0

    def rows(self) -> list[tuple[str, int, int, int, int]]:
        found = Counter(leak.kind for leak in self.leaks)
        return [(kind, self.places[kind], self.units[kind], self.bytes[kind], found[kind]) for kind in self.places]

    def as_markdown(self) -> str:
        head = "| where | places | rows, lines, messages | bytes | found |\n|---|---:|---:|---:|---:|\n"
        lines = [
            f"| {kind} | {places:,} | {units:,} | {size:,} | {hits} |"
            for kind, places, units, size, hits in self.rows()
        ]
        total = (sum(self.places.values()), sum(self.units.values()), sum(self.bytes.values()), len(self.leaks))
        lines.append("| **all** | {:,} | {:,} | {:,} | {} |".format(*total))
        return head + "\n".join(lines)


def search(searcher: Searcher, items: Iterable[Item]) -> Report:
    """Look through all of it. Places with the same content as one searched before are counted, not searched again."""
    report, seen = Report(patterns=searcher.patterns), dict[bytes, list[Hit]]()
    for item in items:
        report.places[item.kind] += 1
        report.units[item.kind] += item.units
        report.bytes[item.kind] += len(item.content)
        if item.content not in seen:
            seen[item.content] = searcher.hits(item.content)
        report.leaks += [Leak(item.kind, item.place, hit) for hit in seen[item.content]]
    return report


def everywhere(scene: Scene) -> Iterator[Item]:
    """Every place but two: what partners opened with their own key, and what we know ourselves."""
    dev = scene.dev
    own = [dev / "partners", dev / "keys", dev / "postgres", dev / "rabbitmq", dev / "mail", dev / "logs"]
    return chain(
        places.tables(scene.network.postgres.dsn),
        scene.tap.messages(),
        places.waiting_messages(scene.broker, scene.amqp_uri),
        places.definitions(scene.broker),
        places.files("logs", (dev / "logs").iterdir(), skip=server_logs(dev)),
        places.files("server logs", server_logs(dev)),
        places.metrics([(service, origin) for service, origin in scene.state["services"].items()]),
        places.mails(dev / "mail"),
        scene.recorder.received,
        scene.traffic.items(),
        places.processes(scene.pid),
        places.files("other files", [dev], skip=own),
    )


def at_a_glance(scene: Scene) -> Iterator[Item]:
    """Where a word would come to lie first: tables, events, logs, metrics, mails and whatever was answered."""
    return chain(
        places.tables(scene.network.postgres.dsn),
        scene.tap.messages(),
        places.files("logs", (scene.dev / "logs").iterdir()),
        places.metrics(scene.state["services"].items()),
        places.mails(scene.dev / "mail"),
        scene.traffic.items(),
    )


def server_logs(dev: places.Path) -> list[places.Path]:
    """What PostgreSQL and RabbitMQ say of themselves: of a statement that fails PostgreSQL writes down every word."""
    said = [dev / "logs" / f"{server}.log" for server in ("postgresql", "rabbitmq")]
    return [*said, *(dev / "rabbitmq").resolve().rglob("*.log")]


def server_files(scene: Scene) -> Iterator[Item]:
    """PostgreSQL's and RabbitMQ's data as they lie on the disk, write-ahead logs and dead rows included."""
    for server in ("postgres/data", "rabbitmq"):
        yield from places.files(f"{server.partition('/')[0]}'s own files", [(scene.dev / server).resolve()])


def opened_by_partners(scene: Scene) -> Iterator[Item]:
    """The partners' own records: here the words have to be, or nothing was ever passed on."""
    return places.files("partners' own records", [scene.dev / "partners"])


def searched_is_settled(scene: Scene) -> bool:
    """Everything said is out and heard: nothing unpublished, nothing in an inbox, nothing missing in the log."""
    for service in scene.state["services"]:
        status = scene.story.operations.get(f"/{service}/operator/status")
        assert status["outbox"]["unpublished"] == 0, service
        assert status.get("completeness", {}).get("missing", 0) == 0
    assert all(row["messages"] == 0 for row in scene.broker.queues() if row["consumers"])
    return True


def tidy_up(scene: Scene) -> None:
    """Give up what the garbage left parked, so that who comes next finds a network that is well."""
    for service in scene.state["services"]:
        for parked in scene.story.operations.get(f"/{service}/operator/parked")["parked"]:
            path = f"/{service}/operator/parked/{parked['parked_id']}/discard"
            scene.story.operations.post(path, {"reason": DiscardReason.UNREADABLE})
