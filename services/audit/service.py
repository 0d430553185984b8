"""Audit's doors: one, for everything."""

from collections.abc import Sequence

from services.audit import handlers
from services.audit.config import load_writer
from services.chassis.config import Environment
from services.chassis.hear import Arrival, hears_everything
from services.chassis.work import Work


class AuditService:
    """Hears every service and writes the log; the queue's single active consumer is its one active writer."""

    name = "audit"

    def __init__(self) -> None:
        self.writer = load_writer(Environment())

    @hears_everything
    def record(self, work: Work, arrivals: Sequence[Arrival]) -> None:
        """Every event, of known type or not, in the order heard."""
        handlers.append(work, self.writer, arrivals)
