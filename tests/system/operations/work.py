"""People at work while something happens to the network: each case goes from enquiry to a partner that ends it."""

import contextlib
import itertools
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import requests

from deploy.demo.desk import TIMEOUT, Desk
from deploy.demo.story import BOGDAN, FULL, HWK, HWK_RECOGNITION, Setting, Story
from tests.waiting import eventually

JSON = dict[str, Any]
LETTERS = "abcdefghijklmnop"
LOOK_SECONDS = 0.3


@dataclass
class Counted:
    """What was asked, and what was answered otherwise than by the network."""

    asked: int = 0
    #: Nobody answered, or 5xx: what a person would have seen as an error.
    failed: list[str] = field(default_factory=list)
    slowest: float = 0.0


class WatchedDesk(Desk):
    """Notes each answer before patience hides it."""

    def __init__(self, origin: str, token: Callable[[], str], counted: Counted) -> None:
        super().__init__(origin, token)
        self._counted = counted
        self._http.request = self._watched(self._http.request)  # type: ignore[method-assign]

    def _watched(self, call: Callable[..., requests.Response]) -> Callable[..., requests.Response]:
        def watched(method: str, url: str, **options: Any) -> requests.Response:
            began = time.monotonic()
            self._counted.asked += 1
            try:
                answer = call(method, url, **{"timeout": TIMEOUT, **options})
            except requests.ConnectionError as error:
                self._counted.failed.append(f"{method} {url.partition('/referral')[2]}: {type(error).__name__}")
                raise
            self._counted.slowest = max(self._counted.slowest, time.monotonic() - began)
            if answer.status_code >= 500:
                self._counted.failed.append(f"{method} {url.partition('/referral')[2]}: {answer.status_code}")
            return answer

        return watched


@dataclass
class Case:
    """One person and her referral; an id stands here once it was acknowledged."""

    enquiry: str = ""
    person: str = ""
    referral: str = ""
    is_sent: bool = False
    at: float = 0.0


@dataclass
class Work:
    """Navigators who take one case after the other; what was answered is acknowledged."""

    setting: Setting
    hands: int = 3
    cases: list[Case] = field(default_factory=list)
    counted: Counted = field(default_factory=Counted)
    trouble: list[BaseException] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)
    _threads: list[threading.Thread] = field(default_factory=list)

    def begin(self) -> "Work":
        self._threads = [threading.Thread(target=self._go_on, daemon=True) for _ in range(self.hands)]
        for thread in self._threads:
            thread.start()
        return self

    def end(self) -> None:
        self.over.set()
        for thread in self._threads:
            thread.join(180)
        assert not self.trouble, self.trouble

    def done(self) -> list[Case]:
        """Those that were sent on their way and acknowledged as such."""
        return [case for case in self.cases if case.is_sent]

    def until(self, count: int, seconds: float = 120) -> list[Case]:
        """Go on until so many are acknowledged."""

        def enough() -> bool:
            if self.trouble:
                raise RuntimeError("nobody works any more") from self.trouble[0]
            return len(self.done()) >= count

        eventually(enough, timeout=seconds)
        return self.done()

    def _go_on(self) -> None:
        try:
            story = Story(self.setting)
            story.desk = WatchedDesk(self.setting.origin, lambda: story._token("nina-navigator"), self.counted)
            while not self.over.is_set():
                self._one(story, next(self._numbers))
        except BaseException as error:
            self.trouble.append(error)

    def _one(self, story: Story, number: int) -> None:
        """Recorded, consented to, referred; the chamber's system does the rest."""
        case, name = Case(), secrets.token_hex(4)
        self.cases.append(case)
        named = "".join(LETTERS[int(digit, 16)] for digit in name)
        born = f"{1960 + number % 45}-{1 + number % 12:02}-{1 + number % 28:02}"
        person = {
            **BOGDAN,
            "family_name": f"Fiktivski-{named}",
            "birth_date": born,
            "email": f"{name}@beispiel.example",
        }
        person["phone"] = f"+49 241 55{number:05}"
        seen = story._enquire(name, person, [{"topic": "ANERKENNUNG", "urgency": "normal"}])
        case.enquiry, case.person = seen["id"], seen["persons"][0]["person_id"]
        story._consent(name, "uk", [story._recipient(HWK, HWK_RECOGNITION, ["VERWEIS", "ANERKENNUNG"], FULL)])
        story._refer(f"{name}-hwk", name, "ANERKENNUNG", HWK_RECOGNITION)
        case.referral, case.is_sent, case.at = story.ids[f"{name}-hwk"], True, time.monotonic()
        self._follow(story, case)

    def _follow(self, story: Story, case: Case) -> None:
        """Look until the chamber has brought it to its end: nobody is given more cases than are ended meanwhile."""
        while not self.over.wait(LOOK_SECONDS):
            if story.desk.get(f"/referral/api/v1/referrals/{case.referral}")["status"] == "completed":
                return


@contextlib.contextmanager
def at_work(setting: Setting, **options: Any) -> Any:
    work = Work(setting, **options).begin()
    try:
        yield work
    finally:
        work.over.set()
