"""The inlet for commands: each is obeyed in transactions of its own and answered by the door itself.

A command is idempotent by its own id, so nothing is remembered here; one that was delivered twice is answered twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from services.chassis import parking
from services.chassis.hear import Mail
from services.chassis.inbox import ILL, TRIES, Counts, place_of, reason_of
from services.chassis.logging import get_logger
from services.chassis.stubs import stub_of
from services.chassis.work import Unit


@dataclass(slots=True)
class Inlet:
    """Obeys the commands of one queue."""

    unit: Unit
    service: Any
    door: str
    queue: str
    counts: Counts = field(default_factory=Counts)

    def hear(self, mails: Sequence[Mail]) -> None:
        """Obey each; what nobody can answer is parked. Whatever is raised means: acknowledge nothing."""
        for mail in mails:
            error = self._try(mail, TRIES)
            if error is not None:
                self._park(mail, error)

    def probe(self) -> None:
        """Raise if the database does not answer."""
        self.unit.db.ping()

    def tick(self) -> None:
        """Try again what an operator asked for."""
        while (waiting := self._next()) is not None:
            error = self._try(waiting.mail, 1)
            with self.unit.db.transaction() as tx:
                if error is None:
                    parking.take_back(tx, waiting)
                else:
                    parking.put_back(tx, waiting, reason_of(error), place_of(error))

    def _next(self) -> parking.Waiting | None:
        with self.unit.db.transaction() as tx:
            return parking.next_runnable(tx, self.queue)

    def _try(self, mail: Mail, tries: int) -> Exception | None:
        error: Exception | None = None
        for _ in range(tries):
            try:
                getattr(self.service, self.door)(self.unit, mail)
            except ILL:
                raise
            except Exception as mistake:
                error = mistake
            else:
                self.counts.handled += 1
                return None
        return error

    def _park(self, mail: Mail, error: Exception) -> None:
        """A mistake of ours keeps the command, to be obeyed once it is mended. What nobody can answer is never
        obeyed: it may hold anything, so nothing of it is kept but who sent it and how long it was."""
        stub = stub_of(mail.raw) if is_ours(error) else parking.Stub()
        kept, headers = (mail.raw, {}) if is_ours(error) else (b"", {"size": len(mail.raw)})
        mail = Mail(kept, mail.queue, headers, mail.user_id)
        with self.unit.db.transaction() as tx:
            parking.park(tx, stub, mail, reason_of(error), error=place_of(error), attempts=TRIES)
        self.counts.parked += 1
        get_logger().error(
            "inlet.parked", type=stub.type, reason=reason_of(error), at=place_of(error), queue=mail.queue
        )


def is_ours(error: Exception) -> bool:
    """Whether the program made a mistake; what was raised on purpose says that the command is wrong."""
    return reason_of(error) == "bug"
