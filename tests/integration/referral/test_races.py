"""Two at once, with real threads on a real database: one of both outcomes, and the record says the one that happened.

What tells the order is the consent's epoch: whoever saw it before the withdrawal raised it came first and may succeed,
whoever saw it afterwards may not. What was handed out, what was decided and what was told have to agree with that.
"""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from time import monotonic
from typing import Any
from uuid import UUID

import pytest

from contracts.codes import Action, ChannelKind, DisclosurePoint, QuestionCode, Status
from contracts.directory import Channel
from contracts.partner import actions
from contracts.referral import (
    ClarificationAnswered,
    DisclosureDecided,
    DossierFetched,
    DutyOpened,
    ReferralAccepted,
    ReferralRequested,
)
from services.chassis.errors import NotFoundError, RefusedError, StaleError
from services.referral import handlers
from services.referral.commands import enquiries, partners, referrals
from services.referral.domain.referral import Referral
from services.referral.domain.workdays import PLACE
from services.referral.store import persons
from services.referral.store import referrals as referral_store
from services.referral.store.enquiries import Enquiry
from tests.integration.referral.scene import HWK, NAVIGATOR, NOW, Scene, an_organization, partner, somebody_else

#: Refused, closed or gone, or to be looked at again: never "not available", which is what a deadlock would be.
ORDERLY = (RefusedError, StaleError, NotFoundError)


@dataclass
class Ticking:
    """A clock that goes on, as clocks do while somebody waits for a lock."""

    since: datetime = NOW
    started: float = field(default_factory=monotonic)

    def now(self) -> datetime:
        return self.since + timedelta(seconds=monotonic() - self.started)

    def today(self) -> date:
        return self.now().astimezone(PLACE).date()


@dataclass
class Ran:
    """How it went for one of the two, and the epoch it saw or made."""

    result: Any = None
    error: Exception | None = None
    epoch: int | None = None


@dataclass
class Case:
    """Somebody new, her consent, and a referral that has left."""

    scene: Scene
    enquiry: Enquiry
    consent_id: UUID
    referral: Referral

    def withdraw(self) -> Any:
        return self.scene.withdraw(self.enquiry, self.consent_id)

    def erase(self) -> None:
        with self.scene.unit.work(actor=NAVIGATOR.actor) as work:
            enquiries.erase(work, NAVIGATOR, self.enquiry.id)

    def rectify(self) -> None:
        with self.scene.unit.work(actor=NAVIGATOR.actor) as work:
            enquiries.rectify(work, self.scene.keys, NAVIGATOR, self.enquiry.id, {"city": "Stolberg"})

    def fetch(self) -> Any:
        by = partner(self.referral.organization_id)
        with self.scene.unit.work(actor=by.actor) as work:
            return partners.fetch_dossier(work, self.scene.keys, self.referral.id, by)

    def print(self) -> Any:
        with self.scene.unit.work(actor=NAVIGATOR.actor) as work:
            return partners.print_dossier(work, self.scene.keys, self.referral.id, NAVIGATOR)

    def accept(self) -> Referral:
        return self.scene.answers(self.referral, Action.ACCEPT, actions.Accept(contact_by=None))

    def answer(self) -> Any:
        with self.scene.unit.work(actor=NAVIGATOR.actor) as work:
            return referrals.answer(
                work,
                self.scene.keys,
                NAVIGATOR,
                self.referral.id,
                None,
                question_id=None,
                data={"qualification_year": 2016},
                words=None,
            )

    def release(self) -> Referral:
        with self.scene.unit.work(actor="system:clock") as work:
            return referrals.release(work, self.scene.keys, self.referral.id)

    def told(self, *kinds: type) -> list[Any]:
        return [one for one in self.scene.said(*kinds) if one.referral_id == self.referral.id]

    def allowed(self, point: DisclosurePoint) -> int:
        rows = self.scene.rows(
            "SELECT id FROM decisions WHERE referral_id = %s AND point = %s AND allowed", self.referral.id, point
        )
        told = [one for one in self.told(DisclosureDecided) if one.point is point and one.allowed]
        assert {row["id"] for row in rows} == {one.decision_id for one in told}
        return len(rows)

    def now(self) -> Referral:
        return self.scene.now(self.referral.id)


