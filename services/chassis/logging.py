"""One JSON line per event, with keys from a list: whatever is not on it is dropped and counted, never printed.

A name cannot reach the log by accident, because there is no key under which a name could stand. Exceptions appear as
their type and place; their texts may quote data and stay out.
"""

import json
import logging
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any

import structlog
from prometheus_client import Counter

#: Ids, codes, counts, times. Add a key only if its values can never be personal.
# fmt: off
ALLOWED_KEYS = frozenset(
    {
        "event", "level", "timestamp", "service", "role", "kind", "type", "id", "outcome", "duration_ms", "method",
        "route", "status", "slug", "caller", "correlation_id", "causation_id", "trace_id", "span_id", "incident",
        "error", "at", "count", "size", "batch", "queue", "exchange", "routing_key", "subject", "sequence",
        "position", "attempt", "retry_in", "version", "signal", "pid", "address", "migration", "job", "key",
        "channel", "organization_id", "setting", "expected", "reason", "lag_ms", "published", "consumed",
        "deduplicated", "parked", "held",
    }
)
# fmt: on

#: Made once; `json.dumps` would make one for every line.
_ENCODER = json.JSONEncoder(ensure_ascii=False, default=str)

DROPPED = Counter("lotsennetz_log_keys_dropped_total", "Log keys that are not on the allow-list and were dropped")


def drop_unknown_keys(_: Any, __: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    unknown = [key for key in entry if key not in ALLOWED_KEYS]
    for key in unknown:
        del entry[key]
    if unknown:
        DROPPED.inc(len(unknown))
        entry["count"] = entry.get("count", len(unknown))
    return entry


def place_of_error(_: Any, __: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Type and place of an exception instead of its text."""
    given = entry.pop("exc_info", None)
    error = given if isinstance(given, BaseException) else sys.exc_info()[1] if given else None
    if error is not None:
        last = traceback.extract_tb(error.__traceback__)[-1:]
        entry["error"] = type(error).__name__
        entry["at"] = f"{last[0].filename.rpartition('/')[2]}:{last[0].lineno}" if last else ""
    return entry


class _Foreign(logging.Handler):
    """Libraries' own log records: logger, level and place only - their messages may quote a URL or a row."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        at = f"{record.module}:{record.lineno}"
        name = type(error).__name__ if error else None
        get_logger().log(record.levelno, "library", kind=record.name, at=at, error=name)


def configure(service: str, role: str, level: str = "INFO") -> None:
    """Set the process' log once, at its start."""

    def add_process(_: Any, __: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        return {"service": service, "role": role, **entry}  # not a contextvar: threads begin without them

    structlog.configure(
        processors=[
            add_process,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            place_of_error,
            drop_unknown_keys,
            structlog.processors.JSONRenderer(lambda entry, **_: _ENCODER.encode(entry)),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stdout),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=logging.WARNING, handlers=[_Foreign()], force=True)


def get_logger() -> Any:
    """The one logger; bind ids and codes to it, nothing else comes through."""
    return structlog.get_logger()
