"""Every place where something could have come to lie, as bytes to search: databases, broker, logs, mails, processes.

Nothing here consumes or changes anything: messages are looked at and given back, tables are copied out.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import amqp
import psutil
import psycopg
import urllib3
from psycopg import sql

from deploy.demo.databases import KEY_STORE, SERVICES, at_database
from lotse.broker import Broker
from tests.waiting import eventually


@dataclass(frozen=True, slots=True)
class Item:
    """Some bytes from somewhere. `kind` is what the report counts, `units` how many rows, lines or messages it is."""

    kind: str
    place: str
    content: bytes
    units: int = 1


def tables(admin_dsn: str, databases: Iterable[str] = (*SERVICES, KEY_STORE)) -> Iterator[Item]:
    """Every table of every database, whole, as text and as PostgreSQL keeps it; sealed columns, too."""
    for database in databases:
        with psycopg.connect(at_database(admin_dsn, database), autocommit=True) as connection:
            names = connection.execute(
                "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
                " WHERE c.relkind IN ('r', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema')"
                " AND n.nspname NOT LIKE 'pg_toast%' ORDER BY 1, 2"
            ).fetchall()
            for schema, table in names:
                as_text = _copy(connection, schema, table, "text")
                rows = as_text.count(b"\n")
                yield Item("tables", f"{database}.{table}", as_text, rows)
                yield Item("tables (binary)", f"{database}.{table}", _copy(connection, schema, table, "binary"), 0)
            yield Item("statements", f"{database}.pg_stat_activity", _activity(connection))


def _copy(connection: psycopg.Connection[Any], schema: str, table: str, form: str) -> bytes:
    query = sql.SQL("COPY (SELECT * FROM {}) TO STDOUT (FORMAT {})").format(
        sql.Identifier(schema, table), sql.SQL(form)
    )
    with connection.cursor().copy(query) as copy:
        return b"".join(bytes(piece) for piece in copy)


def _activity(connection: psycopg.Connection[Any]) -> bytes:
    rows = connection.execute("SELECT query, application_name FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
    return "\n".join(map(str, rows.fetchall())).encode()


def files(kind: str, paths: Iterable[Path], skip: Iterable[Path] = ()) -> Iterator[Item]:
    """Files as they are, those below folders included; what vanishes while we look held nothing."""
    skipped = [path.resolve() for path in skip]
    for path in sorted(set(paths)):
        if any(path.resolve().is_relative_to(one) for one in skipped):
            continue
        if path.is_dir():
            yield from files(kind, path.iterdir(), skip)
        elif path.is_file():
            content = path.read_bytes()
            yield Item(kind, str(path), content, content.count(b"\n"))


def mails(folder: Path) -> Iterator[Item]:
    """Each mail as it came in, and each of its headers and parts decoded; only its own recipient may be named in it."""
    for path in sorted(folder.glob("*.eml")):
        raw = path.read_bytes()
        recipient = str(message_from_bytes(raw, policy=policy.default)["to"] or "nobody")
        raw = raw.replace(recipient.encode(), b"its recipient")
        yield Item("mails", path.name, raw)
        message = message_from_bytes(raw, policy=policy.default)
        headers = "\n".join(f"{name}: {value}" for name, value in message.items())
        yield Item("mails (decoded)", f"{path.name} headers", headers.encode(), 0)
        for part in message.walk():
            content = part.get_payload(decode=True)
            if isinstance(content, bytes):
                yield Item("mails (decoded)", f"{path.name} {part.get_content_type()}", content, 0)


def metrics(origins: Iterable[tuple[str, str]]) -> Iterator[Item]:
    """What every service tells a machine that measures."""
    for service, origin in origins:
        answer = urllib3.request("GET", f"{origin}/{service}/metrics", timeout=20)
        assert answer.status == 200, f"{service}: {answer.status}"
        yield Item("metrics", f"{origin}/{service}/metrics", answer.data, answer.data.count(b"\n"))


def spans(requests: Iterable[bytes]) -> Iterator[Item]:
    """What every role told the collector of traces."""
    for number, request in enumerate(requests):
        yield Item("spans", f"request {number} to the collector", request, 1)


def processes(parent: int) -> Iterator[Item]:
    """How every process of the network was called, and its environment."""
    for process in psutil.Process(parent).children(recursive=True):
        try:
            words = [*process.cmdline(), *(f"{name}={value}" for name, value in process.environ().items())]
        except psutil.Error:
            continue
        yield Item("processes", f"process {process.pid}", os.fsencode("\n".join(words)))


def waiting_messages(broker: Broker, amqp_uri: str) -> Iterator[Item]:
    """Every message that lies in a queue - dead, unrouted, a partner's - looked at and given back.

    A service's inbox has one reader and lets nobody else look; it has to be empty, and what passed it the tap has seen.
    """
    with amqp_connection(amqp_uri) as connection:
        for row in _at_rest(broker):
            if row["consumers"]:
                continue
            channel = connection.channel()
            seen = []
            while (message := channel.basic_get(row["name"])) is not None:
                seen.append(as_item(row["name"], message))
            channel.close()  # what was not acknowledged goes back where it lay
            yield from seen


def _at_rest(broker: Broker) -> list[Mapping[str, Any]]:
    """The queues, once nothing is under way to a service: the log goes on telling how far it is while we look."""
    found: list[Mapping[str, Any]] = []

    def empty() -> bool:
        found[:] = broker.queues()
        busy = {row["name"]: row["messages"] for row in found if row["consumers"] and row["messages"]}
        assert not busy, f"still under way: {busy}"
        return True

    eventually(empty, timeout=20, interval=0.5)
    return found


def definitions(broker: Broker) -> Iterator[Item]:
    """Names of everything in the broker: queues, exchanges, bindings, users, connections, consumers."""
    for path in ("definitions", "connections", "channels", "consumers", "queues", "exchanges", "overview"):
        yield Item("broker definitions", path, str(broker.call("GET", f"/{path}")).encode())


def as_item(place: str, message: amqp.Message) -> Item:
    """One message with all it carries: body, properties, headers, routing key."""
    outside = {**message.properties, **{key: str(value) for key, value in message.delivery_info.items()}}
    body = message.body if isinstance(message.body, bytes) else str(message.body).encode()
    return Item("messages", place, body + b"\n" + repr(outside).encode())


def amqp_connection(uri: str) -> amqp.Connection:
    parts = urllib3.util.parse_url(uri)
    user, _, password = (parts.auth or "guest:guest").partition(":")
    connection = amqp.Connection(
        host=f"{parts.host}:{parts.port or 5672}",
        userid=_unquoted(user),
        password=_unquoted(password),
        virtual_host=_unquoted((parts.path or "/")[1:]) or "/",
        connect_timeout=5,
    )
    connection.connect()
    return connection


def _unquoted(text: str) -> str:
    from urllib.parse import unquote

    return unquote(text)
