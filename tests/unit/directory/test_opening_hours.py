"""Opening hours as a calendar, read back by a library that shares nothing with the writer."""

from datetime import UTC, datetime, time
from typing import Any

import icalendar
import pytest
from dateutil.rrule import rrulestr

from contracts.identity import id_of
from services.directory.domain.opening_hours import calendar

SERVICE = str(id_of("service", "a-recognition"))
MORNING = {"freq": "WEEKLY", "byday": "MO,TH", "opens_at": "08:30", "closes_at": "12:00"}
CHANGED = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def events(*schedules: dict[str, Any], name: str = "Anerkennung", place: str | None = None) -> list[Any]:
    text = calendar(SERVICE, name, [(place, {"id": SERVICE, "schedules": list(schedules)})], CHANGED)
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    found = icalendar.Calendar.from_ical(text)
    assert not found.errors
    return list(found.walk("VEVENT"))


def test_a_week_s_hours_recur_on_their_days_in_local_time() -> None:
    [event] = events({**MORNING, "valid_from": "2026-11-24", "valid_to": "2026-12-31"}, place="Markt 1, 52062 Aachen")
    start = event["DTSTART"].dt
    assert (start.isoformat(), str(start.tzinfo)) == ("2026-11-26T08:30:00+01:00", "Europe/Berlin")
    assert event["DTEND"].dt.time() == time(12)
    days = list(rrulestr(event["RRULE"].to_ical().decode(), dtstart=start))
    assert {day.weekday() for day in days} == {0, 3}
    assert days[-1].date().isoformat() == "2026-12-31"
    assert event["LOCATION"] == "Markt 1, 52062 Aachen"


def test_the_first_friday_of_a_month_is_one() -> None:
    [event] = events({"byday": "1FR", "opens_at": "14:00", "closes_at": "16:00", "dtstart": "2026-12-01", "count": 3})
    days = list(rrulestr(event["RRULE"].to_ical().decode(), dtstart=event["DTSTART"].dt))
    assert [day.date().isoformat() for day in days] == ["2026-12-04", "2027-01-01", "2027-02-05"]


def test_a_single_day_does_not_recur() -> None:
    [event] = events({"dtstart": "2026-12-01", "opens_at": "09:00", "closes_at": "10:00"})
    assert "RRULE" not in event


@pytest.mark.parametrize(
    "schedule", [{"description": "nach Vereinbarung"}, {"opens_at": "09:00", "closes_at": "10:00"}]
)
def test_what_says_no_time_is_no_event(schedule: dict[str, Any]) -> None:
    assert events(schedule) == []


@pytest.mark.parametrize("name", ["Beratung; Hilfe, mehr\\\nEND:VCALENDAR", "ä" * 200, "مساعدة " * 30])
def test_no_text_ends_a_line_or_is_cut_in_two(name: str) -> None:
    [event] = events(MORNING, name=name)
    assert event["SUMMARY"] == name


def test_the_same_hours_keep_their_id() -> None:
    assert events(MORNING)[0]["UID"] == events(MORNING)[0]["UID"]
    assert len({event["UID"] for event in events(MORNING, {**MORNING, "byday": "FR"})}) == 2
