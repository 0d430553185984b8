"""The region's directory and matching together: who is competent for whom."""

import io
from collections.abc import Mapping
from datetime import date
from uuid import UUID

import pytest

from contracts.codes import EnquirerKind, Topic
from contracts.event import to_dict
from contracts.identity import id_of
from deploy.demo.participation import participations
from services.directory.domain.objects import Kind
from services.directory.domain.publishing import organization_published, service_published, terms_of
from services.directory.domain.reading import Row, read_object, read_rows
from services.referral.domain.candidates import Seeker
from services.referral.domain.matching import Ranking, rank
from services.referral.store.candidates import body_of, candidate_of
from services.referral.store.directory import Listing
from tests.integration.directory.conftest import REGION

TODAY = date(2026, 11, 23)
AACHEN = "053340002002"
KEY = {"kty": "OKP", "crv": "X25519", "kid": "k1", "x": "hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo"}
HWK, IHK, ZAG = (
    id_of("service", name)
    for name in ("hwk-aachen-anerkennung", "ihk-aachen-anerkennung", "zag-pug-anerkennung-gesundheit")
)


@pytest.fixture(scope="module")
def listings() -> list[Listing]:
    """What referral's local copy holds when the region and the demo's participations were imported."""
    rows = [row for row in read_rows(io.BytesIO(REGION.read_bytes()).readline) if isinstance(row, Row)]
    keys = dict.fromkeys(("hwk-aachen", "ihk-aachen", "kia-staedteregion-aachen"), KEY)
    for value in participations(TODAY, webhook_urls={}, public_keys=keys):
        kind = Kind(value.pop("object"))
        row = read_object(kind, value)
        assert isinstance(row, Row), row
        rows.append(row)
    held = {(row.kind, row.id): row.document for row in rows}
    made = []
    for (kind, name), service in held.items():
        if kind is Kind.SERVICE:
            organization_id = service["organization_id"]
            participation = held.get((Kind.PARTICIPATION, organization_id))
            report = held.get((Kind.REPORT, name))
            event = service_published(service, 1, terms_of(name, participation), report)
            owner = organization_published(held[Kind.ORGANIZATION, organization_id], 1, participation)
            made.append(Listing(event, owner, retired=False))
    return made


def ranking(
    listings: list[Listing], topic: Topic, facts: Mapping[str, frozenset[str]], employer: bool = False
) -> Ranking:
    who = EnquirerKind.EMPLOYER if employer else EnquirerKind.PERSON
    some = [candidate_of(to_dict(one.service), body_of(to_dict(one.organization)), TODAY) for one in listings]
    return rank(some, Seeker(enquirer=who, area=AACHEN, languages=("ar",), facts=facts), topic, TODAY, named=(HWK,))


def suggested(found: Ranking) -> dict[UUID, tuple[str, ...]]:
    return {one.service_id: one.to_clarify for one in found.suggestions}


def test_a_nurse_s_recognition_goes_to_the_zag_pug_and_not_to_the_chambers(listings: list[Listing]) -> None:
    found = ranking(listings, Topic.ANERKENNUNG, {"profession": frozenset({"81302"})})
    assert ZAG in suggested(found)
    assert {HWK, IHK}.isdisjoint(suggested(found))
    hwk = next(one for one in found.exclusions if one.service_id == HWK)
    assert "profession_group" in hwk.because
    assert hwk.better_bodies == (ZAG,)


def test_an_electronics_technician_may_belong_to_either_chamber_until_somebody_asks(listings: list[Listing]) -> None:
    found = suggested(ranking(listings, Topic.ANERKENNUNG, {"profession": frozenset({"26212"})}))
    assert found[HWK] == found[IHK] == ("profession_group",)
    assert ZAG not in found


def test_once_asked_only_one_chamber_is_left(listings: list[Listing]) -> None:
    found = ranking(listings, Topic.ANERKENNUNG, {"profession_group": frozenset({"INDUSTRY_COMMERCE"})})
    assert suggested(found)[IHK] == ()
    hwk = next(one for one in found.exclusions if one.service_id == HWK)
    assert hwk.better_bodies == (IHK,)


def test_the_story_s_needs_each_have_a_partner(listings: list[Listing]) -> None:
    assert id_of("service", "kia-sprache") in suggested(ranking(listings, Topic.SPRACHE, {}))
    assert id_of("service", "jobcenter-leistung") in suggested(ranking(listings, Topic.LEISTUNG, {}))
    employers = suggested(ranking(listings, Topic.FACHKRAEFTEVERFAHREN, {}, employer=True))
    assert {
        id_of("service", "ihk-aachen-fachkraefteverfahren"),
        id_of("service", "agentur-arbeitgeber-service"),
    } <= set(employers)


def test_the_welcome_center_s_own_measures_wait_behind_existing_structures(listings: list[Listing]) -> None:
    found = ranking(listings, Topic.ANERKENNUNG, {"profession_group": frozenset({"CRAFT"})})
    own = id_of("service", "wcr-fachkraefte")
    assert all(one.blocked_because for one in found.suggestions if one.service_id == own)
    assert found.suggestions[0].own_measure is False
