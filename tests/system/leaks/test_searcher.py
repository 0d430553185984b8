"""The search finds a word in whatever dress it comes, in every kind of place, and nothing where nothing is."""

import base64
import json
import quopri
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote, quote_plus
from uuid import uuid4

import amqp
import psycopg
import pytest
from prometheus_client import CollectorRegistry, Counter, generate_latest

from deploy.demo.databases import DatabaseAddresses
from tests.system.leaks import places
from tests.system.leaks.needles import Needle, Searcher
from tests.system.leaks.places import Item
from tests.system.leaks.search import search
from tests.system.leaks.traffic import Exchange, Traffic

WORD = "Zwörbelmoß"
SEARCHER = Searcher([Needle("family name", WORD)])
TEXT = f"Frau {WORD} aus Aachen"
DRESSES: dict[str, Callable[[str], bytes]] = {
    "plain": str.encode,
    "lower": lambda text: text.lower().encode(),
    "upper": lambda text: text.replace("ß", "ss").upper().replace("SS", "ß").encode(),
    "latin-1": lambda text: text.encode("latin-1"),
    "utf-16": lambda text: text.encode("utf-16"),
    "utf-16 big end first": lambda text: text.encode("utf-16-be"),
    "percent": lambda text: quote(text).encode(),
    "percent in lower case": lambda text: quote_plus(text).lower().encode(),
    "every byte percent": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()).encode(),
    "json": lambda text: json.dumps(text).encode(),
    "json in json": lambda text: json.dumps(json.dumps(text)).encode(),
    "python bytes": lambda text: repr(text.encode()).encode(),
    "html numbers": lambda text: text.encode("ascii", "xmlcharrefreplace"),
    "html names": lambda text: text.replace("ö", "&ouml;").replace("ß", "&szlig;").encode(),
    "quoted-printable": lambda text: quopri.encodestring(text.encode()),
    "hexadecimal": lambda text: text.encode().hex().upper().encode(),
    "base64": lambda text: base64.b64encode(text.encode()),
    "base64 moved by one": lambda text: base64.b64encode(b"x" + text.encode()),
    "base64 moved by two": lambda text: base64.b64encode(b"xy" + text.encode()),
    "base64 of a token": lambda text: base64.urlsafe_b64encode(json.dumps({"n": text}, ensure_ascii=False).encode()),
    "base64 of utf-16": lambda text: base64.b64encode(text.encode("utf-16-le")),
    "german transliteration": lambda text: text.replace("ö", "oe").replace("ß", "ss").encode(),
    "without accents": lambda text: text.replace("ö", "o").replace("ß", "").encode(),
}


@pytest.mark.parametrize("dress", DRESSES)
def test_a_word_is_found_in_every_dress(dress: str) -> None:
    assert [hit.label for hit in SEARCHER.hits(b"...." + DRESSES[dress](TEXT) + b"....")] == ["family name"]


@pytest.mark.parametrize("dress", DRESSES)
def test_another_word_is_not_taken_for_it(dress: str) -> None:
    assert SEARCHER.hits(DRESSES[dress]("Frau Zwürbelmaß aus Aachen")) == []


def test_a_word_too_short_to_be_distinctive_is_refused() -> None:
    with pytest.raises(AssertionError, match="too short"):
        Searcher([Needle("name", "Anna")])


def a_log_line(_: Any) -> Item:
    line = json.dumps({"service": "referral", "event": "request", "slug": f"x.{WORD}"}, ensure_ascii=False)
    return Item("logs", "referral.log", b'{"event": "request"}\n' + line.encode())


def an_event(_: Any) -> Item:
    body = json.dumps({"specversion": "1.0", "data": {"text_id": WORD}}).encode()
    message = SimpleNamespace(body=body, properties={}, delivery_info={"exchange": "referral.events"})
    return places.as_item("tap", message)  # type: ignore[arg-type]


def a_message_header(_: Any) -> Item:
    message = amqp.Message(b"{}", application_headers={"ce-subject": f"person/{WORD}"})
    message.delivery_info = {"exchange": "referral.events"}
    return places.as_item("tap", message)


def a_url(_: Any) -> Item:
    traffic = Traffic([Exchange("GET", f"http://x/referral/?q={quote(WORD)}", 200, "", b"")])
    return next(item for item in traffic.items() if item.kind == "URLs")


