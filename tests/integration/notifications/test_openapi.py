"""Whatever a partner's program or an operator's sends, the answer is one we meant, and never a 500."""

import schemathesis
from hypothesis import HealthCheck, given, settings

from contracts.codes import ChannelKind
from services.notifications.web.app import create_app
from tests.chassis.web_rig import TestIssuer, bearer
from tests.chassis.web_rig import settings as web_settings
from tests.conftest import Broker
from tests.examples import tried
from tests.integration.notifications.conftest import Notifications
from tests.integration.notifications.test_letters import operations_uri

MEANT = {200, 400, 404, 409, 415, 422}


def test_the_doors_never_break(notifications: Notifications, broker: Broker) -> None:
    issuer = TestIssuer()
    partner = notifications.an_organization(ChannelKind.PULL)
    notifications.a_request(partner)
    app = create_app(
        web_settings(OPERATIONS_AMQP_URI=operations_uri(broker)), notifications.unit, issuer_keys=issuer.keys()
    )
    callers = {
        "/partner/": bearer(issuer.token(sub="partner", roles=None, organization_id=str(partner))),
        "/notifications/operator/": bearer(issuer.token(sub="ole", roles=["operations"])),
    }
    doors = 0
    for start, headers in callers.items():
        described = schemathesis.openapi.from_wsgi("/notifications/openapi.json", app)
        for found in described.include(path_regex=f"^{start}").get_all_operations():
            doors += 1
            knock(found.ok(), headers)
    assert doors >= 6


def knock(operation: schemathesis.APIOperation, headers: dict[str, str]) -> None:  # type: ignore[type-arg]
    @settings(tried(15, some=5), suppress_health_check=list(HealthCheck), database=None)
    @given(operation.as_strategy())
    def once(case: schemathesis.Case) -> None:
        (case.query or {}).pop("wait", None)  # half a minute each
        answer = case.call(headers=headers)
        assert answer.status_code in MEANT, (operation.label, answer.status_code, answer.text[:300])

    once()
