"""The network does not answer as it should: away, slow, garbage, the answer lost. And the partner answers late."""

from collections.abc import Callable, Sequence

from lotse.certify.cases import Word
from lotse.certify.checks.stopping import DUTIES
from lotse.certify.exam import BY_REST, Check, Exam, UnmetError
from lotse.certify.sandbox import Seen

RETRY_AFTER = 3
SLOW_SECONDS = 12
PROBLEM = '{"title": "made up by the sandbox", "status": %d, "slug": "%s"}'
AGAIN = "Try again later: 408, 425, 429, 5xx and silence decide nothing."
ACCEPTING = "/actions/accept$"


def _through(name: str, method: str, path: str, *facts: str, **how: object) -> Callable[[Exam], str]:
    """The gate misbehaves on this, and the referral gets there all the same."""

    def run(exam: Exam) -> str:
        with exam.sandbox.misbehaving(exam.fault(name, method, path, **how)):
            case = exam.refer(Word.ACCEPT)
            seen = exam.reaches(case, *(facts or ("accepted",)))
            left = exam.sandbox.faults_left()[name]
        if left == how.get("times", 1):
            raise UnmetError(f"{seen}, but {method} {path} was never asked")
        return seen

    return run


def _accepting(exam: Exam, **how: object) -> tuple[str, Sequence[Seen]]:
    """What was seen of the accepting when the gate misbehaves on it once."""
    since = exam.sandbox.last()
    with exam.sandbox.misbehaving(exam.fault("accepting", "POST", ACCEPTING, **how)):
        case = exam.refer(Word.ACCEPT)
        exam.reaches(case, "accepted")
        exam.until(
            lambda: len(exam.said(case.referral_id, "accept", since)) > 1,
            lambda: f"{exam.story(case)}; accept was not said again",
        )
    return exam.story(case), exam.said(case.referral_id, "accept", since)


def answer_lost(exam: Exam) -> str:
    story, said = _accepting(exam, passes_on=True, status=504, body=PROBLEM % (504, "sandbox.lost"))
    if len({one.key for one in said}) != 1 or not said[0].key:
        raise UnmetError(f"accept was said {len(said)} times under {len({one.key for one in said})} keys")
    return f"{story}; accept said {len(said)} times under one key"


def stale(exam: Exam) -> str:
    story, said = _accepting(exam, status=412, body=PROBLEM % (412, "referral.changed-meanwhile"))
    if not all(one.if_match for one in said):
        raise UnmetError("accept without If-Match")
    return f"{story}; accept said {len(said)} times"


def told_to_wait(exam: Exam) -> str:
    later = {"Retry-After": str(RETRY_AFTER)}
    _, said = _accepting(exam, status=429, headers=later, body=PROBLEM % (429, "request.too-many"))
    waited = said[1].at - said[0].at
    if waited < RETRY_AFTER - 0.5:
        raise UnmetError(f"said again after {waited:.1f} s, Retry-After was {RETRY_AFTER}")
    return f"said again after {waited:.1f} s"


def too_late(exam: Exam) -> str:
    """The answer does not get through until the referral has run out: then it is refused, once and for all."""
    since = exam.sandbox.last()
    away = exam.fault("accepting", "POST", ACCEPTING, status=503, times=1_000, headers={"Retry-After": "1"})
    with exam.sandbox.misbehaving(away):
        case = exam.refer(Word.ACCEPT)
        exam.until(lambda: bool(exam.said(case.referral_id, "accept", since)), lambda: exam.story(case))
        exam.sandbox.expire(case.referral_id)
        exam.reaches(case, "expired")
    exam.until(lambda: set(DUTIES) <= set(exam.facts(case)), lambda: exam.story(case))
    before = [one for one in exam.said(case.referral_id, "accept", since) if one.status == 409]
    exam.watch()
    after = [one for one in exam.said(case.referral_id, "accept", since) if one.status == 409]
    if len(after) > len(before) + 1:
        raise UnmetError(f"a refused answer is said again and again ({len(after)} times)")
    return f"{exam.story(case)}; refused {len(after)} times"


CHECKS = (
    Check(
        "fault.away",
        sent="503 with Retry-After on the first three requests about a referral.",
        expected="It is taken on once the network is back.",
        hint=AGAIN,
        run=_through("away", "GET", "/partner/v1/referrals/", status=503, times=3, headers={"Retry-After": "1"}),
    ),
    Check(
        "fault.token",
        sent="401 once, as when a token has run out early.",
        expected="A new token is fetched and the request repeated.",
        hint="On 401 sign in again, once; then it is final.",
        run=_through("token", "GET", "/partner/v1/referrals/", status=401, body=PROBLEM % (401, "auth.token-expired")),
    ),
    Check(
        "fault.slow",
        sent=f"The dossier's answer takes {SLOW_SECONDS} seconds.",
        expected="It is taken on, whether waited for or asked for again.",
        hint="Set a time limit of your own (15 to 60 s), and ask again after it.",
        run=_through("slow", "GET", "/dossier$", seconds=SLOW_SECONDS),
    ),
    Check(
        "fault.html",
        sent="A page of HTML with status 200 instead of the dossier, once.",
        expected="The dossier is asked for again.",
        hint="What does not open is no dossier: ask again later, and tell somebody if it stays so.",
        run=_through("html", "GET", "/dossier$", status=200, headers={"Content-Type": "text/html"}, body="<h1>Hello"),
    ),
    Check(
        "fault.lost",
        sent="`accept` is done, but its answer is lost (504).",
        expected="`accept` is said again under the same Idempotency-Key.",
        hint="Make the key when you decide, keep it with the decision, and use it for every try.",
        run=answer_lost,
        ways=BY_REST,
        elsewhere="by queue the result comes as a message of its own: queue.lost",
    ),
    Check(
        "fault.stale",
        sent="412 on the first `accept`.",
        expected="Look again, then say it on the version seen.",
        hint="`If-Match` carries the `version` of your last look; 412 means: look again, decide again.",
        run=stale,
        ways=BY_REST,
        elsewhere="by queue the result says stale: queue.stale",
    ),
    Check(
        "fault.busy",
        sent=f"429 with Retry-After {RETRY_AFTER} on the first `accept`.",
        expected=f"Said again, not before {RETRY_AFTER} seconds have passed.",
        hint="Wait as long as Retry-After says.",
        run=told_to_wait,
        ways=BY_REST,
        elsewhere="by queue nobody is told to come back later: a command waits in the broker",
    ),
    Check(
        "fault.late-answer",
        sent="503 on every `accept` until the referral has run out.",
        expected="The refusal (409 `referral.closed`) is final; acknowledge_stop and state_deletion follow.",
        hint="409 does not change by saying it again: note it, tell the clerk, meet the duties.",
        run=too_late,
        ways=BY_REST,
        elsewhere="by queue the answer is held up on its way: queue.late-answer",
    ),
)
