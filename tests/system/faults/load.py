"""Clients that ask for one numbered step after the other, and for the same one again until somebody says it is done."""

import http.client
import itertools
import json
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any
from uuid import uuid4

from tests.waiting import eventually

CLIENTS = 4
PAUSE_SECONDS = 0.05
ANSWER_SECONDS = 20.0


@dataclass
class Load:
    """Each client speaks of subjects of its own; several replicas are asked in turn, as a door before them would."""

    ports: Sequence[int]
    clients: int = CLIENTS
    pause: float = PAUSE_SECONDS
    acknowledged: list[str] = field(default_factory=list)
    #: What else was answered: a status, or the name of what went wrong on the way.
    troubles: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    #: The longest time in which nothing was done for anybody.
    longest_pause: float = 0.0
    _last_done: float = 0.0
    _over: threading.Event = field(default_factory=threading.Event)
    _gives_up: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> "Load":
        for _ in range(self.clients):
            thread = threading.Thread(target=self._client, daemon=True)
            self._threads.append(thread)
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Each client ends the step it is at: whatever was asked for is answered in the end."""
        self._over.set()
        for thread in self._threads:
            thread.join(180)
        assert not any(thread.is_alive() for thread in self._threads), "a step was never answered"

    def give_up(self) -> None:
        """Whoever was told no asks no more: what she asked for may be done or not."""
        self._gives_up.set()

    def goes_on(self, steps: int = 20, timeout: float = 40) -> None:
        """Wait until so many more are done."""
        done = len(self.acknowledged)
        eventually(lambda: len(self.acknowledged) >= done + steps, timeout=timeout)

    def _client(self) -> None:
        client, subjects = Client(self.ports), [str(uuid4()) for _ in range(3)]
        for number in itertools.count(1):
            step = {"name": uuid4().hex, "subject": subjects[number % 3], "number": number}
            if self._until_done(client, step):
                self.acknowledged.append(str(step["name"]))
                before, self._last_done = self._last_done or monotonic(), monotonic()
                self.longest_pause = max(self.longest_pause, self._last_done - before)
            if self._over.wait(self.pause) or self._gives_up.is_set():
                return

    def _until_done(self, client: "Client", step: dict[str, Any]) -> bool:
        patience = threading.Event()
        while True:
            began = monotonic()
            told = client.ask(step)
            self.slowest = max(self.slowest, monotonic() - began)
            if told in ("200", "201"):
                return True
            self.troubles[told] += 1
            if self._gives_up.is_set():
                return False
            patience.wait(0.2)


@dataclass
class Client:
    """One kept connection; whoever hangs up is asked anew, or the next one is."""

    ports: Sequence[int]
    _at: int = 0
    _connection: http.client.HTTPConnection | None = None

    def ask(self, step: dict[str, Any]) -> str:
        """The status, or the name of what went wrong before there was one."""
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection(
                    "127.0.0.1", self.ports[self._at % len(self.ports)], timeout=ANSWER_SECONDS
                )
            headers = {"Content-Type": "application/json"}
            self._connection.request("POST", "/directory/faults/steps", json.dumps(step), headers)
            answer = self._connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException) as error:
            self._forget()
            return type(error).__name__
        if answer.status >= 500:
            self._forget()
        return str(answer.status)

    def _forget(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection, self._at = None, self._at + 1
