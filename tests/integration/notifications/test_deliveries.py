"""From an event of referral to a delivery, and what moves it on."""

import json
from datetime import date
from uuid import UUID, uuid4

import pytest

from contracts import envelope
from contracts import referral as said
from contracts.codes import ChannelKind, Deletion, Duty, DutyCause, EndReason, GroundKind, NoticeKind, Status, Way
from contracts.partner.messages import Notice
from services.chassis.errors import InvalidError, NotFoundError, RefusedError
from services.notifications import commands, store
from services.notifications.commands import Attempt
from services.notifications.domain.ladder import Ladder
from tests.integration.notifications.conftest import NOW, Notifications, requested


def test_a_request_goes_to_the_partners_queue_in_the_same_transaction(notifications: Notifications) -> None:
    partner = notifications.an_organization(ChannelKind.AMQP)
    referral = notifications.a_request(partner)
    (letter,) = [row for row in notifications.outbox() if row["exchange"] == "partners"]
    assert letter["routing_key"] == str(partner)
    told = envelope.read(letter["body"])
    assert told.data == Notice(
        referral_id=referral,
        reference="R-26-4F7KQ",  # type: ignore[arg-type]
        organization_id=partner,
        kind=NoticeKind.REFERRAL_REQUESTED,
        status=Status.REQUESTED,
        link=f"http://127.0.0.1:8100/partner/v1/referrals/{referral}",  # type: ignore[arg-type]
    )
    assert notifications.states(referral) == ["sent"]
    assert notifications.said() == ["notifications.notice_sent.v1"]


def test_a_notice_holds_nothing_but_ids_codes_number_and_link(notifications: Notifications) -> None:
    partner = notifications.an_organization(ChannelKind.AMQP)
    notifications.a_request(partner)
    (letter,) = [row for row in notifications.outbox() if row["exchange"] == "partners"]
    data = json.loads(letter["body"])["data"]
    assert set(data) == {"referral_id", "reference", "organization_id", "kind", "status", "link"}


def test_an_event_heard_twice_is_told_once(notifications: Notifications) -> None:
    partner, referral, event_id = notifications.an_organization(ChannelKind.PULL), uuid4(), uuid4()
    for _ in range(2):
        notifications.hear(requested(referral, partner), event_id)
    assert notifications.states(referral) == ["sent"]


def test_an_organization_not_yet_heard_of_is_waited_for(notifications: Notifications) -> None:
    with pytest.raises(NotFoundError, match=r"organization\.unknown"):
        notifications.a_request(uuid4())


def test_an_older_listing_does_not_take_the_channel_back(notifications: Notifications) -> None:
    partner = notifications.an_organization(ChannelKind.PULL)
    with notifications.unit.work(actor="system:test") as work:
        work.tx.execute("UPDATE organizations SET version = 5 WHERE organization_id = %s", (partner,))
    with notifications.db.read() as connection:
        before = connection.execute("SELECT channel, version FROM organizations").fetchone()
    assert before == {"channel": "pull", "version": 5}


def test_who_has_no_channel_gets_a_notice_in_the_feed_and_no_delivery(notifications: Notifications) -> None:
    partner = notifications.an_organization(ChannelKind.NONE)
    assert notifications.deliveries(notifications.a_request(partner)) == []


def test_the_partners_own_deed_is_the_receipt(notifications: Notifications) -> None:
    partner = notifications.an_organization(ChannelKind.AMQP)
    referral = notifications.a_request(partner)
    notifications.hear(said.ReferralReceived(referral_id=referral, organization_id=partner))
    assert notifications.states(referral) == ["confirmed"]
    assert notifications.said()[-1] == "notifications.notice_confirmed.v1"


