"""What was recorded becomes a page that hides nothing that went wrong."""

import json
from datetime import UTC, datetime

import yaml

from deploy.kubernetes.workloads import BASE
from tests.system.cluster.__main__ import outcomes, page
from tests.system.cluster.brokers import AT_WORK, NODES

TOLD = {"fault": "broker 1 of 3 killed -9", "events": 321, "repeated_by_clients": 0, "lost": 1, "twice": 0}
NOTED = {"longest_pause": 0.4, "longest_wait": 2.5, "leader_again": 0.9, "whole_again": 14.2}


def kept(told: object) -> str:
    return json.dumps(told).replace('"', "&quot;")


CASE = 'testcase classname="tests.system.cluster.test_cluster"'
REPORT = f"""<testsuites><testsuite><{CASE} name="test_one"><properties>
<property name="fault" value="{kept({**TOLD, "out_of_order": 0})}"/><property name="figures" value="{kept(NOTED)}"/>
</properties><failure message="no"/></testcase>
<{CASE} name="test_two"><error message="no"/></testcase>
<{CASE} name="test_three"><skipped/></testcase>
<testcase classname="tests.system.cluster.test_page" name="test_four"/></testsuite></testsuites>"""


def test_what_was_recorded_stands_on_the_page_with_what_did_not_hold() -> None:
    told = page(outcomes(REPORT), datetime(2026, 11, 27, tzinfo=UTC))
    assert (
        "| broker 1 of 3 killed -9 **did not hold** | 321 | 0 | 1 | 0 | 0 | 0.4 s | 2.5 s | leader 0.9, whole 14.2 |"
        in told
    )
    assert "| test_two **did not hold** | ? |" in told
    assert "test_three" not in told
    assert "test_four" not in told
    assert "Together 321 events." in told


def test_the_brokers_here_are_set_up_as_those_at_work() -> None:
    spec = yaml.safe_load((BASE / "rabbitmq.yaml").read_text())["spec"]
    assert spec["replicas"] == NODES
    assert set(AT_WORK) <= set(spec["rabbitmq"]["additionalConfig"].splitlines())
