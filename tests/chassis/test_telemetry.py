"""What is told of a span, and that nothing changes where nobody collects."""

import pytest

from services.chassis import telemetry, tracing
from services.chassis.config import ConfigError, Environment
from services.chassis.telemetry import Kind
from tests.system.collector import collecting
from tests.waiting import eventually

CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def off(monkeypatch):
    monkeypatch.setattr(telemetry, "_tell", None)


def test_where_nobody_collects_the_caller_s_place_is_handed_on(off):
    with telemetry.span(CALLER, "process x", Kind.CONSUMER, {}) as here:
        assert here == CALLER
    assert not telemetry.is_on()


def test_a_span_arrives_below_its_caller_and_what_follows_hangs_below_it(off):
    with collecting() as collector:
        telemetry.begin("referral", "worker", Environment({telemetry.ENDPOINT: collector.url}))
        with telemetry.span(CALLER, "process x.y.v1", Kind.CONSUMER, {"messaging.system": "rabbitmq"}) as here:
            pass
        [span] = eventually(collector.spans, timeout=30)
    assert (span.service, span.name, span.kind) == ("referral.worker", "process x.y.v1", 5)
    assert f"00-{span.trace_id}-{span.span_id}-01" == here
    assert (span.trace_id, span.parent_id) == tuple(CALLER.split("-")[1:3])
    assert span.attributes == {"messaging.system": "rabbitmq"}


def test_a_span_that_failed_is_told_too(off, monkeypatch):
    told = []
    monkeypatch.setattr(telemetry, "_tell", lambda *span: told.append(span))
    with pytest.raises(ValueError, match="x"), telemetry.span(None, "process x", Kind.CONSUMER, {}):
        raise ValueError("x")
    assert [name for _, name, *_ in told] == ["process x"]


def test_a_collector_that_is_gone_holds_nobody_up(off):
    telemetry.begin("referral", "worker", Environment({telemetry.ENDPOINT: "http://127.0.0.1:9"}))
    for _ in range(3_000):  # more than are kept waiting
        with telemetry.span(None, "process x", Kind.CONSUMER, {}):
            pass


def test_a_wrong_address_is_refused_by_name(off):
    with pytest.raises(ConfigError, match="OTEL_EXPORTER_OTLP_ENDPOINT"):
        telemetry.begin("referral", "worker", Environment({telemetry.ENDPOINT: "collector:4318"}))


def test_what_no_request_set_off_is_traced_by_its_own_id():
    header = tracing.of_subject("referral/0192f0c1-2b3c-7d4e-8f50-61728394a5b6")
    assert header == "00-0192f0c12b3c7d4e8f5061728394a5b6-8f5061728394a5b6-01"
    assert tracing.of_subject("unit/aachen") is None
    assert tracing.of_subject("referral/00000000-0000-0000-0000-000000000000") is None
