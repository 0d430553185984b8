"""A large file through the real server: nothing of it touches a disk in the open, and memory stays a small multiple."""

import threading
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import Any
from uuid import uuid4

import pytest
from waitress.server import create_server

from services.chassis.room import Room
from services.chassis.web import buffers
from tests.integration.referral.rig import Network
from tests.unit.referral.papers import a_pdf, a_stream

SIZE = 10_000_000
STEP = 100_000
HEAD = (
    b'--edge\r\nContent-Disposition: form-data; name="kind"\r\n\r\nCERTIFICATE\r\n--edge\r\n'
    b'Content-Disposition: form-data; name="file"; filename="x.pdf"\r\nContent-Type: application/pdf\r\n\r\n'
)
TAIL = b"\r\n--edge--\r\n"


@contextmanager
def served(app: Any) -> Iterator[int]:
    """The application behind the server it has in production, with its buffers."""
    here: Room = app.extensions["lotsennetz"]
    server = create_server(app, host="127.0.0.1", port=0, threads=2, **buffers(here.largest_request))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield int(server.effective_port)
    finally:
        server.close()
        thread.join(5)


def pieces(content: bytes) -> Iterator[bytes]:
    yield HEAD
    for at in range(0, len(content), STEP):
        yield content[at : at + STEP]
    yield TAIL


def test_ten_million_bytes_come_in_and_go_out_in_memory_alone(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = a_pdf(a_stream(bytes(range(256)) * (SIZE // 256), b"/Filter /DCTDecode", packed=False))[: SIZE - 200]
    content = content[:-8] + b"\n%%EOF\n\n"
    address = f"/referral/api/v1/enquiries/{network.navigator.enquire()['id']}/documents"
    headers = {"Authorization": f"Bearer {network.navigator.token}"}

    def on_disk(*_: object, **__: object) -> None:
        raise AssertionError("a file was opened outside the database")

    for name in ("TemporaryFile", "SpooledTemporaryFile", "NamedTemporaryFile"):
        monkeypatch.setattr(f"tempfile.{name}", on_disk)
    with served(network.app) as port:
        client = HTTPConnection("127.0.0.1", port, timeout=60)
        tracemalloc.start()
        base, _ = tracemalloc.get_traced_memory()
        client.request(
            "POST",
            address,
            pieces(content),
            {
                **headers,
                "Idempotency-Key": str(uuid4()),
                "Content-Type": "multipart/form-data; boundary=edge",
                "Content-Length": str(len(HEAD) + len(content) + len(TAIL)),
            },
        )
        answer = client.getresponse()
        taken = answer.read()
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert answer.status == 201, taken[:300]
        print(f"taking {len(content)} bytes in needed {(peak - base) / len(content):.1f} times as many at most")
        assert peak - base < 6 * len(content)

        client.request("GET", f"{address}/{network.navigator.get(address)['documents'][0]['id']}", headers=headers)
        assert client.getresponse().read() == content
