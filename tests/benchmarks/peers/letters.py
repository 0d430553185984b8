"""What the Python peers say and check, with pydantic: what comes in, and the event that leaves.

The peers run in an environment of their own (`requirements.in` beside this file) and import nothing of ours.
"""

from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field
from uuid6 import uuid7

TYPE = "referral.received.v1"


class Advance(BaseModel):
    """What a client sends: the version it saw and the status it wants."""

    version: Annotated[int, Field(ge=0, le=1_000_000)]
    status: Annotated[str, Field(min_length=2, max_length=32)]
    note: Annotated[str | None, Field(max_length=200)] = None


class Moved(BaseModel):
    id: UUID
    version: int


class Received(BaseModel):
    referral_id: UUID
    organization_id: UUID


class Event(BaseModel):
    """A CloudEvent as the network writes it."""

    specversion: Literal["1.0"] = "1.0"
    id: UUID
    source: Literal["/lotsennetz/referral"] = "/lotsennetz/referral"
    type: Literal["referral.received.v1"] = "referral.received.v1"
    subject: str
    time: datetime
    sequence: Annotated[str, Field(pattern=r"^\d{10}$")]
    actor: str = "anonymous"
    correlationid: UUID
    dataclassification: str = "internal"
    datacontenttype: str = "application/json"
    data: Received


def letter(case_id: UUID, sequence: int) -> tuple[UUID, str, bytes]:
    """Id, type and final bytes of the event that says so."""
    event_id = UUID(int=uuid7().int)
    event = Event(
        id=event_id,
        subject=f"referral/{case_id}",
        time=datetime.now(UTC),
        sequence=f"{sequence:010d}",
        correlationid=event_id,
        data=Received(referral_id=case_id, organization_id=case_id),
    )
    return event_id, TYPE, event.model_dump_json().encode()
