"""A partner's word against the consent as it stands: what is told, what is refused, and that a no leaves nothing."""

import json
from datetime import timedelta
from typing import Any

import pytest

from contracts.codes import (
    Action,
    BackLevel,
    Deletion,
    EndReason,
    GroundKind,
    Outcome,
    Party,
    QuestionCode,
    RefusalReason,
    RejectionReason,
    Status,
    Way,
)
from contracts.fields import SealedText
from contracts.partner import actions
from contracts.referral import BackLevelChanged, CommandRefused, DisclosureDecided, ReferralAccepted
from services.chassis.errors import InvalidError, RefusedError, StaleError
from services.referral import handlers
from services.referral.commands import enquiries, partners, referrals
from services.referral.domain.by_hand import WITH_WORDS
from services.referral.domain.lifecycle import BY_HAND, OWED
from services.referral.domain.referral import Referral
from services.referral.store import persons
from services.referral.web.forms import record_form, seal_words
from tests.integration.referral.scene import (
    NAVIGATOR,
    NOW,
    Scene,
    a_service,
    partner,
    some_terms,
    to_hwk,
    to_ihk,
)

NONE, RECEIPT, STATUS, OUTCOME = BackLevel
ACCEPT = actions.Accept(contact_by=None)


def back_decisions(scene: Scene) -> list[DisclosureDecided]:
    return [one for one in scene.said(DisclosureDecided) if one.point == "back_channel"]


def consented(scene: Scene, *entries: Any, fetch: bool = True, **changes: Any) -> tuple[Any, Any, Referral]:
    """Somebody with a consent and a referral that has left: her enquiry, the consent, the referral."""
    scene.told_directory()
    enquiry = scene.an_enquiry()
    consent = scene.consent(enquiry, *entries, **changes)
    prepared = scene.prepared(enquiry)
    scene.clock.instant += timedelta(seconds=31)
    scene.tick()
    referral = scene.now(prepared.id)
    if fetch:
        scene.fetched(referral)
    return enquiry, consent, scene.now(referral.id)


def test_every_word_of_a_partner_is_a_decision_on_a_ground_and_version(scene: Scene):
    _, consent, referral = consented(scene)
    scene.answers(referral, Action.ACCEPT, ACCEPT)
    [decided] = back_decisions(scene)
    assert (decided.allowed, decided.ground, decided.ground_id, decided.ground_version) == (
        True,
        GroundKind.CONSENT,
        consent.id,
        1,
    )
    assert (decided.categories, decided.back_level, decided.refusal) == ((), OUTCOME, None)
    [kept] = scene.rows("SELECT * FROM decisions WHERE point = 'back_channel'")
    assert (kept["id"], kept["allowed"], kept["back_level"], kept["disclosed"]) == (
        decided.decision_id,
        True,
        "outcome",
        False,
    )


def test_what_a_partner_owes_and_what_comes_after_the_end_is_no_question_of_consent(scene: Scene):
    enquiry, consent, referral = consented(scene)
    scene.withdraw(enquiry, consent.id)
    scene.answers(referral, Action.ACKNOWLEDGE_STOP, actions.AcknowledgeStop())
    with pytest.raises(RefusedError, match="closed"):
        scene.answers(referral, Action.ACCEPT, ACCEPT)
    assert back_decisions(scene) == []
    [refused] = scene.said(CommandRefused)
    assert (refused.slug, refused.action) == ("referral.closed", None)


def narrower(scene: Scene, enquiry: Any, consent: Any) -> None:
    """She withdraws and consents anew to less; the work goes on, on the second."""
    scene.consent(enquiry, to_hwk(RECEIPT))
    scene.withdraw(enquiry, consent.id)


def lower_terms(scene: Scene, *_: Any) -> None:
    with scene.unit.work(actor="system:directory") as work:
        handlers.keep_service(work, a_service(version=2, terms=some_terms(back_level=RECEIPT)))


