"""The rooms filled in a folder of the test, and what compose tells a container, with that folder in it."""

from pathlib import Path

from deploy.stack.rooms import Addresses, Rooms
from deploy.stack.store import Room, Store
from tests.stack.composed import containers, example

ADDRESSES = Addresses("https://lotsennetz.localhost:8443", "https://login.lotsennetz.localhost:8443")


def fill(place: Path) -> Path:
    """Every room, as the first container leaves them."""
    for name, room in Rooms(Store(place / "own"), ADDRESSES).all().items():
        Room(0, room.files, room.is_kept_by_owner).fill(place / name)
    return place


def environment(folder: Path, service: str, role: str, **changes: str) -> dict[str, str]:
    """What compose tells a container, with the folders of a container where the test has them."""
    places = {
        "/run/secrets/": f"{folder / service}/",
        "/run/owner/": f"{folder / 'migrate'}/",
        "/run/retention/": f"{folder / 'retention'}/",
        "/var/lib/lotsennetz/checkpoints": str(folder),
        "/run/config/controllers.json": "deploy/demo/data/controllers.json",
    }
    found = {}
    for name, value in containers({**example(), **changes})[f"{service}-{role}"]["environment"].items():
        text = str(value or "")
        for inside, outside in places.items():
            text = text.replace(inside, outside) if text.startswith(inside) else text
        found[name] = text
    return found