def a_redirect(_: Any) -> Item:
    traffic = Traffic([Exchange("POST", "http://x/", 303, f"Location: /found?name={quote_plus(WORD)}", b"")])
    return next(item for item in traffic.items() if item.kind == "answer headers")


def an_error_page(_: Any) -> Item:
    traffic = Traffic([Exchange("GET", "http://x/", 404, "", f"<h1>{WORD} fehlt</h1>".encode())])
    return next(item for item in traffic.items() if item.kind == "error answers")


def a_metric(_: Any) -> Item:
    registry = CollectorRegistry()
    Counter("referrals", "by person", ["person"], registry=registry).labels(WORD).inc()
    return Item("metrics", "/metrics", generate_latest(registry))


def a_mail(folder: Path) -> Item:
    message = EmailMessage()
    message["Subject"] = f"Verweis für {WORD}"
    message.set_content("Nur ein Link.")
    (folder / "1.eml").write_bytes(bytes(message))
    return next(item for item in places.mails(folder) if "headers" in item.place)


def a_mail_body(folder: Path) -> Item:
    message = EmailMessage()
    message.set_content(f"Guten Tag, Frau {WORD}!", cte="base64")
    (folder / "1.eml").write_bytes(bytes(message))
    return next(item for item in places.mails(folder) if "text/plain" in item.place)


@pytest.mark.parametrize(
    "plant",
    [a_log_line, an_event, a_message_header, a_url, a_redirect, an_error_page, a_metric, a_mail, a_mail_body],
    ids=lambda plant: plant.__name__,
)
def test_a_leak_planted_in_one_place_is_found_there(plant: Callable[[Path], Item], tmp_path: Path) -> None:
    quiet = [Item("logs", f"{number}.log", b"nothing of the kind") for number in range(50)]
    planted = plant(tmp_path)
    report = search(SEARCHER, [*quiet[:25], planted, *quiet[25:]])
    assert [(leak.kind, leak.place, leak.hit.label) for leak in report.leaks] == [
        (planted.kind, planted.place, "family name")
    ]
    assert search(SEARCHER, quiet).leaks == []


ROWS = {
    "a text": ("attempts", "cause", WORD),
    "a binary value": ("notices", "body", json.dumps({"name": WORD}).encode()),
    "a binary value in another encoding": ("notices", "body", WORD.encode("utf-16-be")),
    "a JSON document": ("organizations", "name", json.dumps({"de": WORD})),
}


@pytest.mark.parametrize("row", ROWS)
def test_a_leak_planted_in_a_row_is_found_in_its_table(
    row: str, postgres: str, make_database: Callable[[str], DatabaseAddresses]
) -> None:
    database = make_database("notifications")
    name = psycopg.conninfo.conninfo_to_dict(database.owner_dsn)["dbname"]
    table, column, value = ROWS[row]
    ids = {"notice": uuid4(), "delivery": uuid4(), "other": uuid4()}
    values: dict[tuple[str, str], Any] = {(table, column): value}
    with psycopg.connect(database.owner_dsn) as connection:
        connection.execute(
            "INSERT INTO organizations (organization_id, version, channel, name) VALUES (%s, 1, 'pull', %s)",
            (ids["other"], values.get(("organizations", "name"), "{}")),
        )
        connection.execute(
            "INSERT INTO notices (notice_id, caused_by, referral_id, organization_id, kind, body, made_at)"
            " VALUES (%(notice)s, %(other)s, %(other)s, %(other)s, 'test', %(body)s, now())",
            {**ids, "body": values.get(("notices", "body"), b"{}")},
        )
        connection.execute(
            "INSERT INTO deliveries (delivery_id, notice_id, referral_id, organization_id, channel, state, made_at,"
            " changed_at) VALUES (%(delivery)s, %(notice)s, %(other)s, %(other)s, 'pull', 'failed', now(), now())",
            ids,
        )
        connection.execute(
            "INSERT INTO attempts (delivery_id, number, began_at, latency_ms, succeeded, cause)"
            " VALUES (%s, 1, now(), 1, false, %s)",
            (ids["delivery"], values.get(("attempts", "cause"), "timeout")),
        )
    report = search(SEARCHER, places.tables(postgres, [str(name)]))
    assert {leak.place for leak in report.leaks} == {f"{name}.{table}"}
    assert report.places["tables"] > 10
