"""Between the network and one partner's queue: results get lost, come late or three times, and answers are held up.

The partner's own bindings are moved for as long as it takes, nothing else; what is not meant passes by unchanged.
Should the examiner die meanwhile, `lotse partner sync` puts them back.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote
from uuid import UUID

from contracts.codes import Action
from contracts.partner.actions import ACTIONS, type_of_action
from contracts.topology import COMMANDS_EXCHANGE, PARTNERS, Binding, partner_exchange, partner_queue
from lotse.broker import Broker

RESULT = "partner.command_result.v1"
#: Gone by itself an hour after the last use, if the examiner is no more.
ONE_HOUR = {"x-expires": 3_600_000, "x-queue-type": "classic"}
AT_ONCE = 100
#: The broker lets nobody but the sender itself name itself as one.
NOT_PASSED_ON = frozenset({"user_id", "timestamp"})
#: How often the result of this command is to reach the partner: 0 keeps it back.
Times = Callable[[str], int]
JSON = Mapping[str, Any]


@dataclass
class Interception:
    """One partner's queue and exchange."""

    broker: Broker
    organization_id: UUID
    #: What was kept back, oldest first.
    kept: list[JSON] = field(default_factory=list)
    _times: Times | None = None

    def __post_init__(self) -> None:
        self._v = quote(self.broker.vhost, safe="")
        self._queue, self._exchange = partner_queue(self.organization_id), partner_exchange(self.organization_id)
        self._results = f"sandbox.results.{self.organization_id}"
        self._answers = f"sandbox.answers.{self.organization_id}"

    @contextmanager
    def of_results(self, times: Times) -> Iterator[None]:
        """What leaves for the partner comes by here first; what was kept back is for `hand_over`, or lost."""
        straight = Binding(PARTNERS, self._queue, str(self.organization_id))
        around = Binding(PARTNERS, self._results, str(self.organization_id))
        self._declare(self._results)
        self.kept, self._times = [], times
        try:
            self.broker.bind(around)  # first: a notice that comes twice is borne, one that is lost is not
            self.broker.unbind(straight)
            yield
        finally:
            self.broker.bind(straight)
            self.broker.unbind(around)
            self.turn()
            self._times = None
            self._remove(self._results)

    def turn(self) -> None:
        """Pass on what has come, as often as it is to be; while an examiner waits, it has to look here."""
        while self._times is not None and (messages := self._take(self._results, "ack_requeue_false")):
            for message in messages:
                command = command_of(message)
                times = 1 if command is None else self._times(command)
                if times == 0:
                    self.kept.append(message)
                for _ in range(times):
                    self._deliver(message)

    def hand_over(self) -> int:
        """What was kept back reaches the partner now; returns how much that was."""
        late, self.kept = self.kept, []
        for message in late:
            self._deliver(message)
        return len(late)

    @contextmanager
    def of_answers(self, action: Action) -> Iterator[None]:
        """The partner's answers of this kind stand still inside, and reach the network afterwards, as they were said.

        The broker moves them itself (a refused message is dead-lettered), so that it goes on vouching for who said it.
        """
        everything = Binding(self._exchange, COMMANDS_EXCHANGE, "#", to_exchange=True)
        others = [
            Binding(self._exchange, COMMANDS_EXCHANGE, key, to_exchange=True)
            for key in ACTIONS
            if key != type_of_action(action)
        ]
        aside = Binding(self._exchange, self._answers, type_of_action(action))
        self._declare(self._answers, {"x-dead-letter-exchange": COMMANDS_EXCHANGE})
        try:
            for one in (aside, *others):
                self.broker.bind(one)
            self.broker.unbind(everything)
            yield
        finally:
            self.broker.bind(everything)
            for one in (*others, aside):
                self.broker.unbind(one)
            while self._take(self._answers, "reject_requeue_false"):
                pass
            self._remove(self._answers)

    def _take(self, queue: str, how: str) -> list[JSON]:
        wanted = {"count": AT_ONCE, "ackmode": how, "encoding": "auto"}
        return list(self.broker.call("POST", f"/queues/{self._v}/{queue}/get", wanted))

    def _deliver(self, message: JSON) -> None:
        kept = {name: value for name, value in message["properties"].items() if name not in NOT_PASSED_ON}
        copy = {
            "properties": kept,
            "routing_key": self._queue,
            "payload": message["payload"],
            "payload_encoding": message["payload_encoding"],
        }
        self.broker.call("POST", f"/exchanges/{self._v}/amq.default/publish", copy)

    def _declare(self, queue: str, more: JSON | None = None) -> None:
        self.broker.call(
            "PUT", f"/queues/{self._v}/{queue}", {"durable": True, "arguments": {**ONE_HOUR, **(more or {})}}
        )

    def _remove(self, queue: str) -> None:
        self.broker.call("DELETE", f"/queues/{self._v}/{queue}")


def command_of(message: JSON) -> str | None:
    """The id of the command whose result this is; None for whatever else a partner is sent."""
    try:
        event = json.loads(message["payload"])
        return str(event["data"]["command_id"]) if event["type"] == RESULT else None
    except (ValueError, TypeError, KeyError):
        return None
