"""A webhook's address is the partner's to choose, and nothing behind our own door is the partner's to reach (SSRF)."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest

from services.notifications.channels import webhook
from services.notifications.channels.result import Result
from services.notifications.channels.webhook import WebhookSender
from tests.integration.notifications.conftest import LOOPBACK, NOW, SECRET
from tests.integration.notifications.receiver import Receiver, running

PUBLIC = "93.184.216.34"
METADATA = "169.254.169.254"


def send(sender: WebhookSender, url: str) -> Result:
    return sender.send(url, [SECRET], uuid4(), b"{}", NOW)


@contextmanager
def nobody_is_called(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[object]]:
    """Every address a connection is opened to, and none is."""
    called: list[object] = []

    def refuse(address: object, *_: object, **__: object) -> socket.socket:
        called.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr("urllib3.util.connection.create_connection", refuse)
    monkeypatch.setattr(socket.socket, "connect", lambda own, address: refuse(address))
    yield called


@pytest.mark.parametrize(
    "url",
    [
        f"https://{METADATA}/latest/meta-data/",
        "https://[fd00:ec2::254]/latest/meta-data/",
        "https://[fe80::1]/",
        "https://169.254.1.1/",
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://017700000001/",
        "https://localhost/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:a9fe:a9fe]/",
        "https://[64:ff9b::a9fe:a9fe]/",
        "https://[2002:a9fe:a9fe::]/",
        "https://10.0.0.1:5432/",
        "https://0.0.0.0/",
    ],
)
def test_no_spelling_of_an_inner_address_is_called(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    with nobody_is_called(monkeypatch) as called:
        result = send(WebhookSender(), url)
    assert (result.cause in {"address-refused", "name-unresolved"}, called) == (True, [])


@pytest.mark.parametrize(
    "answers",
    [[METADATA], ["10.0.0.1"], ["::1"], ["::ffff:169.254.169.254"], [PUBLIC, METADATA], [PUBLIC, "::ffff:10.0.0.1"]],
)
def test_a_name_that_leads_inside_is_not_called(monkeypatch: pytest.MonkeyPatch, answers: list[str]) -> None:
    with nobody_is_called(monkeypatch) as called:
        result = send(WebhookSender(resolve=lambda host, port: answers), "https://kammer.example/")
    assert (result.cause, result.final, called) == ("address-refused", True, [])


def test_a_name_that_answers_differently_the_second_time_gains_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is looked up once; the connection goes to the address that was checked, not to the name."""
    answers = iter([[PUBLIC], [METADATA], ["127.0.0.1"]])
    with nobody_is_called(monkeypatch) as called:
        result = send(WebhookSender(resolve=lambda host, port: next(answers)), "https://kammer.example/")
    assert result.cause == "connection-failed"
    assert called == [(PUBLIC, 443)]
    assert next(answers) == [METADATA]


def test_the_systems_own_lookup_is_asked_once_for_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def lookup(host: object, port: object, *_: object, **__: object) -> list[object]:
        asked.append(host)
        address = PUBLIC if len(asked) == 1 else METADATA
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host if host == PUBLIC else address, port))]

    monkeypatch.setattr(webhook.socket, "getaddrinfo", lookup)
    monkeypatch.setattr(socket.socket, "connect", lambda own, address: asked.append(address) or _refuse())
    send(WebhookSender(), "https://kammer.example/")
    assert asked == ["kammer.example", PUBLIC, (PUBLIC, 443)]


def _refuse() -> None:
    raise ConnectionRefusedError


@pytest.mark.parametrize(
    "elsewhere", [f"http://{METADATA}/latest/meta-data/", "http://[fe80::1]/", "file:///etc/passwd"]
)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_followed_nowhere(status: int, elsewhere: str, monkeypatch: pytest.MonkeyPatch) -> None:
    connected: list[object] = []
    connect = socket.socket.connect
    monkeypatch.setattr(socket.socket, "connect", lambda own, to: connected.append(to) or connect(own, to))
    with running(Receiver([status], elsewhere=elsewhere)) as receiver:
        result = send(WebhookSender(LOOPBACK), receiver.url)
    assert (result.cause, result.status_code) == ("redirect-refused", status)
    assert (len(receiver.got), len(connected)) == (1, 1)


def test_a_network_opened_on_purpose_opens_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    with nobody_is_called(monkeypatch) as called:
        assert send(WebhookSender(LOOPBACK), f"http://{METADATA}/").cause == "address-refused"
        assert send(WebhookSender(LOOPBACK), f"http://{PUBLIC}/").cause == "url-not-https"
    assert called == []
