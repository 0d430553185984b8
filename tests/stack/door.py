"""The stack's own door, run here: nginx with the files of `deploy/proxy`, and an echo where the services would be."""

import json
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any

from waitress.server import create_server

from deploy.demo.places import free_port
from deploy.stack.authority import Authority
from tests.waiting import eventually

PROXY = Path(__file__).resolve().parents[2] / "deploy" / "proxy"
HOST, ISSUER = "lotsennetz.example", "login.example"


@dataclass
class Door:
    """Where it listens, whom it lets in, and what reached the other side."""

    plain: int
    secure: int
    authority: str
    folder: Path
    heard: list[dict[str, Any]] = field(default_factory=list)

    def tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cadata=self.authority)

    def raw(self, content: bytes, host: str = HOST, context: ssl.SSLContext | None = None) -> bytes:
        """Exactly these bytes through TLS; all that came back until the door closed or fell silent."""
        tls = context or self.tls()
        with (
            socket.create_connection(("127.0.0.1", self.secure), timeout=10) as plain,
            tls.wrap_socket(plain, server_hostname=host if host in (HOST, ISSUER) else HOST) as link,
        ):
            link.sendall(content)
            return _all_of(link)

    def ask(self, path: str, *, host: str = HOST, method: str = "GET", head: str = "", body: bytes = b"") -> "Answer":
        lines = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{head}\r\n"
        return Answer.of(self.raw(lines.encode() + body))

    def ask_in_the_clear(self, path: str, method: str = "GET") -> "Answer":
        with socket.create_connection(("127.0.0.1", self.plain), timeout=10) as link:
            link.sendall(f"{method} {path} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
            return Answer.of(_all_of(link))


@dataclass(frozen=True)
class Answer:
    """Status, headers in lower case, and body of one answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @classmethod
    def of(cls, received: bytes) -> "Answer":
        head, _, body = received.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        pairs = (line.partition(":") for line in lines)
        return cls(int(first.split()[1]), {name.lower(): value.strip() for name, _, value in pairs}, body)


def _all_of(link: socket.socket) -> bytes:
    received = b""
    with suppress(TimeoutError, ConnectionResetError, ssl.SSLError):
        while piece := link.recv(65536):
            received += piece
    return received


@contextmanager
def open_door(folder: Path) -> Iterator[Door]:
    """nginx as the container runs it, with the names of this machine; stopped at the end."""
    made = Authority(folder)
    certificate, key = made.server("proxy", [HOST, ISSUER])
    (folder / "certificate.pem").write_text(certificate)
    (folder / "key.pem").write_text(key)
    door = Door(free_port(), free_port(), made.certificate, folder)
    behind = create_server(_echo(door), host="127.0.0.1", port=0, clear_untrusted_proxy_headers=False)
    Thread(target=behind.run, daemon=True).start()
    process = subprocess.Popen(
        [str(shutil.which("nginx")), "-c", str(_written(door, behind.effective_port)), "-g", "daemon off;"]
    )
    try:
        eventually(lambda: _is_open(door))
        yield door
    finally:
        process.terminate()
        process.wait(20)
        behind.close()


def _is_open(door: Door) -> bool:
    with suppress(ConnectionError):
        return door.ask("/referral/").status == 200
    return False


def _written(door: Door, port: int) -> Path:
    """The same files with this machine's places and ports, and nothing else changed."""
    here = {
        "/tmp/": f"{door.folder}/",  # first: the folder may lie there itself
        "/etc/nginx/conf.d/*.conf": f"{door.folder}/servers.conf",
        "/etc/nginx/passing.conf": f"{PROXY}/passing.conf",
        "/etc/nginx/own-answer.conf": f"{PROXY}/own-answer.conf",
        "/run/secrets/": f"{door.folder}/",
        "/dev/stdout": f"{door.folder}/access.log",
        "listen 8080": f"listen 127.0.0.1:{door.plain}",
        "listen ${HTTPS_PORT}": f"listen 127.0.0.1:{door.secure}",
        "${PUBLIC_HOST}": HOST,
        "${ISSUER_HOST}": ISSUER,
        "${ISSUER_UPSTREAM}": f"127.0.0.1:{port}",
        "http://$service-web:8080": f"http://127.0.0.1:{port}",
    }
    for name, target in (("nginx.conf", "nginx.conf"), ("servers.conf.template", "servers.conf")):
        text = (PROXY / name).read_text(encoding="utf-8")
        for there, place in here.items():
            text = text.replace(there, place)
        (door.folder / target).write_text(text)
    return door.folder / "nginx.conf"


def _echo(door: Door) -> Any:
    def answer(environ: dict[str, Any], begin: Any) -> list[bytes]:
        told = {name: value for name, value in environ.items() if isinstance(value, str)}
        told["BODY"] = environ["wsgi.input"].read().decode("latin-1")
        door.heard.append(told)
        begin("200 OK", [("Content-Type", "application/json")])
        return [json.dumps(told).encode()]

    return answer