@pytest.mark.parametrize("narrow", [narrower, lower_terms])
def test_a_narrower_level_counts_at_once_and_is_told(scene: Scene, narrow: Any):
    enquiry, consent, referral = consented(scene)
    narrow(scene, enquiry, consent)

    now = scene.now(referral.id)
    assert (now.status, now.back_level) == (Status.REQUESTED, RECEIPT)
    assert now.allowed_to(Party.PARTNER) == (Action.RECEIVE,)
    [changed] = scene.said(BackLevelChanged)
    assert (changed.previous, changed.back_level) == (OUTCOME, RECEIPT)
    with pytest.raises(RefusedError, match="back-level"):
        scene.answers(now, Action.ACCEPT, ACCEPT)
    assert scene.answers(now, Action.RECEIVE, actions.Receive()).status is Status.RECEIVED


def test_a_wider_consent_lets_more_back(scene: Scene):
    enquiry, _, referral = consented(scene, to_hwk(RECEIPT))
    scene.consent(enquiry, to_hwk(STATUS))
    assert scene.now(referral.id).back_level is STATUS
    assert scene.answers(referral, Action.ACCEPT, ACCEPT).status is Status.ACCEPTED


def test_a_level_that_begins_on_a_later_day_is_found_when_the_partner_speaks(scene: Scene):
    enquiry, _, referral = consented(scene, to_hwk(RECEIPT))
    scene.consent(enquiry, to_hwk(STATUS), valid_from=NOW.date() + timedelta(days=1))
    with pytest.raises(RefusedError, match="back-level"):
        scene.answers(referral, Action.ACCEPT, ACCEPT)
    scene.clock.instant += timedelta(days=1)
    assert scene.answers(referral, Action.ACCEPT, ACCEPT).back_level is STATUS
    assert [one.back_level for one in scene.said(BackLevelChanged)] == [STATUS]


def test_a_consent_that_runs_out_after_the_fetch_lets_the_work_go_on_at_its_level(scene: Scene):
    _, _, referral = consented(scene, to_hwk(STATUS), valid_until=NOW.date() + timedelta(days=2))
    scene.days_pass(5)
    accepted = scene.answers(referral, Action.ACCEPT, ACCEPT)
    assert (accepted.status, accepted.back_level) == (Status.ACCEPTED, STATUS)
    scene.answers(referral, Action.START, actions.Start(first_contact_on=scene.clock.today()))
    with pytest.raises(RefusedError, match="back-level"):
        scene.answers(referral, Action.COMPLETE, actions.Complete(outcome=Outcome.GOAL_REACHED))


def test_what_holds_on_counts_once_the_wider_one_has_run_out(scene: Scene):
    enquiry, _, referral = consented(scene, valid_until=NOW.date() + timedelta(days=2))
    scene.consent(enquiry, to_hwk(RECEIPT))
    assert scene.now(referral.id).back_level is OUTCOME
    scene.days_pass(3)
    assert scene.now(referral.id).back_level is RECEIPT


def test_before_the_fetch_a_consent_that_ran_out_lets_nothing_back(scene: Scene):
    _, _, referral = consented(scene, fetch=False, valid_until=NOW.date())
    scene.clock.instant += timedelta(days=1)  # the clock has not come by yet
    with pytest.raises(RefusedError, match="back-level"):
        scene.answers(referral, Action.RECEIVE, actions.Receive())
    [decided] = back_decisions(scene)
    assert (decided.allowed, decided.refusal) == (False, RefusalReason.EXPIRED)


def test_once_she_is_erased_nothing_comes_back(scene: Scene):
    enquiry, _, referral = consented(scene)
    with scene.unit.work(actor=NAVIGATOR.actor) as work:
        persons.raise_epoch(work, enquiry.person_id)
        persons.erase(work, enquiry.person_id, "test")  # without the cascade that ends her referrals
    with pytest.raises(RefusedError, match="back-level"):
        scene.answers(referral, Action.ACCEPT, ACCEPT)


