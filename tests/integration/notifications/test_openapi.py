"""Whatever a partner's program or an operator's sends, the answer is one we meant, and never a 500."""

from collections.abc import Callable

import schemathesis

from contracts.codes import ChannelKind
from services.notifications.web.app import create_app
from tests.chassis.web_rig import TestIssuer, bearer
from tests.chassis.web_rig import settings as web_settings
from tests.conftest import Broker
from tests.integration.notifications.conftest import Notifications
from tests.integration.notifications.test_letters import operations_uri
from tests.knocking import Knocking

MEANT = {200, 400, 404, 409, 415, 422}


def test_the_doors_never_break(
    notifications: Notifications, broker: Broker, record_property: Callable[[str, object], None]
) -> None:
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
    knocking = Knocking(MEANT, record_property, {"organization_id": str(partner)})
    for start, headers in callers.items():
        described = schemathesis.openapi.from_wsgi("/notifications/openapi.json", app)
        for found in described.include(path_regex=f"^{start}").get_all_operations():
            knocking.knock(found.ok(), headers)
    assert knocking.operations >= 6
    knocking.told()
