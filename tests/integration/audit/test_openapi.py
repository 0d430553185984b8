"""Whatever a program sends, the answer is one we meant, and never a 500."""

import schemathesis
from hypothesis import HealthCheck, given, settings

from deploy.demo.clocks import FixedClock
from services.audit.web.app import create_app
from services.chassis.db import Database
from services.chassis.work import Unit
from tests.chassis.web_rig import HWK, TestIssuer, bearer
from tests.chassis.web_rig import settings as web_settings
from tests.examples import tried
from tests.integration.audit.conftest import START

MEANT = {200, 400, 403, 404, 409, 415, 422}


def test_the_doors_never_break(log) -> None:
    log.hear(*range(300))
    log.sign()
    issuer = TestIssuer()
    given_settings = web_settings(
        CHECKPOINT_KEY_FILE=str(log.key_file.with_name("log.key")), CHECKPOINT_DIR=str(log.directory)
    )
    with Database(log.app_dsn) as database:
        app = create_app(given_settings, Unit(database, FixedClock(START), "audit"), issuer_keys=issuer.keys())
        described = schemathesis.openapi.from_wsgi("/audit/openapi.json", app)
        operations = list(described.include(path_regex="^/audit/(api|operator/log)").get_all_operations())
        partner = bearer(issuer.token(sub="hwk", roles=None, organization_id=str(HWK)))
        dpo = bearer(issuer.token(sub="dora", roles=["dpo"]))
        for found in operations:
            operation = found.ok()
            knock(operation, partner if operation.method.upper() == "POST" else dpo)
    assert len(operations) >= 10


def knock(operation: schemathesis.APIOperation, headers: dict[str, str]) -> None:  # type: ignore[type-arg]
    @settings(tried(15, some=5), suppress_health_check=list(HealthCheck), database=None)
    @given(operation.as_strategy())
    def once(case: schemathesis.Case) -> None:
        answer = case.call(headers=headers)
        assert answer.status_code in MEANT, (operation.label, answer.status_code, answer.text[:300])

    once()
