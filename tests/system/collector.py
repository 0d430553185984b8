"""A collector as services see one: takes spans over HTTP in OpenTelemetry's own format, and keeps them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True)
class Seen:
    """One span, as far as tests ask."""

    service: str
    name: str
    kind: int
    trace_id: str
    span_id: str
    parent_id: str
    attributes: dict[str, str | int]


@dataclass
class Collector:
    """What arrived, as bytes."""

    url: str = ""
    requests: list[bytes] = field(default_factory=list)

    def spans(self) -> list[Seen]:
        return [one for request in list(self.requests) for one in _read(request)]


def _read(request: bytes) -> Iterator[Seen]:
    for group in ExportTraceServiceRequest.FromString(request).resource_spans:
        service = {item.key: item.value.string_value for item in group.resource.attributes}["service.name"]
        for scope in group.scope_spans:
            for span in scope.spans:
                said = {item.key: item.value.string_value or item.value.int_value for item in span.attributes}
                ids = (span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex())
                yield Seen(service, span.name, span.kind, *ids, said)


@contextmanager
def collecting() -> Iterator[Collector]:
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            collector.requests.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    collector.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield collector
    finally:
        server.shutdown()
        server.server_close()
