"""Each guard of commands and store matters: without it the scenario named beside it fails, on a real database."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from contracts.codes import Action, BackLevel, DataCategory, EndReason, QuestionCode, Status
from contracts.partner import actions
from services.chassis.db import Database
from services.chassis.errors import LotsennetzError, RefusedError, StaleError
from services.referral import handlers
from services.referral.commands import cascade, disclosing, enquiries, partners, referrals, saving, telling, withdrawing
from services.referral.commands.referrals import Withheld
from services.referral.domain.referral import Referral
from services.referral.store import grounds, persons
from services.referral.store import referrals as referral_store
from tests.integration.referral.scene import (
    HWK,
    IHK,
    NAVIGATOR,
    NOW,
    Scene,
    a_service,
    an_organization,
    partner,
    some_terms,
    somebody_else,
    to_hwk,
)
from tests.mutants.surgery import Guard, without

ACCEPT = actions.Accept(contact_by=None)


class Town:
    """One scene for all guards; each scenario brings somebody new."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene.told_directory()
        self.version = 1
        self.new()

    def new(self) -> None:
        self.scene.clock.instant = NOW
        self.version += 1
        with self.scene.unit.work(actor="system:directory") as work:
            handlers.keep_organization(work, an_organization(version=self.version))
            handlers.keep_service(work, a_service(version=self.version))

    def referred(self, *entries: Any, fetched: bool = False) -> Referral:
        self.enquiry = self.scene.an_enquiry(**somebody_else())
        self.consent = self.scene.consent(self.enquiry, *entries)
        prepared = self.scene.prepared(self.enquiry)
        self.scene.clock.instant += timedelta(minutes=1)
        with self.scene.unit.work(actor="system:clock") as work:
            referrals.release(work, self.scene.keys, prepared.id)
        if fetched:
            self.scene.fetched(prepared)
        return self.scene.now(prepared.id)

    def silently(self, sql: str, *params: Any) -> None:
        """Change a row as if no command had come by yet to follow it; the last change of the person stands."""
        with self.scene.db.session() as connection:
            connection.execute(sql, params)

    def take(self, referral: Referral, organization_id: Any = None) -> Any:
        by = partner(organization_id or referral.organization_id)
        with self.scene.unit.work(actor=by.actor) as work:
            return partners.fetch_dossier(work, self.scene.keys, referral.id, by)

    def answer(self, referral: Referral, data: dict[str, Any], words: str | None) -> Any:
        self.scene.answers(referral, Action.ASK, actions.Ask(question=QuestionCode.OTHER))
        with self.scene.unit.work(actor=NAVIGATOR.actor) as work:
            return referrals.answer(
                work, self.scene.keys, NAVIGATOR, referral.id, None, question_id=None, data=data, words=words
            )


# --- scenarios: each holds in the whole, and fails where its guard is gone ------------------------------------------


def nothing_is_handed_out_on_a_withdrawn_consent(town: Town) -> None:
    referral = town.referred()
    town.silently("UPDATE consents SET withdrawn_at = %s WHERE id = %s", town.scene.clock.now(), town.consent.id)
    assert isinstance(town.take(referral), Withheld)


def nothing_is_told_on_a_withdrawn_consent(town: Town) -> None:
    referral = town.referred(fetched=True)
    town.silently("UPDATE consents SET withdrawn_at = %s WHERE id = %s", town.scene.clock.now(), town.consent.id)
    with pytest.raises(RefusedError, match="back-level"):
        town.scene.answers(referral, Action.ACCEPT, ACCEPT)


def the_clock_may_go_back(town: Town) -> None:
    referral = town.referred()
    town.scene.clock.instant += timedelta(minutes=9)
    with town.scene.unit.work(actor="test") as work:
        persons.raise_epoch(work, referral.person_id)
        work.tx.execute("UPDATE consents SET withdrawn_at = %s WHERE id = %s", (work.now, town.consent.id))
    town.scene.clock.instant -= timedelta(minutes=5)
    with town.scene.unit.work(actor="test") as work:
        persons.raise_epoch(work, referral.person_id)
    assert isinstance(town.take(referral), Withheld)


