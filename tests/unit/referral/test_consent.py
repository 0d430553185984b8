"""What may leave: examples for every reason, and a search for any way around a consent valid at that instant.

The oracle below decides category by category from first principles and shares no code with the engine. Each guard of
the engine is then taken out, one at a time, and the search must find the hole.
"""

import dataclasses
import inspect
import random
from datetime import UTC, date, datetime, timedelta
from types import ModuleType
from typing import Any, ClassVar
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.codes import BackLevel, ConsentChannel, DataCategory, GroundKind, Purpose, RefusalReason
from contracts.referral import ConsentRecipient
from services.referral.domain import consent as engine
from services.referral.domain.consent import (
    Allowed,
    Refused,
    consented_back_level,
    effective_back_level,
    last_day,
    may_disclose,
)
from services.referral.domain.grounds import Consent, EnterpriseRequest, Recipient, StatutoryGround
from tests.examples import tried
from tests.unit.referral.builders import (
    AUTHORITY,
    AUTHORITY_SERVICE,
    HWK,
    HWK_SERVICE,
    IHK,
    IHK_SERVICE,
    NOON,
    PERSON,
    TO_AUTHORITY,
    TO_HWK,
    TO_IHK,
    TODAY,
    a_consent,
    a_recipient_entry,
    an_enterprise_request,
)

ANERKENNUNG = Purpose.ANERKENNUNG
IDENTITY = frozenset({DataCategory.IDENTITY})
BUSINESS = frozenset({DataCategory.BUSINESS_CONTACT})


def a_statutory_ground(**changes: Any) -> StatutoryGround:
    usual: dict[str, Any] = {
        "id": UUID(int=0x6),
        "person_id": PERSON,
        "article": "SGB8-8A",
        "organization_id": HWK,
        "service_id": HWK_SERVICE,
        "purposes": (ANERKENNUNG,),
        "categories": (DataCategory.IDENTITY,),
        "recorded_by": "staff:b",
        "recorded_at": NOON - timedelta(hours=1),
        "valid_until": TODAY + timedelta(days=30),
        "enabled": True,
    }
    return StatutoryGround(**{**usual, **changes})


def reason(*grounds: Any, to: Recipient = TO_HWK, purpose: Purpose = ANERKENNUNG, what=IDENTITY, at=NOON):
    answer = may_disclose(grounds, to, purpose, what, at)
    return answer.reason if isinstance(answer, Refused) else None


def test_a_living_consent_that_names_recipient_purpose_and_category_carries():
    answer = may_disclose([a_consent()], TO_HWK, ANERKENNUNG, IDENTITY, NOON)
    assert answer == Allowed(
        HWK, HWK_SERVICE, ANERKENNUNG, IDENTITY, GroundKind.CONSENT, UUID(int=0x2), 1, BackLevel.OUTCOME
    )


@pytest.mark.parametrize(
    ("consent", "expected"),
    [
        (a_consent(a_recipient_entry(IHK, IHK_SERVICE)), RefusalReason.RECIPIENT_NOT_COVERED),
        (a_consent(a_recipient_entry(HWK, IHK_SERVICE)), RefusalReason.RECIPIENT_NOT_COVERED),
        (a_consent(a_recipient_entry(HWK, None)), RefusalReason.RECIPIENT_NOT_COVERED),
        (a_consent(a_recipient_entry(purposes=(Purpose.SPRACHE,))), RefusalReason.PURPOSE_NOT_COVERED),
        (a_consent(a_recipient_entry(categories=(DataCategory.CONTACT,))), RefusalReason.CATEGORY_NOT_COVERED),
        (a_consent(text_reviewed=False), RefusalReason.TEXT_NOT_REVIEWED),
        (a_consent(given_at=NOON + timedelta(seconds=1)), RefusalReason.NOT_YET_VALID),
        (a_consent(valid_from=TODAY + timedelta(days=1)), RefusalReason.NOT_YET_VALID),
        (a_consent(valid_until=TODAY - timedelta(days=1)), RefusalReason.EXPIRED),
        (a_consent(withdrawn_at=NOON), RefusalReason.WITHDRAWN),
        (a_consent(superseded_at=NOON), RefusalReason.WITHDRAWN),
        (a_consent(valid_until=TODAY), None),
        (a_consent(withdrawn_at=NOON + timedelta(seconds=1)), None),
    ],
)
def test_each_thing_a_consent_can_lack_is_named(consent, expected):
    assert reason(consent) is expected


