"""Letting a partner in and out by command, against a real broker and an issuer of paper."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey

from contracts.identity import id_of
from contracts.topology import partner_user
from lotse.broker import Broker
from tests.lotse.conftest import PaperNetwork, Run

Lotse = Callable[..., Run]
SLUG = "test-chamber"
SLUG_USER = partner_user(id_of("organization", SLUG))
STANDING = f"/directory/operator/organizations/{id_of('organization', SLUG)}/standing"


def standings(paper: PaperNetwork) -> list[str]:
    """What the directory was told, in order."""
    bodies = [body for method, path, body in paper.asked if (method, path) == ("PUT", STANDING)]
    return [json.loads(body)["participation"] for body in bodies]


@pytest.fixture
def admin(make_vhost: Callable[[], Any], paper: PaperNetwork, state: dict[str, Any]) -> Any:
    fresh = make_vhost()
    state["broker"] = {"management_url": fresh.management_url, "vhost": fresh.vhost}
    state["lotse"] |= {"registration_url": f"{paper.address}/clients", "registration_token": "r"}
    paper.say("PUT", f"/clients/partner-{SLUG}", {})
    paper.say("DELETE", f"/clients/partner-{SLUG}", b"", 204)
    paper.say("PUT", STANDING, lambda: json.loads(paper.asked[-1][2]))
    broker = Broker(fresh.management_url, fresh.vhost)
    yield broker
    if SLUG_USER in broker.users():
        broker.call("DELETE", f"/users/{SLUG_USER}")


def test_onboarding_gives_secrets_once_and_may_be_repeated(admin: Broker, paper: PaperNetwork, run: Lotse) -> None:
    first, second = run("partner", "onboard", SLUG, "--json").data, run("partner", "onboard", SLUG, "--json").data
    assert first["organization_id"] == second["organization_id"] == str(id_of("organization", SLUG))
    assert first["amqp_password"] != second["amqp_password"]
    sent = json.loads(paper.asked[-1][2])
    assert sent["claims"] == {"organization_id": second["organization_id"], "scope": "partner_system"}
    assert sent["client_secret"] == second["client_secret"]


def test_a_partner_with_a_key_of_its_own_shares_no_secret(
    admin: Broker, paper: PaperNetwork, run: Lotse, tmp_path: Path
) -> None:
    own = ECKey.generate_key("P-256", auto_kid=True)
    file = tmp_path / "key.json"
    file.write_text(json.dumps(own.as_dict(private=False)))
    made = run("partner", "onboard", SLUG, "--no-amqp", "--client-key", str(file), "--json").data
    assert "client_secret" not in made
    sent = json.loads(paper.asked[-1][2])
    assert (sent["auth_method"], sent["jwks"]["keys"][0]["kid"]) == ("private_key_jwt", own.kid)


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"keys": []}', '{"kty": "oct", "k": "AAAA"}', "private"])
def test_what_is_no_public_key_is_refused_before_anything_is_made(
    admin: Broker, paper: PaperNetwork, run: Lotse, tmp_path: Path, content: str
) -> None:
    file = tmp_path / "key.json"
    private = json.dumps(ECKey.generate_key("P-256").as_dict(private=True))
    file.write_text(private if content == "private" else content)
    told = run("partner", "onboard", SLUG, "--client-key", str(file))
    assert (told.code, paper.asked) == (2, [])
    assert SLUG_USER not in admin.users()


def test_sync_names_and_repairs_what_drifted(admin: Broker, run: Lotse) -> None:
    run("partner", "onboard", SLUG)
    admin.call("DELETE", f"/queues/{admin.vhost}/{SLUG_USER}.notices")
    found = run("partner", "sync", "--check", "--json")
    assert found.code == 1
    assert any("notices" in row["found"] for row in found.data["drift"])
    assert run("partner", "sync").code == 0
    assert run("partner", "sync", "--check").code == 0


def test_suspending_is_said_to_the_directory_and_leaves_rights_and_secrets_for_the_return(
    admin: Broker, paper: PaperNetwork, run: Lotse
) -> None:
    run("partner", "onboard", SLUG)
    answer = run("partner", "suspend", SLUG, "--json").data
    assert (answer["participation"], "client_removed" in answer) == ("suspended", False)
    assert standings(paper) == ["suspended"]
    assert admin.permissions_of(SLUG_USER) is not None
    assert [path for method, path, _ in paper.asked if method == "DELETE"] == []


def test_cut_off_it_stays_so_through_a_sync_and_resuming_gives_its_rights_back(
    admin: Broker, paper: PaperNetwork, run: Lotse
) -> None:
    run("partner", "onboard", SLUG)
    assert run("partner", "suspend", SLUG, "--cut", "--json").data["client_removed"] is True
    assert run("partner", "sync", "--json").data["suspended"] >= 1
    assert admin.permissions_of(SLUG_USER) is None
    assert run("partner", "resume", SLUG).code == 0
    assert admin.permissions_of(SLUG_USER) is not None
    assert standings(paper) == ["suspended", "taking_part"]


def test_who_has_no_queue_is_resumed_without_getting_one(admin: Broker, paper: PaperNetwork, run: Lotse) -> None:
    assert run("partner", "resume", SLUG).code == 0
    assert SLUG_USER not in admin.users()
    assert standings(paper) == ["taking_part"]


def test_offboarding_asks_first_and_then_leaves_nothing(admin: Broker, paper: PaperNetwork, run: Lotse) -> None:
    run("partner", "onboard", SLUG)
    assert run("partner", "offboard", SLUG).code == 1
    assert SLUG_USER in admin.users() and standings(paper) == []
    assert run("partner", "offboard", SLUG, "--yes").code == 0
    assert SLUG_USER not in admin.users() and standings(paper) == ["ended"]


def test_what_the_directory_refuses_is_not_half_done(admin: Broker, paper: PaperNetwork, run: Lotse) -> None:
    """Taken away at the broker and still referred to: nobody would hear of it."""
    run("partner", "onboard", SLUG)
    paper.say("PUT", STANDING, {"title": "no", "slug": "directory.participation-unknown"}, 404)
    for words in (("suspend", SLUG, "--cut"), ("offboard", SLUG, "--yes")):
        assert run("partner", *words).code == 1
    assert admin.permissions_of(SLUG_USER) is not None


def test_topology_check_names_what_apply_then_makes(admin: Broker, run: Lotse) -> None:
    assert run("topology", "check").code == 0
    admin.call("DELETE", f"/queues/{admin.vhost}/audit.inbox.0")
    missing = run("topology", "check", "--json")
    assert missing.code == 1
    assert "queue audit.inbox.0" in missing.data["missing"]
    assert "made queue audit.inbox.0" in run("topology", "apply").out
    assert run("topology", "check").code == 0


def test_without_a_management_address_it_says_which_setting_is_missing(run: Lotse) -> None:
    told = run("topology", "apply")
    assert told.code == 2
    assert "LOTSE_MANAGEMENT_URL" in told.err
