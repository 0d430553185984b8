"""An examination: checks in their order, each with what was sent, expected and seen, and what to do where it failed."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from contracts.codes import ChannelKind
from lotse.certify.cases import Word
from lotse.certify.injection import Injector
from lotse.certify.sandbox import Partner, Sandbox, Seen
from lotse.certify.welcome import Case, WelcomeCenter, happened
from lotse.network import ProblemError

OWN_SYSTEM = frozenset({ChannelKind.AMQP, ChannelKind.WEBHOOK, ChannelKind.PULL})
BY_QUEUE = frozenset({ChannelKind.AMQP})
BY_REST = frozenset({ChannelKind.WEBHOOK, ChannelKind.PULL})
LOOK_SECONDS = 0.3
NOT_ALLOWED = 409


class Outcome(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    NOT_TRIED = "not_tried"


class UnmetError(Exception):
    """The partner did not do what was expected; the text says what was seen instead."""


@dataclass(frozen=True, slots=True)
class Check:
    """One requirement, and how it is tried."""

    id: str
    sent: str
    expected: str
    hint: str
    run: Callable[["Exam"], str]
    ways: frozenset[ChannelKind] = OWN_SYSTEM
    #: Why it is not tried by the other ways, or what is tried there instead.
    elsewhere: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one check."""

    id: str
    outcome: Outcome
    sent: str
    expected: str
    seen: str
    hint: str
    seconds: float

    def as_row(self) -> dict[str, Any]:
        return asdict(self)


@dataclass
class Exam:
    """One partner's system under examination."""

    welcome: WelcomeCenter
    sandbox: Sandbox
    partner: Partner
    injector: Injector
    #: How long the partner may take for one step; a system takes seconds, a clerk minutes.
    patience: float = 60.0
    #: So long it is watched where nothing must happen.
    quiet: float = 5.0
    cases: list[Case] = field(default_factory=list)

    def refer(self, word: Word) -> Case:
        """A test referral, on its way."""
        case = self.draft(word)
        self.welcome.send(case)
        return case

    def draft(self, word: Word) -> Case:
        """One that is not sent yet."""
        case = self.welcome.draft(word)
        self.cases.append(case)
        return case

    def until(self, met: Callable[[], bool], seen: Callable[[], str]) -> None:
        """Wait for the partner, at most as long as it may take."""
        deadline = time.monotonic() + self.patience
        while not met():
            if time.monotonic() > deadline:
                raise UnmetError(f"{seen()}; waited {self.patience:.0f} s")
            self.pause(LOOK_SECONDS)

    def pause(self, seconds: float) -> None:
        """Let time pass; what is to pass through the examiner's hands meanwhile does."""
        self.injector.turn()
        time.sleep(seconds)

    def reaches(self, case: Case, *facts: str) -> str:
        """Wait until these have happened, in this order; what happened in all."""
        self.until(lambda: in_order(facts, self.facts(case)), lambda: self.story(case))
        return self.story(case)

    def facts(self, case: Case) -> list[str]:
        return happened(self.welcome.look(case))

    def story(self, case: Case) -> str:
        """What happened to a referral, as far as the partner has a part in it."""
        return f"{case.reference}: {', '.join(fact for fact in self.facts(case) if fact not in UNTOLD) or 'nothing'}"

    def said(self, referral_id: str, action: str | None = None, since: int = 0) -> list[Seen]:
        """What the partner said about a referral, by whichever way, refused or not."""
        asked = [one for one in self.asked(since) if one.acts_on(referral_id, action)]
        return asked + [one for one in self.injector.heard() if one.acts_on(referral_id, action)]

    def asked(self, since: int = 0) -> list[Seen]:
        return self.sandbox.seen(self.partner.organization_id, since)

    def times_said(self, referral_id: str, actions: Iterable[str]) -> int:
        """How often the partner said one of these about a referral."""
        wanted = set(actions)
        return sum(one.action in wanted for one in self.said(referral_id))

    def stays_silent(self, referral_id: str, actions: Iterable[str], before: int = 0) -> str:
        """Watch for a while that the partner says none of these about the referral any more than it had before."""
        forbidden = tuple(actions)
        deadline = time.monotonic() + self.quiet
        while time.monotonic() < deadline:
            if self.times_said(referral_id, forbidden) > before:
                said = [one for one in self.said(referral_id) if one.action in forbidden]
                raise UnmetError(f"it said {said[-1]}")
            self.pause(LOOK_SECONDS)
        return f"watched for {self.quiet:.0f} s: silent"

    def watch(self) -> None:
        """Let the time pass in which a system would do too much."""
        deadline = time.monotonic() + self.quiet
        while time.monotonic() < deadline:
            self.pause(LOOK_SECONDS)

    def goes_on(self) -> str:
        """After whatever was sent, the next referral is taken on as if nothing had been."""
        return self.reaches(self.refer(Word.ACCEPT), "accepted")

    def fault(self, name: str, method: str, path: str, **how: Any) -> Mapping[str, Any]:
        """A fault of the gate for this partner."""
        return {"name": name, "organization_id": self.partner.organization_id, "method": method, "path": path, **how}


#: Facts of the sender's own side; the report is about the partner.
UNTOLD = frozenset(
    {"dossier_destroyed", "drafted", "prepared", "disclosure_decided", "dossier_sealed", "personal_data_viewed"}
)


def in_order(wanted: Sequence[str], found: Iterable[str]) -> bool:
    """Whether the wanted ones stand in what was found, in their order, others between them or not."""
    left = iter(found)
    return all(one in left for one in wanted)


def examine(exam: Exam, checks: Iterable[Check], tell: Callable[[Result], None] = lambda _: None) -> list[Result]:
    """Run one after another. A check that fails stops nothing: the next ones say more about what is wrong."""
    results = []
    for check in checks:
        result = _tried(exam, check)
        tell(result)
        results.append(result)
    return results


def _tried(exam: Exam, check: Check) -> Result:
    began = time.monotonic()
    if exam.partner.channel not in check.ways:
        outcome, seen = Outcome.NOT_TRIED, f"not by {exam.partner.channel}: {check.elsewhere}"
    else:
        try:
            outcome, seen = Outcome.PASSED, check.run(exam)
        except UnmetError as unmet:
            outcome, seen = Outcome.FAILED, str(unmet)
        except ProblemError as problem:
            if problem.status != NOT_ALLOWED:
                raise  # the sandbox itself is ill: nothing can be said about the partner
            # the partner brought the referral where the welcome center's next step is not possible any more
            outcome, seen = Outcome.FAILED, f"{exam.story(exam.cases[-1])}; then: {problem}"
        finally:
            exam.sandbox.misbehave(())
    seconds = round(time.monotonic() - began, 1)
    return Result(check.id, outcome, check.sent, check.expected, seen, check.hint, seconds)


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
