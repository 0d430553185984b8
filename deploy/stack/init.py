"""``python -m deploy.stack.init``: the first container. Makes every secret once, and gives each container its own.

Reads MODE, PUBLIC_URL, ISSUER_URL, INBOX_PARTITIONS and, where programs get their tokens at none of the places known,
ISSUER_TOKEN_URL; SECRETS_DIR holds one folder per room, `own` among them, where all of it is kept. Run again it changes
nothing but what has run out. What cannot be made up - a certificate of a known authority - lies in OWN_CERTIFICATE_DIR
as `certificate.pem` and `key.pem`.
"""

import os
import sys
from pathlib import Path

from deploy.stack.rooms import Addresses, Rooms
from deploy.stack.store import Store


def rooms(folder: Path) -> Rooms:
    """The rooms of the stack whose secrets lie in this folder."""
    brought = os.environ.get("OWN_CERTIFICATE_DIR")
    return Rooms(
        Store(folder / "own"),
        Addresses(
            os.environ["PUBLIC_URL"].rstrip("/"),
            os.environ["ISSUER_URL"].rstrip("/"),
            os.environ.get("ISSUER_TOKEN_URL", ""),
            os.environ.get("MODE") == "demo",
            int(os.environ.get("INBOX_PARTITIONS") or 1),
        ),
        Path(brought) if brought else None,
    )


def main() -> int:
    """Fill all rooms."""
    folder = Path(os.environ.get("SECRETS_DIR", "/secrets"))
    filled = rooms(folder).all()
    for name, room in filled.items():
        room.fill(folder / name)
    sys.stdout.write(f"{len(filled)} rooms have what is theirs\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
