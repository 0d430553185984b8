"""The door of the stack, asked by people, by programs, and by whoever wants to slip something past it."""

import json
import shutil
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stack.door import HOST, Answer, Door, open_door

pytestmark = pytest.mark.skipif(not shutil.which("nginx"), reason="nginx is not on this machine")


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with open_door(tmp_path_factory.mktemp("door")) as door:
        yield door


def test_what_is_asked_reaches_a_service_whole(door: Door) -> None:
    answer = door.ask("/referral/x?a=%2f", method="POST", head="Content-Length: 4\r\n", body=b"body")
    assert answer.status == 200
    told = json.loads(answer.body)
    assert (told["REQUEST_METHOD"], told["PATH_INFO"], told["QUERY_STRING"], told["BODY"]) == (
        "POST",
        "/referral/x",
        "a=%2f",
        "body",
    )
    assert (told["HTTP_X_FORWARDED_PROTO"], told["HTTP_HOST"]) == ("https", HOST)


@pytest.mark.parametrize(
    "named", ["X-Forwarded-For: 203.0.113.9", "Forwarded: for=203.0.113.9;proto=http", "X-Forwarded-Proto: http"]
)
def test_what_a_client_says_of_itself_is_not_passed_on(door: Door, named: str) -> None:
    told = json.loads(door.ask("/referral/x", head=f"{named}\r\n").body)
    assert told["HTTP_X_FORWARDED_FOR"] == "127.0.0.1"
    assert told["HTTP_X_FORWARDED_PROTO"] == "https"
    assert not told.get("HTTP_FORWARDED")


@pytest.mark.parametrize("path", ["/", "/referral/", "/directory/help/?q=x"])
def test_a_person_who_typed_the_address_is_led_to_https(door: Door, path: str) -> None:
    answer = door.ask_in_the_clear(path)
    assert (answer.status, answer.headers["location"]) == (308, f"https://{HOST}{path}")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/partner/v1/referrals"),
        ("GET", "/fhir/Task"),
        ("GET", "/hsds/services"),
        ("GET", "/audit/operator/status"),
        ("POST", "/referral/"),
    ],
)
def test_a_program_that_speaks_in_the_clear_is_refused_and_not_led_on(door: Door, method: str, path: str) -> None:
    answer = door.ask_in_the_clear(path, method)
    assert (answer.status, "location" in answer.headers) == (403, False)
    assert json.loads(answer.body) == {"status": 403, "title": "HTTPS is required"}


@pytest.mark.parametrize(
    ("version", "ciphers"),
    [
        (ssl.TLSVersion.TLSv1, "ALL:@SECLEVEL=0"),
        (ssl.TLSVersion.TLSv1_1, "ALL:@SECLEVEL=0"),
        (ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES256-SHA:@SECLEVEL=0"),
        (ssl.TLSVersion.TLSv1_2, "AES128-GCM-SHA256:AES256-SHA:@SECLEVEL=0"),
    ],
    ids=["TLS 1.0", "TLS 1.1", "CBC", "no forward secrecy"],
)
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_old_versions_and_weak_ciphers_are_refused(door: Door, version: ssl.TLSVersion, ciphers: str) -> None:
    context = door.tls()
    context.minimum_version = context.maximum_version = version
    context.set_ciphers(ciphers)
    with pytest.raises(ssl.SSLError):
        door.raw(b"GET /door HTTP/1.0\r\n\r\n", context=context)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_what_is_current_is_taken(door: Door, version: ssl.TLSVersion) -> None:
    context = door.tls()
    context.minimum_version = context.maximum_version = version
    assert Answer.of(door.raw(b"GET /door HTTP/1.0\r\n\r\n", context=context)).status == 204


def test_another_name_gets_nothing(door: Door) -> None:
    assert door.ask("/referral/", host="elsewhere.example").status == 421


@pytest.mark.parametrize(
    "path",
    ["/referral/metrics", "/audit/metrics?x=1", "/%61udit/metrics", "//audit/metrics", "/audit/../audit/metrics"],
)
def test_figures_stay_inside(door: Door, path: str) -> None:
    before = len(door.heard)
    assert door.ask(path).status == 404
    assert len(door.heard) == before


SMUGGLED = b"GET /referral/smuggled HTTP/1.1\r\nHost: lotsennetz.example\r\n\r\n"


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
        b"Content-Length: 4\r\nContent-Length: 60\r\n",
        b"Content-Length: 4, 60\r\n",
        b"Content-Length: +4\r\n",
        b"Content-Length : 4\r\nContent-Length: 60\r\n",
        b"Transfer-Encoding: xchunked\r\n",
        b"Transfer-Encoding:\x0bchunked\r\n",
        b"Transfer-Encoding: identity, chunked\r\n",
    ],
    ids=str,
)
def test_no_second_request_is_smuggled_inside_a_first(door: Door, head: bytes) -> None:
    before = len(door.heard)
    body = b"0\r\n\r\n" + SMUGGLED
    received = door.raw(
        b"POST /referral/x HTTP/1.1\r\nHost: lotsennetz.example\r\nConnection: close\r\n" + head + b"\r\n" + body
    )
    assert all(one["PATH_INFO"] != "/referral/smuggled" for one in door.heard[before:])
    assert received.count(b"HTTP/1.1 ") <= 1
    assert not received or Answer.of(received).status in (400, 501)


def test_a_body_that_is_too_large_is_refused_in_words(door: Door) -> None:
    answer = door.ask("/referral/x", method="POST", head=f"Content-Length: {60 * 2**20}\r\n")
    assert (answer.status, answer.headers["content-type"]) == (413, "application/problem+json")


def test_who_signs_in_without_end_is_told_when_to_come_back(door: Door) -> None:
    answers = [door.ask("/referral/sign-in") for _ in range(25)]
    assert answers[0].status == 200
    assert (answers[-1].status, answers[-1].headers["retry-after"]) == (429, "10")
    assert door.ask("/referral/").status == 200


@pytest.mark.parametrize("path", ["/nothing-here", "/metrics"])
def test_what_the_door_says_itself_carries_what_pages_carry(door: Door, path: str) -> None:
    headers = door.ask(path).headers
    assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["strict-transport-security"].startswith("max-age=31536000")
    assert headers["cache-control"] == "no-store"
    assert "nginx/" not in headers.get("server", "")


def test_no_path_and_no_address_is_logged(door: Door) -> None:
    door.ask("/referral/a-token-in-the-path?and=one-more")
    text = (door.folder / "access.log").read_text()
    assert "GET 200" in text
    assert "token" not in text and "one-more" not in text and "127.0.0.1" not in text
    assert Path(door.folder / "body").exists() and not list(Path(door.folder / "body").rglob("*.*"))