def test_fetching_the_dossier_is_a_receipt_too_but_printing_it_is_not(notifications: Notifications) -> None:
    partner = notifications.an_organization(ChannelKind.PULL)
    referral = notifications.a_request(partner)
    for printed, expected in ((True, "sent"), (False, "confirmed")):
        notifications.hear(
            said.DossierFetched(
                referral_id=referral,
                organization_id=partner,
                person_id=None,
                decision_id=uuid4(),
                categories=(),
                ground=GroundKind.CONSENT,
                ground_id=None,
                ground_version=None,
                first=True,
                printed=printed,
            )
        )
        assert notifications.states(referral) == [expected]


def test_what_is_recorded_by_hand_is_no_receipt_and_is_shown_to_the_partner(notifications: Notifications) -> None:
    partner = notifications.an_organization(ChannelKind.PULL)
    referral = notifications.a_request(partner)
    notifications.hear(said.ReferralReceived(referral_id=referral, organization_id=partner, by_hand=Way.PHONE))
    assert notifications.states(referral) == ["sent", "sent"]
    assert [row["kind"] for row in notifications.deliveries(referral)] == ["referral_requested", "recorded_by_hand"]


def test_a_referral_revoked_before_the_notice_left_is_withdrawn_and_nobody_is_told(
    notifications: Notifications,
) -> None:
    partner = notifications.an_organization(ChannelKind.LIGHT, mailbox="jobcenter@behoerde.example")
    referral = notifications.a_request(partner)
    notifications.hear(said.ReferralRevoked(referral_id=referral, organization_id=partner, previous=Status.REQUESTED))
    assert notifications.states(referral) == ["withdrawn"]
    assert notifications.said() == ["notifications.notice_withdrawn.v1"]
    assert notifications.dispatch() == 0


def test_a_referral_revoked_after_the_notice_left_is_told_as_stopped(notifications: Notifications) -> None:
    partner = notifications.an_organization(ChannelKind.PULL)
    referral = notifications.a_request(partner)
    notifications.hear(said.ReferralRevoked(referral_id=referral, organization_id=partner, previous=Status.RECEIVED))
    assert [row["kind"] for row in notifications.deliveries(referral)] == ["referral_requested", "referral_stopped"]


def test_a_notice_that_is_leaving_at_this_moment_counts_as_left(notifications: Notifications) -> None:
    partner = notifications.an_organization(ChannelKind.LIGHT, mailbox="jobcenter@behoerde.example")
    referral = notifications.a_request(partner)
    with notifications.db.transaction() as tx:
        tx.execute("UPDATE deliveries SET claimed_until = %s, attempt = 1", (NOW.replace(hour=10),))
    notifications.hear(
        said.ReferralCancelled(
            referral_id=referral, organization_id=partner, reason=EndReason.MISTAKE, previous=Status.REQUESTED
        )
    )
    assert notifications.states(referral) == ["pending", "pending"]


def test_a_draft_thrown_away_is_nobodys_business(notifications: Notifications) -> None:
    partner, referral = notifications.an_organization(ChannelKind.PULL), uuid4()
    notifications.hear(
        said.ReferralCancelled(
            referral_id=referral, organization_id=partner, reason=EndReason.MISTAKE, previous=Status.DRAFT
        )
    )
    assert notifications.deliveries(referral) == []


def test_acknowledging_the_feed_confirms_pull_deliveries_up_to_the_cursor(notifications: Notifications) -> None:
    partner = notifications.an_organization(ChannelKind.PULL)
    first, second = notifications.a_request(partner), notifications.a_request(partner)
    with notifications.db.read() as connection:
        row = connection.execute("SELECT position FROM notices WHERE referral_id = %s", (first,)).fetchone()
    assert row is not None
    for expected in (1, 0):
        with notifications.unit.work(actor=f"partner:{partner}") as work:
            assert commands.acknowledge_feed(work, partner, row["position"]) == expected
    assert (notifications.states(first), notifications.states(second)) == (["confirmed"], ["sent"])


def test_a_cursor_from_the_future_is_refused(notifications: Notifications) -> None:
    partner = notifications.an_organization(ChannelKind.PULL)
    with pytest.raises(InvalidError, match=r"feed\.cursor-ahead"), notifications.unit.work(actor="partner:x") as work:
        commands.acknowledge_feed(work, partner, 99)


