"""What audit does with what it hears: everything becomes an entry."""

from collections.abc import Sequence

from services.audit import commands
from services.audit.writer import Writer
from services.chassis.hear import Arrival
from services.chassis.work import Work


def append(work: Work, writer: Writer, arrivals: Sequence[Arrival]) -> None:
    """One batch, one transaction, one place in the log after the other."""
    commands.record(work.tx, writer, arrivals, work.now)
