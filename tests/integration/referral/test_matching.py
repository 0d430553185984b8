"""Suggestions on the local copy, and choices held against the rules, on a real database."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from contracts.codes import Action, FundingJustification, RejectionReason
from contracts.event import Code, JsonDocument, OfficialKey
from contracts.identity import id_of
from contracts.partner import actions
from contracts.referral import CommandRefused, ServicesSuggested
from services.chassis.errors import NotFoundError, RefusedError
from services.referral import handlers
from services.referral.commands import enquiries, matching, referrals
from services.referral.store.enquiries import Enquiry
from tests.integration.referral.scene import (
    HWK,
    HWK_SERVICE,
    IHK,
    IHK_SERVICE,
    NAVIGATOR,
    OWN_SERVICE,
    Scene,
    a_service,
    an_organization,
    some_terms,
    to_hwk,
)

CENTER_ORGANIZATION = id_of("organization", "welcome-center")


def published(scene: Scene, *services: Any) -> Scene:
    with scene.unit.work(actor="system:directory") as work:
        for organization_id in {service.organization_id for service in services}:
            own = organization_id == CENTER_ORGANIZATION
            handlers.keep_organization(work, an_organization(organization_id, own_measure=own))
        for service in services:
            handlers.keep_service(work, service)
    return scene


def suggested(scene: Scene, enquiry: Enquiry, **answers: str) -> Any:
    with scene.unit.work(actor=NAVIGATOR.actor) as work:
        return matching.suggest(work, scene.keys.vault, NAVIGATOR, enquiry.id, enquiry.needs[0].id, answers)


def drafted(scene: Scene, enquiry: Enquiry, service_id: UUID, **details: Any) -> Any:
    with scene.unit.work(actor=NAVIGATOR.actor) as work:
        return referrals.draft(work, scene.keys, NAVIGATOR, enquiry.id, enquiry.needs[0].id, service_id, **details)


CRAFT = a_service(eligibility=JsonDocument({"fact": "profession_group", "in": ["CRAFT"]}), better_bodies=(IHK_SERVICE,))
INDUSTRY = a_service(
    IHK_SERVICE, IHK, eligibility=JsonDocument({"fact": "profession_group", "in": ["INDUSTRY_COMMERCE"]})
)
OWN = a_service(OWN_SERVICE, CENTER_ORGANIZATION, areas=(OfficialKey("05334"), OfficialKey("05162")))
NO_TERMS = some_terms(categories_accepted=(), minimum_categories=())
#: In Neuss nobody else is there.
IHK_WITHOUT_TERMS = a_service(IHK_SERVICE, IHK, areas=(OfficialKey("05162"),), terms=NO_TERMS)


def test_what_was_suggested_is_kept_and_told_in_ids(scene: Scene):
    enquiry = published(scene, CRAFT, INDUSTRY).an_enquiry()
    found = suggested(scene, enquiry)
    assert {one.service_id for one in found.suggestions} == {HWK_SERVICE, IHK_SERVICE}
    assert {one.to_clarify for one in found.suggestions} == {("profession_group",)}
    [row] = scene.rows("SELECT suggestions, exclusions FROM matchings")
    assert [one["service_id"] for one in row["suggestions"]] == [str(one.service_id) for one in found.suggestions]
    [event] = scene.said(ServicesSuggested)
    assert (set(event.service_ids), event.excluded) == ({HWK_SERVICE, IHK_SERVICE}, 0)


def test_an_answer_to_an_open_question_settles_it(scene: Scene):
    enquiry = published(scene, CRAFT, INDUSTRY).an_enquiry()
    found = suggested(scene, enquiry, profession_group="INDUSTRY_COMMERCE")
    assert [one.service_id for one in found.suggestions] == [IHK_SERVICE]
    assert [(one.service_id, one.because, one.better_bodies) for one in found.exclusions] == [
        (HWK_SERVICE, ("profession_group",), (IHK_SERVICE,))
    ]


def test_a_choice_is_kept_with_its_place_and_its_alternatives(scene: Scene):
    enquiry = published(scene, CRAFT, INDUSTRY).an_enquiry()
    best, second = (one.service_id for one in suggested(scene, enquiry).suggestions)
    referral = drafted(scene, enquiry, second)
    [row] = scene.rows("SELECT * FROM choices")
    assert (row["referral_id"], row["place"], row["alternatives"]) == (referral.id, 2, [best])


def test_a_person_may_choose_what_was_not_suggested_and_it_shows(scene: Scene):
    enquiry = published(scene, CRAFT, INDUSTRY).an_enquiry(occupation_code="81302")
    drafted(scene, enquiry, HWK_SERVICE)
    [row] = scene.rows("SELECT * FROM choices")
    assert (row["place"], row["excluded_because"]) == (None, ["profession_group"])


class TestOwnMeasures:
    def test_one_is_refused_while_an_existing_service_fits_and_nothing_of_it_is_kept(self, scene: Scene):
        enquiry = published(scene, CRAFT, OWN).an_enquiry()
        with pytest.raises(RefusedError) as refused:
            drafted(scene, enquiry, OWN_SERVICE)
        assert refused.value.slug == "matching.existing-structure-first"
        assert refused.value.data["alternatives"] == [str(HWK_SERVICE)]
        assert scene.rows("SELECT * FROM referrals") == []
        assert [fact.slug for fact in scene.said(CommandRefused)] == ["matching.existing-structure-first"]

    def test_it_may_be_chosen_once_all_have_declined_and_is_marked(self, scene: Scene):
        enquiry = published(scene, CRAFT, OWN).an_enquiry()
        scene.consent(enquiry, to_hwk())
        referral = scene.prepared(enquiry)
        scene.clock.instant = scene.clock.instant.replace(minute=5)
        scene.tick()
        scene.answers(referral, Action.REJECT, actions.Reject(reason=RejectionReason.NO_CAPACITY))
        drafted(scene, enquiry, OWN_SERVICE)
        [row] = scene.rows("SELECT * FROM choices WHERE own_measure")
        assert row["service_id"] == OWN_SERVICE

    def test_a_body_nothing_can_be_referred_to_stands_before_it_until_its_card_is_given(self, scene: Scene):
        """Counting it as nobody would build beside it, only because our papers are missing."""
        enquiry = published(scene, OWN, IHK_WITHOUT_TERMS).an_enquiry(postal_code="41460")
        with pytest.raises(RefusedError) as refused:
            drafted(scene, enquiry, OWN_SERVICE)
        assert refused.value.slug == "matching.existing-structure-first"
        assert refused.value.data["because"] == "existing_not_referable"
        assert refused.value.data["alternatives"] == [str(IHK_SERVICE)]

        with scene.unit.work(actor=NAVIGATOR.actor) as work:
            enquiries.issue_contact_card(work, NAVIGATOR, enquiry.id, IHK_SERVICE, enquiry.needs[0].id)
        drafted(scene, enquiry, OWN_SERVICE)
        [row] = scene.rows("SELECT own_measure_because, not_referable FROM choices")
        assert row == {"own_measure_because": "existing_not_referable", "not_referable": [IHK_SERVICE]}

    def test_the_card_of_another_need_is_none_for_this_one(self, scene: Scene):
        published(scene, OWN, IHK_WITHOUT_TERMS)
        first, second = (scene.an_enquiry(postal_code="41460") for _ in "ab")
        with scene.unit.work(actor=NAVIGATOR.actor) as work:
            enquiries.issue_contact_card(work, NAVIGATOR, first.id, IHK_SERVICE, first.needs[0].id)
        with pytest.raises(RefusedError):
            drafted(scene, second, OWN_SERVICE)


def test_two_fundings_that_exclude_each_other_need_a_justification(scene: Scene):
    federal = a_service(IHK_SERVICE, IHK, funder=Code("BUND"), excludes_funders=(Code("ESF"),))
    enquiry = published(scene, a_service(funder=Code("ESF")), federal).an_enquiry()
    scene.consent(enquiry, to_hwk())
    scene.prepared(enquiry)
    scene.clock.instant = scene.clock.instant.replace(minute=5)
    scene.tick()
    with pytest.raises(RefusedError) as refused:
        drafted(scene, enquiry, IHK_SERVICE)
    assert (refused.value.slug, refused.value.data["services"]) == ("matching.double-funding", [str(HWK_SERVICE)])
    drafted(scene, enquiry, IHK_SERVICE, justification=FundingJustification.OTHER_CONTENT)
    [row] = scene.rows("SELECT justification FROM choices WHERE service_id = %s", IHK_SERVICE)
    assert row["justification"] == "OTHER_CONTENT"


def test_another_sites_enquiry_has_no_suggestions(scene: Scene):
    enquiry = published(scene, CRAFT).an_enquiry()
    stranger = replace(NAVIGATOR, employer=HWK)
    with pytest.raises(NotFoundError), scene.unit.work(actor=stranger.actor) as work:
        matching.suggest(work, scene.keys.vault, stranger, enquiry.id, enquiry.needs[0].id)


def test_nothing_about_the_person_stands_in_what_is_kept(scene: Scene):
    enquiry = published(scene, CRAFT, INDUSTRY).an_enquiry()
    suggested(scene, enquiry)
    drafted(scene, enquiry, HWK_SERVICE)
    kept = scene.rows("SELECT m::text AS kept FROM matchings m UNION ALL SELECT c::text FROM choices c")
    assert not [row for row in kept if "26312" in row["kept"] or "Amira" in row["kept"]]
