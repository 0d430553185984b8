"""W3C Trace Context: one journey of one matter keeps one trace id through all services.

Only the header is carried (in requests, outbox rows and events); an OpenTelemetry exporter may be put beside it,
nothing here needs one. There is no baggage: it would be a place for personal data to travel in.
"""

import re
import secrets
from dataclasses import dataclass

HEADER = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")


@dataclass(frozen=True, slots=True)
class Trace:
    """Where we are in a trace; ``parent_id`` is the span that called us."""

    trace_id: str
    span_id: str
    parent_id: str | None = None
    flags: str = "01"

    @property
    def header(self) -> str:
        """The ``traceparent`` to hand on."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"


def begin() -> Trace:
    return Trace(secrets.token_hex(16), secrets.token_hex(8))


def of_subject(subject: str) -> str | None:
    """The trace of what happens to something by itself, set off by no request: its own id, so all of it is one trace.

    ``referral/<uuid>``; None where the subject is named otherwise. The span that stands for the subject is never told.
    """
    identity = subject.rpartition("/")[2].replace("-", "")
    header = f"00-{identity}-{identity[16:]}-01"
    return header if parse(header) else None


def parse(traceparent: str | None) -> Trace | None:
    """The caller's place in its trace, or None for a header that is missing or malformed (then it is ignored)."""
    found = HEADER.fullmatch((traceparent or "").strip())
    if found is None or (found[0].startswith("00") and found[4]):
        return None
    return Trace(found[1], found[2], flags=found[3])


def continue_from(traceparent: str | None) -> Trace:
    """A new span below the caller's, or a new trace."""
    caller = parse(traceparent)
    if caller is None:
        return begin()
    return Trace(caller.trace_id, secrets.token_hex(8), parent_id=caller.span_id, flags=caller.flags)
