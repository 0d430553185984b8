"""Hands spans to OpenTelemetry's own exporter; imported only where a collector is named."""

import time

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanContext, SpanKind, TraceFlags

from services.chassis.telemetry import Attributes, Kind, Tell
from services.chassis.tracing import Trace

KINDS = {
    Kind.SERVER: SpanKind.SERVER,
    Kind.CLIENT: SpanKind.CLIENT,
    Kind.PRODUCER: SpanKind.PRODUCER,
    Kind.CONSUMER: SpanKind.CONSUMER,
}


def exporter(service: str, role: str, endpoint: str) -> Tell:
    """A thread of its own sends them in batches, and drops what it cannot get rid of."""
    resource = Resource({"service.namespace": "lotsennetz", "service.name": f"{service}.{role}"})
    processor = BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint, timeout=5))

    def tell(trace: Trace, name: str, kind: Kind, seconds: float, attributes: Attributes) -> None:
        now = time.time_ns()
        processor.on_end(
            ReadableSpan(
                name,
                context=_context(trace, trace.span_id, is_remote=False),
                parent=_context(trace, trace.parent_id, is_remote=True) if trace.parent_id else None,
                resource=resource,
                attributes=attributes,
                kind=KINDS[kind],
                start_time=now - round(seconds * 1e9),
                end_time=now,
            )
        )

    return tell


def _context(trace: Trace, span_id: str, *, is_remote: bool) -> SpanContext:
    return SpanContext(int(trace.trace_id, 16), int(span_id, 16), is_remote, TraceFlags(int(trace.flags, 16)))
