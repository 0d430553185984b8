"""The operator's command: readable for people, JSON for programs, and an exit code that tells the truth."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lotse.config import ConfigError, load
from tests.lotse.conftest import PaperNetwork, Run

Lotse = Callable[..., Run]
COMMANDS = [
    ("status",),
    ("referral", "show", "R-2026-7K3F"),
    ("parked", "list"),
    ("parked", "show", "referral", "17"),
    ("parked", "retry", "referral", "17"),
    ("parked", "discard", "referral", "17", "--reason", "DUPLICATE"),
    ("deliveries", "list"),
    ("deliveries", "show", "d1"),
    ("deliveries", "replay", "d1"),
    ("deliveries", "lag"),
    ("deliveries", "retry", "--all"),
    ("deliveries", "retry", "--organization", "ihk-aachen", "--cause", "http-500"),
    ("deliveries", "discard", "--delivery", "d1", "--reason", "OUTDATED"),
    ("deliveries", "discard", "--organization", "ihk-aachen", "--cause", "http-404", "--reason", "RECEIVER_GONE"),
    ("letters", "list"),
    ("letters", "list", "--each"),
    ("letters", "show", "l1"),
    ("letters", "return", "--all"),
    ("letters", "return", "--place", "dead", "--cause", "rejected"),
    ("letters", "drop", "--letter", "l1", "--reason", "OUTDATED"),
    ("letters", "drop", "--place", "partners.dead", "--cause", "expired", "--reason", "OUTDATED"),
    ("parked", "retry", "referral"),
    ("parked", "retry", "referral", "--reason", "bug"),
    ("directory", "check", __file__),
    ("directory", "import", __file__),
]


@pytest.fixture
def answering(paper: PaperNetwork) -> PaperNetwork:
    """A network that knows one parked message, one delivery and one referral."""
    parked = {"parked_id": 17, "type": "referral.requested.v1", "reason": "bug", "attempts": 3}
    delivery = {"delivery_id": "d1", "state": "parked", "attempts": [{"number": 1, "cause": "timeout"}]}
    paper.say("GET", "/referral/operator/parked/17", parked)
    paper.say("POST", "/referral/operator/parked/17/retry", parked)
    paper.say("POST", "/referral/operator/parked/17/discard", parked)
    paper.say("GET", "/notifications/operator/deliveries", {"deliveries": [delivery]})
    paper.say("GET", "/notifications/operator/deliveries/d1", delivery)
    paper.say("POST", "/notifications/operator/deliveries/d1/replay", delivery)
    paper.say("GET", "/notifications/operator/lag", {"partners": [{"organization_id": "o1", "leaving": 3}]})
    for path in ("stuck/retries", "stuck/discards"):
        paper.say("POST", f"/notifications/operator/{path}", {"handled": 2})
    paper.say("POST", "/notifications/operator/deliveries/d1/discard", delivery)
    letter = {"letter_id": "l1", "place": "dead", "cause": "rejected", "home": "audit.inbox.0"}
    paper.say("GET", "/notifications/operator/letters", {"lying": {"dead": 0}, "groups": [], "letters": [letter]})
    paper.say("GET", "/notifications/operator/letters/l1", letter)
    for path in ("returns", "drops"):
        done = {"handled": 2, "unconfirmed": 0, "without_home": 0}
        paper.say("POST", f"/notifications/operator/letters/{path}", done)
    paper.say("POST", "/referral/operator/parked/retries", {"parked": [parked]})
    paper.say("POST", "/referral/operator/parked/retries?reason=bug", {"parked": [parked]})
    paper.say("GET", "/referral/operator/referrals/R-2026-7K3F", {"id": "u", "status": "received", "timeline": []})
    paper.say("POST", "/directory/operator/imports", {"effect": "none"})
    return paper


@pytest.mark.parametrize("words", COMMANDS, ids=[" ".join(words[:2]) for words in COMMANDS])
def test_every_command_speaks_json_on_request(answering: PaperNetwork, run: Lotse, words: tuple[str, ...]) -> None:
    told = run(*words, "--json")
    assert told.code == 0, told.err
    assert told.data is not None


@pytest.mark.parametrize("words", COMMANDS, ids=[" ".join(words[:2]) for words in COMMANDS])
def test_every_command_is_readable_without(answering: PaperNetwork, run: Lotse, words: tuple[str, ...]) -> None:
    told = run(*words)
    assert told.code == 0, told.err
    assert told.out.strip()
    assert not told.out.lstrip().startswith("{")


@pytest.mark.parametrize(
    "words", [(), *dict.fromkeys(words[:-1] if len(words) > 2 else words for words in COMMANDS)], ids=str
)
def test_every_command_explains_itself_without_a_network(
    run: Lotse, state: dict[str, Any], words: tuple[str, ...]
) -> None:
    state.clear()
    told = run(*words[:2], "--help")
    assert told.code == 0
    assert "Usage" in told.out


def test_status_is_0_when_all_is_well(run: Lotse) -> None:
    told = run("status")
    assert told.code == 0
    assert told.out.count("ready") == 4


def test_status_is_1_when_something_is_parked(paper: PaperNetwork, run: Lotse) -> None:
    paper.say("GET", "/referral/operator/status", {"outbox": {"unpublished": 0}, "held": 0, "parked": 2})
    assert run("status").code == 1


def test_status_is_3_when_a_service_is_down(run: Lotse, state: dict[str, Any]) -> None:
    state["services"] = {"audit": "http://127.0.0.1:9"}
    told = run("status")
    assert told.code == 3
    assert "unreachable" in told.out


def test_nobody_answering_is_3_and_says_where(run: Lotse, state: dict[str, Any]) -> None:
    state["services"] = {"notifications": "http://127.0.0.1:9"}
    told = run("deliveries", "list")
    assert told.code == 3
    assert "127.0.0.1:9" in told.err


def test_a_silent_issuer_is_3(run: Lotse, state: dict[str, Any]) -> None:
    state["lotse"]["token_url"] = "http://127.0.0.1:9/token"
    assert run("deliveries", "list").code == 3


def test_refused_credentials_are_1_and_named(paper: PaperNetwork, run: Lotse) -> None:
    paper.say("POST", "/token", {"error": "invalid_client"}, 401)
    told = run("deliveries", "list")
    assert told.code == 1
    assert "invalid_client" in told.err
    assert "secret" not in told.err


def test_a_problem_shows_its_title_its_facts_and_what_to_do(paper: PaperNetwork, run: Lotse) -> None:
    refusal = {"title": "An earlier one of this subject is parked.", "slug": "parked.earlier-first", "sequence": 4}
    paper.say("POST", "/referral/operator/parked/18/retry", refusal, 409)
    told = run("parked", "retry", "referral", "18")
    assert told.code == 1
    for words in ("An earlier one", "parked.earlier-first", "sequence: 4", "show"):
        assert words in told.err


def test_wrong_use_is_2(run: Lotse) -> None:
    assert run("parked", "discard", "referral", "17").code == 2
    assert run("parked", "show", "kitchen", "1").code == 2
    assert run("no-such-command").code == 2


def test_anything_stuck_is_1_and_giving_up_or_trying_all_needs_its_words(paper: PaperNetwork, run: Lotse) -> None:
    cause = {"organization_id": "o1", "cause": "http-500", "count": 4}
    paper.say("GET", "/notifications/operator/deliveries", {"deliveries": [], "causes": [cause]})
    told = run("deliveries", "stuck")
    assert (told.code, "http-500" in told.out) == (1, True)
    assert run("deliveries", "retry").code == 2
    assert run("deliveries", "discard", "--delivery", "d1").code == 2
    assert run("deliveries", "discard", "--delivery", "d1", "--reason", "WHY_NOT").code == 2
    assert run("deliveries", "discard", "--organization", "o1", "--reason", "OUTDATED").code == 2
    assert not [one for one in paper.asked if one[0] == "POST" and "operator" in one[1]]


def test_letters_that_lie_or_stay_are_1_and_handling_them_needs_its_words(paper: PaperNetwork, run: Lotse) -> None:
    lying = {"place": "dead", "cause": "rejected", "home": "audit.inbox.0", "count": 2}
    paper.say("GET", "/notifications/operator/letters", {"lying": {"dead": 2}, "groups": [lying], "letters": []})
    told = run("letters", "list")
    assert (told.code, "audit.inbox.0" in told.out) == (1, True)
    assert run("letters", "return").code == 2
    assert run("letters", "drop", "--place", "dead", "--reason", "OUTDATED").code == 2
    assert run("letters", "drop", "--letter", "l1").code == 2
    assert not [one for one in paper.asked if one[0] == "POST" and "operator" in one[1]]
    stays = {"handled": 1, "unconfirmed": 1, "without_home": 1}
    paper.say("POST", "/notifications/operator/letters/returns", stays)
    told = run("letters", "return", "--all")
    assert (told.code, "did not confirm" in told.out, "commands of partners" in told.out) == (1, True, True)
    assert json.loads(paper.asked[-1][2]) == {}


def test_anything_parked_is_1(paper: PaperNetwork, run: Lotse) -> None:
    paper.say("GET", "/audit/operator/parked", {"parked": [{"parked_id": 3, "reason": "bug"}]})
    assert run("parked", "list").code == 1
    assert run("parked", "list", "--service", "referral").code == 0


def test_discarding_sends_the_reason(answering: PaperNetwork, run: Lotse) -> None:
    run("parked", "discard", "referral", "17", "--reason", "DUPLICATE")
    assert json.loads(answering.asked[-1][2]) == {"reason": "DUPLICATE"}


def test_filters_become_the_query(answering: PaperNetwork, run: Lotse) -> None:
    run("deliveries", "list", "--state", "parked", "--referral", "a b")
    assert answering.asked[-1][1].endswith("/deliveries?state=parked&referral_id=a+b")


def test_checking_a_file_changes_nothing(answering: PaperNetwork, run: Lotse) -> None:
    run("directory", "check", __file__)
    assert answering.asked[-1][1].endswith("/imports?dry_run=1")


def test_a_wrong_file_shows_each_place_and_what_was_expected(paper: PaperNetwork, run: Lotse) -> None:
    problem = {"title": "The file has mistakes.", "fields": {"line 7: areas[0]": "an ARS of 2 to 12 digits"}}
    paper.say("POST", "/directory/operator/imports", problem, 422)
    told = run("directory", "import", __file__)
    assert told.code == 1
    assert "line 7: areas[0]" in told.out
    assert "Nothing was taken in" in told.err


def test_verifying_needs_something_to_verify_against(run: Lotse, tmp_path: Path) -> None:
    told = run("audit", "verify", "--export", str(tmp_path / "log.ndjson"))
    assert told.code == 2
    assert "--checkpoint" in told.err


SAMPLE = Path(__file__).parents[1] / "unit" / "audit" / "sample"


def test_a_file_somebody_has_is_verified_without_asking_anybody(run: Lotse, tmp_path: Path) -> None:
    own = ("--key", str(SAMPLE / "key.pub"))
    assert run("audit", "check", str(SAMPLE / "export.ndjson"), *own).code == 0
    changed = tmp_path / "changed.ndjson"
    changed.write_bytes((SAMPLE / "export.ndjson").read_bytes().replace(b"staff:ab", b"staff:cd", 1))
    assert run("audit", "check", str(changed), *own).code == 1
    (tmp_path / "receipt.txt").write_text("LNR1:NOTHING")
    assert run("audit", "check", str(tmp_path / "receipt.txt"), *own).code == 2


def test_a_proof_the_log_gives_is_verified_here(paper: PaperNetwork, run: Lotse, tmp_path: Path) -> None:
    """The whole of two entries under a head nobody signed: the steps may hold, but they show nothing."""
    answer = {"position": 0, "size": 2, "leaf_hash": "AA==", "root": "AA==", "proof": [], "checkpoint": None}
    paper.say("GET", "/audit/api/v1/proofs/inclusion", answer)
    kept = tmp_path / "proof.json"
    told = run("audit", "inclusion", "--position", "0", "--key", str(SAMPLE / "key.pub"), "--out", str(kept))
    assert told.code == 1
    assert json.loads(kept.read_text()) == answer


def test_the_verifier_s_word_is_the_exit_code(run: Lotse, tmp_path: Path) -> None:
    nothing = str(tmp_path / "nothing")
    assert run("audit", "verify", "--export", nothing, "--checkpoint", nothing, "--key", nothing).code == 2


def test_without_any_address_it_says_how_to_give_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="LOTSE_ORIGIN"):
        load(None, {}, tmp_path)


def test_the_state_of_a_demo_is_found_from_a_folder_below(tmp_path: Path, state: dict[str, Any]) -> None:
    (tmp_path / ".dev").mkdir()
    (tmp_path / ".dev" / "state.json").write_text(json.dumps(state))
    below = tmp_path / "docs" / "deep"
    below.mkdir(parents=True)
    assert load(None, {}, below).client_id == "lotse"


def test_the_environment_is_enough_and_the_secret_may_be_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hidden\n")
    config = load(
        None,
        {
            "LOTSE_ORIGIN": "https://network.example/",
            "LOTSE_TOKEN_URL": "https://issuer.example/token",
            "LOTSE_CLIENT_ID": "ops",
            "LOTSE_CLIENT_SECRET_FILE": str(tmp_path / "secret"),
            "LOTSE_AUDIT_URL": "https://audit.example",
        },
    )
    assert config.client_secret == "hidden"
    assert config.services["referral"] == "https://network.example"
    assert config.services["audit"] == "https://audit.example"
    assert "hidden" not in repr(config)


def test_a_missing_setting_is_named() -> None:
    with pytest.raises(ConfigError, match="LOTSE_TOKEN_URL"):
        load(None, {"LOTSE_ORIGIN": "https://network.example"})
