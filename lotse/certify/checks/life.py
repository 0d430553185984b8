"""The plain life of a referral: taken on, asked about, declined; and at the end, whether all is in order."""

from contracts.codes import ChannelKind
from lotse.certify.cases import Word
from lotse.certify.exam import OWN_SYSTEM, Check, Exam, UnmetError
from lotse.certify.injection import QueueInjector

TAKING = "/acknowledgements"
#: Confirmed, or taken back before it left.
TAKEN = frozenset({"confirmed", "withdrawn"})
READ = "The dossier says what to do: the word after the last hyphen of `person.family_name`."


def accepts(exam: Exam) -> str:
    return exam.reaches(exam.refer(Word.ACCEPT), "received", "accepted", "started", "completed")


def fetches_before_it_accepts(exam: Exam) -> str:
    return exam.reaches(exam.refer(Word.ACCEPT), "dossier_fetched", "accepted")


def asks(exam: Exam) -> str:
    case = exam.refer(Word.ASK)
    exam.reaches(case, "clarification_asked")
    exam.welcome.answer(case)
    return exam.reaches(case, "clarification_asked", "answered", "dossier_fetched", "accepted")


def rejects(exam: Exam) -> str:
    case = exam.refer(Word.REJECT)
    exam.reaches(case, "dossier_fetched", "rejected")
    seen = exam.welcome.look(case)
    return f"{exam.story(case)}; reason {seen.get('reason')}"


def works_on_several(exam: Exam) -> str:
    cases = [exam.refer(word) for word in (Word.ACCEPT, Word.REJECT, Word.ACCEPT)]
    exam.reaches(cases[0], "accepted")
    exam.reaches(cases[1], "rejected")
    return exam.reaches(cases[2], "accepted")


def leaves_nothing_lying(exam: Exam) -> str:
    """Everything that was sent was also taken: off the queue, with 2xx, or by acknowledging the cursor."""
    if isinstance(exam.injector, QueueInjector):
        queue = exam.injector
        exam.until(lambda: queue.waiting() == 0, lambda: f"{queue.waiting()} messages lie in the queue unacknowledged")
        return "the queue is empty"
    exam.until(lambda: not untaken(exam), lambda: f"not taken: {', '.join(untaken(exam)[:10])}")
    if exam.partner.channel is ChannelKind.PULL and not any(one.path.endswith(TAKING) for one in exam.asked()):
        raise UnmetError("nothing was ever acknowledged")
    return f"every notice about {len(exam.cases)} referrals was taken"


def untaken(exam: Exam) -> list[str]:
    """The notices that left and that the partner never said it has, by referral and kind."""
    return [
        f"{case.reference} {one['kind']} ({one['state']})"
        for case in exam.cases
        for one in exam.welcome.deliveries(case)
        if one["state"] not in TAKEN
    ]


def asks_in_moderation(exam: Exam) -> str:
    before = exam.sandbox.last()
    exam.watch()
    asked = len(exam.asked(before))
    if asked > 5 * exam.quiet + 10:
        raise UnmetError(f"{asked} requests in {exam.quiet:.0f} s with nothing to do")
    return f"{asked} requests in {exam.quiet:.0f} s"


CHECKS = (
    Check(
        "life.accept",
        sent="A referral whose person is called Erfunden-ACCEPT.",
        expected="receive, accept, start, complete, in this order.",
        hint=f"{READ} Did the notice arrive? `lotse channel ping` says so.",
        run=accepts,
    ),
    Check(
        "life.fetch",
        sent="A referral whose person is called Erfunden-ACCEPT.",
        expected="The dossier is fetched before the referral is accepted.",
        hint="Accepting unread tells the person something nobody has decided: fetch and open first.",
        run=fetches_before_it_accepts,
    ),
    Check(
        "life.ask",
        sent="A referral whose person is called Erfunden-ASK; the question is answered with new data.",
        expected="ask, then fetch the dossier anew, then accept.",
        hint="The notice `question_answered` says that there is a new dossier under the same address.",
        run=asks,
    ),
    Check(
        "life.reject",
        sent="A referral whose person is called Erfunden-REJECT.",
        expected="reject, with a reason of the list.",
        hint=READ,
        run=rejects,
    ),
    Check(
        "life.several",
        sent="Three referrals at once: ACCEPT, REJECT, ACCEPT.",
        expected="Each gets its own answer.",
        hint="A referral that waits must not hold up another; versions are counted per referral.",
        run=works_on_several,
    ),
)

LAST = (
    Check(
        "end.idle",
        sent="Nothing.",
        expected="At most five requests a second.",
        hint="Wait for notices with `wait=30` instead of asking again and again; look at `RateLimit-Remaining`.",
        run=asks_in_moderation,
        ways=OWN_SYSTEM,
    ),
    Check(
        "end.taken",
        sent="Everything above.",
        expected="Every message was acknowledged, the senseless ones too.",
        hint="Acknowledge a message once it stands in your own records; one you cannot read, too, and note it.",
        run=leaves_nothing_lying,
    ),
)
