"""Appointments: when they may be, which is moved and which new, which overlap, and a day as a strip."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.codes import Action, Site, Status, Way
from contracts.referral import AppointmentCancelled, AppointmentSet, ReferralAccepted, ReferralStarted
from services.chassis.errors import InvalidError
from services.referral import domain
from services.referral.domain.appointments import Appointment, Beside, Kept, beside, by_day, clashing
from services.referral.domain.day_strip import LANE_HEIGHT, strip_of
from tests.unit.referral.builders import (
    HWK,
    HWK_SERVICE,
    NAVIGATOR,
    NOON,
    PARTNER,
    SYSTEM,
    a_moment,
    a_referral,
    an_appointment,
)

EARLIER = UUID(int=0x77)


def kept(number: int = 1, starts_at: datetime = NOON, minutes: int = 60, **changes: object) -> Kept:
    one = Kept(
        id=UUID(int=number), referral_id=UUID(int=0x1), organization_id=HWK, service_id=HWK_SERVICE, sequence=0,
        changed_at=NOON, cancelled_at=None, is_void=False, what=Appointment(starts_at, minutes),
    )  # fmt: skip
    return replace(one, **changes)  # type: ignore[arg-type]


def test_whoever_takes_over_may_name_an_appointment_at_once():
    referral, facts = domain.accept(a_referral(), PARTNER, a_moment(), appointment=an_appointment())
    assert [type(fact) for fact in facts] == [ReferralAccepted, AppointmentSet]
    assert (facts[1].first, facts[1].appointment_id) == (True, referral.appointment_id)


def test_no_fact_tells_when_or_where_and_the_promise_tells_nothing_of_the_day():
    _, plain = domain.accept(a_referral(), PARTNER, a_moment())
    _, facts = domain.accept(a_referral(), PARTNER, a_moment(), appointment=an_appointment(days=3))
    assert facts[0] == plain[0]
    assert "2026-03-05" not in str(facts) and "Muster" not in str(facts)


def test_with_first_contact_the_next_appointment_may_come_along():
    _, facts = domain.start(a_referral(Status.ACCEPTED), PARTNER, a_moment(), appointment=an_appointment())
    assert [type(fact) for fact in facts] == [ReferralStarted, AppointmentSet]


def test_one_that_is_still_to_come_is_moved_and_keeps_its_number():
    referral = a_referral(Status.ACCEPTED, appointment_id=EARLIER)
    moved, [told] = domain.set_appointment(
        referral, PARTNER, a_moment(), appointment=an_appointment(days=9), former=an_appointment(days=2)
    )
    assert (moved.appointment_id, told.appointment_id, told.first) == (EARLIER, EARLIER, False)


def test_after_one_that_is_over_the_next_is_another():
    referral = a_referral(Status.ACCEPTED, appointment_id=EARLIER)
    moved, [told] = domain.set_appointment(
        referral, PARTNER, a_moment(30), appointment=an_appointment(days=40), former=an_appointment(days=2)
    )
    assert told.first and moved.appointment_id == told.appointment_id != EARLIER


@pytest.mark.parametrize(("days", "slug"), [(-1, "referral.appointment-past"), (400, "referral.appointment-late")])
def test_an_appointment_lies_ahead_and_within_a_year(days: int, slug: str):
    with pytest.raises(InvalidError) as refused:
        domain.set_appointment(a_referral(Status.ACCEPTED), PARTNER, a_moment(), appointment=an_appointment(days=days))
    assert (refused.value.slug, list(refused.value.fields)) == (slug, ["starts_at"])


def test_called_off_the_referral_goes_on():
    referral = a_referral(Status.IN_PROGRESS, appointment_id=EARLIER)
    moved, [told] = domain.cancel_appointment(referral, PARTNER, a_moment())
    assert told == AppointmentCancelled(referral_id=referral.id, organization_id=HWK, appointment_id=EARLIER)
    assert (moved.status, moved.appointment_id) == (Status.IN_PROGRESS, None)


def test_what_was_told_by_telephone_is_marked_by_hand():
    moment = a_moment()
    moved, facts = domain.record_for_partner(
        a_referral(Status.ACCEPTED), NAVIGATOR, moment, action=Action.SET_APPOINTMENT, way=Way.PHONE,
        told_on=moment.on, appointment=an_appointment(),
    )  # fmt: skip
    assert facts[-1].by_hand is Way.PHONE
    assert moved.by_hand is not None


def test_nothing_is_expected_of_her_once_a_referral_was_stopped():
    ended, _ = domain.revoke(a_referral(Status.ACCEPTED, appointment_id=EARLIER), SYSTEM, a_moment())
    assert ended.appointment_id is None


def test_two_at_the_same_hour_clash_and_one_after_the_other_do_not():
    first = kept(1)
    besides, after = kept(2, NOON + timedelta(minutes=59)), kept(3, NOON + timedelta(minutes=60))
    assert clashing([first, besides]) == {first.id, besides.id}
    assert clashing([first, after]) == frozenset()
    assert clashing([first, replace(besides, cancelled_at=NOON)]) == frozenset()
    assert clashing([first, replace(besides, is_void=True)]) == frozenset()


def test_what_overlaps_with_a_new_one_is_told_by_its_case_and_what_no_longer_stands_is_not():
    others = [
        Beside(UUID(int=number), UUID(int=9), Site.NEUSS, kept(number, NOON + timedelta(minutes=minutes), **more))
        for number, minutes, more in ((1, 59, {}), (2, 60, {}), (3, 30, {"cancelled_at": NOON}), (4, -30, {}))
    ]
    assert [one.kept.id.int for one in beside(Appointment(NOON, 60), others)] == [1, 4]


def test_another_room_at_the_same_time_is_the_same_time():
    one = Appointment(NOON, 60, "Zimmer 1")
    assert one.is_at_the_time_of(Appointment(NOON, 60, "Zimmer 2"))
    assert not one.is_at_the_time_of(Appointment(NOON, 45))


def test_a_day_is_the_day_of_the_place():
    late = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)  # half past midnight in Aachen
    assert [day for day, _ in by_day([kept(1, late), kept(2)])] == [date(2026, 3, 2), date(2026, 3, 3)]


def test_the_strip_grows_with_what_lies_early_or_late():
    usual, wide = strip_of([kept()]), strip_of([kept(), kept(2, NOON - timedelta(hours=6)), kept(3, NOON, 600)])
    assert [hour for hour, _ in usual.ticks] == [8, 10, 12, 14, 16, 18]
    assert [hour for hour, _ in wide.ticks] == [6, 8, 10, 12, 14, 16, 18, 20, 22]


spans = st.lists(st.tuples(st.integers(0, 23 * 60), st.integers(5, 720)), min_size=1, max_size=8)


@given(spans)
def test_no_two_bars_ever_cover_each_other_and_those_that_clash_are_marked(found: list[tuple[int, int]]):
    midnight = datetime(2026, 3, 1, 23, tzinfo=UTC)
    ones = [kept(number, midnight + timedelta(minutes=start), long) for number, (start, long) in enumerate(found, 1)]
    strip = strip_of(ones)
    clashes = clashing(ones)
    assert {bar.id for bar in strip.bars if bar.clashes} == clashes
    for lane in {bar.y for bar in strip.bars}:
        in_lane = sorted((bar for bar in strip.bars if bar.y == lane), key=lambda bar: bar.x)
        assert all(one.x + one.width <= other.x + 4 for one, other in pairwise(in_lane))
        assert lane % LANE_HEIGHT == 0
    assert all(bar.x >= 0 and bar.x + bar.width <= strip.width + 4 for bar in strip.bars)
