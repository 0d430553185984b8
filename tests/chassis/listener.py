"""A service that writes down what it hears; the tests run it: ``python -m tests.chassis.listener worker``."""

import os
from collections.abc import Sequence
from pathlib import Path

from contracts.directory import ImportApplied
from contracts.envelope import Envelope
from services.chassis.hear import Arrival, hears, hears_everything
from services.chassis.launch import Service, main
from services.chassis.work import Work

KEEP = """
INSERT INTO heard (event_id, subject, sequence, position, type, number) VALUES (%s, %s, %s, %s, %s, %s)"""


class Listener:
    """Hears one kind of event, in order."""

    @hears(ImportApplied)
    def import_applied(self, work: Work, event: ImportApplied, envelope: Envelope) -> None:
        if delay := os.environ.get("TEST_DELAY"):
            work.tx.execute("SELECT pg_sleep(%s)", (float(delay),))
        work.tx.execute(
            KEEP, (envelope.id, envelope.subject, envelope.sequence, None, envelope.type, event.organizations)
        )


class Recorder:
    """Hears everything, in batches."""

    @hears_everything
    def record(self, work: Work, arrivals: Sequence[Arrival]) -> None:
        with work.tx.cursor() as cursor:
            cursor.executemany(
                KEEP,
                [
                    (a.envelope.id, a.envelope.subject, a.envelope.sequence, a.position, a.envelope.type, 0)
                    for a in arrivals
                ],
            )


if __name__ == "__main__":
    name = os.environ.get("TEST_SERVICE", "referral")
    main(
        Service(
            name=name,
            package="tests.chassis.listener",
            migrations=Path(__file__).parent / "none",
            doors=Recorder if name == "audit" else Listener,
        )
    )
