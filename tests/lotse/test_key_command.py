"""A partner's keys by command: listed with a warning, added, followed, revoked."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey

from tests.lotse.conftest import PaperNetwork, Run

Lotse = Callable[..., Run]
PATH = "/directory/operator/organizations/test-chamber/keys"
PRINT = "x" * 43


@pytest.fixture
def file(tmp_path: Path) -> Path:
    key = ECKey.generate_key("P-256", {"use": "enc"}, auto_kid=True)
    path = tmp_path / "public.json"
    path.write_text(json.dumps(key.as_dict(private=False)))
    return path


def a_key(**changes: Any) -> dict[str, Any]:
    return {"kid": "one", "use": "enc", "state": "counts", "thumbprint": PRINT, **changes}


def in_days(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        ([a_key()], 0),
        ([a_key(not_after=in_days(40))], 0),
        ([a_key(not_after=in_days(20))], 1),
        ([a_key(not_after=in_days(20)), a_key(kid="two", state="ahead")], 0),
        ([a_key(state="revoked")], 1),
        ([a_key(use="sig")], 1),
        ([], 1),
    ],
)
def test_the_list_ends_badly_when_nothing_can_be_sealed_in_a_month(
    paper: PaperNetwork, run: Lotse, keys: list[dict[str, Any]], code: int
) -> None:
    paper.say("GET", PATH, {"keys": keys})
    assert run("partner", "key", "list", "test-chamber").code == code


def test_a_key_is_handed_in_with_the_fingerprint_told_by_another_way(
    paper: PaperNetwork, run: Lotse, file: Path
) -> None:
    paper.say("POST", PATH, {"keys": [a_key()]})
    told = run("partner", "key", "add", "test-chamber", str(file), "--thumbprint", PRINT, "--json")
    assert (told.code, told.data[0]["kid"]) == (0, "one")
    sent = json.loads(paper.asked[-1][2])
    assert (sent["thumbprint"], set(sent)) == (PRINT, {"key", "thumbprint"})


def test_the_next_one_says_how_long_the_former_is_accepted(paper: PaperNetwork, run: Lotse, file: Path) -> None:
    paper.say("POST", PATH, {"keys": [a_key()]})
    words = ("--thumbprint", PRINT, "--not-before", "2027-01-01T00:00:00", "--old-for-days", "7")
    assert run("partner", "key", "rotate", "test-chamber", str(file), *words).code == 0
    sent = json.loads(paper.asked[-1][2])
    assert (sent["not_before"], sent["old_until"]) == ("2027-01-01T00:00:00Z", "2027-01-08T00:00:00Z")


def test_a_private_key_is_not_even_sent(paper: PaperNetwork, run: Lotse, file: Path) -> None:
    file.write_text(json.dumps(ECKey.generate_key("P-256").as_dict(private=True)))
    told = run("partner", "key", "add", "test-chamber", str(file), "--thumbprint", PRINT)
    assert (told.code != 0, "public JSON Web Key" in told.out + told.err) == (True, True)
    assert not any(path == PATH for _, path, _ in paper.asked)


def test_revoking_is_asked_about_first(paper: PaperNetwork, run: Lotse) -> None:
    paper.say("POST", f"{PATH}/one/revocation", {"keys": [a_key(state="revoked")]})
    assert run("partner", "key", "revoke", "test-chamber", "one").code != 0
    assert run("partner", "key", "revoke", "test-chamber", "one", "--yes").code == 0


def test_a_second_person_confirms_by_the_fingerprint_and_in_her_own_name(
    paper: PaperNetwork, run: Lotse, state: dict[str, Any]
) -> None:
    paper.say("POST", f"{PATH}/confirmations", {"keys": [a_key()]})
    assert run("partner", "key", "confirm", "test-chamber", "--thumbprint", PRINT, "--lead").code == 2, "no client"
    state["lotse"] |= {"lead_client_id": "lotse-lead", "lead_client_secret": "x"}
    assert run("partner", "key", "confirm", "test-chamber", "--thumbprint", PRINT, "--lead").code == 0
    assert json.loads(paper.asked[-1][2]) == {"thumbprint": PRINT}
    assert run("partner", "key", "confirm", "test-chamber", "--thumbprint", PRINT).code == 0
    assert run("partner", "key", "confirm", "test-chamber").code == 2


def test_a_key_that_waits_is_said_to_wait_and_counts_for_nothing(paper: PaperNetwork, run: Lotse) -> None:
    paper.say("GET", PATH, {"keys": [{"use": "enc", "kty": "EC", "state": "waits"}]})
    told = run("partner", "key", "list", "test-chamber")
    assert (told.code, "second person" in told.out) == (1, True)
