"""How the gate misbehaves: a list of faults for one organization, each used so many times and then gone."""

import json
import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

#: Longer than a well-made client waits for an answer; a gate that sleeps for ever serves nobody.
LONGEST_SLEEP = 90.0


class UnreadableFaultError(Exception):
    """A fault that nobody could play."""


@dataclass
class Fault:
    """One way to misbehave: for whom, on which requests, how often, and what happens then."""

    name: str
    organization_id: str
    method: str
    path: re.Pattern[str]
    times: int = 1
    #: Passed on to the network first: it does what it was asked, and the answer gets lost.
    passes_on: bool = False
    seconds: float = 0.0
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    #: So many versions behind is what is shown, as if somebody had been faster than this look.
    older: int = 0
    #: Put in front of what the feed really holds; each the bytes of one event, or what is none.
    events: Sequence[str] | None = None

    def answer(self) -> tuple[str, list[tuple[str, str]], bytes]:
        """What is answered in the network's place."""
        headers = {"Content-Type": "application/problem+json", **self.headers}
        return f"{self.status or 200} Sandbox", list(headers.items()), self.body.encode()


@dataclass
class Faults:
    """Those that wait for their turn, in the order given."""

    _waiting: list[Fault] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def replace(self, given: Any) -> None:
        """From now on these and no others."""
        made = [read(one) for one in given]
        with self._lock:
            self._waiting = made

    def take(self, organization_id: str, method: str, path: str) -> Fault | None:
        """The first that fits this request; one use less is left of it."""
        with self._lock:
            for fault in self._waiting:
                fits = fault.organization_id == organization_id and fault.method == method
                if fits and fault.times > 0 and fault.path.search(path):
                    fault.times -= 1
                    return fault
        return None

    def left(self) -> dict[str, Any]:
        """How many uses are left of each."""
        with self._lock:
            return {"faults": [{"name": fault.name, "left": fault.times} for fault in self._waiting]}


def read(given: Any) -> Fault:
    """A fault as the examiner writes it."""
    try:
        made = Fault(**{**given, "path": re.compile(given["path"])})
    except (TypeError, KeyError, re.error) as error:
        raise UnreadableFaultError(f"a fault with name, organization_id, method and path ({error})") from error
    made.seconds = min(float(made.seconds), LONGEST_SLEEP)
    return made


def as_it_stood(body: bytes, older: int) -> bytes:
    """A referral as it was seen before others did something; whatever else is answered stays as it is."""
    seen = json.loads(body)
    if not isinstance(seen, dict) or "version" not in seen:
        return body
    return json.dumps({**seen, "version": max(1, int(seen["version"]) - older)}).encode()


def in_page(body: bytes, events: Sequence[str]) -> bytes:
    """A page of the feed with these in front; the cursor stays the network's own."""
    page = json.loads(body)
    real = [json.dumps(one) for one in page.get("events", [])]
    return f'{{"events":[{",".join([*events, *real])}],"cursor":{int(page.get("cursor", 0))}}}'.encode()
