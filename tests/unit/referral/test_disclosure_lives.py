"""The same search without a database, thousands of lives in seconds: what the engine says beside what was lawful.

A life is what a person says over some days; after every step each body asks for each of her data and tries to speak.
"""

from collections import Counter
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from contracts.codes import BackLevel, ConsentChannel, DataCategory, EnquirerKind, Purpose
from contracts.partner.dossier import category_of
from services.referral.domain.consent import Allowed, may_disclose
from services.referral.domain.dossier import compose
from services.referral.domain.grounds import VERBAL_CATEGORIES, Consent, Recipient
from services.referral.domain.way_back import MayTell, may_tell_back
from services.referral.domain.withdrawing import Part, take_back
from tests.examples import examples
from tests.integration.referral.lawful import AACHEN, LEVELS, History, Said, day_of, working_days_after
from tests.unit.referral.builders import (
    AUTHORITY,
    AUTHORITY_SERVICE,
    HWK,
    HWK_SERVICE,
    IHK,
    IHK_SERVICE,
    NOON,
    a_consent,
    a_recipient_entry,
)

BODIES = {HWK: HWK_SERVICE, IHK: IHK_SERVICE, AUTHORITY: AUTHORITY_SERVICE}
PURPOSE = Purpose.ANERKENNUNG
CATEGORIES = tuple(DataCategory(code) for code in ("IDENTITY", "CONTACT", "HEALTH", "FREE_TEXT"))
RECORD = {"given_name": "Amira", "email": "amira@example.org", "health_note": "-", "note": "-"}
ALL = frozenset(DataCategory)


def recipient(body: UUID) -> Recipient:
    return Recipient(body, BODIES[body], must_stand_alone=body == AUTHORITY)


