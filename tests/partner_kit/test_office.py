"""A folder is handed what was heard, and what lies in it is said: at least once in, exactly once out."""

import json
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from lotsennetz_partner import __main__ as program
from lotsennetz_partner import keys
from lotsennetz_partner.client import Answered, Client, Event, Page, Referral
from lotsennetz_partner.errors import AwayError, RefusedError, UnreadableError
from lotsennetz_partner.journal import Answer, Journal
from lotsennetz_partner.office import FIRST_PUT_OFF, Office
from lotsennetz_partner.settings import ANSWERED_WITHIN, Settings, SettingsError, load

from services.referral import sealing

OURS = UUID("00000000-0000-0000-0000-00000000000a")
REFERRAL = "00000000-0000-0000-0000-0000000000b1"
DOSSIER = {"person": {"given_name": "Amira"}}


def notice(number: int, kind: str = "referral_requested") -> Event:
    data = {"referral_id": REFERRAL, "reference": "R-26-ABCDEF", "kind": kind}
    return Event(f"notice-{number}", "partner.notice.v1", data)


class FakeNetwork:
    """Answers as the published interface does, and remembers every answer by its key."""

    def __init__(self, *events: Event) -> None:
        self.feed = list(events)
        self.said: dict[str, tuple[str, Mapping[str, Any]]] = {}
        self.tries = 0
        self.fetched = 0
        self.acknowledged = 0
        self.fails: Exception | None = None
        self.after_saying: Exception | None = None

    def events(self, after: int = 0, limit: int = 100, wait: int = 0) -> Page:
        if after > len(self.feed):
            raise RefusedError(422, {"slug": "feed.cursor-ahead"})
        return Page(tuple(self.feed[after:]), len(self.feed))

    def acknowledge(self, cursor: int) -> None:
        self.acknowledged = cursor

    def referral(self, referral_id: str) -> Referral:
        return Referral(referral_id, "R-26-ABCDEF", 3, "requested", ("accept",), {"status": "requested"})

    def dossier(self, referral_id: str) -> dict[str, Any]:
        self.fetched += 1
        if self.fails:
            raise self.fails
        return DOSSIER

    def seal(self, words: str) -> str:
        return f"sealed({len(words)})"

    def act_now(self, referral_id: str, action: str, body: Mapping[str, Any], key: str) -> Referral:
        self.tries += 1
        if self.fails:
            raise self.fails
        self.said.setdefault(key, (action, body))
        if self.after_saying:
            raise self.after_saying
        return Referral(referral_id, "R-26-ABCDEF", 4, "accepted", (), {})


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path


