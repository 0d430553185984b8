"""What a person is handed over holds all of her data: on the way to her nobody else on the machine reads it."""

import json
from pathlib import Path
from typing import Any

import pytest

from lotse.commands.subject_access import DECIDED, counts, differences, write


@pytest.mark.parametrize("name", ["auskunft", "auskunft.zip"])
def test_what_is_handed_over_is_its_owners_alone(tmp_path: Path, name: str) -> None:
    write({"auskunft.json": b"{}"}, tmp_path / name, packed=name.endswith(".zip"))
    assert (tmp_path / name).stat().st_mode & 0o077 == 0
    assert [path.name for path in tmp_path.iterdir()] == [name]


def a_document(**organizations: str) -> dict[str, Any]:
    """A person with a case of each, and a decision about each; she asks at the first."""
    return {
        "enquiry_id": f"enquiry-{next(iter(organizations))}",
        "recorded": {
            "enquiries": [{"id": f"enquiry-{one}", "organization_id": by} for one, by in organizations.items()],
            "referrals": [{"id": f"referral-{one}", "enquiry_id": f"enquiry-{one}"} for one in organizations],
            "decisions": [{"id": f"decision-{one}", "referral_id": f"referral-{one}"} for one in organizations],
        },
        **{name: [] for name in ("disclosures", "refusals", "views")},
    }


def an_extract(*decisions: str) -> bytes:
    leaves = [json.dumps({"type": DECIDED, "data": {"decision_id": f"decision-{one}"}}) for one in decisions]
    return b"\n".join(json.dumps(one).encode() for one in [{}, *({"leaf": leaf} for leaf in leaves)])


def test_what_is_about_another_controllers_case_is_not_missed_in_the_extract_and_is_counted() -> None:
    document = a_document(a="ours", b="ours", c="theirs")
    assert differences(document, an_extract("a", "b")) == ([], [])
    assert counts(document, an_extract("a", "b"))["decisions_elsewhere"] == 1
    assert differences(document, an_extract("a")) == (["decision-b"], [])
    assert differences(document, an_extract("a", "b", "x")) == ([], ["decision-x"])
