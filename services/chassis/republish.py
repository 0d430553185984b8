"""Sends kept events once more, straight into one consumer's queue: a new projection begins, an old one is mended."""

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime

from contracts.topology import again_exchange, events_exchange, inbox_queue
from services.chassis import broker, topology
from services.chassis.db import Connection, Database
from services.chassis.despatch import Parcel, parcels
from services.chassis.work import Unit

PAGE = 500

KEPT = """
SELECT number, position, event_id, exchange, routing_key, headers, body FROM outbox
WHERE exchange = %s AND position > %s AND published_at IS NOT NULL AND written_at >= %s ORDER BY position LIMIT %s"""

BEGINNING = "2000-01-01T00:00:00+00:00"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--since", type=datetime.fromisoformat, metavar="TIME", help="everything written since, ISO 8601")
    what.add_argument("--all", action="store_true", help="everything that is kept (35 days)")
    what.add_argument("--snapshot", action="store_true", help="announce the present state anew, to everybody")
    parser.add_argument("--to", metavar="SERVICE", help="whose inbox; not for --snapshot")


def republish(
    options: argparse.Namespace, db: Database, amqp_uri: str, snapshot: Callable[[Unit], int] | None, unit: Unit
) -> None:
    """Do what the options say and print how many events went."""
    if options.snapshot:
        if snapshot is None:
            raise SystemExit(f"{unit.service} has no snapshot: use --since or --all")
        sys.stdout.write(f"{snapshot(unit)} announced anew\n")
        return
    if not options.to:
        raise SystemExit("--to is missing: whose inbox?")
    since = options.since or datetime.fromisoformat(BEGINNING)
    with db.read() as connection:
        sent = send_kept(connection, amqp_uri, unit.service, inbox_queue(options.to), since)
    sys.stdout.write(f"{sent} sent to {options.to}\n")


def send_kept(connection: Connection, amqp_uri: str, service: str, queue: str, since: datetime) -> int:
    """Publish kept events to one queue, in order, confirmed page by page."""
    link = broker.connect(amqp_uri, f"{service}.republish")
    sent = 0
    try:
        again = again_exchange(service)
        topology.require(link, [again], [queue])
        publisher = broker.Publisher(link)
        for page in _pages(connection, events_exchange(service), since):
            publisher.publish([replace(parcel, exchange=again, routing_key=queue) for parcel in page])
            sent += len(page)
    finally:
        broker.close_quietly(link)
    return sent


def _pages(connection: Connection, exchange: str, since: datetime) -> Iterator[list[Parcel]]:
    position = 0
    while page := parcels(connection, KEPT, (exchange, position, since, PAGE)):
        yield page
        position = page[-1].position
