"""The engine on what it may really meet: clocks that jump, words of another version, nothing at all."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from contracts.codes import (
    Action,
    BackLevel,
    DataCategory,
    DisclosurePoint,
    EnquirerKind,
    RefusalReason,
    Site,
    Status,
    Topic,
    Urgency,
)
from contracts.partner import actions
from contracts.referral import DisclosureDecided, DossierFetched
from services.chassis.errors import RefusedError
from services.referral import handlers
from services.referral.commands import enquiries, partners
from services.referral.domain.grounds import Unreadable
from services.referral.domain.referral import Referral
from services.referral.queries.figures import SETTLING, DecisionCounts
from services.referral.store import grounds, persons
from tests.integration.referral.scene import NAVIGATOR, NOW, Scene, a_service, partner, some_terms, to_hwk, to_ihk


def try_fetch(scene: Scene, referral: Referral) -> partners.Fetched | partners.Withheld:
    by = partner(referral.organization_id)
    with scene.unit.work(actor=by.actor) as work:
        return partners.fetch_dossier(work, scene.keys, referral.id, by)


def decided(scene: Scene, point: DisclosurePoint) -> list[Any]:
    return [one.refusal for one in scene.said(DisclosureDecided) if one.point is point]


def write(scene: Scene, sql: str, *params: Any) -> None:
    with scene.db.session() as connection:
        assert connection.execute(sql, params).rowcount == 1


# --- clocks ---------------------------------------------------------------------------------------------------------


def test_a_withdrawal_holds_even_if_the_clock_then_goes_back(scene: Scene):
    """It was written at nine; a machine whose clock says ten to nine must not find the consent alive again."""
    enquiry = scene.told_directory().an_enquiry()
    consent = scene.consent(enquiry, to_hwk(), to_ihk())
    prepared = scene.prepared(enquiry)
    scene.clock.instant += timedelta(hours=1)
    scene.tick()
    with scene.unit.work(actor="test") as work:  # the withdrawal alone, as if its cascade had not come by yet
        persons.raise_epoch(work, enquiry.person_id)
        work.tx.execute("UPDATE consents SET withdrawn_at = %s WHERE id = %s", (work.now, consent.id))
    scene.clock.instant -= timedelta(minutes=10)
    handed = try_fetch(scene, scene.now(prepared.id))
    assert isinstance(handed, partners.Withheld)
    assert handed.reason is RefusalReason.WITHDRAWN


def test_a_change_after_the_clock_went_back_does_not_bring_a_withdrawn_consent_to_life(scene: Scene):
    enquiry = scene.told_directory().an_enquiry()
    scene.consent(enquiry)
    prepared = scene.prepared(enquiry)
    scene.clock.instant += timedelta(hours=1)
    scene.tick()
    with scene.unit.work(actor="test") as work:
        persons.raise_epoch(work, enquiry.person_id)
        work.tx.execute("UPDATE consents SET withdrawn_at = %s", (work.now,))
    scene.clock.instant -= timedelta(minutes=10)
    with scene.unit.work(actor=NAVIGATOR.actor) as work:
        enquiries.rectify(work, scene.keys, NAVIGATOR, enquiry.id, {"city": "Aachen"})
    assert isinstance(try_fetch(scene, scene.now(prepared.id)), partners.Withheld)


def test_a_withdrawal_written_by_a_fast_clock_holds_for_a_slow_one(scene: Scene):
    referral = scene.told_directory().requested()
    scene.clock.instant += timedelta(minutes=5)
    with scene.unit.work(actor="test") as work:
        persons.raise_epoch(work, referral.person_id)
        work.tx.execute("UPDATE consents SET withdrawn_at = %s", (work.now,))
    scene.clock.instant -= timedelta(minutes=5)
    with pytest.raises(RefusedError, match="back-level"):
        scene.answers(referral, Action.ACCEPT, actions.Accept(contact_by=None))
    assert isinstance(try_fetch(scene, referral), partners.Withheld)


def test_a_consent_dated_in_the_future_never_carries(scene: Scene):
    enquiry = scene.told_directory().an_enquiry()
    consent = scene.consent(enquiry)
    write(scene, "UPDATE consents SET given_at = %s WHERE id = %s", NOW + timedelta(days=1), consent.id)
    prepared = scene.prepared(enquiry)
    scene.clock.instant += timedelta(minutes=1)
    scene.tick()
    assert scene.now(prepared.id).status is Status.AWAITING_CONSENT
    assert decided(scene, DisclosurePoint.REQUEST) == [RefusalReason.NOT_YET_VALID]


def test_a_consent_carries_from_the_very_instant_it_was_given_and_not_at_the_one_it_ended(scene: Scene):
    referral = scene.told_directory().requested()
    [row] = scene.rows("SELECT given_at FROM consents")
    scene.clock.instant = row["given_at"]
    assert isinstance(try_fetch(scene, referral), partners.Fetched)
    write(scene, "UPDATE consents SET withdrawn_at = %s", scene.clock.instant)
    assert isinstance(try_fetch(scene, referral), partners.Withheld)


@pytest.mark.parametrize(
    ("last", "late"),
    [
        (datetime(2027, 3, 28, tzinfo=UTC), datetime(2027, 3, 28, 22, 0, tzinfo=UTC)),  # summer time begins
        (datetime(2027, 10, 31, tzinfo=UTC), datetime(2027, 10, 31, 23, 0, tzinfo=UTC)),  # and ends
        (datetime(2026, 12, 31, tzinfo=UTC), datetime(2026, 12, 31, 23, 0, tzinfo=UTC)),
    ],
)
def test_a_consent_ends_at_midnight_in_aachen_whatever_the_season(scene: Scene, last: datetime, late: datetime):
    scene.clock.instant = last - timedelta(days=30)
    enquiry = scene.told_directory().an_enquiry()
    with scene.unit.work(actor="system:directory") as work:
        handlers.keep_service(work, a_service(version=2, assured_on=scene.clock.today()))
    scene.consent(enquiry, valid_until=last.date())
    prepared = scene.prepared(enquiry)
    scene.clock.instant += timedelta(minutes=1)
    scene.tick()
    scene.clock.instant = late - timedelta(microseconds=1)
    assert isinstance(try_fetch(scene, scene.now(prepared.id)), partners.Fetched)
    scene.clock.instant = late
    assert isinstance(try_fetch(scene, scene.now(prepared.id)), partners.Withheld)


# --- words of another version ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        "recipients = jsonb_set(recipients, '{0,categories,0}', '\"BLOOD_TYPE\"')",
        "recipients = jsonb_set(recipients, '{0,purposes,0}', '\"FORTUNE_TELLING\"')",
        "recipients = jsonb_set(recipients, '{0,back_level}', '\"everything\"')",
        "recipients = '[{}]'",
        "recipients = '[7]'",
        "channel = 'telepathy'",
        "given_by = 'neighbor'",
    ],
)
def test_a_consent_in_words_this_version_does_not_know_carries_nothing_and_breaks_nothing(scene: Scene, change: str):
    referral = scene.told_directory().requested()
    write(scene, f"UPDATE consents SET {change}")
    with pytest.raises(RefusedError, match="back-level"):
        scene.answers(referral, Action.RECEIVE, actions.Receive())
    handed = try_fetch(scene, referral)
    assert isinstance(handed, partners.Withheld)
    assert handed.reason is RefusalReason.GROUND_UNREADABLE
    assert scene.said(DossierFetched) == []


def test_it_does_not_stand_in_the_way_of_one_that_can_be_read(scene: Scene):
    referral = scene.told_directory().requested()
    [known] = scene.rows("SELECT id, enquiry_id FROM consents")
    write(scene, "UPDATE consents SET channel = 'telepathy'")
    with scene.db.read() as connection:
        [unreadable] = grounds.standing(connection, referral.person_id, scene.clock.now()).grounds
    assert unreadable == Unreadable(known["id"])
    with scene.unit.work(actor=NAVIGATOR.actor) as work:
        enquiry = enquiries.load(work, known["enquiry_id"], NAVIGATOR)
    scene.consent(enquiry)
    assert isinstance(try_fetch(scene, referral), partners.Fetched)


def test_a_field_this_version_does_not_know_goes_to_nobody(scene: Scene):
    enquiry = scene.told_directory().an_enquiry(shoe_size="42")
    scene.consent(enquiry)
    prepared = scene.prepared(enquiry)
    scene.clock.instant += timedelta(minutes=1)
    scene.tick()
    assert scene.now(prepared.id).status is Status.REQUESTED
    [kept] = scene.rows("SELECT categories FROM dossiers")
    assert "FREE_TEXT" not in kept["categories"]


def test_a_dossier_sealed_by_another_version_is_sealed_anew(scene: Scene):
    referral = scene.told_directory().requested()
    write(scene, "UPDATE dossiers SET categories = array['BLOOD_TYPE']")
    before = scene.rows("SELECT sealed FROM dossiers")
    assert isinstance(try_fetch(scene, referral), partners.Fetched)
    [after] = scene.rows("SELECT sealed, categories FROM dossiers")
    assert after["sealed"] != before[0]["sealed"]
    assert "IDENTITY" in after["categories"]


def test_terms_in_words_this_version_does_not_know_let_nothing_back(scene: Scene):
    referral = scene.told_directory().requested()
    write(
        scene,
        "UPDATE services SET snapshot = jsonb_set(snapshot, '{terms,back_level}', '\"everything\"') WHERE id = %s",
        referral.service_id,
    )
    with pytest.raises(RefusedError, match="back-level"):
        scene.answers(referral, Action.RECEIVE, actions.Receive())


# --- about nobody ---------------------------------------------------------------------------------------------------


def test_an_employers_question_about_nobody_needs_no_ground_and_is_decided_all_the_same(scene: Scene):
    scene.told_directory()
    accepted = (DataCategory.BUSINESS_CONTACT,)
    terms = some_terms(categories_accepted=accepted, minimum_categories=(), back_level=BackLevel.STATUS)
    with scene.unit.work(actor="system:directory") as work:
        handlers.keep_service(work, a_service(version=2, topics=(Topic.ANWERBUNG,), terms=terms))
    with scene.unit.work(actor=NAVIGATOR.actor) as work:
        enquiry = enquiries.record_enquiry(
            work,
            scene.keys.vault,
            NAVIGATOR,
            enquirer=EnquirerKind.EMPLOYER,
            site=Site.AACHEN,
            record={"positions": 2, "occupation_sought": "26312"},
            needs=[(Topic.ANWERBUNG, Urgency.NORMAL)],
        )
    prepared = scene.prepared(enquiry)
    scene.clock.instant += timedelta(minutes=1)
    scene.tick()
    referral = scene.now(prepared.id)
    assert (referral.status, referral.back_level) == (Status.REQUESTED, BackLevel.STATUS)
    assert isinstance(try_fetch(scene, referral), partners.Fetched)
    scene.answers(referral, Action.ACCEPT, actions.Accept(contact_by=None))
    facts = scene.said(DisclosureDecided)
    assert [(one.point, one.allowed, one.ground, one.categories) for one in facts] == [
        (point, True, "no_personal_data", ()) for point in ("request", "fetch", "back_channel")
    ]
    with scene.unit.work(actor=NAVIGATOR.actor) as work:
        enquiries.rectify(work, scene.keys, NAVIGATOR, enquiry.id, {"contact_name": "Frau Kaya"})
    assert isinstance(try_fetch(scene, referral), partners.Withheld)


# --- counted --------------------------------------------------------------------------------------------------------


def figures(collector: DecisionCounts) -> dict[str, float]:
    registry = CollectorRegistry()
    registry.register(collector)
    lines = generate_latest(registry).decode().splitlines()
    return {name: float(count) for name, _, count in (line.rpartition(" ") for line in lines if line[0] != "#")}


def test_every_decision_is_counted_once_however_often_somebody_looks(scene: Scene):
    def series(decision: str, reason: str, point: str) -> str:
        return f'referral_consent_decisions_total{{decision="{decision}",point="{point}",reason="{reason}"}}'

    assert figures(DecisionCounts(scene.db)) == {}
    collector = DecisionCounts(scene.db)
    scene.clock.instant = datetime.now(UTC) - 3 * SETTLING
    referral = scene.told_directory().requested()
    scene.fetched(referral)
    first = {series("allowed", "consent", point): 1.0 for point in ("request", "fetch")}
    assert figures(collector) == first
    scene.clock.instant = datetime.now(UTC)
    scene.fetched(referral)
    write(scene, "UPDATE consents SET withdrawn_at = %s", scene.clock.instant)
    with pytest.raises(RefusedError):
        scene.answers(referral, Action.RECEIVE, actions.Receive())
    second = {**first, series("allowed", "consent", "fetch"): 2.0, series("refused", "WITHDRAWN", "back_channel"): 1.0}
    for _ in range(3):
        assert figures(collector) == second
    assert figures(DecisionCounts(scene.db)) == second
