"""The life of a referral in words: the table of transitions, the statuses, and what happens when time runs out."""

from collections.abc import Iterable, Iterator

from contracts.codes import FHIR_TASK_STATUS, Action, Status
from contracts.partner import actions
from deploy.dev.markdown import codes, table
from deploy.dev.schema_words import word
from services.referral.domain import deadlines
from services.referral.domain.lifecycle import OPEN, RECEIPT_FIRST, REQUIRED_BACK_LEVEL, TRANSITIONS


def transitions() -> str:
    """The table of transitions, one line per action and target; what is a partner's stands first."""
    rows = [(action, *line) for action in Action for line in _lines(action)]
    rows.sort(key=lambda row: "partner" not in row[3])
    return table(
        ("action", "from", "to", "who", "fields", "back level"),
        ((f"`{action}`", *line, _fields_of(action), _level(action)) for action, *line in rows),
    )


def _lines(action: Action) -> Iterator[tuple[str, str, str]]:
    """From, to, who: sources that lead to the same status and to the same hands share a line."""
    found: dict[tuple[str, str], list[Status]] = {}
    for (named, source), (target, parties) in TRANSITIONS.items():
        if named is action:
            to = "stays as it is" if target is source else f"`{target}`"
            found.setdefault((to, ", ".join(sorted(parties))), []).append(source)
    for (to, who), sources in found.items():
        receipt = " (`requested`: received first)" if action in RECEIPT_FIRST and Status.RECEIVED in sources else ""
        yield _statuses(sources) + receipt, to, who


def _statuses(sources: Iterable[Status]) -> str:
    given = set(sources)
    if given == set(OPEN):
        return "every open one"
    if given == {status for status in Status if status.is_terminal}:
        return "every ended one"
    missing = [status for status in Status if status not in given]
    return f"every one but {codes(missing)}" if len(missing) < 4 else codes(s for s in Status if s in given)


def _fields_of(action: Action) -> str:
    if action not in actions.BODIES:
        return "–"
    schema = actions.schema_of(action)
    return (
        ", ".join(f"`{name}`{'' if name in schema['required'] else ' (optional)'}" for name in schema["properties"])
        or "none"
    )


def _level(action: Action) -> str:
    level = REQUIRED_BACK_LEVEL.get(action)
    if action is Action.COMPLETE:
        return "`status`; with an outcome other than `HANDED_OVER_NO_FEEDBACK`, obstacles or words: `outcome`"
    return f"`{level}`" if level else ("none: it is owed" if action in actions.BODIES else "–")


def statuses() -> str:
    return table(
        ("status", "in words", "German", "FHIR `Task.status`", "ended"),
        ((f"`{one}`", word(one), word(one, "de"), FHIR_TASK_STATUS[one], "yes" * one.is_terminal) for one in Status),
    )


def deadline_table() -> str:
    urgent = deadlines.URGENT_EXPIRY_WORKING_DAYS
    first = ", ".join(f"{urgency} {days}" for urgency, days in deadlines.CONTACT_WORKING_DAYS.items())
    rows = [
        ("nothing said on `requested` or `received`", f"`expired` after {deadlines.EXPIRY_DAYS} days",
         f"reminders on days {_and(deadlines.REMINDER_DAYS)}; urgent: {urgent} working days, reminders on working days "
         f"{_and(deadlines.URGENT_REMINDER_WORKING_DAYS)}"),
        ("`clarification` unanswered", f"`expired` after {deadlines.QUESTION_EXPIRY_WORKING_DAYS} working days",
         "your clock stands still meanwhile"),
        ("`waitlisted` and not renewed", f"`expired` after {deadlines.WAITLIST_EXPIRY_DAYS} days",
         f"reminder after {deadlines.WAITLIST_REMINDER_DAYS} days; `waitlist` again renews it"),
        ("`accepted` without `contact_by`", f"contact within working days: {first}", "holidays of NRW"),
        ("a duty is open", f"due in {deadlines.DUTY_WORKING_DAYS} working days",
         f"{deadlines.DUTY_ESCALATION_WORKING_DAYS} working days later your contact and our officer are told"),
    ]  # fmt: skip
    return table(("what", "then", "and"), rows)


def _and(numbers: Iterable[int]) -> str:
    return " and ".join(map(str, numbers))
