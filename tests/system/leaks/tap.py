"""A tap on the broker: a copy of every message that leaves a service, from the moment it is opened."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

from lotse.broker import Broker
from tests.system.leaks.places import Item, amqp_connection, as_item

#: Partners' own exchanges carry what partners say; what is said to them and among us must name nobody.
FROM_PARTNERS = ("partner.", "referral.commands")


class Tap:
    """A queue of our own, bound to every exchange that services publish to."""

    def __init__(self, broker: Broker, amqp_uri: str) -> None:
        self._broker, self._uri = broker, amqp_uri
        self.queue = f"leak-tap-{uuid4().hex[:8]}"

    def open(self) -> None:
        self._broker.call("PUT", f"/queues/{self._v}/{self.queue}", {"durable": False, "auto_delete": False})
        for exchange in self._broker.call("GET", f"/exchanges/{self._v}"):
            name = exchange["name"]
            if name and not name.startswith(("amq.", *FROM_PARTNERS)):
                self._bind(name, "#")
        for row in self._broker.call("GET", f"/bindings/{self._v}"):
            if row["source"] == "partners":  # direct: one key per partner
                self._bind("partners", row["routing_key"])

    def _bind(self, exchange: str, key: str) -> None:
        path = f"/bindings/{self._v}/e/{exchange}/q/{self.queue}"
        self._broker.call("POST", path, {"routing_key": key, "arguments": {}})

    def messages(self) -> Iterator[Item]:
        """Everything that flowed until now; it stays here and can be read again."""
        with amqp_connection(self._uri) as connection:
            channel = connection.channel()
            seen = []
            while (message := channel.basic_get(self.queue)) is not None:
                exchange = (message.delivery_info or {}).get("exchange", "")
                seen.append(as_item(f"tap on {exchange}", message))
            channel.close()
            yield from seen

    def close(self) -> None:
        self._broker.call("DELETE", f"/queues/{self._v}/{self.queue}")

    @property
    def _v(self) -> str:
        return self._broker.vhost


@contextmanager
def tapped(broker: Broker, amqp_uri: str) -> Iterator[Tap]:
    tap = Tap(broker, amqp_uri)
    tap.open()
    try:
        yield tap
    finally:
        tap.close()
