"""What may happen to an answer and its result on the queue: the result gets lost, is stale, late, comes thrice; the
answer itself is held up until it is too late."""

from collections.abc import Callable, Sequence

from contracts.codes import Action
from lotse.certify.cases import Word
from lotse.certify.checks.stopping import DUTIES
from lotse.certify.exam import BY_QUEUE, Check, Exam, UnmetError
from lotse.certify.injection import QueueInjector
from lotse.certify.interception import Interception
from lotse.certify.sandbox import Seen
from lotse.certify.welcome import Case

WHOLE = ("accepted", "started", "completed")
TIMES = 3


def lost(exam: Exam) -> str:
    """The network has done it, and its word does not arrive: only the same answer under the same id asks for it."""
    cases: list[Case] = []
    lost_once: list[str] = []

    def times(command: str) -> int:
        is_first = not lost_once and command in ids_of(answers(exam, cases))
        lost_once.extend([command] if is_first else [])
        return 0 if is_first else 1

    with _between(exam).of_results(times):
        cases.append(exam.refer(Word.ACCEPT))
        exam.reaches(cases[0], "accepted")
        exam.until(lambda: len(answers(exam, cases)) > 1, lambda: f"{exam.story(cases[0])}; accept was not said again")
        story = exam.reaches(cases[0], *WHOLE)
    return f"{story}; accept said {len(answers(exam, cases))} times under {one_id(answers(exam, cases))}"


def stale(exam: Exam) -> str:
    """What the partner sees is a version behind, as if somebody had been faster: the result says stale."""
    case = exam.draft(Word.ACCEPT)
    behind = exam.fault("behind", "GET", f"/referrals/{case.referral_id}$", older=1, times=1_000)
    with exam.sandbox.misbehaving(behind):
        exam.welcome.send(case)
        exam.until(lambda: bool(spoken(exam, case)), lambda: f"{exam.story(case)}; nothing was said by queue")
    first = spoken(exam, case)[0]
    exam.until(lambda: "accepted" in exam.facts(case), lambda: f"{exam.story(case)}; said on {versions(exam, case)}")
    if len([one for one in spoken(exam, case) if one.action == first.action]) == 1:
        raise UnmetError(f"{first.action} was said on {first.if_match or 'no version'}, without a look at the referral")
    return f"{exam.story(case)}; {first.action} on version {first.if_match}, then on {versions(exam, case)[1:]}"


def late(exam: Exam) -> str:
    """The result takes its time. Others are worked on meanwhile; when it comes, the work goes on where it was."""
    between, cases = _between(exam), list[Case]()
    with between.of_results(lambda command: 0 if command in ids_of(answers(exam, cases)) else 1):
        cases.append(exam.refer(Word.ACCEPT))
        exam.until(lambda: bool(between.kept), lambda: exam.story(cases[0]))
        others = exam.goes_on()
        exam.watch()
        between.hand_over()
        story = exam.reaches(cases[0], *WHOLE)
    return f"another meanwhile: {others}; then {story}; accept said under {one_id(answers(exam, cases))}"


def thrice(exam: Exam) -> str:
    """Every result comes three times, as from a network that died at the wrong moment: each step is said once."""
    with _between(exam).of_results(lambda _: TIMES):
        case = exam.refer(Word.ACCEPT)
        story = exam.reaches(case, *WHOLE)
        exam.watch()
    for action in ("accept", "start", "complete"):
        one_id([one for one in spoken(exam, case) if one.action == action])
    return f"{story}; each step said under one id; {exam.goes_on()}"


def too_late(exam: Exam) -> str:
    """The answer is under way until the referral has run out: then it is refused, once and for all."""
    with _between(exam).of_answers(Action.ACCEPT):
        case = exam.refer(Word.ACCEPT)
        exam.until(lambda: bool(answers(exam, [case])), lambda: f"{exam.story(case)}; accept was not said by queue")
        exam.sandbox.expire(case.referral_id)
        exam.reaches(case, "expired")
    exam.until(lambda: set(DUTIES) <= set(exam.facts(case)), lambda: exam.story(case))
    before = len(answers(exam, [case]))
    exam.watch()
    after = answers(exam, [case])
    if len(after) > before:
        raise UnmetError(f"a refused answer is said again and again ({len(after)} times)")
    return f"{exam.story(case)}; accept said {len(after)} times under {one_id(after)}"


def _between(exam: Exam) -> Interception:
    assert isinstance(exam.injector, QueueInjector)
    return exam.injector.between


def spoken(exam: Exam, case: Case) -> list[Seen]:
    """What the partner said about a referral by queue, in order."""
    return [one for one in exam.injector.heard() if one.acts_on(case.referral_id)]


def answers(exam: Exam, cases: Sequence[Case]) -> list[Seen]:
    """Each `accept` it said by queue about these."""
    return [one for case in cases for one in spoken(exam, case) if one.action == Action.ACCEPT]


def ids_of(said: Sequence[Seen]) -> set[str]:
    return {one.key for one in said}


def one_id(said: Sequence[Seen]) -> str:
    """All of these are one answer; or the partner has made several of it."""
    ids = ids_of(said)
    if len(ids) != 1 or "" in ids:
        raise UnmetError(f"{said[-1].action if said else 'it'} was said {len(said)} times under {len(ids)} ids")
    return "one id"


def versions(exam: Exam, case: Case) -> list[str]:
    return [one.if_match for one in spoken(exam, case)]


def _check(name: str, run: Callable[[Exam], str], sent: str, expected: str, hint: str, elsewhere: str) -> Check:
    return Check(f"queue.{name}", sent, expected, hint, run, ways=BY_QUEUE, elsewhere=elsewhere)


CHECKS = (
    _check(
        "lost",
        lost,
        sent="`accept` is done, but its result does not come.",
        expected="`accept` is said again under the same `id`, in time for the examination; then it goes on.",
        hint=(
            "Where no result comes, send the very same again. Let the time you wait be a setting, and wait a few"
            " seconds in a sandbox, or let `--patience` be longer."
        ),
        elsewhere="by HTTPS the answer comes back on the same connection: fault.lost",
    ),
    _check(
        "stale",
        stale,
        sent="The referral is shown one version behind, so that the first command is stale.",
        expected="Look again, then say it on the version that stands.",
        hint="`expectedversion` carries the `version` of your last look; `stale` means: look again, decide again.",
        elsewhere="by HTTPS the answer is 412: fault.stale",
    ),
    _check(
        "late",
        late,
        sent="The result of `accept` comes after a long while.",
        expected="Another referral is taken on meanwhile; then this one goes on. Nothing has a second `id`.",
        hint="Wait for results without standing still, and match them by `command_id`.",
        elsewhere="by HTTPS the answer comes back on the same connection: fault.slow",
    ),
    _check(
        "twice",
        thrice,
        sent="Each result comes three times.",
        expected="Each step is said once; the next referral is taken on.",
        hint="A result you know changes nothing: what follows from it was decided when it came first.",
        elsewhere="by HTTPS an answer comes once for each request",
    ),
    _check(
        "late-answer",
        too_late,
        sent="`accept` is held up on its way until the referral has run out.",
        expected="The refusal (`referral.closed`) is final; acknowledge_stop and state_deletion follow.",
        hint="`refused` does not change by saying it again: note it, tell the clerk, meet the duties.",
        elsewhere="by HTTPS the network is away meanwhile: fault.late-answer",
    ),
)