def of_the_erased_nothing_is_told(town: Town) -> None:
    referral = town.referred(fetched=True)
    with town.scene.unit.work(actor="test") as work:
        persons.erase(work, referral.person_id, "test")
    with pytest.raises(RefusedError, match="back-level"):
        town.scene.answers(referral, Action.ACCEPT, ACCEPT)


def erasing_stops_what_runs(town: Town) -> None:
    referral = town.referred(fetched=True)
    with town.scene.unit.work(actor=NAVIGATOR.actor) as work:
        enquiries.erase(work, NAVIGATOR, town.enquiry.id)
    assert town.scene.now(referral.id).status is Status.CANCELLED


def after_the_end_it_is_closed(town: Town) -> None:
    referral = town.referred(fetched=True)
    town.scene.withdraw(town.enquiry, town.consent.id)
    with pytest.raises(LotsennetzError, match=r"referral\.closed"):
        town.take(referral)


def a_stranger_gets_nothing(town: Town) -> None:
    referral = town.referred()
    with pytest.raises(LotsennetzError, match=r"referral\.unknown"):
        town.take(referral, IHK)


def narrower_terms_count_at_the_fetch(town: Town) -> None:
    """The dossier waits with her contact in it; the partner takes none any more."""
    referral = town.referred()
    terms = some_terms(categories_accepted=(DataCategory.IDENTITY,))
    with town.scene.unit.work(actor="system:directory") as work:
        handlers.keep_service(work, a_service(version=town.version + 1, terms=terms))
    town.version += 1
    town.take(referral)
    [row] = town.scene.rows("SELECT categories FROM dossiers WHERE referral_id = %s", referral.id)
    assert row["categories"] == ["IDENTITY"]


def a_new_ground_is_named_in_the_dossier(town: Town) -> None:
    referral = town.referred()
    town.silently("UPDATE dossiers SET ground = 'consent/another' WHERE referral_id = %s", referral.id)
    town.take(referral)
    [row] = town.scene.rows("SELECT ground FROM dossiers WHERE referral_id = %s", referral.id)
    assert str(town.consent.id) in row["ground"]


def a_dossier_sealed_to_an_old_key_is_sealed_anew(town: Town) -> None:
    referral = town.referred()
    town.silently("UPDATE dossiers SET key_id = 'old' WHERE referral_id = %s", referral.id)
    town.take(referral)
    [row] = town.scene.rows("SELECT key_id FROM dossiers WHERE referral_id = %s", referral.id)
    assert row["key_id"] != "old"


def what_changes_between_reading_and_writing_is_noticed(town: Town) -> None:
    referral = town.referred(fetched=True)
    by = partner(HWK)
    with pytest.raises(StaleError), town.scene.unit.work(actor=by.actor) as work:
        partners.perform(work, town.scene.keys, referral.id, by, Action.ACCEPT, ACCEPT, None)
        with town.scene.unit.work(actor="test") as other:
            persons.raise_epoch(other, referral.person_id)


def what_is_offered_follows_a_withdrawal(town: Town) -> None:
    referral = town.referred(fetched=True)
    wide = town.consent
    town.scene.consent(town.enquiry, to_hwk(BackLevel.RECEIPT))
    town.scene.withdraw(town.enquiry, wide.id)
    assert town.scene.now(referral.id).back_level is BackLevel.RECEIPT


def what_is_offered_follows_a_consent(town: Town) -> None:
    referral = town.referred(to_hwk(BackLevel.RECEIPT), fetched=True)
    town.scene.consent(town.enquiry, to_hwk(BackLevel.STATUS))
    assert town.scene.now(referral.id).back_level is BackLevel.STATUS


def nothing_leaves_within_the_undo_window(town: Town) -> None:
    enquiry = town.scene.an_enquiry(**somebody_else())
    town.scene.consent(enquiry)
    prepared = town.scene.prepared(enquiry)
    with town.scene.unit.work(actor="system:clock") as work:
        referrals.release(work, town.scene.keys, prepared.id)
    assert town.scene.now(prepared.id).status is Status.AWAITING_CONSENT