def test_no_ground_at_all_refuses():
    assert reason() is RefusalReason.NO_CONSENT


def test_the_reason_closest_to_a_yes_is_told_whatever_the_order():
    grounds = [a_consent(withdrawn_at=NOON), a_consent(a_recipient_entry(IHK, IHK_SERVICE))]
    assert reason(*grounds) is reason(*reversed(grounds)) is RefusalReason.WITHDRAWN


@pytest.mark.parametrize(
    ("following", "expected"),
    [
        ({"valid_until": TODAY - timedelta(days=1)}, RefusalReason.EXPIRED),
        ({"valid_from": TODAY + timedelta(days=1)}, RefusalReason.NOT_YET_VALID),
        ({"withdrawn_at": NOON}, RefusalReason.WITHDRAWN),
    ],
)
def test_a_version_that_gave_way_is_not_why(following: dict[str, Any], expected: RefusalReason):
    grounds = [a_consent(version=1, superseded_at=NOON), a_consent(version=2, **following)]
    assert reason(*grounds) is reason(*reversed(grounds)) is expected


def test_what_was_taken_out_of_the_next_version_was_withdrawn():
    without = a_consent(a_recipient_entry(IHK, IHK_SERVICE), version=2)
    assert reason(a_consent(version=1, superseded_at=NOON), without) is RefusalReason.WITHDRAWN


def test_the_end_of_one_consent_hides_nothing_of_another():
    other = a_consent(id=UUID(int=0xABC), version=9, valid_until=TODAY - timedelta(days=1))
    assert reason(a_consent(version=1, withdrawn_at=NOON), other) is RefusalReason.WITHDRAWN
    assert reason(a_consent(version=1, superseded_at=NOON), other) is RefusalReason.WITHDRAWN


def test_pieces_of_two_consents_are_never_put_together():
    one = a_consent(a_recipient_entry(categories=(DataCategory.IDENTITY,)))
    other = a_consent(a_recipient_entry(categories=(DataCategory.HEALTH,)))
    both = {DataCategory.IDENTITY, DataCategory.HEALTH}
    assert reason(one, other, what=both) is RefusalReason.CATEGORY_NOT_COVERED
    two_entries = a_consent(*one.recipients, *other.recipients)
    assert reason(two_entries, what=both) is RefusalReason.CATEGORY_NOT_COVERED


def test_free_text_must_be_consented_to_by_name():
    everything_else = tuple(set(DataCategory) - {DataCategory.FREE_TEXT})
    consent = a_consent(a_recipient_entry(categories=everything_else))
    assert reason(consent, what={DataCategory.FREE_TEXT}) is RefusalReason.CATEGORY_NOT_COVERED


