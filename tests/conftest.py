"""Real servers for the tests that need them: started once per session, or named by the environment.

LOTSENNETZ_TEST_POSTGRES, LOTSENNETZ_TEST_AMQP and LOTSENNETZ_TEST_MANAGEMENT name running servers; without them the
embedded ones of `deploy.demo.servers` are started, and stopped at the end.
"""

import gc
import os
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import urllib3
from hypothesis import settings
from jinja2 import Environment
from werkzeug.routing import Rule
from xdist.scheduler import LoadScopeScheduling

from deploy.demo import databases
from deploy.demo.databases import DatabaseAddresses
from deploy.demo.postgres_server import PostgresServer
from deploy.demo.servers import running_rabbitmq
from lotse import topology
from services.chassis.migrate import migrate, migrate_only
from tests.brokers import PASSWORDS
from tests.examples import examples
from tests.shelf import Shelf

# Keys of partners are taken in by many tests that are about something else; those about confirming say so themselves.
os.environ.setdefault("KEY_CONFIRMATION", "none")
# A busy machine is slow; that is no finding.
settings.register_profile("unhurried", deadline=None, max_examples=examples(100))
settings.load_profile("unhurried")

#: The code that builds the address of a route is made anew for every app; every test has an app, so it is kept.
ADDRESS_BUILDERS: dict[tuple[Any, ...], Any] = {}
make_address_builder = Rule._compile_builder


def kept_address_builder(self: Rule, append_unknown: bool = True) -> Any:
    """Depends on nothing but these; it is bound to its own rule afterwards."""
    if self.defaults:
        return make_address_builder(self, append_unknown)
    key = (*self._trace, append_unknown)
    if key not in ADDRESS_BUILDERS:
        ADDRESS_BUILDERS[key] = make_address_builder(self, append_unknown)
    return ADDRESS_BUILDERS[key]


Rule._compile_builder = kept_address_builder  # type: ignore[method-assign]

#: And for what is read out of the text of a route: its parts, its trace and its converters.
PARTS: dict[tuple[str, int], tuple[list[Any], list[Any], dict[str, Any]]] = {}
read_parts = Rule._parse_rule


def kept_parts(self: Rule, rule: str) -> list[Any]:
    """What the text says does not change; it is added to what the route knows by now."""
    key = (rule, len(self.map.converters))
    if key not in PARTS:
        before = len(self._trace)
        parts = list(read_parts(self, rule))
        PARTS[key] = parts, self._trace[before:], dict(self._converters)
        return parts
    parts, trace, converters = PARTS[key]
    self._trace.extend(trace)
    self._converters.update(converters)
    self.arguments.update(converters)
    return parts


Rule._parse_rule = kept_parts  # type: ignore[method-assign]

#: The same for templates: each app reads them anew, and they are long.
TEMPLATES: dict[tuple[Any, ...], Any] = {}
compile_template = Environment.compile


def kept_template(
    self: Environment, source: Any, name: Any = None, filename: Any = None, raw: bool = False, *rest: Any, **more: Any
) -> Any:
    """By what stands in it and where it lies; the services set up their environments alike."""
    if raw or rest or more or not isinstance(source, str) or filename is None:
        return compile_template(self, source, name, filename, raw, *rest, **more)
    key = (source, name, filename, self.autoescape is True)
    if key not in TEMPLATES:
        TEMPLATES[key] = compile_template(self, source, name, filename)
    return TEMPLATES[key]


Environment.compile = kept_template  # type: ignore[method-assign, assignment]

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).resolve().parent.parent
#: Where servers of this run keep their files; with several workers each has its own.
HOME = ROOT / ".dev" / f"test-{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"
#: A database that lives as long as a test needs neither the disk nor a tidy-up nor a password that is slow to guess.
HURRIED = {
    **dict.fromkeys(("fsync", "full_page_writes", "synchronous_commit", "autovacuum", "jit"), "off"),
    "scram_iterations": "1",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "1h",
}
#: So many tests are not a part of them that somebody tries by hand.
MANY = 1_000
#: Rooms whose tests start the whole network: one after the other, on one worker, and before all others.
NETWORK_ROOMS = ("system", "demo")
LONGEST_ROOMS = (*NETWORK_ROOMS, "browser")
ROLE_PASSWORDS = {role: f"test-{role}" for name in databases.DATABASES for role in databases.roles_of(name)}
KEYSTORE_MIGRATIONS = ROOT / "services" / "referral" / "keystore" / "migrations"


