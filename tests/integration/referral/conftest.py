"""Each test has a database of its own, unless its file shares one."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from services.chassis.db import Database
from tests.integration.referral.rig import Network
from tests.integration.referral.scene import Scene


@pytest.fixture
def scene(make_database: Callable[[str], Any]) -> Iterator[Scene]:
    with Database(make_database("referral").app_dsn) as db:
        scene = Scene(db)
        yield scene
        scene.close()


@pytest.fixture
def network(scene: Scene) -> Network:
    return Network(scene)


@pytest.fixture(scope="module")
def one_network(make_database: Callable[[str], Any]) -> Iterator[Network]:
    """One for a whole file, whose tests make cases of their own: most of a test's time is its database."""
    with Database(str(make_database("referral").app_dsn)) as db:
        scene = Scene(db)
        yield Network(scene)
        scene.close()
