"""What the suite recorded becomes a page that hides nothing that went wrong."""

import json

from tests.system.faults.__main__ import outcomes, page

TOLD = {
    "fault": "relay killed",
    "events": 321,
    "repeated_by_clients": 4,
    "lost": 0,
    "twice": 1,
    "out_of_order": 0,
    "recovery_seconds": 2.5,
}
NAME = "test_relay_killed_after_sending_and_before_it_heard_of_a_confirm"
KEPT = json.dumps(TOLD).replace('"', "&quot;")
REPORT = f"""<testsuites><testsuite><testcase classname="tests.system.faults.test_kills" name="{NAME}">
<properties><property name="fault" value="{KEPT}"/></properties><failure message="no"/></testcase>
<testcase classname="tests.system.faults.test_kills" name="test_other"/></testsuite></testsuites>"""


def test_what_was_recorded_stands_on_the_page_with_its_row_and_its_failure() -> None:
    found = outcomes(REPORT)
    assert found == {f"tests/system/faults/test_kills.py::{NAME}": {**TOLD, "held": False}}
    assert "| 1 | relay killed | 321 | 4 | 0 | 1 | 0 | 2.5 s **did not hold** |" in page(found)
    assert "Together 321 events under 1 faults." in page(found)