class TestByWordOfMouth:
    def spoken(self, **changes: Any) -> Consent:
        categories = (DataCategory.IDENTITY, DataCategory.HEALTH)
        usual = {"channel": ConsentChannel.VERBAL_WITNESSED, "lapses_on": TODAY + timedelta(days=7)}
        return a_consent(a_recipient_entry(categories=categories), **{**usual, **changes})

    def test_it_carries_identity_contact_and_language_and_nothing_else(self):
        assert reason(self.spoken()) is None
        assert reason(self.spoken(), what={DataCategory.HEALTH}) is RefusalReason.CATEGORY_NOT_COVERED

    def test_it_lapses_after_its_days(self):
        assert reason(self.spoken(), at=NOON + timedelta(days=7)) is None
        assert reason(self.spoken(), at=NOON + timedelta(days=8)) is RefusalReason.EXPIRED

    def test_confirmed_it_is_like_any_other(self):
        confirmed = self.spoken(confirmed_at=NOON)
        assert reason(confirmed, what={DataCategory.HEALTH}, at=NOON + timedelta(days=30)) is None
        assert last_day(confirmed, NOON) == confirmed.valid_until

    def test_it_never_outlives_its_own_end(self):
        assert last_day(self.spoken(valid_until=TODAY), NOON) == TODAY


class TestTheAuthorityStandsAlone:
    entry = a_recipient_entry(AUTHORITY, AUTHORITY_SERVICE)

    def test_named_beside_others_it_gets_nothing(self):
        together = a_consent(self.entry, a_recipient_entry())
        assert reason(together, to=TO_AUTHORITY) is RefusalReason.RECIPIENT_MUST_STAND_ALONE

    def test_named_alone_it_gets_what_was_named(self):
        assert reason(a_consent(self.entry), to=TO_AUTHORITY) is None

    def test_the_others_beside_it_are_not_harmed(self):
        assert reason(a_consent(self.entry, a_recipient_entry())) is None

    def test_an_employers_request_follows_the_same_rule(self):
        both = an_enterprise_request(recipients=((AUTHORITY, AUTHORITY_SERVICE), (IHK, IHK_SERVICE)))
        alone = an_enterprise_request(recipients=((AUTHORITY, AUTHORITY_SERVICE),))
        ask = {"to": TO_AUTHORITY, "purpose": Purpose.FACHKRAEFTEVERFAHREN, "what": BUSINESS}
        assert reason(both, **ask) is RefusalReason.RECIPIENT_MUST_STAND_ALONE
        assert reason(alone, **ask) is None


class TestAnEmployersOwnRequest:
    ask: ClassVar = {"to": TO_IHK, "purpose": Purpose.FACHKRAEFTEVERFAHREN}

    def test_it_carries_the_business_contact(self):
        answer = may_disclose([an_enterprise_request()], TO_IHK, Purpose.FACHKRAEFTEVERFAHREN, BUSINESS, NOON)
        assert isinstance(answer, Allowed)
        assert (answer.kind, answer.ground_version) == (GroundKind.ENTERPRISE_REQUEST, None)

    @pytest.mark.parametrize("category", sorted(set(DataCategory) - BUSINESS))
    def test_no_workers_datum_ever_rides_on_it(self, category):
        riding = {category, *BUSINESS}
        assert reason(an_enterprise_request(), **self.ask, what=riding) is RefusalReason.EMPLOYER_MAY_NOT_CARRY

    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({"recipients": ((HWK, HWK_SERVICE),)}, RefusalReason.RECIPIENT_NOT_COVERED),
            ({"purposes": (Purpose.ANWERBUNG,)}, RefusalReason.PURPOSE_NOT_COVERED),
            ({"notice_given": False}, RefusalReason.PURPOSE_NOT_COVERED),
            ({"requested_at": NOON + timedelta(hours=1)}, RefusalReason.NOT_YET_VALID),
            ({"valid_until": TODAY - timedelta(days=1)}, RefusalReason.EXPIRED),
            ({"withdrawn_at": NOON}, RefusalReason.WITHDRAWN),
        ],
    )
    def test_each_thing_it_can_lack_is_named(self, changes, expected):
        assert reason(an_enterprise_request(**changes), **self.ask, what=BUSINESS) is expected

    def test_without_any_personal_data_nothing_needs_a_ground(self):
        answer = may_disclose([], TO_IHK, Purpose.ANWERBUNG, [], NOON)
        assert isinstance(answer, Allowed)
        assert (answer.kind, answer.ground_id) == (GroundKind.NO_PERSONAL_DATA, None)


