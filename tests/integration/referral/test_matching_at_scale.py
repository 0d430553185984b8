"""The database preselects what matching looks at, and the result is that of looking at everything."""

from datetime import timedelta
from random import Random
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.codes import Audience, Capacity, EnquirerKind, Topic
from contracts.directory import ServicePublished
from contracts.event import Code, JsonDocument, LanguageTag, OfficialKey, to_dict
from services.referral.domain import matching
from services.referral.domain.candidates import Seeker
from services.referral.domain.matching import rank
from services.referral.store import candidates, directory, matchings
from tests.integration.referral.scene import HWK, IHK, NOW, Scene, a_service, an_organization

TODAY = NOW.date()
AACHEN = "053340002002"
AREAS = ["05", "053", "05334", "05358", AACHEN, "053340004004", "05515", "09"]
RULES = [{}, {"fact": "age", "at_least": 18}, {"not": {"fact": "profession_group", "in": ["CRAFT"]}}]


def some_service(number: int, dice: Random) -> ServicePublished:
    """Anything a service may be that matters to matching."""
    return a_service(
        UUID(int=number),
        dice.choice([HWK, IHK]),
        topics=tuple(dice.sample([Topic.ANERKENNUNG, Topic.SPRACHE], dice.randint(1, 2))),
        audience=dice.choice(list(Audience)),
        areas=tuple(map(OfficialKey, dice.sample(AREAS, dice.randint(0, 3)))),
        eligibility=JsonDocument(dice.choice(RULES)),
        languages=tuple(map(LanguageTag, dice.choice([("de",), ("de", "ar")]))),
        capacity=dice.choice(list(Capacity)),
        capacity_reported_on=dice.choice([None, TODAY - timedelta(days=dice.randint(0, 60))]),
        assured_on=dice.choice([None, TODAY - timedelta(days=dice.randint(0, 400))]),
        own_measure=dice.random() < 0.2,
        profession_independent=dice.random() < 0.5,
        profession_codes=tuple(map(Code, dice.choice([(), ("263",)]))),
    )


SEEKERS = st.builds(
    Seeker,
    enquirer=st.sampled_from(EnquirerKind),
    area=st.none() | st.sampled_from(AREAS),
    languages=st.sampled_from([("ar",), ()]),
    facts=st.sampled_from([{}, {"age": 17}, {"age": 30, "profession": frozenset({"26312"})}]),
)


@pytest.mark.parametrize(
    ("services", "most_without_place"),
    [(60, 10), pytest.param(60, 300, marks=pytest.mark.long), pytest.param(1000, 300, marks=pytest.mark.long)],
)
def test_what_the_index_leaves_out_matching_would_not_have_named(
    scene: Scene, services: int, most_without_place: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matching, "MOST_WITHOUT_PLACE", most_without_place)
    known = [some_service(number, Random(number)) for number in range(services)]
    bodies = {one: an_organization(one, own_measure=one == IHK) for one in (HWK, IHK)}
    with scene.unit.work(actor="system:directory") as work:
        for body in bodies.values():
            directory.keep_organization(work, body)
        for service in known:
            directory.keep_service(work, service)
    facts = {one: candidates.body_of(to_dict(body)) for one, body in bodies.items()}
    everything = [candidates.candidate_of(to_dict(one), facts[one.organization_id], TODAY) for one in known]
    ids = st.frozensets(st.integers(0, services - 1).map(lambda number: UUID(int=number)), max_size=5)

    @settings(max_examples=services, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(SEEKERS, st.sampled_from([Topic.ANERKENNUNG, Topic.SPRACHE, Topic.WOHNEN]), ids, ids)
    def holds(seeker: Seeker, topic: Topic, declined: frozenset[UUID], named: frozenset[UUID]) -> None:
        naive = rank(everything, seeker, topic, TODAY, declined=declined, named=named)
        with scene.db.read() as connection:
            assert matchings.ranked(connection, seeker, topic, TODAY, declined=declined, named=named) == naive

    holds()


def test_a_retired_service_is_neither_suggested_nor_counted(scene: Scene) -> None:
    with scene.unit.work(actor="system:directory") as work:
        directory.keep_organization(work, an_organization())
        directory.keep_service(work, a_service())
        work.tx.execute("UPDATE services SET retired = true")
    seeker = Seeker(enquirer=EnquirerKind.PERSON)
    with scene.db.read() as connection:
        found = matchings.ranked(connection, seeker, Topic.ANERKENNUNG, TODAY)
    assert (found.suggestions, found.exclusions, found.elsewhere) == ((), (), 0)