class Life(RuleBasedStateMachine):
    """What she says, when it ends, and what the engine makes of it."""

    counts: Counter[str]

    @initialize()
    def she_comes(self) -> None:
        self.at = NOON
        self.grounds: list[Consent] = []
        self.history = History(frozenset({AUTHORITY}))
        self.fetched: dict[UUID, datetime] = {}
        self.counts["lives"] += 1

    @rule(
        who=st.sampled_from([(HWK,), (IHK,), (AUTHORITY,), (HWK, IHK), (HWK, AUTHORITY)]),
        what=st.frozensets(st.sampled_from(CATEGORIES), min_size=1),
        level=st.sampled_from(BackLevel),
        days=st.integers(0, 9),
        begins=st.sampled_from([0, 0, 1]),
        spoken=st.booleans(),
    )
    def she_consents(self, who: Any, what: Any, level: BackLevel, days: int, begins: int, spoken: bool) -> None:
        self.counts["commands"] += 1
        if spoken:  # nothing else can be taken down by word of mouth
            what = what & VERBAL_CATEGORIES | {DataCategory.IDENTITY}
        first = day_of(self.at) + timedelta(days=begins)
        lapses = working_days_after(day_of(self.at), 5) if spoken else None
        entries = [a_recipient_entry(one, BODIES[one], (PURPOSE,), tuple(sorted(what)), level) for one in who]
        given = a_consent(
            *entries,
            id=UUID(int=len(self.history.said) + 100),
            given_at=self.at,
            valid_from=first,
            valid_until=first + timedelta(days=days),
            channel=ConsentChannel.VERBAL_WITNESSED if spoken else ConsentChannel.SIGNED_PAPER,
            lapses_on=lapses,
        )
        self.grounds.append(given)
        last = min(given.valid_until, lapses or given.valid_until)
        to = {one: (frozenset(map(str, what)), str(level)) for one in who}
        self.history.said.append(Said(given.id, self.at, first, last, to, spoken))

    @precondition(lambda self: any(not one.ended for one in self.history.said))
    @rule(data=st.data(), part=st.sampled_from(["all", "body", "category"]))
    def she_withdraws(self, data: Any, part: str) -> None:
        self.counts["commands"] += 1
        said = data.draw(st.sampled_from([one for one in self.history.said if not one.ended]))
        body = data.draw(st.sampled_from(sorted(said.to))) if part == "body" else None
        named = sorted({category for what, _ in said.to.values() for category in what})
        category = data.draw(st.sampled_from(named)) if part == "category" else None
        [old] = [one for one in self.grounds if one.id == said.id and not (one.withdrawn_at or one.superseded_at)]
        wanted = Part(organization_id=body, category=DataCategory(category) if category else None)
        taken = take_back(old, wanted, self.at)
        self.grounds = [taken.ended if one is old else one for one in self.grounds]
        self.grounds += [taken.following] if taken.following else []
        said.ended = self.at
        left = {} if part == "all" else {one: what for one, what in said.to.items() if one != body}
        if category:
            left = {one: (what - {category}, level) for one, (what, level) in left.items() if what - {category}}
        if left:
            self.history.said.append(replace(said, at=self.at, to=left, ended=None))

    @precondition(lambda self: any(one.spoken and not one.ended for one in self.history.said))
    @rule(data=st.data())
    def she_confirms(self, data: Any) -> None:
        self.counts["commands"] += 1
        said = data.draw(st.sampled_from([one for one in self.history.said if one.spoken and not one.ended]))
        [old] = [one for one in self.grounds if one.id == said.id and not (one.withdrawn_at or one.superseded_at)]
        new = replace(old, version=old.version + 1, given_at=self.at, confirmed_at=self.at)
        self.grounds = [replace(one, superseded_at=self.at) if one is old else one for one in self.grounds] + [new]
        said.ended = self.at
        self.history.said.append(replace(said, at=self.at, last=new.valid_until, spoken=False, ended=None))

    @rule(hours=st.sampled_from([1, 5, 24, 24 * 6]))
    def time_passes(self, hours: int) -> None:
        self.counts["commands"] += 1
        self.at += timedelta(hours=hours)

    @rule(around=st.sampled_from([-1, 0]))
    def it_is_midnight(self, around: int) -> None:
        self.counts["commands"] += 1
        midnight = datetime.combine(day_of(self.at) + timedelta(days=1), time.min, AACHEN)
        self.at = midnight.astimezone(NOON.tzinfo) + timedelta(microseconds=around)

    @rule(body=st.sampled_from(sorted(BODIES)))
    def a_body_fetches(self, body: UUID) -> None:
        self.counts["commands"] += 1
        if any("IDENTITY" in names for names in self.history.may_be_given(body, self.at)):
            self.fetched.setdefault(body, self.at)

    @invariant()
    def each_body_gets_what_one_living_consent_names(self) -> None:
        for body in BODIES if hasattr(self, "history") else ():
            lawful = self.history.may_be_given(body, self.at)
            found = compose(
                EnquirerKind.PERSON,
                RECORD,
                self.grounds,
                recipient(body),
                PURPOSE,
                accepted=ALL,
                minimum=[DataCategory.IDENTITY],
                at=self.at,
            )
            held = {str(category_of(EnquirerKind.PERSON, name)) for name in found.content}
            self.counts["dossiers"] += bool(held)
            due = [names for names in lawful if "IDENTITY" in names]
            assert isinstance(found.decision, Allowed) == bool(due)
            assert not held or held in due
            for category in CATEGORIES:
                one = may_disclose(self.grounds, recipient(body), PURPOSE, [category], self.at)
                assert isinstance(one, Allowed) == any(category in names for names in lawful)

    @invariant()
    def each_body_may_say_what_is_consented_to(self) -> None:
        for body in BODIES if hasattr(self, "history") else ():
            for terms in (BackLevel.OUTCOME, BackLevel.RECEIPT):
                level = self.history.may_be_told(body, self.at, str(terms), self.fetched.get(body))
                for needed in BackLevel:
                    answer = may_tell_back(
                        self.grounds,
                        recipient(body),
                        PURPOSE,
                        needed,
                        self.at,
                        terms=terms,
                        fetched_at=self.fetched.get(body),
                    )
                    lawful = level is not None and LEVELS.index(level) >= LEVELS.index(needed)
                    assert isinstance(answer, MayTell) == lawful
                    self.counts["words"] += lawful


def play(lives: int, steps: int) -> Counter[str]:
    counts: Counter[str] = Counter()

    def machine() -> Life:
        Life.counts = counts
        return Life()

    run_state_machine_as_test(machine, settings=settings(max_examples=lives, stateful_step_count=steps, deadline=None))
    print("; ".join(f"{count} {what}" for what, count in counts.items()))
    return counts


@pytest.mark.timeout(600)
def test_in_no_life_does_the_engine_say_anything_but_what_was_lawful() -> None:
    counts = play(examples(500), 15)
    assert min(counts[one] for one in ("dossiers", "words")) > 0


@pytest.mark.long
def test_in_none_of_many_lives_either() -> None:
    assert play(10_000, 30)["lives"] >= 10_000