class TestAStatutoryGround:
    def test_it_is_off_unless_the_deployment_switched_its_article_on(self):
        assert reason(a_statutory_ground(enabled=False)) is RefusalReason.NO_CONSENT
        assert not StatutoryGround.__dataclass_fields__["enabled"].default

    def test_switched_on_it_carries_what_was_recorded_and_lets_no_more_back_than_receipt(self):
        answer = may_disclose([a_statutory_ground()], TO_HWK, ANERKENNUNG, IDENTITY, NOON)
        assert isinstance(answer, Allowed)
        assert (answer.kind, answer.back_level) == (GroundKind.STATUTORY, BackLevel.RECEIPT)

    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({"service_id": IHK_SERVICE}, RefusalReason.RECIPIENT_NOT_COVERED),
            ({"purposes": (Purpose.SPRACHE,)}, RefusalReason.PURPOSE_NOT_COVERED),
            ({"categories": (DataCategory.CONTACT,)}, RefusalReason.CATEGORY_NOT_COVERED),
            ({"valid_until": TODAY - timedelta(days=1)}, RefusalReason.EXPIRED),
            ({"withdrawn_at": NOON}, RefusalReason.WITHDRAWN),
            ({"recorded_at": NOON + timedelta(hours=1)}, RefusalReason.NOT_YET_VALID),
        ],
    )
    def test_each_thing_it_can_lack_is_named(self, changes, expected):
        assert reason(a_statutory_ground(**changes)) is expected


class TestTheWayBack:
    def test_of_two_entries_for_the_same_the_narrower_counts(self):
        consent = a_consent(
            a_recipient_entry(back_level=BackLevel.OUTCOME), a_recipient_entry(back_level=BackLevel.RECEIPT)
        )
        assert consented_back_level(consent, TO_HWK, ANERKENNUNG, IDENTITY) is BackLevel.RECEIPT

    def test_neither_the_person_nor_the_terms_are_overruled(self):
        assert effective_back_level(BackLevel.OUTCOME, BackLevel.RECEIPT) is BackLevel.RECEIPT
        assert effective_back_level(BackLevel.NONE, BackLevel.STATUS) is BackLevel.NONE


# --- the search ----------------------------------------------------------------------------------------------------

ORGANIZATIONS = [(HWK, HWK_SERVICE), (IHK, IHK_SERVICE), (AUTHORITY, AUTHORITY_SERVICE)]
CATEGORIES = [
    DataCategory.IDENTITY,
    DataCategory.CONTACT,
    DataCategory.HEALTH,
    DataCategory.FREE_TEXT,
    DataCategory.BUSINESS_CONTACT,
]
PURPOSES = [ANERKENNUNG, Purpose.SPRACHE]
BERLIN = ZoneInfo("Europe/Berlin")


def oracle(grounds: list[Any], recipient: Recipient, purpose: Purpose, category: DataCategory, at: datetime) -> bool:
    """Is there, at this instant, a ground that names this recipient, purpose and category? Written from the design."""
    return any(_carries(ground, recipient, purpose, category, at) for ground in grounds)


def _carries(ground: Any, recipient: Recipient, purpose: Purpose, category: DataCategory, at: datetime) -> bool:
    day = at.astimezone(BERLIN).date()
    if ground.withdrawn_at and ground.withdrawn_at <= at:
        return False
    if day > ground.valid_until:
        return False
    if isinstance(ground, EnterpriseRequest):
        organizations = {organization for organization, _ in ground.recipients}
        return (
            ground.notice_given
            and ground.requested_at <= at
            and category is DataCategory.BUSINESS_CONTACT
            and purpose in ground.purposes
            and (recipient.organization_id, recipient.service_id) in ground.recipients
            and (not recipient.must_stand_alone or organizations == {recipient.organization_id})
        )
    if isinstance(ground, StatutoryGround):
        return (
            ground.enabled
            and ground.recorded_at <= at
            and (ground.organization_id, ground.service_id) == (recipient.organization_id, recipient.service_id)
            and purpose in ground.purposes
            and category in ground.categories
        )
    return _consent_carries(ground, recipient, purpose, category, at, day)


