"""Which services are suggested, which are not and why, and that a naive ranking comes to the same result."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.codes import PASS_ON_SPHERES, Assertion, Audience, Capacity, EnquirerKind, ServiceRole, Topic
from services.referral.domain import matching
from services.referral.domain.candidates import Candidate, Seeker
from services.referral.domain.eligibility import evaluate
from services.referral.domain.footing import OURS_TO_MEND
from services.referral.domain.matching import (
    Exclusion,
    OwnMeasureReason,
    Ranking,
    Suggestion,
    rank,
    stand_before,
    why_not,
    why_own,
)
from tests.examples import tried
from tests.unit.referral.builders import HWK, HWK_SERVICE, IHK, IHK_SERVICE, TODAY

ZAG, ZAG_SERVICE = UUID(int=0x1C), UUID(int=0x1C1)
OWN, OWN_SERVICE = UUID(int=0x1D), UUID(int=0x1D1)
AACHEN = "053340002002"
CRAFT = {"fact": "profession_group", "in": ["CRAFT"]}
INDUSTRY = {"fact": "profession_group", "in": ["INDUSTRY_COMMERCE"]}
HEALTH = {"fact": "profession_group", "in": ["HEALTH"]}


def a_candidate(service_id: UUID = HWK_SERVICE, organization_id: UUID = HWK, **changes: Any) -> Candidate:
    usual: dict[str, Any] = {
        "service_id": service_id,
        "organization_id": organization_id,
        "topics": frozenset({Topic.ANERKENNUNG}),
        "audience": Audience.PERSON,
        "areas": ("05334",),
        "assured_on": TODAY,
    }
    return Candidate(**{**usual, **changes})


def a_seeker(**changes: Any) -> Seeker:
    usual: dict[str, Any] = {"enquirer": EnquirerKind.PERSON, "area": AACHEN, "languages": ("ar",)}
    return Seeker(**{**usual, **changes})


def ranked(*candidates: Candidate, seeker: Seeker | None = None, declined: Any = (), cards: Any = ()) -> Ranking:
    named = {one.service_id for one in candidates}
    return rank(candidates, seeker or a_seeker(), Topic.ANERKENNUNG, TODAY, declined=declined, cards=cards, named=named)


def suggestion(candidate: Candidate, **seeker: Any) -> Suggestion:
    [one] = ranked(candidate, seeker=a_seeker(**seeker)).suggestions
    return one


BODIES = (
    a_candidate(eligibility=CRAFT, better_bodies=(IHK_SERVICE, ZAG_SERVICE)),
    a_candidate(IHK_SERVICE, IHK, eligibility=INDUSTRY, better_bodies=(HWK_SERVICE, ZAG_SERVICE)),
    a_candidate(ZAG_SERVICE, ZAG, eligibility=HEALTH, areas=("05",), better_bodies=(HWK_SERVICE, IHK_SERVICE)),
)


def test_a_nurse_belongs_to_the_health_authority_and_the_chambers_say_so():
    found = ranked(*BODIES, seeker=a_seeker(facts={"profession": frozenset({"81302"})}))
    assert [one.service_id for one in found.suggestions] == [ZAG_SERVICE]
    assert {(one.service_id, one.because, one.better_bodies) for one in found.exclusions} == {
        (HWK_SERVICE, ("profession_group",), (ZAG_SERVICE,)),
        (IHK_SERVICE, ("profession_group",), (ZAG_SERVICE,)),
    }


def test_an_electronics_technician_could_be_either_chambers_and_that_is_to_be_clarified():
    found = ranked(*BODIES, seeker=a_seeker(facts={"profession": frozenset({"26312"})}))
    assert {one.service_id for one in found.suggestions} == {HWK_SERVICE, IHK_SERVICE}
    assert all(one.to_clarify == ("profession_group",) for one in found.suggestions)


def test_a_body_only_our_papers_are_missing_to_keeps_its_reasons_questions_and_score():
    suggested = ranked(*BODIES).suggestions
    bare = ranked(*(replace(one, lacking=("agreement", "key")) for one in BODIES))
    assert {one.service_id: (one.fits, one.to_clarify, one.score) for one in bare.exclusions} == {
        one.service_id: (one.fits, one.to_clarify, one.score) for one in suggested
    }
    assert {one.to_clarify for one in bare.exclusions} == {("profession_group",)}
    [out] = ranked(a_candidate(areas=("05515",), lacking=("agreement",))).exclusions
    assert (out.fits, out.to_clarify, out.score) == ((), (), 0)


def test_not_asked_excludes_nobody():
    assert len(ranked(*BODIES).suggestions) == 3


@pytest.mark.parametrize(
    ("changes", "seeker", "because"),
    [
        ({"audience": Audience.EMPLOYER}, {}, ("audience",)),
        ({"areas": ("05515",)}, {}, ("area",)),
        ({"areas": ("053340004004",)}, {}, ("area",)),
        ({"lacking": ("agreement", "key")}, {}, ("agreement", "key")),
        (
            {"profession_independent": False, "profession_codes": ("263",)},
            {"facts": {"profession": frozenset({"81302"})}},
            ("profession",),
        ),
        ({"eligibility": {"fact": "age", "at_least": 18}}, {"facts": {"age": 17}}, ("age",)),
        ({"audience": Audience.EMPLOYER, "areas": ("05515",)}, {}, ("audience", "area")),
    ],
)
def test_each_hard_reason_is_named(changes, seeker, because):
    found = ranked(a_candidate(**changes), seeker=a_seeker(**seeker))
    assert [one.because for one in found.exclusions] == [because]


@pytest.mark.parametrize("changes", [{"audience": Audience.EMPLOYER}, {"areas": ("05515",)}])
def test_what_is_for_other_people_or_places_is_counted_and_told_by_name_only_if_asked_for(changes):
    far = a_candidate(**changes)
    assert rank([far], a_seeker(), Topic.ANERKENNUNG, TODAY) == Ranking((), (), elsewhere=1)
    [told] = rank([far], a_seeker(), Topic.ANERKENNUNG, TODAY, named={far.service_id}).exclusions
    assert told.because in (("audience",), ("area",))


def test_a_service_on_another_topic_is_not_even_mentioned():
    assert ranked(a_candidate(topics=frozenset({Topic.SPRACHE}))) == Ranking((), ())


@pytest.mark.parametrize(
    ("changes", "seeker", "question"),
    [
        ({}, {"area": None}, "area"),
        ({"areas": ("053340004004",)}, {"area": "05334"}, "area"),
        ({"profession_independent": False, "profession_codes": ("263",)}, {}, "profession"),
        ({"eligibility": {"fact": "age", "at_least": 18, "question": "how_old"}}, {}, "how_old"),
    ],
)
def test_what_is_not_known_becomes_a_question(changes, seeker, question):
    assert suggestion(a_candidate(**changes), **seeker).to_clarify == (question,)


@pytest.mark.parametrize("changes", [{"areas": ()}, {"areas": ("05",)}, {"profession_independent": False}])
def test_what_is_not_limited_asks_nothing(changes):
    assert suggestion(a_candidate(**changes)).to_clarify == ()


@pytest.mark.parametrize(
    ("better", "worse", "code"),
    [
        ({"languages": ("ar", "de")}, {"languages": ("de",), "interpreters": True}, "language"),
        ({"interpreters": True}, {}, "interpreters"),
        (
            {"capacity": Capacity.CAPACITY, "capacity_reported_on": TODAY},
            {"capacity": Capacity.ASSESSMENT_FIRST, "capacity_reported_on": TODAY},
            "capacity",
        ),
        ({"assured_on": TODAY}, {"assured_on": TODAY - timedelta(days=181)}, "fresh"),
        ({"areas": (AACHEN,)}, {"areas": ("05",)}, "near"),
        ({"answer_days": 2}, {"answer_days": 10}, "answers_soon"),
        ({"answer_days": 2}, {}, "answers_soon"),
    ],
)
def test_what_is_better_for_the_person_comes_first_and_says_why(better, worse, code):
    first, second = a_candidate(**better), a_candidate(IHK_SERVICE, IHK, **worse)
    found = ranked(second, first).suggestions
    assert [one.service_id for one in found] == [HWK_SERVICE, IHK_SERVICE]
    assert code in found[0].fits


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"capacity": Capacity.UNKNOWN}, "capacity"),
        ({"capacity": Capacity.WAITLIST, "capacity_reported_on": TODAY}, "capacity"),
        ({"capacity": Capacity.CAPACITY, "capacity_reported_on": TODAY - timedelta(days=31)}, "capacity"),
        ({"languages": ("de",), "interpreters": True}, "language"),
        ({"answer_days": 15}, "answers_soon"),
    ],
)
def test_what_is_not_so_is_no_reason_although_it_scores(changes: dict[str, Any], code: str):
    found = suggestion(a_candidate(**changes))
    assert code not in found.fits
    worst = suggestion(a_candidate(capacity=Capacity.NO_CAPACITY, capacity_reported_on=TODAY))
    assert found.score > worst.score


def test_an_old_report_of_capacity_is_as_good_as_none():
    old = a_candidate(capacity=Capacity.CAPACITY, capacity_reported_on=TODAY - timedelta(days=31))
    never = a_candidate(capacity=Capacity.UNKNOWN)
    assert suggestion(old).score == suggestion(never).score


def test_a_score_is_at_most_one_hundred():
    best = a_candidate(
        languages=("ar",), capacity=Capacity.CAPACITY, capacity_reported_on=TODAY, areas=(AACHEN,), answer_days=0
    )
    assert suggestion(best).score == 100


def test_a_fulfilled_rule_is_a_reason_to_fit():
    assert (
        "eligible" in suggestion(a_candidate(eligibility=CRAFT), facts={"profession_group": frozenset({"CRAFT"})}).fits
    )
    assert "eligible" not in suggestion(a_candidate()).fits


def test_independence_is_a_reason_to_fit():
    assert {"residence_independent", "profession_independent"} <= set(suggestion(a_candidate()).fits)
    bound = a_candidate(residence_independent=False, profession_independent=False)
    assert not {"residence_independent", "profession_independent"} & set(suggestion(bound).fits)


class TestNoParallelStructures:
    own = a_candidate(OWN_SERVICE, OWN, own_measure=True, languages=("ar",))

    def test_an_own_measure_waits_while_an_existing_service_fits(self):
        [existing, own] = ranked(self.own, a_candidate()).suggestions
        assert (existing.service_id, existing.blocked_because) == (HWK_SERVICE, None)
        assert (own.service_id, own.blocked_because) == (OWN_SERVICE, "existing_structure_first")

    def test_it_may_be_chosen_once_all_that_fit_have_declined(self):
        found = ranked(self.own, a_candidate(), declined={HWK_SERVICE})
        assert found.suggestions[-1].blocked_because is None

    def test_it_may_be_chosen_where_nothing_else_fits(self):
        found = ranked(self.own, a_candidate(areas=("05515",)))
        assert [one.blocked_because for one in found.suggestions] == [None]

    @pytest.mark.parametrize("lacks", sorted(OURS_TO_MEND))
    def test_a_body_that_fits_stands_before_it_although_nothing_can_be_referred_there(self, lacks: str):
        found = ranked(self.own, a_candidate(lacking=(lacks,)))
        assert [one.blocked_because for one in found.suggestions] == ["existing_not_referable"]
        assert why_not(found, OWN_SERVICE) == "existing_not_referable"
        assert stand_before(found) == [HWK_SERVICE]

    def test_once_she_was_shown_the_way_there_it_may_be_chosen_on_a_ground_of_its_own(self):
        found = ranked(self.own, a_candidate(lacking=("agreement", "key")), cards={HWK_SERVICE})
        assert [one.blocked_because for one in found.suggestions] == [None]
        assert why_own(found, OWN_SERVICE) is OwnMeasureReason.EXISTING_NOT_REFERABLE

    def test_the_card_of_a_body_that_does_not_fit_is_no_way_past_one_that_does(self):
        far = a_candidate(IHK_SERVICE, IHK, areas=("05515",), lacking=("agreement",))
        found = ranked(self.own, a_candidate(lacking=("agreement",)), far, cards={IHK_SERVICE})
        assert why_not(found, OWN_SERVICE) == "existing_not_referable"

    def test_while_each_has_a_question_open_the_card_of_one_is_no_way_past_the_other(self):
        """A carpenter whose trade is not asked yet, with the card of the health authority."""
        chamber = a_candidate(eligibility=CRAFT, lacking=("agreement",))
        health = a_candidate(ZAG_SERVICE, ZAG, eligibility=HEALTH, lacking=("agreement", "key"))
        one_card = ranked(self.own, chamber, health, cards={ZAG_SERVICE})
        assert why_not(one_card, OWN_SERVICE) == "existing_not_referable"
        assert set(stand_before(one_card)) == {HWK_SERVICE, ZAG_SERVICE}
        assert why_not(ranked(self.own, chamber, health, cards={HWK_SERVICE, ZAG_SERVICE}), OWN_SERVICE) is None

    def test_the_card_of_one_that_only_could_fit_is_no_way_past_one_that_does(self):
        sure = a_candidate(lacking=("agreement",))
        unclear = a_candidate(ZAG_SERVICE, ZAG, eligibility=HEALTH, lacking=("key",))
        found = ranked(self.own, sure, unclear, cards={ZAG_SERVICE})
        assert (why_not(found, OWN_SERVICE), stand_before(found)) == ("existing_not_referable", [HWK_SERVICE])
        assert why_not(ranked(self.own, sure, unclear, cards={HWK_SERVICE}), OWN_SERVICE) is None

    def test_a_card_is_no_way_past_a_body_that_can_be_referred_to(self):
        unreferred = a_candidate(IHK_SERVICE, IHK, lacking=("agreement",))
        found = ranked(self.own, a_candidate(), unreferred, cards={HWK_SERVICE, IHK_SERVICE})
        assert (why_not(found, OWN_SERVICE), stand_before(found)) == ("existing_structure_first", [HWK_SERVICE])

    @pytest.mark.parametrize(
        "body", [{"lacking": ("service",)}, {"lacking": ("agreement",), "areas": ("05515",)}, {"own_measure": True}]
    )
    def test_what_is_retired_elsewhere_or_our_own_stands_before_nothing(self, body: dict[str, Any]):
        found = ranked(self.own, a_candidate(**{"lacking": ("agreement",), **body}))
        assert why_own(found, OWN_SERVICE) is OwnMeasureReason.NOBODY_FITS

    @pytest.mark.parametrize(
        "body",
        [
            *({"legal_spheres": frozenset({sphere})} for sphere in sorted(PASS_ON_SPHERES)),
            {"role": ServiceRole.ACCOMPANIES},
        ],
        ids=[*sorted(PASS_ON_SPHERES), "accompanies"],
    )
    def test_beside_a_body_that_manages_or_accompanies_cases_itself_the_network_passes_on(self, body: dict[str, Any]):
        accompanying = replace(self.own, role=ServiceRole.ACCOMPANIES)
        [existing, own] = ranked(accompanying, a_candidate(**body)).suggestions
        assert not own.pass_on
        assert existing.pass_on
        assert own.blocked_because == "own_case_management"

    def test_one_that_does_not_even_fit_is_no_way_past_the_existing_ones(self):
        elsewhere = a_candidate(OWN_SERVICE, OWN, own_measure=True, areas=("05515",))
        assert why_not(ranked(elsewhere, a_candidate()), OWN_SERVICE) == "existing_structure_first"
        assert why_not(ranked(elsewhere, a_candidate()), HWK_SERVICE) is None
        assert why_not(ranked(elsewhere), OWN_SERVICE) is None

    @pytest.mark.parametrize(
        ("others", "declined", "reason"),
        [
            ((), (), OwnMeasureReason.NOBODY_FITS),
            ((a_candidate(areas=("05515",)),), (), OwnMeasureReason.NOBODY_FITS),
            ((a_candidate(),), (HWK_SERVICE,), OwnMeasureReason.ALL_DECLINED),
            ((a_candidate(lacking=("agreement",)),), (HWK_SERVICE,), OwnMeasureReason.ALL_DECLINED),
            (
                (a_candidate(), a_candidate(IHK_SERVICE, IHK, lacking=("key",))),
                (HWK_SERVICE,),
                OwnMeasureReason.EXISTING_NOT_REFERABLE,
            ),
        ],
    )
    def test_one_that_is_chosen_says_on_which_ground(self, others, declined, reason):
        found = ranked(self.own, *others, declined=declined)
        assert why_own(found, OWN_SERVICE) is reason
        assert why_own(found, HWK_SERVICE) is None

    def test_a_blocked_measure_is_nobodys_better_body(self):
        found = ranked(self.own, a_candidate(), a_candidate(IHK_SERVICE, IHK, areas=("05515",)))
        assert found.exclusions[0].better_bodies == (HWK_SERVICE,)


def test_without_a_named_better_body_the_best_sure_suggestion_is_told():
    found = ranked(a_candidate(areas=("05515",)), a_candidate(IHK_SERVICE, IHK))
    assert found.exclusions == (Exclusion(HWK_SERVICE, HWK, ("area",), (IHK_SERVICE,)),)


def test_where_nobody_fits_nobody_is_told():
    assert ranked(a_candidate(areas=("05515",))).exclusions[0].better_bodies == ()


# --- the naive ranking ------------------------------------------------------------------------------------------------


def naively(
    candidates: list[Candidate], seeker: Seeker, on: date, declined: frozenset[UUID], cards: frozenset[UUID]
) -> list[tuple[UUID, bool]]:
    """Service and whether it may be chosen, best first; written from the design, as simply as it can be said."""
    of_use = [one for one in candidates if _could_help(one, seeker)]
    fitting = [one for one in of_use if not one.lacking]
    existing = {one.service_id for one in fitting if not one.own_measure} - declined
    unreferred = [one for one in of_use if one.lacking == ("agreement",) and not one.own_measure]
    unreferred = [one for one in unreferred if one.service_id not in declined]
    sure = {one.service_id for one in unreferred if not _open(one, seeker)}
    unsure = {one.service_id for one in unreferred} - sure
    is_blocked = bool(existing) or (not sure & cards if sure else not unsure <= cards)
    ordered = sorted(
        fitting, key=lambda one: (one.own_measure, -_points(one, seeker, on), _open(one, seeker), str(one.service_id))
    )
    return [(one.service_id, not (one.own_measure and is_blocked)) for one in ordered]


def _could_help(one: Candidate, seeker: Seeker) -> bool:
    if Topic.ANERKENNUNG not in one.topics:
        return False
    if one.audience is not Audience.BOTH and one.audience.value != seeker.enquirer.value:
        return False
    if one.areas and seeker.area and not any(a.startswith(seeker.area) or seeker.area.startswith(a) for a in one.areas):
        return False
    return evaluate(one.eligibility, seeker.facts).assertion is not Assertion.FALSE


def _open(one: Candidate, seeker: Seeker) -> int:
    asks_area = bool(one.areas) and not (seeker.area and any(seeker.area.startswith(area) for area in one.areas))
    return asks_area + len(evaluate(one.eligibility, seeker.facts).questions)


def _points(one: Candidate, seeker: Seeker, on: date) -> int:
    points = 0
    if set(one.languages) & set(seeker.languages):
        points += 30
    elif one.interpreters:
        points += 20
    fresh_report = one.capacity_reported_on is not None and one.capacity_reported_on >= on - timedelta(days=30)
    by_code = {"capacity": 25, "assessment_first": 15, "waitlist": 8, "no_capacity": 0, "unknown": 10}
    points += by_code[one.capacity.value] if fresh_report else 10
    if one.assured_on and one.assured_on >= on - timedelta(days=180):
        points += 15
    covering = [len(area) for area in one.areas if seeker.area and seeker.area.startswith(area)]
    points += min(15, 2 * max(covering, default=0))
    return points + (max(0, 15 - one.answer_days) if one.answer_days is not None else 0)


areas = st.sampled_from(["05", "05334", AACHEN, "053340004004", "05515"])
candidates = st.lists(
    st.builds(
        a_candidate,
        st.integers(1, 9).map(lambda number: UUID(int=number)),
        topics=st.sampled_from([frozenset({Topic.ANERKENNUNG}), frozenset({Topic.SPRACHE})]),
        audience=st.sampled_from(Audience),
        areas=st.lists(areas, max_size=2).map(tuple),
        eligibility=st.sampled_from([{}, CRAFT, HEALTH, {"fact": "age", "at_least": 18}]),
        own_measure=st.booleans(),
        languages=st.sampled_from([("de",), ("de", "ar")]),
        interpreters=st.booleans(),
        capacity=st.sampled_from(Capacity),
        capacity_reported_on=st.none() | st.integers(0, 60).map(lambda days: TODAY - timedelta(days=days)),
        assured_on=st.none() | st.integers(0, 400).map(lambda days: TODAY - timedelta(days=days)),
        answer_days=st.none() | st.integers(0, 20),
        lacking=st.sampled_from([(), (), ("agreement",), ("service",)]),
    ),
    max_size=6,
    unique_by=lambda one: one.service_id,
)
seekers = st.builds(
    a_seeker,
    enquirer=st.sampled_from(EnquirerKind),
    area=st.none() | areas,
    languages=st.sampled_from([("ar",), ("fr", "de"), ()]),
    facts=st.fixed_dictionaries(
        {},
        optional={
            "age": st.integers(10, 30),
            "profession_group": st.sampled_from([frozenset({"CRAFT"}), frozenset({"CRAFT", "HEALTH"})]),
        },
    ),
)


some_services = st.frozensets(st.integers(1, 9).map(lambda number: UUID(int=number)), max_size=4)


@tried(300)
@given(candidates, seekers, some_services, some_services)
def test_the_naive_ranking_comes_to_the_same_result(some, seeker, declined, cards):
    found = rank(some, seeker, Topic.ANERKENNUNG, TODAY, declined=declined, cards=cards)
    assert [(one.service_id, one.blocked_because is None) for one in found.suggestions] == naively(
        some, seeker, TODAY, declined, cards
    )
    on_topic = {one.service_id for one in some if Topic.ANERKENNUNG in one.topics}
    told = {one.service_id for one in (*found.suggestions, *found.exclusions)}
    assert told <= on_topic and found.elsewhere == len(on_topic) - len(told)
    assert not any({"area", "audience"} & set(one.because) for one in found.exclusions)
    assert all(one.because for one in found.exclusions)
    assert all(0 <= one.score <= 100 for one in found.suggestions)


def test_without_a_place_a_whole_country_is_not_listed_and_no_own_measure_slips_through(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(matching, "MOST_WITHOUT_PLACE", 3)
    local = [a_candidate(UUID(int=number)) for number in range(1, 4)]
    own = a_candidate(OWN_SERVICE, OWN, areas=(), own_measure=True)

    def found(*candidates: Candidate, area: str | None = None) -> Ranking:
        return rank(candidates, a_seeker(area=area), Topic.ANERKENNUNG, TODAY)

    few, many = found(*local[:2], own), found(*local, own)
    assert (len(few.suggestions), few.place_needed) == (3, False)
    assert [one.service_id for one in many.suggestions] == [OWN_SERVICE]
    assert (many.place_needed, many.elsewhere) == (True, 3)
    assert why_not(many, OWN_SERVICE) == "existing_structure_first", "the others were not even looked at"
    assert many.suggestions[0].blocked_because == "existing_structure_first"
    assert not found(*local, own, area="05515").place_needed
