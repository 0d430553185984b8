"""Whatever a stranger sends to the open doors, the answer is one we meant, and never a 500."""

import schemathesis
from hypothesis import HealthCheck, given, settings

from services.directory.web.app import create_app
from tests.chassis.web_rig import TestIssuer
from tests.chassis.web_rig import settings as web_settings
from tests.examples import tried
from tests.integration.directory.conftest import Directory
from tests.unit.directory.rows import a_directory


def test_the_open_doors_never_break(directory: Directory) -> None:
    directory.take_in(*a_directory())
    app = create_app(web_settings(), directory.unit, issuer_keys=TestIssuer().keys())
    described = schemathesis.openapi.from_wsgi("/directory/openapi.json", app).include(path_regex="^/hsds/")
    operations = [found.ok() for found in described.get_all_operations()]
    assert len(operations) == 15

    for operation in operations:

        @settings(tried(20, some=5), suppress_health_check=list(HealthCheck), database=None)
        @given(operation.as_strategy())
        def knock(case: schemathesis.Case) -> None:
            answer = case.call()
            if answer.status_code == 429:  # the whole list is given out only so often
                assert answer.headers["Retry-After"]
            else:
                assert answer.status_code in {200, 404, 422}

        knock()