def _consent_carries(
    consent: Consent, recipient: Recipient, purpose: Purpose, category: DataCategory, at: datetime, day: date
) -> bool:
    if consent.superseded_at and consent.superseded_at <= at:
        return False
    if not consent.text_reviewed or at < consent.given_at or day < consent.valid_from:
        return False
    confirmed = consent.confirmed_at is not None and consent.confirmed_at <= at
    if not confirmed and consent.lapses_on and day > consent.lapses_on:
        return False
    spoken = (DataCategory.IDENTITY, DataCategory.CONTACT, DataCategory.LANGUAGE)
    if not confirmed and consent.channel is ConsentChannel.VERBAL_WITNESSED and category not in spoken:
        return False
    if recipient.must_stand_alone and {one.organization_id for one in consent.recipients} != {
        recipient.organization_id
    }:
        return False
    return any(
        one.organization_id == recipient.organization_id
        and one.service_id == recipient.service_id
        and purpose in one.purposes
        and category in one.categories
        for one in consent.recipients
    )


instants = st.integers(-5 * 24, 5 * 24).map(lambda hours: NOON + timedelta(hours=hours))
days = st.integers(-4, 4).map(lambda count: TODAY + timedelta(days=count))
some_categories = st.lists(st.sampled_from(CATEGORIES), min_size=1, max_size=4, unique=True).map(tuple)
some_purposes = st.lists(st.sampled_from(PURPOSES), min_size=1, max_size=2, unique=True).map(tuple)
entries = st.builds(
    lambda who, purposes, categories, level: ConsentRecipient(
        organization_id=who[0], service_id=who[1], purposes=purposes, categories=categories, back_level=level
    ),
    st.sampled_from(ORGANIZATIONS),
    some_purposes,
    some_categories,
    st.sampled_from(BackLevel),
)
consents = st.builds(
    lambda recipients, **changes: a_consent(*recipients, **changes),
    st.lists(entries, min_size=1, max_size=3),
    channel=st.sampled_from([ConsentChannel.SIGNED_PAPER, ConsentChannel.VERBAL_WITNESSED]),
    text_reviewed=st.booleans(),
    given_at=instants,
    valid_from=days,
    valid_until=days,
    lapses_on=st.none() | days,
    confirmed_at=st.none() | instants,
    withdrawn_at=st.none() | instants,
    superseded_at=st.none() | instants,
)
requests = st.builds(
    an_enterprise_request,
    recipients=st.lists(st.sampled_from(ORGANIZATIONS), min_size=1, max_size=2, unique=True).map(tuple),
    purposes=some_purposes,
    requested_at=instants,
    valid_until=days,
    notice_given=st.booleans(),
    withdrawn_at=st.none() | instants,
)
statutes = st.builds(
    lambda who, **changes: a_statutory_ground(organization_id=who[0], service_id=who[1], **changes),
    st.sampled_from(ORGANIZATIONS),
    purposes=some_purposes,
    categories=some_categories,
    recorded_at=instants,
    valid_until=days,
    enabled=st.booleans(),
    withdrawn_at=st.none() | instants,
)
recipients = st.sampled_from([TO_HWK, TO_IHK, TO_AUTHORITY, Recipient(HWK, IHK_SERVICE)])
questions = st.tuples(
    st.lists(consents | requests | statutes, max_size=3),
    recipients,
    st.sampled_from(PURPOSES),
    some_categories,
    instants,
)


