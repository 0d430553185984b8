"""The end that comes from outside: withdrawn, cancelled, mistaken, run out. Then the partner owes two answers."""

from collections.abc import Callable

from lotse.certify.cases import Word
from lotse.certify.exam import Check, Exam
from lotse.certify.welcome import Case

DUTIES = ("stop_acknowledged", "deletion_stated")
WORK = ("accept", "start", "complete", "waitlist", "reject", "ask")
OWED = (
    "After `referral_stopped` or `duty_opened` read `duties`: say `acknowledge_stop`, delete what you"
    " fetched, say `state_deletion` with `deleted` (or `retained` and the ground)."
)


def _stopped_by(deed: Callable[[Exam, Case], None], fact: str) -> Callable[[Exam], str]:
    def run(exam: Exam) -> str:
        case = exam.refer(Word.HOLD)
        exam.reaches(case, "dossier_fetched")
        exam.until(lambda: "received" in exam.facts(case), lambda: exam.story(case))
        deed(exam, case)
        exam.until(lambda: set(DUTIES) <= set(exam.facts(case)), lambda: exam.story(case))
        return exam.reaches(case, fact)

    return run


def never_opened(exam: Exam) -> str:
    """Withdrawn before the dossier could be fetched: nothing is owed, and nothing is asked for any more."""
    ever = 1_000
    away = {"status": 503, "headers": {"Retry-After": "1"}, "times": ever}
    fault = exam.fault("no dossier now", "GET", "/dossier$", **away)
    with exam.sandbox.misbehaving(fault):
        case = exam.refer(Word.HOLD)
        exam.until(lambda: exam.sandbox.faults_left()["no dossier now"] < ever, lambda: "the dossier was not asked for")
        exam.welcome.withdraw(case)
        exam.reaches(case, "revoked")
    silent = exam.stays_silent(case.referral_id, WORK)
    return f"{exam.story(case)}; {silent}; then {exam.goes_on()}"


def _expire(exam: Exam, case: Case) -> None:
    exam.sandbox.expire(case.referral_id)


CHECKS = (
    Check(
        "stop.withdrawn",
        sent="HOLD; once it is fetched the person withdraws her consent.",
        expected="acknowledge_stop and state_deletion.",
        hint=OWED,
        run=_stopped_by(lambda exam, case: exam.welcome.withdraw(case), "revoked"),
    ),
    Check(
        "stop.cancelled",
        sent="HOLD; once it is fetched the sender takes it back.",
        expected="acknowledge_stop and state_deletion.",
        hint=OWED,
        run=_stopped_by(lambda exam, case: exam.welcome.cancel(case), "cancelled"),
    ),
    Check(
        "stop.mistaken",
        sent="HOLD; once it is fetched the sender says that it was the wrong person.",
        expected="acknowledge_stop and state_deletion.",
        hint=OWED,
        run=_stopped_by(lambda exam, case: exam.welcome.mark_in_error(case), "marked_entered_in_error"),
    ),
    Check(
        "stop.expired",
        sent="HOLD; fourteen days pass in a moment, reminders included.",
        expected="acknowledge_stop and state_deletion.",
        hint=f"A `reminder` asks for nothing but a look. {OWED}",
        run=_stopped_by(_expire, "expired"),
    ),
    Check(
        "stop.unopened",
        sent="HOLD, the dossier cannot be fetched (503); meanwhile the person withdraws her consent.",
        expected="No answer about the referral; the next one is taken on.",
        hint="After 409 there is nothing to fetch any more: note it, tell the clerk, go on.",
        run=never_opened,
    ),
)
