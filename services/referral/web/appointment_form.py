"""An appointment as it is typed: a day, a time on the wall, how long, where, what to bring."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from contracts.fields import format_instant
from contracts.partner.appointment import LONGEST, LONGEST_BRING, LONGEST_PLACE, SHORTEST, USUAL_MINUTES
from services.chassis.errors import InvalidError
from services.referral.domain.workdays import PLACE

#: What is typed of an appointment; the length alone is no appointment.
TYPED = ("on", "at", "place", "bring")
PREFIX = "appointment_"


def typed(form: Mapping[str, str]) -> dict[str, Any] | None:
    """An appointment from the fields of a form; none where nothing of it was filled in."""
    given = {name: form.get(f"{PREFIX}{name}", "").strip() for name in (*TYPED, "minutes")}
    if not any(given[name] for name in TYPED):
        return None
    minutes = given["minutes"] or str(USUAL_MINUTES)
    wrong = {
        "on": "a-day" if not given["on"] else "",
        "at": "a-time-of-day" if not given["at"] else "",
        "minutes": "" if _is_length(minutes) else "between-5-and-720",
        "place": "at-most-200-letters" if len(given["place"]) > LONGEST_PLACE else "",
        "bring": "at-most-1000-letters" if len(given["bring"]) > LONGEST_BRING else "",
    }
    if any(wrong.values()):
        raise InvalidError("request.invalid", {f"{PREFIX}{name}": why for name, why in wrong.items() if why})
    starts_at = format_instant(_instant(given["on"], given["at"]))
    return {"starts_at": starts_at, "minutes": int(minutes), "place": given["place"], "bring": given["bring"]}


def _is_length(minutes: str) -> bool:
    return minutes.isascii() and minutes.isdecimal() and len(minutes) < 4 and SHORTEST <= int(minutes) <= LONGEST


def _instant(day: str, time: str) -> datetime:
    try:
        found = datetime.strptime(f"{day} {time[:5]}", "%Y-%m-%d %H:%M")  # noqa: DTZ007 - the clock on the wall here
    except ValueError:
        raise InvalidError("request.invalid", {f"{PREFIX}on": "a-day", f"{PREFIX}at": "a-time-of-day"}) from None
    return found.replace(tzinfo=PLACE)
