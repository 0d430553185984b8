"""What every way in has to do, written once. Where a way cannot say something, the test says that it is refused."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from lotsennetz_partner import AwayError, RefusedError

from lotse.certify.cases import Word
from lotse.certify.welcome import Case
from lotse.network import ProblemError
from tests.system.conformance.conftest import Partner, partner_by
from tests.system.conformance.ways import DUTIES, ByPull, ByQueue
from tests.system.conftest import Told
from tests.system.sandbox import OpenSandbox
from tests.waiting import eventually

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]
TODAY = datetime.now(UTC).date().isoformat()


def test_a_referral_is_received_read_taken_on_and_brought_to_an_end(partner: Partner):
    """The plain life of a referral, by each way in the gate; everything else is tried in the long run."""
    case = partner.referred()
    shown = partner.way.open(case.referral_id)
    assert f"Erfunden-{Word.HOLD}" in shown and "Testperson-" in shown

    for action, body, status in (
        ("receive", {}, "received"),
        ("accept", {}, "accepted"),
        ("start", {"first_contact_on": TODAY}, "in_progress"),
        ("complete", {"outcome": "ADVICE_GIVEN"}, "completed"),
    ):
        assert partner.way.say(case.referral_id, action, **body).result == "done", action
        assert partner.status(case) == status
    facts = partner.facts(case)
    assert "dossier_fetched" in facts, "however it is shown, showing it is a disclosure"
    assert [fact for fact in facts if fact in ("received", "accepted", "started", "completed")] == [
        "received",
        "accepted",
        "started",
        "completed",
    ]


@pytest.mark.long
def test_a_question_is_asked_and_its_answer_is_in_the_new_dossier(partner: Partner):
    case = partner.taken()
    said = partner.way.say(case.referral_id, "ask", question="LANGUAGE_LEVEL", comment="Welche noch?")
    if "ask" not in partner.way.says:
        assert said.result == "refused" and partner.status(case) == "received"
        return
    assert said.result == "done" and partner.status(case) == "clarification"
    partner.welcome.answer(case)
    partner.is_told(case, "question_answered")
    assert partner.status(case) == "received"
    assert "en" in partner.way.open(case.referral_id).lower()
    assert partner.way.say(case.referral_id, "accept").result == "done"


@pytest.mark.long
def test_a_referral_is_declined_with_a_reason(partner: Partner):
    case = partner.taken()
    assert partner.way.say(case.referral_id, "reject", reason="NOT_COMPETENT").result == "done"
    seen = partner.welcome.look(case)
    assert (seen["status"], seen["reason"]) == ("rejected", "NOT_COMPETENT")


@pytest.mark.long
def test_a_reason_nobody_knows_is_refused_and_changes_nothing(partner: Partner):
    case = partner.taken()
    assert partner.way.say(case.referral_id, "reject", reason="BECAUSE").result == "refused"
    assert partner.status(case) == "received"


@pytest.mark.long
def test_after_a_withdrawal_nothing_is_shown_and_both_duties_are_met(partner: Partner):
    case = partner.taken()
    partner.welcome.withdraw(case)
    partner.is_told(case, "referral_stopped")
    assert nothing_is_shown(partner, case.referral_id)
    assert partner.way.say(case.referral_id, "accept").result == "refused"
    assert partner.way.say(case.referral_id, "acknowledge_stop").result == "done"
    assert partner.way.say(case.referral_id, "state_deletion", deletion="deleted").result == "done"
    assert {"revoked", "stop_acknowledged", "deletion_stated"} <= set(partner.facts(case))
    assert partner.welcome.look(case)["waiting_for"] is None


def nothing_is_shown(partner: Partner, referral_id: str) -> bool:
    """Refused, or a page without a word about the person."""
    try:
        return "Testperson-" not in partner.way.open(referral_id)
    except RefusedError:
        return True


@pytest.mark.long
def test_a_request_nobody_answered_runs_out_and_a_late_answer_is_refused(partner: Partner):
    case = partner.referred()
    partner.way.open(case.referral_id)
    partner.sandbox.expire(case.referral_id)
    eventually(lambda: partner.status(case) == "expired", timeout=60, interval=0.2)
    partner.is_told(case, "referral_stopped")

    said = partner.way.say(case.referral_id, "accept")

    assert said.result == "refused" and said.slug in ("", "referral.closed")
    assert partner.status(case) == "expired" and "accepted" not in partner.facts(case)
    for duty, body in (("acknowledge_stop", {}), ("state_deletion", {"deletion": "deleted"})):
        assert partner.way.say(case.referral_id, duty, **body).result == "done"
    assert partner.facts(case).count("deletion_stated") == 1


@pytest.mark.long
def test_the_same_answer_twice_has_one_effect(partner: Partner):
    case, key = partner.taken(), str(uuid4())
    first = partner.way.say(case.referral_id, "accept", key=key)
    version = partner.welcome.look(case)["version"]
    again = partner.way.say(case.referral_id, "accept", key=key)
    assert (first.result, partner.facts(case).count("accepted")) == ("done", 1)
    assert again.result in ("done", "stale"), "the same answer, or: look, it is done"
    assert partner.welcome.look(case)["version"] == version


@pytest.mark.long
@pytest.mark.parametrize("by_queue_first", [True, False])
def test_an_answer_is_the_same_by_queue_and_by_https(
    sandbox: OpenSandbox, partners: dict[str, Partner], by_queue_first: bool
):
    """The kit is restarted the other way before it has heard the result."""
    partner = partner_by("amqp", sandbox, partners)
    queue, key = partner.way, str(uuid4())
    assert isinstance(queue, ByQueue)
    case, https = partner.taken(), ByPull(queue.client)
    for way in (queue, https) if by_queue_first else (https, queue):
        assert way.say(case.referral_id, "accept", key=key).result == "done"
    for way in (queue, https):
        other = way.say(case.referral_id, "end", key=key, reason="PERSON_MOVED")
        assert (other.result, other.slug) == ("refused", "idempotency.key-reused")
    assert partner.facts(case).count("accepted") == 1


def is_refused(partner: Partner, case: Case) -> bool:
    try:
        partner.way.open(case.referral_id)
    except (RefusedError, AwayError):
        return True
    return False


@contextmanager
def resting(lotse: Callable[..., Told], organization: str) -> Iterator[None]:
    """Whatever happens meanwhile, it takes part again afterwards: the other scenarios need it."""
    assert lotse("partner", "suspend", organization).code == 0
    try:
        yield
    finally:
        assert lotse("partner", "resume", organization).code == 0


@pytest.mark.long
def test_a_partner_that_rests_is_heard_by_no_way_and_finds_everything_when_it_is_back(
    partner: Partner, lotse: Callable[..., Told]
):
    if not partner.way.is_told:
        pytest.skip("where people write down what they were told, nobody is refused")
    organization, stopped = partner.welcome.target.organization_id, partner.taken()
    case = partner.taken()
    with resting(lotse, organization):
        eventually(lambda: is_refused(partner, case), timeout=60, interval=0.5)
        assert partner.way.say(case.referral_id, "accept").result == "refused"
        with pytest.raises(ProblemError) as refused:
            partner.welcome.refer(Word.HOLD)
        assert refused.value.problem["slug"] == "referral.partner-suspended"
        partner.welcome.cancel(stopped)

    eventually(lambda: not is_refused(partner, case), timeout=60, interval=0.5)
    assert partner.way.say(case.referral_id, "accept").result == "done"
    partner.is_told(stopped, "referral_stopped")
    assert partner.status(partner.referred()) == "requested"


@pytest.mark.long
def test_an_answer_out_of_order_is_refused_and_changes_nothing(partner: Partner):
    case = partner.taken()
    said = partner.way.say(case.referral_id, "complete", outcome="ADVICE_GIVEN")
    assert said.result == "refused" and said.slug in ("", "lifecycle.not-allowed")
    assert partner.status(case) == "received"
    for duty in sorted(DUTIES):
        body = {"deletion": "deleted"} if duty == "state_deletion" else {}
        assert partner.way.say(case.referral_id, duty, **body).result == "refused", "nothing is owed"


@pytest.mark.long
def test_an_answer_on_an_old_version_is_told_to_look_again(partner: Partner):
    if not partner.way.has_versions:
        pytest.skip("what is written down by hand is about what was told, not about a version that was seen")
    case = partner.referred()
    old = partner.welcome.look(case)["version"]
    assert partner.way.say(case.referral_id, "receive").result == "done"
    assert partner.way.say(case.referral_id, "accept", version=old).result == "stale"
    assert partner.status(case) == "received"
    assert partner.way.say(case.referral_id, "accept").result == "done"


@pytest.mark.long
def test_a_referral_of_another_partner_is_neither_shown_nor_answered(partner: Partner, stranger: Partner):
    if not partner.way.is_told:
        pytest.skip("by hand a navigator writes down, and she may see the referrals of her site")
    partner.taken()
    theirs = stranger.referred()
    with pytest.raises(RefusedError):
        partner.way.open(theirs.referral_id)
    said = partner.way.say(theirs.referral_id, "accept")
    assert said.result == "refused" and said.slug in ("", "referral.unknown")
    assert stranger.status(theirs) == "requested"


@pytest.mark.long
def test_what_a_navigator_writes_down_is_marked_by_hand_and_nothing_else_is(partner: Partner):
    case = partner.taken()
    by_hand = {
        row["by_hand"] for row in partner.welcome.look(case)["timeline"] if row["type"] == "referral.received.v1"
    }
    assert by_hand == ({None} if partner.way.is_told else {"phone"})