@pytest.mark.parametrize("outcome", [Outcome.GOAL_REACHED, Outcome.HANDED_OVER_NO_FEEDBACK])
def test_the_end_of_the_work_says_no_more_than_the_level_not_even_in_words(scene: Scene, outcome: Outcome):
    _, _, referral = consented(scene, to_hwk(STATUS))
    scene.answers(referral, Action.ACCEPT, ACCEPT)
    scene.answers(referral, Action.START, actions.Start(first_contact_on=scene.clock.today()))
    words: dict[str, Any] = {}
    if outcome is Outcome.HANDED_OVER_NO_FEEDBACK:
        words["sealed_comment"] = SealedText(seal_words("Sie hat bestanden", scene.keys.own))
    with pytest.raises(RefusedError, match="back-level"):
        scene.answers(referral, Action.COMPLETE, actions.Complete(outcome=outcome, **words))
    if words:
        done = scene.answers(referral, Action.COMPLETE, actions.Complete(outcome=outcome))
        assert done.status is Status.COMPLETED


def everything_kept(scene: Scene) -> str:
    """All rows of all tables and all letters, as text."""
    tables = scene.rows(
        "SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
    )
    rows = [scene.rows(f"SELECT t::text AS line FROM {table['name']} t") for table in tables]
    bodies = [bytes(row["body"]).decode() for row in scene.rows("SELECT body FROM outbox")]
    return json.dumps([[row["line"] for row in found] for found in rows]) + "\n".join(bodies)


@pytest.mark.parametrize(
    ("action", "body"),
    [
        (Action.REJECT, actions.Reject(reason=RejectionReason.ALREADY_CARED_FOR)),
        (Action.WAITLIST, actions.Waitlist(estimated_on=NOW.date() + timedelta(days=77))),
        (Action.ASK, actions.Ask(question=QuestionCode.QUALIFICATION_DETAILS)),
    ],
)
def test_of_a_refused_word_nothing_is_kept_but_that_it_was_refused(scene: Scene, action: Action, body: Any):
    """Neither the action nor its reason nor the level it would have needed (§ 35 SGB I)."""
    enquiry, consent, referral = consented(scene)
    narrower(scene, enquiry, consent)
    before = everything_kept(scene)

    with pytest.raises(RefusedError):
        scene.answers(referral, action, body)

    after = everything_kept(scene)
    for told in (f'"{action}"', "ALREADY_CARED_FOR", "QUALIFICATION_DETAILS", "2027-02-08"):
        assert after.count(told) == before.count(told)
    [refused] = scene.said(CommandRefused)
    [decided] = [one for one in back_decisions(scene) if not one.allowed]
    assert (refused.slug, refused.action) == ("consent.back-level", None)
    assert (decided.refusal, decided.back_level, decided.ground, decided.categories) == (
        RefusalReason.BACK_LEVEL_NOT_COVERED,
        None,
        None,
        (),
    )
    [row] = scene.rows("SELECT d::text AS line FROM decisions d WHERE NOT allowed")
    assert not [level for level in BackLevel if f",{level}," in row["line"]]


def test_what_a_navigator_writes_down_for_a_partner_is_decided_the_same_way(scene: Scene):
    enquiry, consent, referral = consented(scene)

    def telephoned(action: Action, **details: Any) -> Referral:
        with scene.unit.work(actor=NAVIGATOR.actor) as work:
            return referrals.record_for_partner(
                work,
                scene.keys,
                NAVIGATOR,
                referral.id,
                None,
                action=action,
                way=Way.PHONE,
                told_on=scene.clock.today(),
                **details,
            )

    assert telephoned(Action.RECEIVE).status is Status.RECEIVED
    narrower(scene, enquiry, consent)
    with pytest.raises(RefusedError, match="back-level"):
        telephoned(Action.ACCEPT)
    assert [one.allowed for one in back_decisions(scene)] == [True, False]
    assert len(scene.rows("SELECT * FROM hand_records")) == 1


