"""What the parts of one web application share, found again from inside any request by `room()`."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import IPv6Address, ip_address
from typing import Any
from uuid import UUID

from flask import current_app, g, request
from werkzeug.exceptions import TooManyRequests

from contracts.codes import ParkedOutcome, SessionEnd
from services.chassis.access import Caller, caller_or_none
from services.chassis.config import Settings
from services.chassis.db import Connection
from services.chassis.errors import ForbiddenError, LotsennetzError
from services.chassis.parking import Parked
from services.chassis.rates import Allowance, Limiter
from services.chassis.refusals import Refusals
from services.chassis.sessions import Sessions
from services.chassis.tokens import AccessTokens
from services.chassis.work import Unit, Work

SIGN_INS_PER_MINUTE = 120


@dataclass(frozen=True, slots=True)
class NavigationItem:
    """One entry of the page header: catalogue key, address, and the roles that see it (none: everybody signed in)."""

    label: str
    path: str
    roles: frozenset[str] = frozenset()


@dataclass(frozen=True)
class SecurityFacts:
    """How a service says what happens at its door; a service without such an event leaves it out."""

    refused: Callable[[UUID, str, int], object] | None = None
    signed_in: Callable[[UUID, Caller], object] | None = None
    #: Somebody came back from the issuer: what it says of her, for the one service that keeps whose pseudonym it is.
    met: Callable[[Caller, Mapping[str, Any]], object] = lambda caller, claims: None
    signed_out: Callable[[UUID], object] | None = None
    session_ended: Callable[[UUID, SessionEnd], object] | None = None
    #: What an operator did with a parked message: id of the fact, the message, outcome, reason.
    settled: Callable[[UUID, Parked, ParkedOutcome, str | None], object] | None = None


@dataclass
class Room:
    """What the parts of one application share; found again by `room()`."""

    service: str
    settings: Settings
    unit: Unit
    tokens: AccessTokens
    facts: SecurityFacts
    navigation: Sequence[NavigationItem] = ()
    #: What the service itself adds to its operators' status.
    status: Callable[[Connection], Mapping[str, object]] | None = None
    #: How large a request with a file may be, on the views that are marked to take one.
    upload_bytes: int = 0
    refusals: Refusals = field(init=False)
    sessions: Sessions = field(init=False)
    partners: Limiter = field(init=False)
    #: Beginnings of a sign-in by address; a whole house may come in at eight.
    sign_ins: Limiter = field(init=False)

    def __post_init__(self) -> None:
        self.refusals = Refusals(self.tell_refusal)
        self.sessions = Sessions(self.unit.db, self.unit.clock, self.settings)
        self.partners = Limiter(self.settings.partner_requests_per_minute, timedelta(minutes=1))
        self.sign_ins = Limiter(SIGN_INS_PER_MINUTE, timedelta(minutes=1))

    @property
    def largest_request(self) -> int:
        return max(self.settings.max_request_bytes, self.upload_bytes)

    def tell_refusal(self, actor: str, slug: str, count: int) -> None:
        if self.facts.refused is None:
            return
        with self.unit.work(actor=actor) as work:
            work.announce(self.facts.refused(work.new_id(), slug, count))


def room() -> Room:
    """The room of the application that answers this request."""
    found: Room = current_app.extensions["lotsennetz"]
    return found


def request_work() -> AbstractContextManager[Work]:
    """One unit of work in the caller's name, in this request's conversation and trace."""
    caller = caller_or_none()
    return room().unit.work(
        actor=caller.actor if caller else "anonymous:web", correlation_id=g.correlation_id, traceparent=g.trace.header
    )


def count_refusal(error: LotsennetzError) -> None:
    """Refusals that carry facts of their own are told already; the others are counted here."""
    if error.facts:
        return
    caller, here = caller_or_none(), room()
    here.refusals.count(caller.actor if caller else "anonymous:web", error.slug, here.unit.clock.now())


def caller_address() -> str:
    """Who asks, as far as an address says: whoever has one connection can invent addresses in a /64 of IPv6."""
    try:
        address = ip_address(request.remote_addr or "")
    except ValueError:
        return "unknown"
    return str(address.ipv4_mapped or int(address) >> 64) if isinstance(address, IPv6Address) else str(address)


def refuse_impatience(allowance: Allowance) -> None:
    """Go on, or answer 429 with when to come back; how often that was refused is a fact, who asked is not."""
    if allowance.is_exceeded:
        count_refusal(ForbiddenError("request.too-many"))
        raise TooManyRequests(retry_after=allowance.seconds)