def without_an_agreement_nothing_leaves(town: Town) -> None:
    enquiry = town.scene.an_enquiry(**somebody_else())
    town.scene.consent(enquiry)
    prepared = town.scene.prepared(enquiry)
    with town.scene.unit.work(actor="system:directory") as work:
        handlers.keep_organization(work, an_organization(version=town.version + 1, agreement=None))
    town.version += 1
    town.scene.clock.instant += timedelta(minutes=1)
    with town.scene.unit.work(actor="system:clock") as work:
        referrals.release(work, town.scene.keys, prepared.id)
    assert town.scene.now(prepared.id).status is Status.AWAITING_CONSENT


def an_answer_holds_only_what_is_consented_to(town: Town) -> None:
    referral = town.referred(fetched=True)
    assert isinstance(town.answer(referral, {"health_note": "Asthma"}, None), Withheld)


def words_in_an_answer_are_free_text(town: Town) -> None:
    referral = town.referred(fetched=True)
    assert isinstance(town.answer(referral, {}, "Sie hat Asthma"), Withheld)


def a_correction_reaches_the_waiting_dossier(town: Town) -> None:
    referral = town.referred()
    [before] = town.scene.rows("SELECT sealed FROM dossiers WHERE referral_id = %s", referral.id)
    with town.scene.unit.work(actor=NAVIGATOR.actor) as work:
        enquiries.rectify(work, town.scene.keys, NAVIGATOR, town.enquiry.id, {"city": "Stolberg"})
    [after] = town.scene.rows("SELECT sealed FROM dossiers WHERE referral_id = %s", referral.id)
    assert before["sealed"] != after["sealed"]


def every_withdrawal_raises_the_epoch(town: Town) -> None:
    referral = town.referred()

    def epoch() -> int:
        return int(
            town.scene.rows("SELECT consent_epoch FROM persons WHERE id = %s", referral.person_id)[0]["consent_epoch"]
        )

    before = epoch()
    town.scene.withdraw(town.enquiry, town.consent.id)
    assert epoch() > before


def after_the_end_no_dossier_waits(town: Town) -> None:
    referral = town.referred()
    with town.scene.unit.work(actor=NAVIGATOR.actor) as work:
        referrals.cancel(work, town.scene.keys, NAVIGATOR, referral.id, None, reason=EndReason.SOLVED_ELSEWHERE)
    assert town.scene.rows("SELECT * FROM dossiers WHERE referral_id = %s", referral.id) == []


def paper_is_for_bodies_without_a_channel(town: Town) -> None:
    referral = town.referred()
    with pytest.raises(RefusedError, match="has-a-channel"), town.scene.unit.work(actor=NAVIGATOR.actor) as work:
        partners.print_dossier(work, town.scene.keys, referral.id, NAVIGATOR)


SCENARIOS: dict[str, Callable[[Town], None]] = {
    name: item
    for name, item in list(globals().items())
    if callable(item) and getattr(item, "__annotations__", {}).get("town") is Town
}

