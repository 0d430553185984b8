"""One referral is one trace: over outbox, broker and every service to the partner's webhook, and back."""

from collections import Counter, defaultdict

import pytest

from tests.system.collector import Collector, Seen
from tests.system.conftest import RunningNetwork
from tests.waiting import eventually

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]
SENT = "process referral.requested.v1"


def traces(collector: Collector) -> list[list[Seen]]:
    """Those in which a referral reached a partner's webhook."""
    found: defaultdict[str, list[Seen]] = defaultdict(list)
    for span in collector.spans():
        found[span.trace_id].append(span)
    return [spans for spans in found.values() if {SENT, "notice referral_requested"} <= {span.name for span in spans}]


@pytest.fixture(scope="module")
def trace(network: RunningNetwork, collector: Collector) -> list[Seen]:
    """The story has been played; spans arrive some seconds later."""
    assert network.story

    def reached() -> list[Seen]:
        complete = [one for one in traces(collector) if any(_is_audit(span) for span in one)]
        assert complete, Counter(f"{span.service}: {span.name}" for span in collector.spans())
        return complete[0]

    return eventually(reached, timeout=60)


def _is_audit(span: Seen) -> bool:
    return span.service == "audit.worker" and span.name == SENT


def test_a_referral_is_one_trace_through_every_service_and_out_to_the_partner(trace: list[Seen]) -> None:
    services = {span.service for span in trace}
    assert {"referral.relay", "notifications.worker", "notifications.dispatcher", "audit.worker"} <= services


def test_every_span_hangs_below_another_of_its_trace_or_below_the_referral(trace: list[Seen]) -> None:
    """What the clock sets off has no request above it: the referral's own id is the trace."""
    ids = {span.span_id for span in trace}
    assert {span.parent_id for span in trace} - ids == {trace[0].trace_id[16:]}
    asked = [span for span in trace if span.parent_id in ids]
    assert "notifications.dispatcher" in {span.service for span in asked}


def test_spans_tell_routes_types_and_ids_alone(network: RunningNetwork, collector: Collector) -> None:
    assert network.story
    names = {key for span in collector.spans() for key in span.attributes}
    assert names <= {
        *("http.request.method", "http.route", "http.response.status_code", "lotsennetz.delivery_id"),
        *("messaging.system", "messaging.destination.name", "messaging.message.id", "messaging.operation.type"),
    }
    assert not any("00000" in span.name or "@" in span.name for span in collector.spans())
