"""A webhook receiver that can misbehave in every way a test asks for."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Receiver:
    """Answers with the statuses of its script, the last one for ever; keeps what it got."""

    statuses: list[int] = field(default_factory=lambda: [204])
    delay: float = 0.0
    drip: bool = False
    #: Said instead of an answer, as it is.
    raw: bytes | None = None
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""
    elsewhere: str = "http://127.0.0.1:9/elsewhere"

    def answer(self, headers: dict[str, str], body: bytes) -> int:
        self.got.append((headers, body))
        time.sleep(self.delay)
        return self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]


def handler_for(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            status = receiver.answer({key.lower(): value for key, value in self.headers.items()}, body)
            if receiver.drip:
                drip(self.wfile.write)
                return
            if receiver.raw is not None:
                with suppress(OSError):
                    self.wfile.write(receiver.raw)
                self.close_connection = True
                return
            self.send_response(status)
            self.send_header("Location", receiver.elsewhere)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    return Handler


def drip(write: Callable[[bytes], object]) -> None:
    """One header byte at a time, faster than any read timeout, for ever."""
    try:
        write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        for _ in range(200):
            write(b"a")
            time.sleep(0.1)
    except OSError:
        return


@contextmanager
def running(receiver: Receiver) -> Iterator[Receiver]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_for(receiver))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    receiver.url = f"http://127.0.0.1:{server.server_address[1]}/hooks?from=lotsennetz"
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