class Clock:
    """Stands still until somebody moves it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def office(place: Path, network: FakeNetwork, clock: Callable[[], float] = time.monotonic, **changes: Any) -> Office:
    """One start of the program; called again it is started anew on what lies there."""
    usual: dict[str, Any] = {
        "network_url": "https://network.example",
        "organization_id": OURS,
        "token_url": "https://issuer.example/token",
        "client_id": "ours",
        "journal": place / "journal.sqlite",
        "inbox": place / "inbox",
        "outbox": place / "outbox",
    }
    settings = Settings(**{**usual, **changes})
    return Office(settings, network, Journal(settings.journal, OURS), clock=clock)  # type: ignore[arg-type]


def answer(place: Path, name: str = "one.json", **content: Any) -> Path:
    file = place / "outbox" / name
    file.parent.mkdir(exist_ok=True)
    usual = {"referral": "R-26-ABCDEF", "action": "accept", "contact_by": "2026-03-09"}
    file.write_text(json.dumps({**usual, **content}))
    return file


def result(place: Path, name: str = "one") -> Any:
    return json.loads((place / "outbox" / "done" / f"{name}.result.json").read_text())


def test_what_is_heard_lies_in_the_inbox_with_its_opened_dossier(place: Path):
    network = FakeNetwork(notice(1))
    office(place, network).turn()
    [file] = (place / "inbox").glob("*.json")
    assert file.name == "R-26-ABCDEF.referral_requested.notice-1.json"
    content = json.loads(file.read_text())
    assert (content["dossier"], content["referral"]["status"]) == (DOSSIER, "requested")
    assert file.stat().st_mode & 0o077 == 0, "nobody else may read it"
    assert network.acknowledged == 1


def test_what_was_heard_twice_is_handed_over_once(place: Path):
    network = FakeNetwork(notice(1), notice(1))
    desk = office(place, network)
    desk.turn()
    for file in (place / "inbox").iterdir():
        file.unlink()
    desk.turn()
    assert list((place / "inbox").iterdir()) == []


def test_killed_between_hearing_and_handing_over_nothing_is_lost(place: Path):
    network = FakeNetwork(notice(1))
    office(place, network).hear()  # and then somebody pulls the plug
    office(place, network).turn()
    assert len(list((place / "inbox").glob("*.json"))) == 1


def test_a_command_that_fails_is_run_again_and_its_notice_is_not_handled(place: Path):
    script = place / "import.py"
    script.write_text(
        "import pathlib, sys\n"
        f"seen = pathlib.Path({str(place / 'seen')!r})\n"
        "lines = seen.read_text().splitlines() if seen.exists() else []\n"
        "seen.write_text('\\n'.join([*lines, sys.argv[1]]))\n"
        "sys.exit(0 if lines else 1)\n"
    )
    network, clock = FakeNetwork(notice(1)), Clock()
    desk = office(place, network, clock, command=f"{sys.executable} {script}")
    for _ in range(2):
        desk.turn()
    assert len((place / "seen").read_text().splitlines()) == 1, "not at once: what failed just now fails again"
    for _ in range(2):
        clock.now += FIRST_PUT_OFF
        desk.turn()
    assert len((place / "seen").read_text().splitlines()) == 2, "once in vain, once well, then never again"
    assert network.fetched == 1, "fetching is a disclosure each time: the file lay there"


@pytest.mark.parametrize("kind", ["referral_stopped", "duty_opened"])
def test_when_it_stops_the_dossier_leaves_the_folder(place: Path, kind: str):
    network = FakeNetwork(notice(1))
    desk = office(place, network)
    desk.turn()
    network.feed.append(notice(2, kind))
    desk.turn()
    assert [file.name.split(".")[1] for file in (place / "inbox").glob("*.json")] == [kind]


def test_a_dossier_that_consent_withholds_is_told_not_awaited(place: Path):
    network = FakeNetwork(notice(1))
    network.fails = RefusedError(403, {"slug": "consent.withdrawn", "title": "Die Einwilligung ist widerrufen"})
    desk = office(place, network)
    desk.turn()
    [file] = (place / "inbox").glob("*.json")
    assert json.loads(file.read_text())["refused"]["slug"] == "consent.withdrawn"
    assert desk.journal.waiting() == []


#: As large as a paper may be unless its operator says otherwise.
LARGE = b"%PDF-1.7" + bytes(10_000_000 - 8)
PAPER, WITHHELD = "00000000-0000-0000-0000-0000000000d1", "00000000-0000-0000-0000-0000000000d2"


class WithPapers(FakeNetwork):
    """The dossier names two papers to fetch, of which one is withheld, and one the person brings herself."""

    asked = 0

    def dossier(self, referral_id: str) -> dict[str, Any]:
        return {"person": {"documents": [{"id": PAPER}, {"id": WITHHELD}, {"kind": "CERTIFICATE"}]}}

    def document(self, referral_id: str, document_id: str) -> tuple[str, bytes]:
        if document_id == WITHHELD:
            raise RefusedError(403, {"slug": "consent.withdrawn"})
        self.asked += 1
        return "application/pdf", b"%PDF-1.7"


def test_papers_lie_beside_the_dossier_that_names_them_until_it_stops(place: Path):
    network = WithPapers(notice(1), notice(2, "question_answered"))
    desk = office(place, network)
    desk.turn()
    paper = place / "inbox" / f"R-26-ABCDEF.paper.{PAPER}.pdf"
    assert paper.read_bytes() == b"%PDF-1.7" and paper.stat().st_mode & 0o077 == 0
    [file] = (place / "inbox").glob("*.referral_requested.*.json")
    told = json.loads(file.read_text())["papers"]
    assert told == [{"id": PAPER, "file": paper.name}, {"id": WITHHELD, "refused": "consent.withdrawn"}]
    assert network.asked == 1, "what lies there is not fetched again for the answer to a question"
    paper.with_name(f".{paper.name}.part").write_bytes(b"%PDF")  # as if killed while it was written
    network.feed.append(notice(3, "referral_stopped"))
    desk.turn()
    assert [one.name.split(".")[1] for one in (place / "inbox").iterdir()] == ["referral_stopped"]


def test_papers_are_fetched_by_hand_as_the_network_seals_them(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    own = keys.generate()
    keys.write(own, place / "ours.json")
    (place / "settings.toml").write_text(
        f'network_url = "https://network.example"\norganization_id = "{OURS}"\nclient_id = "ours"\n'
        'token_url = "https://issuer.example/token"\nprivate_key_files = ["ours.json"]\n'
    )
    sealed = sealing.seal_bytes(LARGE, "application/pdf", sealing.public_key(keys.public(own)))
    paths: list[str] = []

    def network(_: Client, method: str, path: str, *rest: Any, **named: Any) -> Answered:
        paths.append(path)
        head = {"id": REFERRAL, "reference": "R-26-ABCDEF", "version": 3, "status": "accepted"}
        return Answered(200, sealed.jwe.encode() if "/documents/" in path else json.dumps(head).encode())

    monkeypatch.setattr(Client, "_send", network)
    assert program.main(["--settings", str(place / "settings.toml"), "papers", REFERRAL, PAPER]) == 0
    assert json.loads(capsys.readouterr().out) == [{"id": PAPER, "file": f"R-26-ABCDEF.paper.{PAPER}.pdf"}]
    assert (place / "inbox" / f"R-26-ABCDEF.paper.{PAPER}.pdf").read_bytes() == LARGE
    assert paths[-1] == f"/partner/v1/referrals/{REFERRAL}/documents/{PAPER}" and len(paths) == 2


def test_a_test_notice_is_heard_and_leaves_nothing(place: Path):
    network = FakeNetwork(notice(1, "test"))
    desk = office(place, network)
    assert desk.turn() == 2 and desk.turn() == 0
    assert list((place / "inbox").iterdir()) == []


def test_an_answer_file_is_said_and_its_result_lies_beside_it(place: Path):
    network = FakeNetwork(notice(1))
    desk = office(place, network)
    desk.turn()
    file = answer(place, comment="Wir rufen an")
    desk.turn()
    [(action, body)] = network.said.values()
    assert (action, body) == ("accept", {"contact_by": "2026-03-09", "sealed_comment": "sealed(12)"})
    assert result(place) == {"result": "done", "status": "accepted", "version": 4}
    assert not file.exists() and (place / "outbox" / "done" / "one.json").exists()


def test_killed_after_saying_it_and_before_hearing_so_it_is_said_once(place: Path):
    network = FakeNetwork(notice(1))
    desk = office(place, network)
    desk.turn()
    answer(place)
    network.after_saying = AwayError("the line broke")
    with pytest.raises(AwayError):
        desk.turn()
    network.after_saying = None
    office(place, network).turn()
    assert (len(network.said), network.tries) == (1, 2), "the same key both times: the network takes it once"
    assert result(place)["result"] == "done"


def test_killed_before_its_result_is_noted_the_result_lies_there_all_the_same(
    place: Path, monkeypatch: pytest.MonkeyPatch
):
    network = FakeNetwork(notice(1))
    desk = office(place, network)
    desk.turn()
    answer(place)

    def killed(*_: Any) -> None:
        raise SystemExit

    with monkeypatch.context() as dying:
        dying.setattr(desk.journal, "mark", killed)
        with pytest.raises(SystemExit):
            desk.turn()
    office(place, network).turn()
    assert result(place)["result"] == "done"
    assert len(network.said) == 1


def test_the_same_file_laid_there_again_says_nothing_new(place: Path):
    network = FakeNetwork(notice(1))
    desk = office(place, network)
    desk.turn()
    for _ in range(2):
        answer(place)
        desk.turn()
    assert network.tries == 1
    assert result(place) == {"result": "said-before", "first": {"status": "accepted", "version": 4}}


def test_the_same_file_laid_there_again_after_a_refusal_is_said_again_under_its_key(place: Path):
    network = FakeNetwork(notice(1))
    desk = office(place, network)
    desk.turn()
    answer(place)
    network.fails = RefusedError(409, {"slug": "referral.action-not-allowed"})
    desk.turn()
    assert result(place)["result"] == "refused"
    network.fails = None
    answer(place)
    desk.turn()
    assert (result(place)["result"], network.tries) == ("done", 2)
    [key] = network.said
    said = desk.journal.answer(key)
    assert said and (said.state, said.id) == ("done", desk.journal.key_for(said.source))


def test_a_refusal_names_slug_and_field(place: Path):
    network = FakeNetwork(notice(1))
    desk = office(place, network)
    desk.turn()
    answer(place)
    network.fails = RefusedError(422, {"slug": "request.invalid", "fields": {"contact_by": "a-day"}})
    desk.turn()
    told = result(place)
    assert (told["result"], told["slug"], told["fields"]) == ("refused", "request.invalid", {"contact_by": "a-day"})


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"no json", "Expecting value"),
        (b"[1]", "an object with referral and action"),
        (b'{"referral": "R-26-NOBODY", "action": "accept"}', "a number we have heard of"),
        (b'{"referral": "R-26-ABCDEF"}', "action: such as accept"),
        (b'{"a": ' + b'"x"' * 1 + b"}" + b" " * 1_000_001, "a smaller file"),
        (b"\xff\xfe\x00", "decode"),
    ],
)
def test_an_answer_nobody_can_understand_harms_no_other(place: Path, raw: bytes, expected: str):
    network = FakeNetwork(notice(1))
    desk = office(place, network)
    desk.turn()
    (place / "outbox" / "a-wrong-one.json").write_bytes(raw)
    answer(place)
    desk.turn()
    told = result(place, "a-wrong-one")
    assert told["result"] == "unreadable" and expected in told["expected"]
    assert result(place)["result"] == "done"


def test_nothing_is_said_while_the_network_is_away_and_everything_afterwards(place: Path):
    network = FakeNetwork(notice(1))
    desk = office(place, network)
    desk.turn()
    answer(place)
    network.fails = AwayError("no answer")
    with pytest.raises(AwayError):
        desk.turn()
    network.fails = None
    desk.turn()
    assert len(network.said) == 1


# --- keys ---


def test_a_dossier_that_does_not_open_holds_up_no_other_and_is_asked_for_again(place: Path):
    """Sealed to a key that is not ours, or a page of HTML in its place: it may be right the next time."""
    other = "00000000-0000-0000-0000-0000000000b2"
    readable = Event(
        "notice-2", "partner.notice.v1", {**notice(2).data, "referral_id": other, "reference": "R-26-OTHER1"}
    )

    class HalfSealed(FakeNetwork):
        wrong = True

        def dossier(self, referral_id: str) -> dict[str, Any]:
            if referral_id == REFERRAL and self.wrong:
                raise UnreadableError("sealed dossier: does not open")
            return DOSSIER

    network = HalfSealed(notice(1), readable)
    clock = Clock()
    desk = office(place, network, clock)
    desk.turn()
    assert [file.name.split(".")[0] for file in (place / "inbox").glob("*.json")] == ["R-26-OTHER1"]
    network.wrong = False
    desk.turn()
    assert len(list((place / "inbox").glob("*.json"))) == 1, "not at once: fetching is a disclosure each time"
    clock.now += FIRST_PUT_OFF
    desk.turn()
    assert len(list((place / "inbox").glob("*.json"))) == 2


@pytest.mark.parametrize("body", [b"\xff", b"[]", b"{}", b'{"id": 1, "type": null, "data": {}}', b'{"id": "n"}'])
def test_a_message_that_cannot_be_read_is_taken_off_the_queue_and_the_next_is_heard(place: Path, body: bytes):
    event = notice(1)
    good = json.dumps({"id": event.id, "type": event.type, "data": event.data}).encode()

    class FakeQueue:
        def __init__(self) -> None:
            self.left, self.taken = [(body, 1), (good, 2)], []

        def next(self) -> tuple[bytes, int] | None:
            return self.left.pop(0) if self.left else None

        def done(self, tag: int) -> None:
            self.taken.append(tag)

    desk = office(place, FakeNetwork())
    desk._via_queue, desk._queue = True, FakeQueue()  # type: ignore[assignment]
    desk.turn()
    assert desk._queue.taken == [1, 2]  # type: ignore[union-attr]
    assert len(list((place / "inbox").glob("*.json"))) == 1


class SilentQueue:
    """Takes everything and never answers."""

    def __init__(self) -> None:
        self.said: list[Answer] = []

    def next(self) -> None:
        return None

    def say(self, what: Answer, version: int) -> None:
        self.said.append(what)

    def actions(self) -> list[str]:
        return [one.action for one in self.said]


def by_queue(place: Path, clock: Callable[[], float] = time.monotonic) -> tuple[Office, SilentQueue]:
    desk, queue = office(place, FakeNetwork(), clock), SilentQueue()
    desk._via_queue, desk._queue = True, queue  # type: ignore[assignment]
    return desk, queue


def test_by_queue_the_next_answer_about_a_referral_waits_for_the_result_of_the_one_before(place: Path):
    """Said all at once, the second would be about a version that the first is about to change."""

    office(place, FakeNetwork(notice(1))).turn()
    answer(place, "1.json")
    answer(place, "2.json", action="start", first_contact_on="2026-03-09")
    desk, queue = by_queue(place)
    desk.turn()
    desk.turn()
    assert queue.actions() == ["accept"]
    [sent] = desk.journal.unsaid("sent")
    desk.settle(sent.id, "done", {})
    desk.turn()
    assert queue.actions() == ["accept", "start"]


def test_by_queue_an_answer_whose_result_never_came_is_said_again_under_its_id(place: Path):
    office(place, FakeNetwork(notice(1))).turn()
    answer(place, "1.json")
    answer(place, "2.json", action="start", first_contact_on="2026-03-09")
    clock = Clock()
    desk, queue = by_queue(place, clock)
    for after, times in ((0.0, 1), (ANSWERED_WITHIN - 1, 1), (1.0, 2), (ANSWERED_WITHIN - 1, 2), (1.0, 3)):
        clock.now += after
        desk.turn()
        assert queue.actions() == ["accept"] * times, "and what waits behind it still waits"
    assert len({one.id for one in queue.said}) == 1
    desk.settle(queue.said[0].id, "done", {})
    clock.now += ANSWERED_WITHIN
    desk.turn()
    assert queue.actions()[3:] == ["start"], "what has its result is not said again"


@pytest.mark.parametrize("data", [{}, {"referral_id": REFERRAL}, {"referral_id": 7, "kind": "test"}])
def test_a_notice_that_says_nothing_is_passed_over(place: Path, data: dict[str, Any]):
    office(place, FakeNetwork(Event("n", "partner.notice.v1", data), notice(2))).turn()
    assert len(list((place / "inbox").glob("*.json"))) == 1


def test_what_is_sealed_to_our_key_opens_with_it_alone(tmp_path: Path):
    from joserfc import jwe

    own, other = keys.generate(), keys.generate()
    header = {"alg": "ECDH-ES+A256KW", "enc": "A256GCM", "kid": own.kid}
    sealed = jwe.encrypt_compact(header, json.dumps(DOSSIER).encode(), own, algorithms=keys.ALLOWED)
    assert keys.open_sealed(sealed, [other, own]) == DOSSIER
    with pytest.raises(UnreadableError, match="not among ours"):
        keys.open_sealed(sealed, [other])


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "RSA1_5", "enc": "A256GCM"},
        {"alg": "dir", "enc": "A256GCM"},
        {"alg": "none"},
        {"alg": "ECDH-ES+A256KW", "enc": "A128CBC-HS256"},
        {"alg": "ECDH-ES+A256KW", "enc": "A256GCM", "zip": "DEF"},
    ],
    ids=lambda header: "-".join(header.values()),
)
def test_whatever_is_sealed_otherwise_is_refused(header: dict[str, str]):
    import base64

    first = base64.urlsafe_b64encode(json.dumps(header).encode()).decode().rstrip("=")
    with pytest.raises(UnreadableError):
        keys.open_sealed(f"{first}.AAAA.AAAA.AAAA.AAAA", [keys.generate()])


def test_a_key_file_is_never_written_over_and_nobody_else_may_read_it(tmp_path: Path):
    file = tmp_path / "key.json"
    keys.write(keys.generate(), file)
    assert file.stat().st_mode & 0o077 == 0
    with pytest.raises(FileExistsError):
        keys.write(keys.generate(), file)
    assert keys.read([file])[0].is_private


def test_a_network_that_began_anew_is_heard_from_its_beginning(place: Path) -> None:
    network = FakeNetwork(*(notice(number) for number in range(3)))
    ours = office(place, network)
    ours.turn()
    network.feed = [notice(7, "reminder")]
    office(place, network).turn()
    assert any("reminder" in file.name for file in (place / "inbox").iterdir())


@pytest.mark.parametrize("seconds", ["soon", "0", "100000"])
def test_how_long_a_result_may_take_is_said_in_seconds(seconds: str):
    given = {"network_url": "https://n.example", "token_url": "https://i.example/token", "client_id": "ours"}
    around = {f"LOTSENNETZ_{name.upper()}": word for name, word in given.items()}
    around |= {"LOTSENNETZ_ORGANIZATION_ID": str(OURS)}
    assert load(None, {**around, "LOTSENNETZ_ANSWERED_WITHIN": "20"}).answered_within == 20
    with pytest.raises(SettingsError, match="answered_within"):
        load(None, {**around, "LOTSENNETZ_ANSWERED_WITHIN": seconds})


def test_while_our_participation_rests_nothing_is_refused_for_good_and_we_ask_again_later(place: Path):
    client = object.__new__(Client)
    with pytest.raises(AwayError) as rests:
        client._refuse(403, b'{"slug": "partner.suspended"}')
    assert rests.value.retry_after == 60
    with pytest.raises(RefusedError):
        client._refuse(403, b'{"slug": "partner.left"}')
