"""What a way out gives back: it left, it was confirmed, or why not - as a code, never as somebody's text."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Result:
    """No cause means it left. `final` says that trying again would change nothing."""

    cause: str | None = None
    status_code: int | None = None
    confirmed: bool = False
    final: bool = False
    link_id: UUID | None = None
    link_until: datetime | None = None
