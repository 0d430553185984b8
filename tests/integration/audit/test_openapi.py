"""Whatever a program sends, the answer is one we meant, and never a 500."""

from collections.abc import Callable

import schemathesis

from deploy.demo.clocks import FixedClock
from services.audit.web.app import create_app
from services.chassis.db import Database
from services.chassis.work import Unit
from tests.chassis.web_rig import HWK, TestIssuer, bearer
from tests.chassis.web_rig import settings as web_settings
from tests.integration.audit.conftest import START
from tests.knocking import Knocking

MEANT = {200, 400, 403, 404, 409, 415, 422}


def test_the_doors_never_break(log, record_property: Callable[[str, object], None]) -> None:
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
        knocking = Knocking(MEANT, record_property)
        for found in operations:
            operation = found.ok()
            knocking.knock(operation, partner if operation.method.upper() == "POST" else dpo)
    assert len(operations) >= 10
    knocking.told()