@pytest.fixture
def epochs(monkeypatch: pytest.MonkeyPatch) -> threading.local:
    """What each thread last saw of, or made, the epoch of somebody's consent."""
    noted = threading.local()

    def note(function: Callable[..., Any], epoch_of: Callable[[Any], int]) -> Callable[..., Any]:
        def noting(*args: Any, **named: Any) -> Any:
            found = function(*args, **named)
            noted.epoch = epoch_of(found)
            return found

        return noting

    for name in ("hold_epoch", "raise_epoch"):
        monkeypatch.setattr(persons, name, note(getattr(persons, name), int))
    monkeypatch.setattr(referral_store, "see", note(referral_store.see, lambda seen: seen.way_back.standing.epoch))
    return noted


def race(noted: threading.local, *deeds: Callable[[], Any]) -> list[Ran]:
    """Do them at once; whatever is not an orderly refusal is raised here."""
    start, ran = threading.Barrier(len(deeds)), [Ran() for _ in deeds]

    def do(deed: Callable[[], Any], own: Ran) -> None:
        start.wait()
        try:
            own.result = deed()
        except Exception as error:
            own.error = error
        own.epoch = getattr(noted, "epoch", None)

    threads = [threading.Thread(target=do, args=pair) for pair in zip(deeds, ran, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one in ran:
        if one.error is not None and not isinstance(one.error, ORDERLY):
            raise one.error
    return ran


ROUNDS = [pytest.param(6, id="some"), pytest.param(60, id="many", marks=pytest.mark.long)]


@pytest.fixture(params=ROUNDS)
def cases(request: pytest.FixtureRequest, scene: Scene) -> Callable[[], Iterator[Case]]:
    """Case after case on one database, on a clock that goes on."""
    scene.told_directory()

    def make() -> Iterator[Case]:
        for _ in range(request.param):
            scene.unit.clock = scene.clock
            scene.clock.instant = NOW
            enquiry = scene.an_enquiry(**somebody_else())
            consent = scene.consent(enquiry)
            prepared = scene.prepared(enquiry)
            scene.clock.instant += timedelta(minutes=1)
            scene.unit.clock = Ticking(scene.clock.instant)
            yield Case(scene, enquiry, consent.id, prepared)

    return make


def came_first(one: Ran, stop: Ran) -> bool:
    """Whoever raised the epoch raised it above what everybody before had seen."""
    assert one.epoch is not None
    assert stop.epoch is not None
    return one.epoch < stop.epoch


@pytest.mark.parametrize("stop", [Case.withdraw, Case.erase])
def test_a_fetch_beside_the_end_of_consent(cases: Callable[[], Iterator[Case]], epochs: threading.local, stop: Any):
    for case in cases():
        case.release()
        fetch, stopped = race(epochs, case.fetch, lambda case=case: stop(case))
        assert stopped.error is None
        handed = isinstance(fetch.result, partners.Fetched)
        assert handed == came_first(fetch, stopped)
        assert case.allowed(DisclosurePoint.FETCH) == len(case.told(DossierFetched)) == handed
        assert case.now().status is Status.CANCELLED
        assert bool(case.told(DutyOpened)) == handed


def test_a_partners_word_beside_a_withdrawal(cases: Callable[[], Iterator[Case]], epochs: threading.local):
    for case in cases():
        case.release()
        word, stopped = race(epochs, case.accept, case.withdraw)
        assert stopped.error is None
        done = word.error is None
        if done:
            assert came_first(word, stopped)
        assert case.allowed(DisclosurePoint.BACK_CHANNEL) == len(case.told(ReferralAccepted)) == done
        assert case.now().status is Status.CANCELLED


def test_an_answer_beside_a_withdrawal(cases: Callable[[], Iterator[Case]], epochs: threading.local):
    for case in cases():
        case.release()
        case.scene.answers(case.referral, Action.ASK, actions.Ask(question=QuestionCode.QUALIFICATION_DETAILS))
        answer, stopped = race(epochs, case.answer, case.withdraw)
        assert stopped.error is None
        done = isinstance(answer.result, Referral)
        assert done == (answer.error is None and answer.epoch is not None and came_first(answer, stopped))
        assert case.allowed(DisclosurePoint.ANSWER) == len(case.told(ClarificationAnswered)) == done
        assert case.now().status is Status.CANCELLED


def test_a_release_beside_a_withdrawal(cases: Callable[[], Iterator[Case]], epochs: threading.local):
    for case in cases():
        release, stopped = race(epochs, case.release, case.withdraw)
        assert stopped.error is None
        assert release.error is None
        left = came_first(release, stopped)
        assert case.allowed(DisclosurePoint.REQUEST) == len(case.told(ReferralRequested)) == left
        assert case.now().status is (Status.CANCELLED if left else Status.AWAITING_CONSENT)
        assert case.scene.rows("SELECT * FROM dossiers WHERE referral_id = %s", case.referral.id) == []


def test_a_print_beside_a_withdrawal(cases: Callable[[], Iterator[Case]], epochs: threading.local, scene: Scene):
    with scene.unit.work(actor="system:directory") as work:
        paper = an_organization(HWK, version=2, channel=Channel(kind=ChannelKind.NONE), public_key=None)
        handlers.keep_organization(work, paper)
    for case in cases():
        case.release()
        printed, stopped = race(epochs, case.print, case.withdraw)
        assert stopped.error is None
        handed = isinstance(printed.result, dict)
        assert handed == came_first(printed, stopped)
        assert case.allowed(DisclosurePoint.PRINT) == len(case.told(DossierFetched)) == handed


def test_two_fetches(cases: Callable[[], Iterator[Case]], epochs: threading.local):
    for case in cases():
        case.release()
        ran = race(epochs, case.fetch, case.fetch)
        handed = sum(isinstance(one.result, partners.Fetched) for one in ran)
        assert handed == case.allowed(DisclosurePoint.FETCH) == len(case.told(DossierFetched)) == 2
        assert [one.first for one in case.told(DossierFetched)] == [True, False]


def test_a_fetch_beside_a_correction(cases: Callable[[], Iterator[Case]], epochs: threading.local):
    for case in cases():
        case.release()
        fetch, corrected = race(epochs, case.fetch, case.rectify)
        assert corrected.error is None
        assert isinstance(fetch.result, partners.Fetched)
        assert case.allowed(DisclosurePoint.FETCH) == len(case.told(DossierFetched)) == 1


def test_a_new_consent_beside_a_release(cases: Callable[[], Iterator[Case]], epochs: threading.local):
    for case in cases():
        case.withdraw()
        release, consented = race(epochs, case.release, lambda case=case: case.scene.consent(case.enquiry))
        assert consented.error is None
        assert release.error is None
        case.release()  # what the clock does next
        assert case.now().status is Status.REQUESTED
        assert case.allowed(DisclosurePoint.REQUEST) == len(case.told(ReferralRequested)) == 1


def test_everybody_at_once(cases: Callable[[], Iterator[Case]], epochs: threading.local):
    for case in cases():
        case.release()
        fetch, word, corrected, stopped = race(epochs, case.fetch, case.accept, case.rectify, case.withdraw)
        assert stopped.error is None
        assert corrected.error is None
        handed = isinstance(fetch.result, partners.Fetched)
        assert case.allowed(DisclosurePoint.FETCH) == len(case.told(DossierFetched)) == handed
        assert case.allowed(DisclosurePoint.BACK_CHANNEL) == len(case.told(ReferralAccepted)) == (word.error is None)
        if handed and fetch.error is None:
            assert came_first(fetch, stopped)
        assert case.now().status is Status.CANCELLED
        assert bool(case.told(DutyOpened)) == handed
