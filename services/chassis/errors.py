"""What can go wrong, in kinds; one table per border turns a kind into HTTP, broker or command-line behavior.

A slug is stable for ever and is the key of its sentence in every catalogue. Data are ids and codes, never names.
"""

from collections.abc import Mapping, Sequence
from typing import Any


class LotsennetzError(Exception):
    """The root of everything the services raise on purpose."""

    def __init__(self, slug: str, facts: Sequence[object] = (), **data: Any) -> None:
        super().__init__(slug)
        self.slug = slug
        #: Events this refusal caused; the border rolls the command back and then writes these by themselves.
        self.facts = tuple(facts)
        self.data = data


class InvalidError(LotsennetzError):
    """The request itself is malformed; ``fields`` names each field and what was expected there."""

    def __init__(self, slug: str, fields: Mapping[str, Any] | None = None, **data: Any) -> None:
        super().__init__(slug, **data)
        self.fields = dict(fields or {})


class ForbiddenError(LotsennetzError):
    """This caller may not do this; an audit fact."""


class NotFoundError(LotsennetzError):
    """Nothing of that id is visible to this caller (a foreign one looks exactly like a missing one)."""


class RefusedError(LotsennetzError):
    """The domain says no, with its reason."""


class StaleError(LotsennetzError):
    """The thing has changed since the caller looked at it; ``version`` is the one it has now."""


class RaceLostError(StaleError):
    """What the write was decided on has changed since it was read: deciding anew may well succeed."""


class UnavailableError(LotsennetzError):
    """Something outside does not answer; the same request may succeed later."""

    def __init__(self, slug: str, retry_after: int = 5, **data: Any) -> None:
        super().__init__(slug, **data)
        self.retry_after = retry_after
