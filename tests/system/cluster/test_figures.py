"""What alarms and dashboards ask of the broker is told where they ask for it, under that name and with those labels."""

import re
from urllib.parse import urlencode

import pytest
import urllib3
import yaml
from prometheus_client.parser import text_string_to_metric_families

from deploy.demo.places import free_port
from deploy.observe import dashboards
from tests.architecture.test_watching import ALERTS
from tests.system.cluster.conftest import Servers
from tests.waiting import eventually

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]
SCRAPED = ALERTS.with_name("prometheus.yml")
ASKED = re.compile(r"\brabbitmq_[a-z_]+")
TELLS = 'application:set_env(rabbitmq_prometheus, tcp_config, [{ip, "127.0.0.1"}, {port, %s}]).'


def asked() -> set[str]:
    texts = [ALERTS.read_text(), *dashboards.files().values()]
    return {name for text in texts for name in ASKED.findall(text)}


@pytest.fixture
def told(servers: Servers) -> dict[str, set[str]]:
    """Each figure that is scraped of a broker, with the labels it has."""
    node, port = servers.brokers.nodes[0], free_port()
    node.ctl("eval", "application:load(rabbitmq_prometheus).")
    node.ctl("eval", TELLS % port)
    node.ctl("enable", "rabbitmq_prometheus", program="rabbitmq-plugins")
    jobs = yaml.safe_load(SCRAPED.read_text())["scrape_configs"]
    found: dict[str, set[str]] = {}
    for job in jobs:
        if any("rabbitmq:15692" in static["targets"] for static in job.get("static_configs", ())):
            asking = urlencode(job.get("params", {}), doseq=True)
            address = f"http://127.0.0.1:{port}{job.get('metrics_path', '/metrics')}?{asking}"
            found |= dict(samples(address))
    return found


def samples(address: str) -> list[tuple[str, set[str]]]:
    def answer() -> str:
        try:
            seen = urllib3.request("GET", address, retries=False, timeout=20)
        except urllib3.exceptions.HTTPError:
            return ""
        return seen.data.decode() if seen.status == 200 else ""

    families = text_string_to_metric_families(eventually(answer, timeout=60, interval=1))
    return [(sample.name, set(sample.labels)) for family in families for sample in family.samples]


def test_every_figure_of_the_brokers_that_is_asked_for_is_scraped(told: dict[str, set[str]]) -> None:
    wanted = asked()
    assert len(wanted) > 3
    assert wanted - set(told) == set()
    assert {"queue", "vhost"} <= told["rabbitmq_detailed_queue_messages"]
