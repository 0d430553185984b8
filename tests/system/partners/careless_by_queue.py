"""A partner's system on the queue as nobody should write it: impatient, and believing every message anew.

    python careless_by_queue.py settings.toml

It gives a second id to what it says again, repeats a stale command on the version it saw first, takes each step again
with each result, and never takes no for an answer: a check names each of these.
"""

import sys
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from lotsennetz_partner import Client, PartnerKitError, load
from lotsennetz_partner.journal import Answer
from lotsennetz_partner.queue import Queue, event_in

STEPS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("accept", {}),
    ("start", {"first_contact_on": datetime.now(UTC).date().isoformat()}),
    ("complete", {"outcome": "ADVICE_GIVEN"}),
)
IMPATIENT_AFTER = 2.0


class Careless:
    """Everything in its head, nothing looked up twice."""

    def __init__(self, settings: Path) -> None:
        own = load(settings)
        self.client, self.queue = Client(own), Queue(own)
        self.versions: dict[str, int] = {}
        self.open: dict[str, tuple[str, int, float]] = {}

    def turn(self) -> None:
        while (found := self.queue.next()) is not None:
            with suppress(PartnerKitError, KeyError):
                self.hear(event_in(found[0]))
            self.queue.done(found[1])
        for referral_id, step, said_at in list(self.open.values()):
            if time.monotonic() - said_at > IMPATIENT_AFTER:
                self.say(referral_id, step)

    def hear(self, event: Any) -> None:
        if event.type == "partner.command_result.v1":
            self.react(event.data)
        elif event.data["kind"] == "referral_requested":
            referral_id = event.data["referral_id"]
            self.client.dossier(referral_id)
            self.versions[referral_id] = self.client.referral(referral_id).version
            self.say(referral_id, 0)

    def react(self, result: Any) -> None:
        """Each result moves it on, whether it has heard it before or not."""
        found = self.steps.get(result["command_id"])
        if found is None:
            return
        referral_id, step = found
        self.open.pop(referral_id, None)
        if result["result"] == "done":
            self.versions[referral_id] = result["version"]
            if step + 1 < len(STEPS):
                self.say(referral_id, step + 1)
        else:
            self.open[referral_id] = (referral_id, step, time.monotonic())

    #: Which command was which step.
    steps: dict[str, tuple[str, int]] = {}  # noqa: RUF012 - one system, one process

    def say(self, referral_id: str, step: int) -> None:
        action, body = STEPS[step]
        answer = Answer(str(uuid4()), "", referral_id, action, body)
        self.steps[answer.id] = (referral_id, step)
        self.open[referral_id] = (referral_id, step, time.monotonic())
        self.queue.say(answer, self.versions[referral_id])


if __name__ == "__main__":
    careless = Careless(Path(sys.argv[1]))
    while True:
        with suppress(PartnerKitError):
            careless.turn()
        time.sleep(0.2)
