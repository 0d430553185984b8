"""Opening hours as a calendar (RFC 5545): one event for each schedule that says when, in local time.

A schedule without times of day, or without a day to begin with, says nothing a calendar could show and is left out.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

Document = Mapping[str, Any]

ZONE = "Europe/Berlin"
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
#: Central European time as it has been since 1996; a calendar has to bring its zone along.
TIMEZONE = (
    "BEGIN:VTIMEZONE",
    f"TZID:{ZONE}",
    "BEGIN:STANDARD",
    "DTSTART:19961027T030000",
    "TZOFFSETFROM:+0200",
    "TZOFFSETTO:+0100",
    "TZNAME:CET",
    "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU",
    "END:STANDARD",
    "BEGIN:DAYLIGHT",
    "DTSTART:19960331T020000",
    "TZOFFSETFROM:+0100",
    "TZOFFSETTO:+0200",
    "TZNAME:CEST",
    "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU",
    "END:DAYLIGHT",
    "END:VTIMEZONE",
)


def calendar(owner: str, name: str, places: Sequence[tuple[str | None, Document]], changed_at: datetime) -> str:
    """A service's hours: its own (no place) and those at each of its places."""
    events = [
        line
        for place, holder in places
        for index, schedule in enumerate(holder.get("schedules", ()))
        for line in _event(uuid5(UUID(owner), f"{holder['id']}/{index}"), name, place, schedule, changed_at)
    ]
    head = ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Lotsennetz//directory//DE", f"NAME:{_text(name)}")
    lines = (*head, f"X-WR-CALNAME:{_text(name)}", "METHOD:PUBLISH", *TIMEZONE, *events, "END:VCALENDAR")
    return "".join(f"{_folded(line)}\r\n" for line in lines)


def _event(uid: UUID, name: str, place: str | None, schedule: Document, changed_at: datetime) -> Iterator[str]:
    first = _first_day(schedule)
    if first is None or "opens_at" not in schedule or "closes_at" not in schedule:
        return
    yield from ("BEGIN:VEVENT", f"UID:{uid}@lotsennetz", f"DTSTAMP:{changed_at.astimezone(UTC):%Y%m%dT%H%M%SZ}")
    yield f"DTSTART;TZID={ZONE}:{_moment(first, schedule['opens_at'])}"
    yield f"DTEND;TZID={ZONE}:{_moment(first, schedule['closes_at'])}"
    if rule := _rule(schedule):
        yield f"RRULE:{rule}"
    yield f"SUMMARY:{_text(name)}"
    if place:
        yield f"LOCATION:{_text(place)}"
    if said := "\n".join(schedule[part] for part in ("description", "notes") if part in schedule):
        yield f"DESCRIPTION:{_text(said)}"
    yield from ("TRANSP:TRANSPARENT", "END:VEVENT")


def _first_day(schedule: Document) -> date | None:
    """The first day on which somebody is there: what is counted from must be one of the rule's own days."""
    given = schedule.get("dtstart") or schedule.get("valid_from")
    if given is None and not schedule.get("byday"):
        return None
    day = date.fromisoformat(given) if given else date(2026, 1, 1)
    wanted = {part[-2:] for part in schedule.get("byday", "").split(",") if part}
    if not wanted:
        return day
    week = (day + timedelta(days=ahead) for ahead in range(7))
    return next(one for one in week if DAYS[one.weekday()] in wanted)


def _rule(schedule: Document) -> str:
    if "byday" not in schedule and "freq" not in schedule:
        return ""
    numbered = any(part[:-2] for part in schedule.get("byday", "").split(","))
    parts = [("FREQ", schedule.get("freq", "MONTHLY" if numbered else "WEEKLY"))]
    parts += [("INTERVAL", schedule["interval"])] if schedule.get("interval", 1) != 1 else []
    parts += [(name.upper(), schedule[name]) for name in _RULE[parts[0][1]] if name in schedule]
    parts += [("WKST", schedule["wkst"])] if "wkst" in schedule else []
    if "count" in schedule:
        parts.append(("COUNT", schedule["count"]))
    elif until := schedule.get("until") or schedule.get("valid_to"):
        # The whole last day counts, wherever in Europe the clock stands.
        parts.append(("UNTIL", f"{until.replace('-', '')}T225959Z"))
    return ";".join(f"{name}={value}" for name, value in parts)


#: What RFC 5545 allows beside each frequency.
_RULE: Mapping[str, tuple[str, ...]] = {"WEEKLY": ("byday",), "MONTHLY": ("byday", "bymonthday")}


def _moment(day: date, clock: str) -> str:
    return f"{day:%Y%m%d}T{clock.replace(':', '').ljust(6, '0')}"


def _text(value: str) -> str:
    """A text as the format wants it: nothing in it can end the line."""
    escaped = value.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return escaped.replace("\r\n", "\\n").replace("\n", "\\n").replace("\r", "\\n")


def _folded(line: str) -> str:
    """At most 75 bytes a line, and no character is cut in two."""
    parts, current = [], b""
    for character in line:
        encoded = character.encode()
        if len(current) + len(encoded) > 74:
            parts.append(current.decode())
            current = b""
        current += encoded
    return "\r\n ".join([*parts, current.decode()])
