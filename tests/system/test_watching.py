"""Every figure that an alarm or a dashboard asks for is told by a running network, with the labels asked for."""

import re
import shutil
import subprocess
from collections import defaultdict

import pytest
import urllib3
import yaml
from prometheus_client.parser import text_string_to_metric_families

from deploy.observe import dashboards
from tests.architecture.test_watching import ALERTS
from tests.system.conftest import RunningNetwork
from tests.waiting import eventually

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]

OURS = re.compile(r"\b((?:lotsennetz|referral)_[a-z_]+)(?:\{([^}]*)\})?")
Samples = dict[str, list[tuple[dict[str, str], float]]]
#: Told only while there is something: a notice given up, a witness, a key dropped.
WHEN_THERE_IS_ONE = {
    "lotsennetz_deliveries",
    "lotsennetz_deliveries_parked",
    "lotsennetz_log_cosigned_entries",
    "lotsennetz_referrals_unanswered",
    "lotsennetz_referral_oldest_unanswered_days",
}


@pytest.fixture(scope="module")
def told(network: RunningNetwork) -> dict[str, str]:
    """What each service says, as text, once every service has said how far it has published (each minute)."""
    eventually(lambda: len(samples(asked_of(network))["lotsennetz_log_missing"]) == 4, timeout=180, interval=2)
    return asked_of(network)


def asked_of(network: RunningNetwork) -> dict[str, str]:
    answers = {
        service: urllib3.request("GET", f"http://127.0.0.1:{network.state['ports'][service]}/{service}/metrics")
        for service in ("directory", "referral", "notifications", "audit")
    }
    assert {answer.status for answer in answers.values()} == {200}
    return {service: answer.data.decode() for service, answer in answers.items()}


def samples(told: dict[str, str]) -> Samples:
    """By name: every set of labels with its value."""
    found: Samples = defaultdict(list)
    for text in told.values():
        for family in text_string_to_metric_families(text):
            found[family.name]  # known even while nothing is counted
            for sample in family.samples:
                found[sample.name].append((sample.labels, sample.value))
    return found


def asked() -> list[str]:
    rules = [rule["expr"] for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]]
    return rules + [panel.query for one in dashboards.DASHBOARDS for panel in one.panels]


@pytest.mark.long
def test_every_figure_asked_for_is_told(told: dict[str, str]) -> None:
    names = {name for query in asked() for name, _ in OURS.findall(query)}
    assert len(names) > 20
    assert {name for name in names if name not in samples(told)} == set()


def test_every_figure_asked_for_has_a_value_after_a_day_of_work(told: dict[str, str]) -> None:
    names = {name for query in asked() for name, _ in OURS.findall(query)} - WHEN_THERE_IS_ONE
    found = samples(told)
    assert {name for name in names if not found[name]} == set()


def test_labels_that_are_asked_for_are_there(told: dict[str, str]) -> None:
    found = samples(told)
    for query in asked():
        for name, matchers in OURS.findall(query):
            for label in re.findall(r"(\w+)=", matchers):
                assert all(label in labels for labels, _ in found[name]), (name, label)


def test_figures_tell_what_happened(told: dict[str, str]) -> None:
    found = samples(told)
    referrals = {labels["status"]: value for labels, value in found["lotsennetz_referrals"]}
    assert referrals.get("completed", 0) >= 1
    assert {value for _, value in found["lotsennetz_log_differing"]} == {0}
    assert {labels["source"].rpartition("/")[2] for labels, _ in found["lotsennetz_log_missing"]} == {
        "directory",
        "referral",
        "notifications",
        "audit",
    }
    roles = {(labels["service"], labels["role"]) for labels, _ in found["lotsennetz_role_beat_age_seconds"]}
    assert {("referral", "worker"), ("referral", "relay"), ("audit", "worker")} <= roles


@pytest.mark.long
def test_a_third_party_reads_rules_and_figures(told: dict[str, str]) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool (Debian: prometheus) is not installed")
    checked = subprocess.run([promtool, "check", "rules", str(ALERTS)], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    for service, text in told.items():
        read = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, text=True, check=False)
        assert read.returncode == 0, f"{service}: {read.stdout}{read.stderr}"
