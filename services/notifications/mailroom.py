"""The mailroom: letters that lie in the broker because they could not be delivered, looked at and handled.

Nothing is taken out of a queue before what becomes of it is certain: letters are fetched without acknowledging, and
whatever happens then - a refusal, a lost connection, the end of this process - puts them back, in their order. With
RabbitMQ 4 each look counts as a delivery, of which twenty are allowed: `lotse topology apply` lifts that limit.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from contracts.codes import LetterPlace
from services.chassis import broker
from services.chassis.errors import UnavailableError
from services.notifications.domain.letter import Letter, read

#: How many of one queue are looked at in one go. What lies behind them is counted.
AT_MOST = 1_000
PATIENCE_SECONDS = 10.0
#: What a letter carries besides its bytes when it goes back; the broker's notes on how it died stay behind.
KEPT_HEADERS = ("ce-", "position")


@dataclass(frozen=True, slots=True)
class Returning:
    """A letter on its way back into one queue."""

    event_id: UUID
    routing_key: str
    headers: dict[str, Any]
    body: bytes = field(repr=False)
    exchange: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """One fetched letter, and the message it was read from."""

    letter: Letter
    message: Any = field(repr=False)


@dataclass
class Visit:
    """One look into the three queues. At its end everything goes back that was not let go."""

    link: Any
    basket: broker.Basket
    lying: dict[LetterPlace, int] = field(default_factory=dict)

    def fetch(self, place: LetterPlace, limit: int = AT_MOST) -> list[Found]:
        """The letters of a queue, oldest first, and how many there are in all."""
        self.lying[place], messages = self.basket.fetch(place.value, limit)
        return [Found(_letter(place, message), message) for message in messages]

    def put_back(self, letters: Sequence[Letter]) -> None:
        """Into the queues they belong to; returns when the broker has confirmed every one, and raises otherwise."""
        publisher = broker.Publisher(self.link)
        publisher.publish([one for letter in letters for one in _returning(letter)])

    def let_go(self, found: Sequence[Found]) -> None:
        """Out of the queue for good. If this is lost on the way, they lie there still and are found once more."""
        self.basket.let_go(one.message for one in found)


@dataclass
class Mailroom:
    """Where the letters lie. One visit at a time: what one visitor holds in hand, another would not see."""

    amqp_uri: str = field(repr=False)
    _door: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @contextmanager
    def visit(self) -> Iterator[Visit]:
        if not self._door.acquire(timeout=PATIENCE_SECONDS):
            raise UnavailableError("letters.busy")
        try:
            yield from self._visit()
        except broker.INFRASTRUCTURE_ERRORS as error:
            raise UnavailableError("broker.unavailable") from error
        finally:
            self._door.release()

    def _visit(self) -> Iterator[Visit]:
        link = broker.connect(self.amqp_uri, "notifications.mailroom")
        try:
            basket = broker.Basket(link)
            yield Visit(link, basket)
            basket.close()  # by then the broker has everything back that was only looked at
        finally:
            broker.close_quietly(link)


def _letter(place: LetterPlace, message: Any) -> Letter:
    body = message.body.encode() if isinstance(message.body, str) else bytes(message.body)
    return read(
        place,
        body,
        message_id=message.properties.get("message_id"),
        headers=message.properties.get("application_headers") or {},
        exchange=message.delivery_info["exchange"],
        routing_key=message.delivery_info["routing_key"],
    )


def _returning(letter: Letter) -> list[Returning]:
    headers = {name: value for name, value in letter.headers.items() if name.startswith(KEPT_HEADERS)}
    return [Returning(letter.letter_id, home, headers, letter.body) for home in letter.homes]