@tried(1500)
@given(questions)
def test_no_category_ever_leaves_outside_a_ground_that_holds_at_that_instant(question):
    grounds, recipient, purpose, categories, at = question
    answer = may_disclose(grounds, recipient, purpose, categories, at)
    if isinstance(answer, Allowed):
        assert all(oracle(grounds, recipient, purpose, category, at) for category in categories)
        assert answer.categories == set(categories)
        assert any(ground.id == answer.ground_id for ground in grounds)
    elif len(grounds) == 1 and len(categories) == 1:
        assert not oracle(grounds, recipient, purpose, categories[0], at), "a refusal without a reason"


@tried(500)
@given(questions, st.data())
def test_asking_for_less_is_never_harder_and_a_withdrawal_never_helps(question, data):
    grounds, recipient, purpose, categories, at = question
    if isinstance(may_disclose(grounds, recipient, purpose, categories, at), Allowed):
        fewer = data.draw(st.lists(st.sampled_from(categories), min_size=1, unique=True))
        assert isinstance(may_disclose(grounds, recipient, purpose, fewer, at), Allowed)
    withdrawn = [dataclasses.replace(ground, withdrawn_at=at) for ground in grounds]
    assert isinstance(may_disclose(withdrawn, recipient, purpose, categories, at), Refused)


NAMED = "(one.organization_id, one.service_id) == (recipient.organization_id, recipient.service_id)"
#: One guard each: the text in the engine, and the engine without it.
MUTANTS = [
    (NAMED + "\n    ]\n    if not named", "one.organization_id == recipient.organization_id\n    ]\n    if not named"),
    ("covering = [one for one in named if purpose in one.purposes]", "covering = named"),
    ("not any(asked <= frozenset(one.categories) for one in covering)", "False"),
    ("not any(asked <= frozenset(one.categories)", "not any(asked & frozenset(one.categories)"),
    ("or (verbal and not asked <= VERBAL_CATEGORIES)", ""),
    ("and not is_confirmed(consent, at)\n", "and False\n"),
    ("consent.confirmed_at is not None and consent.confirmed_at <= at", "consent.confirmed_at is not None"),
    ("if recipient.must_stand_alone and any(", "if False and any("),
    ("if not consent.text_reviewed:", "if False:"),
    ("for end in (consent.withdrawn_at, consent.superseded_at)", "for end in (consent.superseded_at,)"),
    ("for end in (consent.withdrawn_at, consent.superseded_at)", "for end in (consent.withdrawn_at,)"),
    ("return min((end for end in", "return max((end for end in"),
    ("return min(consent.lapses_on, consent.valid_until)", "return consent.valid_until"),
    ("if end is not None and end <= at:", "if False:"),
    ("end <= at:", "end < at:"),
    ("if at < since or day < first:", "if day < first:"),
    ("if at < since or day < first:", "if at < since:"),
    ("RefusalReason.EXPIRED if day > last else None", "None"),
    ("day = at.astimezone(PLACE).date()", "day = at.date()"),
    ("not in request.recipients:", "in ():"),
    ("if purpose not in request.purposes or not request.notice_given:", "if not request.notice_given:"),
    ("or not request.notice_given:", ":"),
    ("if not asked <= ENTERPRISE_CATEGORIES:", "if False:"),
    ("if recipient.must_stand_alone and len(", "if False and len("),
    ("request.valid_until, request.withdrawn_at)", "request.valid_until, None)"),
    ("if not ground.enabled:", "if False:"),
    ("!= (ground.organization_id, ground.service_id):", "== ():"),
    ("if purpose not in ground.purposes:", "if False:"),
    ("if not asked <= frozenset(ground.categories):", "if False:"),
    ("ground.valid_until, ground.withdrawn_at)", "ground.valid_until, None)"),
]  # fmt: skip


