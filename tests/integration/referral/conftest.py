"""Each test has a database of its own."""

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
