"""What a person asks to be done to her data, by command: rehearsed, never guessed, refused with the reason."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.lotse.conftest import PaperNetwork, Run

Lotse = Callable[..., Run]
ENQUIRY, HERS, HIS, REQUEST = (f"0198c0de-0000-7000-8000-00000000000{n}" for n in range(4))
PLACE = f"/referral/api/v1/enquiries/{ENQUIRY}"
TOLD = {"reference": "R-2026-ABCDEF", "status": "received", "becomes": "cancelled", "asked_to_delete": True}


@pytest.fixture
def lead(state: dict[str, Any]) -> None:
    state["lotse"] |= {"lead_client_id": "lena", "lead_client_secret": "secret"}


def knows(paper: PaperNetwork, *persons: tuple[str, bool]) -> None:
    shown = [{"person_id": one, "relation": "self", "erased": erased} for one, erased in persons]
    paper.say("GET", PLACE, {"enquirer": "person", "persons": shown})


def sent(paper: PaperNetwork) -> list[tuple[str, Any]]:
    posted = [(path, body) for method, path, body in paper.asked if method == "POST" and path != "/token"]
    return [(path, json.loads(body)) for path, body in posted]


@pytest.mark.usefixtures("lead")
def test_an_erasure_is_rehearsed_first(paper: PaperNetwork, run: Lotse) -> None:
    knows(paper, (HERS, False))
    paper.say("GET", f"{PLACE}/persons/{HERS}/erasure", {"documents": 2, "referrals": [TOLD], "facts": {}})
    told = run("erase", ENQUIRY, "--dry-run")
    assert told.code == 0 and "Nothing was changed" in told.out and "R-2026-ABCDEF" in told.out
    assert run("erase", ENQUIRY, "--dry-run", "--json").data["documents"] == 2
    assert sent(paper) == []


@pytest.mark.usefixtures("lead")
def test_she_is_erased_once_somebody_says_yes(paper: PaperNetwork, run: Lotse) -> None:
    knows(paper, (HERS, True), (HIS, False))  # whoever asked first is gone already
    paper.say("POST", f"{PLACE}/persons/{HIS}/erasures", {"person_id": HIS}, 201)
    assert run("erase", ENQUIRY, "--request", REQUEST, "--yes").code == 0
    assert sent(paper) == [(f"{PLACE}/persons/{HIS}/erasures", {"request_id": REQUEST})]


@pytest.mark.usefixtures("lead")
@pytest.mark.parametrize("words", [(), ("--dry-run", "--yes"), ("--yes",)])
def test_what_is_not_clear_erases_nobody(paper: PaperNetwork, run: Lotse, words: tuple[str, ...]) -> None:
    knows(paper, (HERS, False), (HIS, False))
    told = run("erase", ENQUIRY, *words)
    assert told.code == 2 and sent(paper) == []
    assert (HERS in told.err and HIS in told.err) == (words == ("--yes",))


@pytest.mark.usefixtures("lead")
def test_what_a_hold_keeps_is_told_and_ends_with_one(paper: PaperNetwork, run: Lotse) -> None:
    knows(paper, (HERS, False))
    held = {"title": "A legal hold keeps her data.", "slug": "person.held", "until": "2027-01-31"}
    paper.say("GET", f"{PLACE}/persons/{HERS}/erasure", held, 409)
    told = run("erase", ENQUIRY, "--dry-run")
    assert told.code == 1 and "legal hold" in told.err and "2027-01-31" in told.err


@pytest.mark.usefixtures("lead")
def test_corrections_come_from_a_file_or_standard_input(
    paper: PaperNetwork, run: Lotse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    knows(paper, (HERS, False))
    paper.say("POST", f"{PLACE}/rectifications", {"id": ENQUIRY}, 201)
    file = tmp_path / "changes.json"
    file.write_text('{"city": "Stolberg"}')
    assert run("rectify", ENQUIRY, "--from", str(file), "--remove", "health_note", "--request", REQUEST).code == 0
    [(_, body)] = sent(paper)
    expected = {"person": {"city": "Stolberg"}, "remove": ["health_note"], "person_id": HERS, "request_id": REQUEST}
    assert body == expected
    for wrong in ("[]", "{"):
        file.write_text(wrong)
        assert run("rectify", ENQUIRY, "--from", str(file)).code == 2
    assert run("rectify", ENQUIRY, "--from", str(tmp_path / "missing.json")).code == 2
    assert len(sent(paper)) == 1


def test_without_a_leads_client_it_says_what_is_missing(paper: PaperNetwork, run: Lotse) -> None:
    told = run("erase", ENQUIRY, "--dry-run")
    assert told.code == 2 and "LOTSE_LEAD_CLIENT_ID" in told.err and paper.asked == []
