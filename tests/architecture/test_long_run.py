"""The page about the long run names what failed and keeps no storm of another run."""

import json
import os
from pathlib import Path
from xml.etree import ElementTree as ET

from tests.long_run import page, storm_after

REPORT = """<testsuites><testsuite name="pytest" timestamp="2026-11-26T13:30:00+00:00">
<testcase classname="tests.system.test_leaks" name="test_one" time="2.5"/>
<testcase classname="tests.system.test_leaks" name="test_two[x]" time="1"><failure message="no"/></testcase>
<testcase classname="tests.unit.referral.test_lives.TestLife" name="runTest" time="1"><skipped/></testcase>
</testsuite></testsuites>"""
AGAIN = """<testsuites><testsuite name="pytest" timestamp="2026-11-26T14:30:00+00:00">
<testcase classname="tests.system.test_leaks" name="test_two[x]" time="1"/></testsuite></testsuites>"""
STORM = {"kills": [{}] * 20, "stories": 3, "held": 3, "seed": 7}


def test_it_counts_by_file_and_names_what_failed() -> None:
    told = page(ET.fromstring(REPORT), None, STORM)
    assert "| system/test_leaks | 1 | 1 | 0 | 4 |" in told
    assert "| unit/referral/test_lives | 0 | 0 | 1 | 1 |" in told
    assert "| **all** | 1 | 1 | 1 | 4 |" in told
    assert "- system/test_leaks: test_two[x]" in told
    assert "20 processes and servers killed with SIGKILL, 3 stories, 3 held (seed 7)" in told


def test_a_storm_of_an_earlier_run_is_none_of_this_one(tmp_path: Path) -> None:
    report, storm = tmp_path / "report.xml", tmp_path / "storm.json"
    report.write_text(REPORT)
    assert storm_after(storm, report) is None
    storm.write_text(json.dumps(STORM))
    assert storm_after(storm, report) == STORM
    os.utime(storm, (0, 0))
    assert storm_after(storm, report) is None
    assert "did not come to an end" in page(ET.fromstring(REPORT), None, None)


def test_what_failed_and_was_tried_again_says_how_that_ended() -> None:
    told = page(ET.fromstring(REPORT), ET.fromstring(AGAIN), STORM)
    assert "(1 passed then)" in told and "- system/test_leaks: test_two[x]: passed" in told
    worse = AGAIN.replace('time="1"/>', 'time="1"><failure message="no"/></testcase>')
    told = page(ET.fromstring(REPORT), ET.fromstring(worse), STORM)
    assert "(0 passed then)" in told and "test_two[x]: **failed again**" in told
