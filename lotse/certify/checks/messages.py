"""Messages nobody should have sent: twice, late, early, somebody else's, garbage, and unsigned ones."""

import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from contracts.codes import ChannelKind
from lotse.certify.cases import Word
from lotse.certify.checks.stopping import DUTIES, WORK
from lotse.certify.exam import Check, Exam, UnmetError
from lotse.certify.injection import NO_ANSWER, WebhookInjector, event, notice, signed

WEBHOOK = frozenset({ChannelKind.WEBHOOK})
NOT_CALLED = "nobody calls this system: it fetches its messages itself, over a connection it has opened"
LONG_AGO = timedelta(minutes=30)


def twice(exam: Exam) -> str:
    """The same message three times more, as a network that died at the wrong moment sends it."""
    case = exam.refer(Word.ACCEPT)
    exam.reaches(case, "completed")
    before = exam.times_said(case.referral_id, WORK)
    again = notice(exam.partner, case.referral_id, "referral_requested", "requested", str(uuid4()))
    for _ in range(3):
        exam.injector.send(again)
    silent = exam.stays_silent(case.referral_id, WORK, before)
    return f"sent three times; {silent}; {exam.goes_on()}"


def late(exam: Exam) -> str:
    """What had begun and was stopped is not begun anew by a message that comes after."""
    case = exam.refer(Word.HOLD)
    exam.reaches(case, "dossier_fetched")
    exam.until(lambda: "received" in exam.facts(case), lambda: exam.story(case))
    exam.welcome.cancel(case)
    exam.until(lambda: set(DUTIES) <= set(exam.facts(case)), lambda: exam.story(case))
    exam.injector.send(notice(exam.partner, case.referral_id, "referral_requested", "requested"))
    silent = exam.stays_silent(case.referral_id, WORK)
    return f"{exam.story(case)}; {silent}; {exam.goes_on()}"


def early(exam: Exam) -> str:
    """A stop overtakes the request it is about. What counts is how the referral stands when it is looked at."""
    case = exam.draft(Word.ACCEPT)
    exam.injector.send(notice(exam.partner, case.referral_id, "referral_stopped", "cancelled"))
    exam.welcome.send(case)
    return exam.reaches(case, "accepted")


def foreign(exam: Exam) -> str:
    """A referral of another organization looks like none: 404."""
    nobodys = str(uuid4())
    exam.injector.send(notice(exam.partner, nobodys, "referral_requested", "requested"))
    silent = exam.stays_silent(nobodys, WORK)
    return f"{silent}; {exam.goes_on()}"


GARBAGE: tuple[bytes, ...] = (
    b"\xff\xfe no text at all",
    b"[]",
    b'{"specversion": "1.0"}',
    json.dumps({"id": str(uuid4()), "type": "partner.notice.v1", "data": "no object"}).encode(),
    json.dumps({"id": 17, "type": None, "data": {"referral_id": ["?"]}}).encode(),
)


def garbage(exam: Exam) -> str:
    for body in GARBAGE:
        exam.injector.send(body)
    return f"sent {len(GARBAGE)} times garbage; {exam.goes_on()}"


def unknown(exam: Exam) -> str:
    """What a later version of the network may say: of a type, or of a kind, that did not exist when this was built."""
    case = exam.refer(Word.ACCEPT)
    exam.reaches(case, "completed")
    exam.injector.send(event("partner.weather.v1", case.referral_id, {"referral_id": case.referral_id, "sky": "blue"}))
    exam.injector.send(notice(exam.partner, case.referral_id, "something_new", "completed"))
    return exam.goes_on()


def prompt(exam: Exam) -> str:
    status = exam.injector.send(notice(exam.partner, str(uuid4()), "test", "requested"))
    if not 200 <= status < 300:
        raise UnmetError(f"answered {status or 'nothing within 15 s'}")
    return f"answered {status}"


def _refuses(exam: Exam, headers: dict[str, str], body: bytes) -> str:
    assert isinstance(exam.injector, WebhookInjector)
    status = exam.injector.post(body, headers)
    if status == NO_ANSWER or status < 400:
        raise UnmetError(f"answered {status or 'nothing'}")
    return f"answered {status}"


def unsigned(exam: Exam) -> str:
    body = notice(exam.partner, str(uuid4()), "referral_requested", "requested")
    return _refuses(exam, {}, body)


def wrongly_signed(exam: Exam) -> str:
    body = notice(exam.partner, str(uuid4()), "referral_requested", "requested")
    other = "whsec_" + "A" * 43 + "="
    return _refuses(exam, signed(other, body), body)


def replayed(exam: Exam) -> str:
    body = notice(exam.partner, str(uuid4()), "referral_requested", "requested")
    return _refuses(exam, signed(exam.partner.webhook_secret, body, datetime.now(UTC) - LONG_AGO), body)


CHECKS = (
    Check(
        "message.twice",
        sent="The notice of a referral that is completed, three times more under one id.",
        expected="No further answer about it; the next referral is taken on.",
        hint="Remember the ids of messages you took (at least 35 days), and look at `status` before you act.",
        run=twice,
    ),
    Check(
        "message.late",
        sent="A `referral_requested` about a referral that was stopped and deleted.",
        expected="Nothing is begun anew; the next referral is taken on.",
        hint="A notice says look, not do: act on `status` and `allowed_actions` of the referral.",
        run=late,
    ),
    Check(
        "message.early",
        sent="A `referral_stopped` about a referral that is sent only afterwards.",
        expected="The referral is taken on.",
        hint="Messages overtake each other: 404 says nothing about later. Look whenever a notice names the referral.",
        run=early,
    ),
    Check(
        "message.foreign",
        sent="A `referral_requested` about a referral that is none of this partner's.",
        expected="No answer about it; the next referral is taken on.",
        hint="404 is the last word on this notice: note it and go on. Should a later one name the id, look anew.",
        run=foreign,
    ),
    Check(
        "message.garbage",
        sent="Five messages that are no events.",
        expected="The next referral is taken on.",
        hint="Put aside what you cannot read, acknowledge it, and go on with the next message.",
        run=garbage,
    ),
    Check(
        "message.unknown",
        sent="An event of an unknown type, and a notice of an unknown kind.",
        expected="The next referral is taken on.",
        hint="New types and kinds may come without notice: pass over those you do not know.",
        run=unknown,
    ),
    Check(
        "webhook.prompt",
        sent="A signed `test` notice.",
        expected="2xx within 15 seconds.",
        hint="Write the notice down, answer 204, and work on it afterwards.",
        run=prompt,
        ways=WEBHOOK,
        elsewhere=NOT_CALLED,
    ),
    Check(
        "webhook.unsigned",
        sent="A notice without a signature.",
        expected="4xx.",
        hint="Verify with a Standard Webhooks library before anything else.",
        run=unsigned,
        ways=WEBHOOK,
        elsewhere=NOT_CALLED,
    ),
    Check(
        "webhook.wrong-key",
        sent="A notice signed with another secret.",
        expected="4xx.",
        hint="Verify with a Standard Webhooks library before anything else.",
        run=wrongly_signed,
        ways=WEBHOOK,
        elsewhere=NOT_CALLED,
    ),
    Check(
        "webhook.replayed",
        sent="A notice with a true signature of half an hour ago.",
        expected="4xx.",
        hint="Verify `webhook-timestamp` too (five minutes); the libraries do.",
        run=replayed,
        ways=WEBHOOK,
        elsewhere=NOT_CALLED,
    ),
)
