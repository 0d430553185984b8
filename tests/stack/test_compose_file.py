"""The compose file keeps its promises: no rights, no secrets, an end to everything, and a look at each container."""

import re
from typing import Any

import pytest

from deploy.demo.front import ROUTES, service_for
from deploy.demo.rabbitmq_server import MAX_MESSAGE_SIZE
from deploy.dev.declared import declared
from deploy.dev.settings_page import WORDS
from tests.stack.composed import ROOT, SERVICES, composed, containers, example, roles

STANDING = {name: one for name, one in containers().items() if one.get("restart") == "unless-stopped"}
#: Kept out on purpose: the stack names its clients.
NOT_PASSED_ON = {"OIDC_CLIENT_ID"}
#: The stand-ins are the demonstration's, and the collector's image holds nothing to ask with.
NOT_ASKED = {name for name in STANDING if name.startswith("partner-")} | {"collector"}


@pytest.mark.parametrize("name", sorted(containers()))
def test_no_container_has_rights_it_does_not_need(name: str) -> None:
    one = containers()[name]
    assert one["read_only"] is (name != "keycloak"), "that one puts itself together when it starts"
    assert one["cap_drop"] == ["ALL"]
    assert one["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in one
    is_root = str(one.get("user", "0")).startswith("0")
    assert is_root == (name in {"init", "prepare", "backup-programs"}), (
        "only what hands out secrets or programs, and ends"
    )
    if is_root:
        assert one["restart"] == "no"


@pytest.mark.parametrize("name", sorted(containers()))
def test_no_container_may_take_everything_or_log_for_ever(name: str) -> None:
    one = containers()[name]
    assert one["mem_limit"]
    assert one["logging"]["options"]["max-size"] and one["logging"]["options"]["max-file"]


@pytest.mark.parametrize("name", sorted(set(STANDING) - NOT_ASKED))
def test_whatever_stands_is_asked_whether_it_is_well_and_waits_for_what_it_needs(name: str) -> None:
    assert STANDING[name]["healthcheck"]["test"][0] == "CMD"
    assert all(one["condition"] != "service_started" for one in STANDING[name]["depends_on"].values())


def test_nothing_is_published_beyond_this_machine_unless_it_is_asked_for() -> None:
    published = [port for one in containers().values() for port in one.get("ports", ())]
    assert published and all(port.startswith("127.0.0.1:") for port in published)
    opened = containers({**example(), "BIND": "0.0.0.0"})["proxy"]["ports"]
    assert all(port.startswith("0.0.0.0:") for port in opened)


def test_servers_and_services_stand_in_a_network_nothing_leaves() -> None:
    found = composed(example())
    assert found["networks"]["core"]["internal"] and found["networks"]["edge"]["internal"]
    assert found["services"]["postgres"]["networks"] == ["core"]
    for name, one in found["services"].items():
        if name.endswith(("-relay", "-clock", "-worker", "-migrate")):
            assert one["networks"] == ["core"], name


def told(one: dict[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in one.get("environment", {}).items()}


def test_no_secret_stands_in_an_environment() -> None:
    # the demonstration's mail catcher asks for no password; whose server does gives SMTP_URL_FILE
    secret = {name for name, word in WORDS.items() if word.is_secret and declared()[name].may_be_file} - {"SMTP_URL"}
    for name, one in containers().items():
        assert not secret & set(told(one)), f"{name}: secrets lie in files"
        assert not [key for key in told(one) if re.search(r"(PASSWORD|SECRET|TOKEN|KEY)$", key)], name


@pytest.mark.parametrize("service", SERVICES)
def test_every_setting_a_service_reads_can_be_told_in_the_stack(service: str) -> None:
    read = {one.name for one in declared().values() if service in one.services} - NOT_PASSED_ON
    given: set[str] = set()
    for one in (*roles(service, containers()).values(), containers()[f"{service}-migrate"]):
        given |= {key.removesuffix("_FILE") if key.removesuffix("_FILE") in read else key for key in told(one)}
    assert read - given == set()


def test_only_the_container_that_migrates_is_given_the_owners_address() -> None:
    for name, one in containers().items():
        has_owner = any("secrets-migrate" in str(volume) for volume in one.get("volumes", ()))
        assert has_owner == (name.endswith("-migrate") or name == "init"), name


def test_backups_are_taken_by_one_container_that_changes_nothing_but_them() -> None:
    one = containers()["backup"]
    changed = {volume.split(":")[-1] for volume in one["volumes"] if not volume.endswith(":ro")}
    assert changed == {"/backup/data", "/backup/keys"}
    holders = {name for name, other in containers().items() if "secrets-backup" in str(other.get("volumes", ""))}
    assert holders == {"backup", "init"}
    apart = containers({**example(), "BACKUP_DATA": "/srv/data", "BACKUP_KEYS": "/vault/keys"})["backup"]["volumes"]
    assert {"/srv/data:/backup/data", "/vault/keys:/backup/keys"} <= set(apart)


def test_only_the_clock_of_the_log_may_let_entries_expire() -> None:
    holders = {name for name, one in containers().items() if "secrets-retention" in str(one.get("volumes", ""))}
    assert holders == {"audit-clock", "init"}


def test_every_role_of_a_service_stands() -> None:
    from services.audit.__main__ import SERVICE as AUDIT
    from services.directory.service import DIRECTORY

    for service in (AUDIT, DIRECTORY):
        assert {name.partition("-")[2] for name in roles(service.name, containers())} == set(service.standing_roles)
    assert {"web", "worker", "relay", "clock", "postman"} == {
        name.partition("-")[2] for name in roles("referral", containers())
    }
    assert {"web", "worker", "relay", "clock", "dispatcher"} == {
        name.partition("-")[2] for name in roles("notifications", containers())
    }


def test_the_example_is_a_demonstration_and_production_is_what_happens_without_it() -> None:
    assert example()["MODE"] == "demo" and example()["COMPOSE_PROFILES"] == "oidc"
    assert containers({})["referral-web"]["environment"]["MODE"] == "production"


def rules_of_the_door() -> list[tuple[str, str]]:
    """Pattern and service, in order, as the door's map has them."""
    text = (ROOT / "deploy" / "proxy" / "nginx.conf").read_text(encoding="utf-8")
    inside = re.search(r"map \$uri \$service \{(.*?)\n    \}", text, re.DOTALL)
    assert inside
    found = re.findall(r'^\s*~(\S+) ("?[a-z]*"?);$', inside[1], re.MULTILINE)
    return [(pattern, service.strip('"')) for pattern, service in found]


PATHS = sorted(
    {prefix + end for prefix, _ in ROUTES for end in ("", "/", "/x", "x", "/metrics", "/metrics/x", "/health/ready")}
    | {"/", "/metrics", "/auditor", "/partner/v1/eventsx", "/robots.txt.bak", "/story", "/hsdsx/export"}
)


@pytest.mark.parametrize("path", PATHS)
def test_the_door_of_the_stack_leads_where_the_door_of_the_demo_leads(path: str) -> None:
    led = next((service for pattern, service in rules_of_the_door() if re.search(pattern, path)), "")
    assert (led or None) == service_for(path)


def test_the_broker_takes_messages_as_large_as_the_demos_does() -> None:
    text = (ROOT / "deploy" / "rabbitmq" / "rabbitmq.conf").read_text(encoding="utf-8")
    assert f"max_message_size = {MAX_MESSAGE_SIZE}\n" in text
    assert "listeners.tcp = none" in text