def test_nobody_waits_behind_a_cursor_that_was_never_given_out(notifications: Notifications) -> None:
    """Another network's, or from before a restore: empty pages would say that there is nothing new, for ever."""
    partner = notifications.an_organization(ChannelKind.PULL)
    notifications.a_request(partner)
    with notifications.db.read() as connection:
        last = store.last_position(connection, partner)
    commands.refuse_cursor_ahead(notifications.unit, partner, last)
    commands.refuse_cursor_ahead(notifications.unit, uuid4(), 0)
    with pytest.raises(InvalidError, match=r"feed\.cursor-ahead"):
        commands.refuse_cursor_ahead(notifications.unit, partner, last + 1)


def test_what_was_acknowledged_is_known_also_when_the_notices_are_gone(notifications: Notifications) -> None:
    partner = notifications.an_organization(ChannelKind.PULL)
    with notifications.db.transaction() as tx:
        store.acknowledge(tx, partner, 12, notifications.clock.now())
    commands.refuse_cursor_ahead(notifications.unit, partner, 12)


def test_only_what_is_parked_can_be_replayed(notifications: Notifications) -> None:
    partner = notifications.an_organization(ChannelKind.PULL)
    (delivery,) = notifications.deliveries(notifications.a_request(partner))
    with pytest.raises(RefusedError, match=r"delivery\.not-allowed"), notifications.unit.work(actor="staff:op") as work:
        commands.replay(work, delivery["delivery_id"])
    with pytest.raises(NotFoundError), notifications.unit.work(actor="staff:op") as work:
        commands.replay(work, uuid4())


# --- the partner is quicker than our record of the attempt ----------------------------------------------------------


def a_claimed_delivery(notifications: Notifications) -> tuple[UUID, UUID, UUID]:
    partner = notifications.an_organization(ChannelKind.LIGHT, mailbox="jobcenter@behoerde.example")
    referral = notifications.a_request(partner)
    (delivery,) = notifications.dispatcher()._claim(5)
    return partner, referral, delivery.delivery_id


@pytest.mark.parametrize("cause", [None, "timeout"])
def test_a_receipt_during_the_attempt_stands_whatever_the_attempt_says(
    notifications: Notifications, cause: str | None
) -> None:
    partner, referral, delivery_id = a_claimed_delivery(notifications)
    notifications.hear(said.ReferralReceived(referral_id=referral, organization_id=partner))
    with notifications.unit.work(actor="system:dispatcher") as work:
        attempt = Attempt(NOW, 12, cause=cause)
        led_to = commands.record_attempt(work, delivery_id, NoticeKind.REFERRAL_REQUESTED, attempt, Ladder())
    assert led_to is commands.Consequence.NONE
    assert notifications.states(referral) == ["confirmed"]
    assert len(notifications.deliveries(referral)[0]["attempts"]) == 1


def test_an_attempt_on_nothing_is_refused(notifications: Notifications) -> None:
    with pytest.raises(NotFoundError), notifications.unit.work(actor="system:dispatcher") as work:
        commands.record_attempt(work, uuid4(), NoticeKind.TEST, Attempt(NOW, 1), Ladder())


def test_duties_are_told_and_their_fulfilment_is_the_receipt(notifications: Notifications) -> None:
    partner = notifications.an_organization(ChannelKind.AMQP)
    referral = notifications.a_request(partner)
    notifications.hear(
        said.DutyOpened(
            referral_id=referral,
            organization_id=partner,
            duty_id=uuid4(),
            duty=Duty.STATE_DELETION,
            cause=DutyCause.WITHDRAWAL,
            category=None,
            due_on=date(2026, 12, 7),
        )
    )
    assert notifications.states(referral) == ["sent", "sent"]
    notifications.hear(
        said.DeletionStated(referral_id=referral, organization_id=partner, deletion=Deletion.DELETED, ground=None)
    )
    assert notifications.states(referral) == ["confirmed", "confirmed"]
