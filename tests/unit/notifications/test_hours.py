"""Quiet hours: over midnight, through the night an hour is lost or won, and as people write them."""

from datetime import UTC, datetime, time

import pytest

from services.chassis.errors import InvalidError
from services.notifications.domain.hours import QuietHours, read

NIGHT = QuietHours(time(19), time(7))


@pytest.mark.parametrize(
    ("hours", "moment", "over"),
    [
        (NIGHT, "2026-11-23T09:00", "2026-11-23T09:00"),
        (NIGHT, "2026-11-23T17:59", "2026-11-23T17:59"),
        (NIGHT, "2026-11-23T18:00", "2026-11-24T06:00"),  # 19:00 in winter
        (NIGHT, "2026-11-24T05:59", "2026-11-24T06:00"),
        (NIGHT, "2026-11-24T06:00", "2026-11-24T06:00"),
        (NIGHT, "2026-07-01T17:00", "2026-07-02T05:00"),  # 19:00 in summer
        (NIGHT, "2026-10-24T20:00", "2026-10-25T06:00"),  # the night that has an hour more
        (NIGHT, "2026-03-28T20:00", "2026-03-29T05:00"),  # the night that has an hour less
        (QuietHours(time(12), time(14)), "2026-11-23T11:30", "2026-11-23T13:00"),
    ],
)
def test_what_falls_into_the_quiet_waits_for_its_end(hours: QuietHours, moment: str, over: str) -> None:
    assert hours.over(datetime.fromisoformat(moment).replace(tzinfo=UTC)) == datetime.fromisoformat(over).replace(
        tzinfo=UTC
    )


def test_they_are_read_as_people_write_them() -> None:
    assert read("19:00", "07:00") == NIGHT
    assert read("", None) is None


@pytest.mark.parametrize(
    ("begins", "ends", "wrong"),
    [
        ("19:00", "", {"ends"}),
        ("", "07:00", {"begins"}),
        ("late", "soon", {"begins", "ends"}),
        ("7:5", "07:00", {"begins"}),
        ("07:00", "07:00", {"ends"}),
    ],
)
def test_half_of_them_is_none(begins: str, ends: str, wrong: set[str]) -> None:
    with pytest.raises(InvalidError) as refused:
        read(begins, ends)
    assert set(refused.value.fields) == wrong
