"""A partner's webhook as a whole: how long nothing has arrived there, and when it is called no more."""

from dataclasses import dataclass
from datetime import datetime, timedelta

PATIENCE = timedelta(days=5)
#: Why a delivery waits while its webhook is switched off.
SWITCHED_OFF = "webhook-disabled"
#: The receiver says itself that it wants no more (HTTP 410).
GONE = "gone"
#: Something is missing here; nobody was called, so it says nothing about the partner's side.
NOBODY_CALLED = frozenset({"webhook-url-missing", "webhook-secret-missing"})


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Since when every attempt failed, and since when it is switched off."""

    failing_since: datetime | None = None
    cause: str | None = None
    disabled_at: datetime | None = None

    @property
    def is_disabled(self) -> bool:
        return self.disabled_at is not None


def after(endpoint: Endpoint, cause: str | None, now: datetime, patience: timedelta = PATIENCE) -> Endpoint:
    """The endpoint after one attempt. Only the operator switches it on again: a success alone does not."""
    if cause is None:
        return Endpoint(disabled_at=endpoint.disabled_at)
    if cause in NOBODY_CALLED:
        return endpoint
    since = endpoint.failing_since or now
    worn_out = cause == GONE or now - since >= patience
    return Endpoint(since, cause, endpoint.disabled_at or (now if worn_out else None))