GUARDS = [
    Guard(partners.fetch_dossier, "if disclosure.allowed is None:", "if False:", "no bytes without a yes",
          "nothing_is_handed_out_on_a_withdrawn_consent"),
    Guard(partners.fetch_dossier, "if referral.status not in RUNNING:", "if False:", "closed is closed",
          "after_the_end_it_is_closed"),
    Guard(partners._current_dossier, "kept is None or not disclosing.still_fits(work, keys, kept, disclosure)",
          "kept is None", "what waits has to fit the decision of now", "narrower_terms_count_at_the_fetch"),
    Guard(disclosing.still_fits, "kept.categories == allowed.categories", "True", "the same categories",
          "narrower_terms_count_at_the_fetch"),
    Guard(disclosing.still_fits, "kept.ground == disclosure.consentref", "True", "the same ground",
          "a_new_ground_is_named_in_the_dossier"),
    Guard(disclosing.still_fits, "kept.sealed.key_id == key.kid", "True", "the key of now",
          "a_dossier_sealed_to_an_old_key_is_sealed_anew"),
    Guard(partners.print_dossier, "is not ChannelKind.NONE", "is None", "paper only where there is no channel",
          "paper_is_for_bodies_without_a_channel"),
    Guard(grounds.from_row, 'max(now, row["person_changed_at"])', "now", "what has ended has ended",
          "the_clock_may_go_back"),
    Guard(grounds.from_row, 'row["person_erased_at"] is not None', "False", "the erased consent to nothing",
          "of_the_erased_nothing_is_told"),
    Guard(persons.raise_epoch, "greatest(changed_at, %s)", "%s", "the last change never goes back",
          "the_clock_may_go_back"),
    Guard(telling.decide, "needed is None or referral.status not in RUNNING", "True", "each word is decided",
          "nothing_is_told_on_a_withdrawn_consent"),
    Guard(telling.decide, "if isinstance(answer, Refused):", "if False:", "a no is a no",
          "nothing_is_told_on_a_withdrawn_consent"),
    Guard(partners.perform, "epoch=referral.way_back.standing.epoch", "epoch=None",
          "written on the consent it was decided on",
          "what_changes_between_reading_and_writing_is_noticed"),
    Guard(cascade.follow_withdrawal, "telling.follow(work, referral.id)", "pass", "what is offered follows",
          "what_is_offered_follows_a_withdrawal"),
    Guard(cascade.reconsider, "telling.follow(work, referral.id)", "pass", "what is offered follows",
          "what_is_offered_follows_a_consent"),
    Guard(referrals.release, "or referral.release_at > work.now", "", "the undo window",
          "nothing_leaves_within_the_undo_window"),
    Guard(referrals.answer, "if not isinstance(decision, Allowed):", "if False:", "an answer is a disclosure",
          "an_answer_holds_only_what_is_consented_to"),
    Guard(referrals.answer, " | ({DataCategory.FREE_TEXT} if words else frozenset())", "", "words are free text",
          "words_in_an_answer_are_free_text"),
    Guard(enquiries.erase, "cascade.stop_all(work, whose)", "pass", "erasing stops what runs",
          "erasing_stops_what_runs"),
    Guard(withdrawing.withdraw, "persons.raise_epoch(work, consent.person_id)", "pass", "whoever discloses notices",
          "every_withdrawal_raises_the_epoch"),
    Guard(saving.save, "if after.status.is_terminal:", "if False:", "nothing waits after the end",
          "after_the_end_no_dossier_waits"),
    Guard(referral_store.visible, 'VISIBLE_TO_PARTNER + " AND requested_on IS NOT NULL", (by.organization_id,)',
          '"true", ()', "only the addressed partner",
          "a_stranger_gets_nothing"),
]  # fmt: skip
#: Always looked at; all of them in the long run.
SAMPLE = (0, 2, 7, 10, 12, 16, 17)


@pytest.fixture(scope="module")
def town(make_database: Callable[[str], Any]) -> Iterator[Town]:
    with Database(make_database("referral").app_dsn) as db:
        scene = Scene(db)
        yield Town(scene)
        scene.close()


@pytest.mark.parametrize("name", SCENARIOS)
def test_in_the_whole_house_every_scenario_holds(town: Town, name: str):
    town.new()
    SCENARIOS[name](town)


@pytest.mark.parametrize(
    "guard",
    [
        pytest.param(guard, id=str(guard), marks=[] if number in SAMPLE else [pytest.mark.long])
        for number, guard in enumerate(GUARDS)
    ],
)
def test_without_this_guard_its_scenario_fails(town: Town, guard: Guard):
    town.new()
    with without(guard), pytest.raises(BaseException):  # noqa: B017 - however it fails, it is noticed
        SCENARIOS[guard.killer](town)


def test_every_scenario_guards_something() -> None:
    named = {guard.killer for guard in GUARDS}
    assert named <= set(SCENARIOS)