def mutated(old: str, new: str) -> ModuleType:
    """The engine with one guard taken out; its values are the real ones, so that it accepts the same grounds."""
    source = inspect.getsource(engine)
    assert source.count(old) == 1, f"the guard {old!r} is not where this test expects it"
    mutant = ModuleType("mutant")
    mutant.__dict__.update({name: item for name, item in vars(engine).items() if not inspect.isfunction(item)})
    functions = source[source.index("def may_disclose(") :]
    exec(compile(functions.replace(old, new), "mutant", "exec"), mutant.__dict__)
    return mutant


def lets_something_out(mutant: ModuleType, question: Any) -> bool:
    grounds, recipient, purpose, categories, at = question
    answer = mutant.may_disclose(grounds, recipient, purpose, categories, at)
    return isinstance(answer, Allowed) and not all(
        oracle(grounds, recipient, purpose, category, at) for category in categories
    )


@pytest.fixture(scope="module")
def corpus() -> list[Any]:
    """Random questions, near the edges on purpose; the same every time."""
    return list(_corpus(random.Random(20261123), 20_000))


def _corpus(dice: random.Random, count: int) -> Any:
    for _ in range(count):
        at = NOON + timedelta(hours=dice.randint(-60, 60))
        grounds = [_ground(dice, at) for _ in range(dice.randint(1, 2))]
        to = dice.choice([TO_HWK, TO_IHK, TO_AUTHORITY, Recipient(HWK, IHK_SERVICE)])
        yield grounds, to, dice.choice(PURPOSES), tuple(dice.sample(CATEGORIES, dice.randint(1, 2))), at


def _ground(dice: random.Random, at: datetime) -> Any:
    def near(chance: float = 0.25, usual: Any = None) -> Any:
        return at + timedelta(hours=dice.choice([-30, -1, 0, 1, 30])) if dice.random() < chance else usual

    def some(items: list[Any], most: int) -> tuple[Any, ...]:
        return tuple(dice.sample(items, dice.randint(1, most)))

    day = at.astimezone(UTC).date()
    last = day + timedelta(days=dice.choice([-1, 0, 0, 1, 9]))
    kind = dice.random()
    if kind < 0.2:
        return an_enterprise_request(
            recipients=some(ORGANIZATIONS, 2),
            purposes=some(PURPOSES, 2),
            requested_at=near(usual=at),
            valid_until=last,
            notice_given=dice.random() < 0.8,
            withdrawn_at=near(),
        )
    if kind < 0.4:
        organization_id, service_id = dice.choice(ORGANIZATIONS)
        return a_statutory_ground(
            organization_id=organization_id,
            service_id=service_id,
            purposes=some(PURPOSES, 2),
            categories=some(CATEGORIES, 4),
            recorded_at=near(usual=at),
            valid_until=last,
            enabled=dice.random() < 0.8,
            withdrawn_at=near(),
        )
    entry = [
        a_recipient_entry(*dice.choice(ORGANIZATIONS), some(PURPOSES, 2), some(CATEGORIES, 4))
        for _ in range(dice.randint(1, 2))
    ]
    return a_consent(
        *entry,
        channel=dice.choice([ConsentChannel.SIGNED_PAPER, ConsentChannel.VERBAL_WITNESSED]),
        text_reviewed=dice.random() < 0.8,
        given_at=near(usual=at),
        valid_from=day + timedelta(days=dice.choice([-9, 0, 1])),
        valid_until=last,
        lapses_on=day + timedelta(days=dice.choice([-1, 0, 5])),
        confirmed_at=near(0.3),
        withdrawn_at=near(),
        superseded_at=near(),
    )


def test_the_whole_engine_lets_nothing_out(corpus):
    assert not next((question for question in corpus if lets_something_out(engine, question)), None)


@pytest.mark.parametrize(("old", "new"), MUTANTS, ids=range(len(MUTANTS)))
def test_every_guard_matters(old, new, corpus):
    mutant = mutated(old, new)
    assert any(lets_something_out(mutant, question) for question in corpus), f"nobody noticed that {old!r} is gone"
