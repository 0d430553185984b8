"""Certification without a network: what is refused, what is signed, what an examiner concludes from what it sees."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from joserfc.jwk import OKPKey

from contracts.codes import ChannelKind, Purpose, Topic
from contracts.identity import id_of
from lotse.certify import checks, report
from lotse.certify.cases import FAMILY_NAME, MEANING, Cast, Word
from lotse.certify.checks import UnknownCheckError, chosen
from lotse.certify.exam import OWN_SYSTEM, Outcome, Result, examine, in_order
from lotse.certify.injection import command_seen
from lotse.certify.report import Report, ReportError
from lotse.certify.welcome import Target, WelcomeCenter
from lotse.network import ProblemError
from tests.lotse.conftest import PaperNetwork, Run

HELD = Result("life.accept", Outcome.PASSED, "a referral", "accepted", "accepted", "look", 1.0)
FAILED = replace(HELD, id="life.ask", outcome=Outcome.FAILED, seen="nothing")
NOT_TRIED = replace(HELD, id="webhook.prompt", outcome=Outcome.NOT_TRIED)


def a_report(*results: Result, complete: bool = True) -> dict[str, Any]:
    return Report(
        organization="testpartner",
        organization_id="1",
        channel="pull",
        network="http://127.0.0.1:1",
        run="bcdfgh",
        began_at="2026-03-02T11:00:00+00:00",
        ended_at="2026-03-02T11:05:00+00:00",
        complete=complete,
        results=results,
    ).document()


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Path, Path]:
    pair = OKPKey.generate_key("Ed25519")
    private, public = tmp_path / "key.json", tmp_path / "key.public.json"
    private.write_text(json.dumps(pair.as_dict(private=True)))
    public.write_text(json.dumps(pair.as_dict(private=False)))
    return private, public


# --- the report ------------------------------------------------------------------------------------------------------


def test_what_was_signed_is_read_back(keys: tuple[Path, Path]):
    document = a_report(HELD)
    assert report.verify(report.sign(document, keys[0]), keys[1]) == document


def test_one_letter_changed_is_noticed(keys: tuple[Path, Path]):
    head, payload, signature = report.sign(a_report(HELD), keys[0]).split(".")
    changed = payload[:40] + ("A" if payload[40] != "A" else "B") + payload[41:]
    with pytest.raises(ReportError):
        report.verify(f"{head}.{changed}.{signature}", keys[1])


def test_another_sandboxs_signature_does_not_count(keys: tuple[Path, Path], tmp_path: Path):
    other = tmp_path / "other.json"
    other.write_text(json.dumps(OKPKey.generate_key("Ed25519").as_dict(private=True)))
    with pytest.raises(ReportError):
        report.verify(report.sign(a_report(HELD), other), keys[1])


def test_nothing_is_signed_with_half_a_key(keys: tuple[Path, Path]):
    with pytest.raises(ReportError, match="private"):
        report.sign(a_report(HELD), keys[1])


def test_what_is_signed_but_no_report_is_none(keys: tuple[Path, Path]):
    with pytest.raises(ReportError, match="no certification report"):
        report.verify(report.sign({"report": "something else"}, keys[0]), keys[1])


@pytest.mark.parametrize(
    ("results", "complete", "passed"),
    [
        ((HELD, NOT_TRIED), True, True),
        ((HELD, FAILED), True, False),
        ((HELD,), False, False),
    ],
)
def test_only_a_whole_run_without_a_failure_is_passed(results: tuple[Result, ...], complete: bool, passed: bool):
    assert a_report(*results, complete=complete)["passed"] is passed


def test_what_failed_is_told_with_what_to_do():
    words = report.in_words(a_report(HELD, FAILED))
    assert "NOT PASSED" in words
    assert all(part in words for part in ("life.ask", "a referral", "nothing", "look"))


# --- what is tried ---------------------------------------------------------------------------------------------------


def test_every_check_has_a_name_of_its_own_and_says_what_to_do():
    names = [one.id for one in checks.ALL]
    assert len(set(names)) == len(names) > 25
    assert all(one.sent and one.expected and one.hint and one.ways for one in checks.ALL)


def test_a_check_that_is_not_for_every_way_says_why():
    for one in checks.ALL:
        assert bool(one.elsewhere) is (one.ways != OWN_SYSTEM), one.id


def test_the_report_says_why_a_check_is_not_tried_by_this_way():
    exam: Any = SimpleNamespace(partner=SimpleNamespace(channel=ChannelKind.PULL))
    results = examine(exam, [one for one in checks.ALL if ChannelKind.PULL not in one.ways])
    assert {one.id.partition(".")[0] for one in results} == {"webhook", "queue"}
    assert all(one.outcome is Outcome.NOT_TRIED and one.seen.startswith("not by pull: ") for one in results)
    assert "fault.lost" in next(one.seen for one in results if one.id == "queue.lost")


def test_checks_are_chosen_by_name_or_by_their_first_part():
    assert [one.id for one in chosen(["life.ask"])] == ["life.ask"]
    assert {one.id.partition(".")[0] for one in chosen(["stop"])} == {"stop"}
    assert chosen([]) == checks.ALL
    with pytest.raises(UnknownCheckError, match="lif"):
        chosen(["lif"])


def test_no_two_persons_of_a_run_are_alike_and_all_say_what_they_want():
    cast = Cast()
    people = [cast.person(word) for word in Word for _ in range(20)]
    assert len({one["given_name"] for one in people}) == len(people)
    assert {one["family_name"] for one in people} == {f"{FAMILY_NAME}-{word}" for word in MEANING}
    assert all(one["email"].endswith(".example") for one in people)


def test_facts_are_looked_for_in_their_order():
    assert in_order(("received", "accepted"), ["requested", "received", "dossier_fetched", "accepted"])
    assert not in_order(("accepted", "received"), ["received", "accepted"])
    assert not in_order(("accepted", "accepted"), ["accepted"])


def test_a_command_on_the_queue_is_seen_like_an_answer_at_the_gate():
    body = {"id": "k", "subject": "referral/r-1", "expectedversion": 3}
    seen = command_seen({"payload": json.dumps(body), "routing_key": "partner.accept.v1"})
    assert seen.acts_on("r-1", "accept") and (seen.key, seen.if_match) == ("k", "3")
    assert not seen.acts_on("r-2") and not command_seen({"payload": "?", "routing_key": "x"}).acts_on("r-1")


class Desk:
    """A referral service that refuses a consent a few times."""

    def __init__(self, *refusals: dict[str, str]) -> None:
        self.refusals = list(refusals)

    def upload(self, *_: Any) -> dict[str, str]:
        return {"id": str(uuid4())}

    def post(self, *_: Any) -> dict[str, str]:
        if self.refusals:
            raise ProblemError(422, {"slug": "consent.incomplete", "fields": self.refusals.pop(0)})
        return {"id": "consent"}


def a_welcome_center(desk: Any) -> WelcomeCenter:
    return WelcomeCenter(desk, desk, Target("o", "s", Topic.SPRACHE, Purpose.SPRACHE))


def test_news_of_the_partner_may_be_late_and_nothing_else_is_waited_for():
    late = {"recipients": "known-to-the-directory"}
    assert a_welcome_center(Desk(late, late))._consented("e") == {"id": "consent"}
    with pytest.raises(ProblemError):
        a_welcome_center(Desk({"document_id": "a-signed-form-of-this-person"}))._consented("e")


# --- where it may run ------------------------------------------------------------------------------------------------

SANDBOX = {"gate": "http://127.0.0.1:1", "token": "t", "welcome_client_id": "w", "welcome_client_secret": "s"}


def test_beside_real_enquiries_nothing_is_tried(run: Callable[..., Run], paper: PaperNetwork):
    told = run("partner", "certify", "hwk-aachen")
    assert told.code == 2 and "sandbox only" in told.err
    assert not [path for method, path, _ in paper.asked if method != "GET" and path != "/token"]


def test_a_sandbox_section_alone_makes_no_sandbox(run: Callable[..., Run], paper: PaperNetwork, state: dict[str, Any]):
    """Copied from somewhere into an operator's file: the service that keeps persons' data has the last word."""
    state["sandbox"] = {**SANDBOX, "gate": paper.address}
    paper.say("GET", "/referral/operator/mode", {"mode": "production"})
    paper.say("GET", "/sandbox", {"sandbox": True})
    told = run("partner", "certify", "hwk-aachen")
    assert told.code == 2 and "mode production" in told.err
    assert not [path for method, path, _ in paper.asked if method != "GET" and path != "/token"]


@pytest.fixture
def sandbox(paper: PaperNetwork, state: dict[str, Any]) -> dict[str, Any]:
    paper.say("GET", "/referral/operator/mode", {"mode": "demo"})
    paper.say("GET", "/sandbox", {"sandbox": True})
    state["sandbox"] = {**SANDBOX, "gate": paper.address}
    return state["sandbox"]  # type: ignore[no-any-return]


def test_a_partner_the_sandbox_did_not_let_in_is_not_tried(run: Callable[..., Run], sandbox: dict[str, Any]):
    told = run("partner", "certify", "hwk-aachen")
    assert told.code == 2 and "make sandbox" in told.err


@pytest.mark.parametrize("channel", [ChannelKind.LIGHT, ChannelKind.NONE])
def test_where_people_answer_there_is_no_system_to_certify(
    run: Callable[..., Run], sandbox: dict[str, Any], channel: ChannelKind
):
    row = {"organization_id": str(id_of("organization", "desk")), "service_id": "s", "channel": channel.value}
    sandbox["partners"] = {"desk": row}
    told = run("partner", "certify", "desk")
    assert told.code == 2 and "no system" in told.err


def test_an_unknown_check_is_wrong_use(run: Callable[..., Run], sandbox: dict[str, Any]):
    told = run("partner", "certify", "desk", "--only", "lif")
    assert told.code == 2 and "life.accept" in told.err


def test_a_report_is_verified_by_whoever_has_the_key(run: Callable[..., Run], keys: tuple[Path, Path], tmp_path: Path):
    document = a_report(HELD)
    file = report.write(document, report.sign(document, keys[0]), tmp_path)
    assert run("partner", "verify-report", str(file), "--key", str(keys[1])).code == 0
    assert "PASSED" in file.with_suffix(".txt").read_text()
    file.write_text(report.sign(a_report(FAILED), keys[0]))
    told = run("partner", "verify-report", str(file), "--key", str(keys[1]))
    assert told.code == 1 and "life.ask" in told.out, "a true report of a failure is no pass"
    file.write_text("a.b.c")
    told = run("partner", "verify-report", str(file), "--key", str(keys[1]))
    assert told.code == 1 and "not signed" in told.err
