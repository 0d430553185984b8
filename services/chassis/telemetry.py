"""Spans for OpenTelemetry, where a collector is named (``OTEL_EXPORTER_OTLP_ENDPOINT``); nothing at all otherwise.

A span is handed over when it has ended, under the ids of the W3C trace context that travels with every request, letter
and notice (`tracing`). It tells types, routes and codes, never what is in them. What the collector does not take is
dropped: watching never holds up what is watched.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import IntEnum

from services.chassis import tracing
from services.chassis.config import Environment
from services.chassis.tracing import Trace

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
Attributes = dict[str, str | int]


class Kind(IntEnum):
    """What a span is of the other side; the numbers are OpenTelemetry's own."""

    SERVER = 1
    CLIENT = 2
    PRODUCER = 3
    CONSUMER = 4


#: Takes what has ended: trace, name, kind, seconds it took, attributes.
Tell = Callable[[Trace, str, Kind, float, Attributes], None]
_tell: Tell | None = None


def begin(service: str, role: str, environment: Environment) -> None:
    """From now on this process tells what it does, if a collector is named. Raises ConfigError for a wrong address."""
    global _tell  # noqa: PLW0603 - one process, one exporter, as with its log
    if environment.optional(ENDPOINT):
        endpoint = environment.url(ENDPOINT, ("http", "https"))
        from services.chassis.spans import exporter  # noqa: PLC0415 - costs memory where nobody collects

        _tell = exporter(service, role, f"{endpoint}/v1/traces")


def is_on() -> bool:
    return _tell is not None


def ended(trace: Trace, name: str, kind: Kind, seconds: float, attributes: Attributes) -> None:
    """Tell of a span that has just ended."""
    if _tell is not None:
        _tell(trace, name, kind, seconds, attributes)


@contextmanager
def span(traceparent: str | None, name: str, kind: Kind, attributes: Attributes) -> Iterator[str | None]:
    """A span below the caller's; gives the `traceparent` to hand on: its own, or the caller's where nobody collects."""
    if _tell is None:
        yield traceparent
        return
    trace, began = tracing.continue_from(traceparent), time.perf_counter()
    try:
        yield trace.header
    finally:
        _tell(trace, name, kind, time.perf_counter() - began, attributes)
