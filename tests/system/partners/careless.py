"""A partner's system as nobody should write it: it accepts unread, forgets what it heard, and never stops.

    python careless.py settings.toml

Each fault of it has a check that names it.
"""

import sys
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from lotsennetz_partner import Client, PartnerKitError, load

STEPS = (
    ("accept", {}),
    ("start", {"first_contact_on": datetime.now(UTC).date().isoformat()}),
    ("complete", {"outcome": "ADVICE_GIVEN"}),
)


def turn(client: Client) -> None:
    """Everything from the beginning, every time; nothing is acknowledged, nothing written down."""
    after = 0
    while (page := client.events(after=after, limit=500)).events:
        after = page.cursor
        for event in page.events:
            if event.data.get("kind") == "referral_requested":
                take_on(client, str(event.data["referral_id"]))


def take_on(client: Client, referral_id: str) -> None:
    """Unread, under a new key each time, whatever the network said before."""
    for action, body in STEPS:
        with suppress(PartnerKitError):
            version = client.referral(referral_id).version
            client.act(referral_id, action, body, version=version, key=str(uuid4()))


if __name__ == "__main__":
    careless = Client(load(Path(sys.argv[1])))
    while True:
        with suppress(PartnerKitError):
            turn(careless)
        time.sleep(0.5)
