"""What is stuck for one cause at one partner: looked at, tried again and given up as one thing."""

from dataclasses import dataclass
from uuid import UUID

from contracts.codes import ChannelKind
from services.notifications.domain.delivery import State


@dataclass(frozen=True, slots=True)
class Group:
    """Which deliveries are meant; what is left open narrows nothing. Nothing at all: everything that is stuck."""

    organization_id: UUID | None = None
    channel: ChannelKind | None = None
    state: State | None = None
    cause: str | None = None
