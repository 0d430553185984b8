"""Whatever cannot be meant is refused when a role starts, by the setting's name and with what was expected."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from deploy.dev.declared import declared
from services.audit import config as audit
from services.chassis import config
from services.chassis.config import ConfigError, Environment
from services.directory import config as directory
from services.notifications import config as notifications
from services.referral import config as referral
from services.referral import postman
from tests.stack.composed import SERVICES
from tests.stack.filled import environment

NONSENSE = "~what nobody can mean~"
#: Any words will do there; what they name is not ours.
FREE = {"OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET", "TOKEN_AUDIENCE", "TRUSTED_PROXY", "SIGN_IN_ACR", "STEP_UP_ACR"}
#: Only asked for where another setting says so, or found out by whoever is called.
ELSEWHERE = {
    "CROSS_CONTROLLER_DPIA",
    "CROSS_CONTROLLER_DPIA_ON",
    "DELETION_LEDGER_FILE",
    "ISSUER_JWKS_URL",
    "KEYS_MIGRATION_DATABASE_URL",
}
#: A collector's address is asked for by whoever tells spans, before a role begins.
BEFORE = {"OTEL_EXPORTER_OTLP_ENDPOINT"}
LAST_ROLE = {"directory": "web", "referral": "postman", "notifications": "dispatcher", "audit": "clock"}
CASES = [
    (service, name)
    for service in SERVICES
    for name, one in declared().items()
    if service in one.services and name not in FREE | ELSEWHERE | BEFORE
]


def start(service: str, told: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """What the roles of a service look at before they stand."""
    config.load(service, told)
    if service == "audit":
        audit.check(Environment(dict(told)), "all")
    if service == "notifications":
        notifications.check(Environment(dict(told)), "all")
    if service == "referral":
        referral.load(Environment(dict(told)))
        postman.told(Environment(dict(told)))
    if service == "directory":
        monkeypatch.setattr(directory, "Environment", lambda: Environment(dict(told)))
        directory.asks_second_person.__wrapped__()
        directory.legal_notices.__wrapped__()


@pytest.mark.parametrize("service", SERVICES)
def test_what_the_stack_tells_is_taken(service: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    start(service, environment(folder, service, LAST_ROLE[service]), monkeypatch)


@pytest.mark.parametrize(("service", "name"), CASES, ids=[f"{service}-{name}" for service, name in CASES])
def test_what_cannot_be_meant_stops_the_start(
    service: str, name: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = environment(folder, service, LAST_ROLE[service])
    told.pop(f"{name}_FILE", None)
    with pytest.raises(ConfigError) as refused:
        start(
            service,
            {**told, "STAFF_RULES_AGREEMENT": "DV-2026/3", "STAFF_RULES_AGREED_ON": "2026-03-01", name: NONSENSE},
            monkeypatch,
        )
    assert name in refused.value.setting
    assert refused.value.expected
    assert NONSENSE not in str(refused.value)
