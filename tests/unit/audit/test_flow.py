"""The way of a message is drawn from what its entry says and from who hears whom."""

from hypothesis import given
from hypothesis import strategies as st

from services.audit.domain.flow import Arrow, Lane, arrows, lanes

REFERRAL, NOTIFICATIONS = "/lotsennetz/referral", "/lotsennetz/notifications"


def test_what_staff_did_comes_from_them_and_is_heard():
    assert arrows(REFERRAL, "referral.requested.v1", "staff:7") == (
        Arrow(Lane.STAFF, Lane.REFERRAL),
        Arrow(Lane.REFERRAL, Lane.NOTIFICATIONS),
    )


def test_what_the_person_did_herself_comes_from_her():
    assert arrows(REFERRAL, "referral.consent_given.v1", "person:self")[0] == Arrow(Lane.PERSON, Lane.REFERRAL)


def test_what_a_partner_s_system_said_comes_from_it():
    assert arrows(REFERRAL, "referral.accepted.v1", "partner:9")[0] == Arrow(Lane.PARTNER, Lane.REFERRAL)


def test_a_notice_goes_out_and_its_receipt_comes_back():
    assert arrows(NOTIFICATIONS, "notifications.notice_sent.v1", "system:x") == (
        Arrow(Lane.NOTIFICATIONS, Lane.PARTNER),
    )
    assert arrows(NOTIFICATIONS, "notifications.notice_confirmed.v1", "system:x") == (
        Arrow(Lane.PARTNER, Lane.NOTIFICATIONS),
    )


def test_what_nobody_asked_for_and_nobody_hears_stays_where_it_happened():
    assert arrows("/lotsennetz/audit", "audit.viewed.v1", None) == (Arrow(Lane.AUDIT, Lane.AUDIT),)


@given(st.lists(st.sampled_from(["directory", "referral", "notifications", "audit"])))
def test_lanes_stand_in_their_order_and_none_is_empty(services):
    ways = [arrows(f"/lotsennetz/{one}", "x.y.v1", None) for one in services]
    found = lanes(ways)
    assert list(found) == [lane for lane in Lane if lane in found]
    assert set(found) == {lane for way in ways for arrow in way for lane in (arrow.sender, arrow.receiver)}