@dataclass(frozen=True, slots=True)
class Broker:
    """A fresh virtual host of this session, with the network's topology applied."""

    amqp_uri: str
    management_url: str
    vhost: str


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What starts the whole network comes first, so that nobody waits for it at the end; first of all its story."""
    items.sort(key=lambda item: (place_of(item.nodeid), "/test_story.py" not in item.nodeid))


class ByRoom(LoadScopeScheduling):
    """With several workers a file stays together, because what its tests share is dear to start."""

    def _split_scope(self, nodeid: str) -> str:
        room, file = room_of(nodeid), nodeid.partition("::")[0]
        if room in NETWORK_ROOMS:
            return "network"
        if room == "browser":  # one browser, whose pages are warm
            return room
        return "node" if "/test_foreign_" in file else file  # its packages are installed once


def pytest_collection_finish() -> None:
    """Eleven thousand tests are not garbage, however often one looks."""
    gc.collect()
    gc.freeze()


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByRoom:
    """Instead of marks: the groups of xdist 3.8 do not reach its own scheduler under pytest 9."""
    return ByRoom(config, log)


def place_of(nodeid: str) -> int:
    """The rooms that take longest in their order, before all others."""
    room = room_of(nodeid)
    return LONGEST_ROOMS.index(room) if room in LONGEST_ROOMS else len(LONGEST_ROOMS)


def room_of(nodeid: str) -> str:
    """The folder under tests/, such as `system`."""
    return nodeid.split("/")[1] if nodeid.count("/") > 1 else ""


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """DSN of a superuser on a PostgreSQL server that the tests may fill with databases."""
    if dsn := os.environ.get("LOTSENNETZ_TEST_POSTGRES"):
        yield dsn
        return
    server = PostgresServer(HOME, settings=HURRIED)
    server.forget()
    server.start()
    yield server.dsn
    server.stop()


@pytest.fixture(scope="session")
def broker_server() -> Iterator[tuple[str, str]]:
    """AMQP and management address of an administrator on a RabbitMQ server."""
    if uri := os.environ.get("LOTSENNETZ_TEST_AMQP"):
        yield uri, os.environ["LOTSENNETZ_TEST_MANAGEMENT"]
        return
    with running_rabbitmq(HOME) as server:
        yield server.amqp_uri, server.management_url


@pytest.fixture(scope="session")
def make_vhost(broker_server: tuple[str, str]) -> Iterator[Callable[[], Broker]]:
    """Makes one more virtual host with the whole topology; each is deleted at the end of the session."""
    amqp_uri, management_url = broker_server
    made: list[str] = []

    def make() -> Broker:
        vhost = f"test-{secrets.token_hex(6)}"
        _manage(management_url, "PUT", f"/api/vhosts/{vhost}")
        made.append(vhost)
        broker = Broker(f"{amqp_uri.rstrip('/')}/{vhost}", management_url, vhost)
        _apply_topology(broker)
        return broker

    yield make
    for vhost in made:
        _manage(management_url, "DELETE", f"/api/vhosts/{vhost}")


@pytest.fixture(scope="session")
def broker(make_vhost: Callable[[], Broker]) -> Broker:
    """The session's own virtual host. A test that needs empty queues takes `make_vhost()`."""
    return make_vhost()


@pytest.fixture(scope="session")
def browser() -> "Iterator[Browser]":
    """One browser per session; without one the tests say so and are counted as skipped."""
    from playwright.sync_api import sync_playwright

    from tests.browser.rig import CHROMIUM, FLAGS

    if not Path(CHROMIUM).exists():
        pytest.skip(f"no browser: {CHROMIUM} is missing (apt-get install chromium)")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


#: For every database that is in use: how to be done with it.
MADE: list[Callable[[], None]] = []


@pytest.fixture(scope="session")
def make_database(postgres: str) -> Iterator[Callable[[str], DatabaseAddresses]]:
    """`make_database("referral")`: a fresh, migrated database of that service.

    Referral's holds the key store too, as on a small box; `make_database("referral_keys")` is one apart.
    """
    session = secrets.token_hex(4)
    shelf = Shelf(postgres, ROLE_PASSWORDS, session)

    def make(service: str) -> DatabaseAddresses:
        if not shelf.knows(service):
            shelf.know(service, _make_template(postgres, service, f"test_{session}_{service}_template"))
        name, addresses = shelf.take(service)
        MADE.append(lambda: shelf.give_back(service, name))
        return addresses

    yield make
    _be_done(0)
    shelf.clear(drop="LOTSENNETZ_TEST_POSTGRES" in os.environ)  # our own server begins anew every time


@pytest.fixture(autouse=True)
def _databases_end_with_their_test() -> Iterator[None]:
    """What a test's own fixtures made is given back after it; what wider ones made was there before and stays."""
    before = len(MADE)
    yield
    _be_done(before)


def _be_done(first: int) -> None:
    while len(MADE) > first:
        MADE.pop()()


def _make_template(admin_dsn: str, service: str, name: str) -> str:
    databases.ensure_roles(admin_dsn, service, ROLE_PASSWORDS, renew=False)
    addresses = databases.create_database(admin_dsn, service, ROLE_PASSWORDS, name=name)
    if service in ("referral", databases.KEY_STORE):
        migrate_only(addresses.owner_dsn, KEYSTORE_MIGRATIONS)
    if service in databases.SERVICES:
        migrate(addresses.owner_dsn, ROOT / "services" / service / "migrations")
    return name


def _apply_topology(broker: Broker) -> None:
    topology.apply(broker.management_url, broker.vhost, PASSWORDS)


def _manage(management_url: str, method: str, path: str) -> None:
    url = urllib3.util.parse_url(management_url)
    headers = urllib3.make_headers(basic_auth=url.auth or "guest:guest")
    answer = urllib3.request(method, f"{url.scheme}://{url.host}:{url.port}{path}", headers=headers, timeout=20)
    assert answer.status < 300, f"{method} {path}: {answer.status} {answer.data!r}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """After a run of them all: say how much test there is to how much code."""
    if sum(map(len, terminalreporter.stats.values())) < MANY:
        return
    from tests.architecture.sizes import checks, product

    try:
        code, test = product(), checks()
    except SyntaxError:  # somebody is in the middle of a sentence
        return
    terminalreporter.write_line(f"{code} lines of code, {test} lines of test: {test / code:.2f} to 1")