def test_words_of_a_navigator_about_how_it_ended_need_the_outcome_too(scene: Scene):
    _, _, referral = consented(scene, to_hwk(STATUS))
    scene.answers(referral, Action.ACCEPT, ACCEPT)
    scene.answers(referral, Action.START, actions.Start(first_contact_on=scene.clock.today()))
    with pytest.raises(RefusedError, match="back-level"), scene.unit.work(actor=NAVIGATOR.actor) as work:
        referrals.record_for_partner(
            work,
            scene.keys,
            NAVIGATOR,
            referral.id,
            None,
            action=Action.COMPLETE,
            way=Way.PHONE,
            told_on=scene.clock.today(),
            comment="Sie hat bestanden",
        )
    assert scene.rows("SELECT * FROM comments") == []


WORDS = "Sie bekommt Leistungen nach dem SGB II"
TOLD_BY_HAND: dict[Action, dict[str, Any]] = {
    Action.REJECT: {"reason": RejectionReason.OTHER, "has_comment": True},
    Action.START: {"first_contact_on": NOW.date()},
    Action.COMPLETE: {"outcome": Outcome.HANDED_OVER_NO_FEEDBACK},
    Action.END: {"reason": EndReason.OTHER, "has_comment": True},
    Action.STATE_DELETION: {"deletion": Deletion.DELETED},
}


@pytest.mark.parametrize("action", sorted(BY_HAND))
def test_below_the_status_no_words_of_a_partners_come_back_by_hand(scene: Scene, action: Action):
    """Neither with what is due anyhow nor with a receipt: what a body of § 35 SGB I could not send stays out."""
    enquiry, _, referral = consented(scene, to_hwk(RECEIPT))
    with scene.unit.work(actor=NAVIGATOR.actor) as work:
        if action is Action.ACKNOWLEDGE_RECTIFICATION:
            enquiries.rectify(work, scene.keys, NAVIGATOR, enquiry.id, {"email": "neu@example.org"})
        elif action in OWED:
            referrals.cancel(work, scene.keys, NAVIGATOR, referral.id, None, reason=EndReason.MISTAKE)
    with pytest.raises((InvalidError, RefusedError)) as refused, scene.unit.work(actor=NAVIGATOR.actor) as work:
        referrals.record_for_partner(
            work,
            scene.keys,
            NAVIGATOR,
            referral.id,
            None,
            action=action,
            way=Way.PHONE,
            told_on=scene.clock.today(),
            comment=WORDS,
            **TOLD_BY_HAND.get(action, {}),
        )
    if action not in WITH_WORDS:
        assert (refused.type, refused.value.fields) == (InvalidError, {"comment": "no-detail-of-this-action"})
    assert scene.rows("SELECT * FROM comments") == []
    assert scene.rows("SELECT * FROM hand_records") == []


@pytest.mark.parametrize("action", sorted(BY_HAND))
def test_the_page_asks_for_words_exactly_where_a_partner_could_send_them(action: Action):
    assert ("comment" in {one.name for one in record_form(action).fields}) == (action in WITH_WORDS)


def test_a_consent_that_names_another_body_changes_nothing_here(scene: Scene):
    enquiry, _, referral = consented(scene)
    other = scene.consent(enquiry, to_ihk(RECEIPT))
    scene.withdraw(enquiry, other.id)
    assert scene.now(referral.id).back_level is OUTCOME
    assert scene.said(BackLevelChanged) == []


def test_a_withdrawal_between_reading_and_writing_makes_the_partner_look_again(scene: Scene):
    """Another consent carries on, so the referral keeps its version; the epoch alone tells that something changed."""
    enquiry, consent, referral = consented(scene)
    scene.consent(enquiry, to_hwk())
    by = partner(referral.organization_id)
    version = scene.now(referral.id).version
    with pytest.raises(StaleError), scene.unit.work(actor=by.actor) as work:
        partners.perform(work, scene.keys, referral.id, by, Action.ACCEPT, ACCEPT, version)
        scene.withdraw(enquiry, consent.id)
    assert scene.said(ReferralAccepted) == []
    assert scene.now(referral.id).status is Status.REQUESTED
