"""Whatever a stranger sends to the open doors, the answer is one we meant, and never a 500."""

from collections.abc import Callable

import schemathesis

from services.directory.web.app import create_app
from tests.chassis.web_rig import TestIssuer
from tests.chassis.web_rig import settings as web_settings
from tests.integration.directory.conftest import Directory
from tests.knocking import Knocking
from tests.unit.directory.rows import a_directory


def test_the_open_doors_never_break(directory: Directory, record_property: Callable[[str, object], None]) -> None:
    directory.take_in(*a_directory())
    app = create_app(web_settings(), directory.unit, issuer_keys=TestIssuer().keys())
    described = schemathesis.openapi.from_wsgi("/directory/openapi.json", app).include(path_regex="^/hsds/")
    operations = [found.ok() for found in described.get_all_operations()]
    assert len(operations) == 15

    knocking = Knocking({200, 404, 422, 429}, record_property)  # the whole list is given out only so often
    for operation in operations:
        knocking.knock(operation, many=20)
    knocking.told()
