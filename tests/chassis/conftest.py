"""Databases with nothing but the chassis' own tables, and a table for what a listener heard."""

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.demo import databases
from tests.chassis.rig import Room, furnish
from tests.conftest import ROLE_PASSWORDS, Broker


@pytest.fixture(scope="session")
def room_template(postgres: str) -> Iterator[Callable[[str], str]]:
    made: dict[str, str] = {}

    def template(service: str) -> str:
        if service not in made:
            databases.ensure_roles(postgres, service, ROLE_PASSWORDS, renew=False)
            name = f"chassis_{secrets.token_hex(4)}_{service}"
            addresses = databases.create_database(postgres, service, ROLE_PASSWORDS, name=name)
            furnish(service, addresses)
            made[service] = name
        return made[service]

    yield template
    for name in made.values():
        databases.drop_database(postgres, name)


@pytest.fixture
def make_room(postgres: str, room_template: Callable[[str], str]) -> Iterator[Callable[[str], Room]]:
    """`make_room("directory")`: an empty database of that service."""
    rooms: list[tuple[Room, str]] = []

    def make(service: str) -> Room:
        name = f"chassis_{secrets.token_hex(4)}"
        template = room_template(service)
        found = databases.create_database(postgres, service, ROLE_PASSWORDS, name=name, template=template)
        room = Room(service, found.app_dsn, found.owner_dsn)
        rooms.append((room, name))
        return room

    yield make
    for room, name in rooms:
        room.db.close()
        databases.drop_database(postgres, name)


@pytest.fixture
def directory(make_room: Callable[[str], Room]) -> Room:
    """The room that tells."""
    return make_room("directory")


@pytest.fixture
def referral(make_room: Callable[[str], Room]) -> Room:
    """A room that listens, and checks the order."""
    return make_room("referral")


@pytest.fixture
def vhost(make_vhost: Callable[[], Broker]) -> Broker:
    """A virtual host of this test's own, with empty queues."""
    return make_vhost()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"
