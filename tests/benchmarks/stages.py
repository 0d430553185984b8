"""What a command is made of, stage by stage: CPU of the web process, and of the database, for spine and product.

The real applications answer in this process, one request after another. Each named function counts the CPU time of its
thread while it runs and is not inside another named one, so that the stages add up to the whole; the clock of the
thread knows nothing of what else the machine does. Both are asked through the same client, whose own share is in
"framework".
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from time import thread_time
from typing import Any
from unittest import mock
from uuid import uuid4

import psycopg
import structlog

from deploy.demo import databases
from services.chassis import logging, statement, web
from services.chassis.clock import SystemClock
from services.chassis.db import Database
from services.chassis.work import Unit
from services.referral.commands import partners, receipts, telling
from services.referral.config import ReferralSettings
from services.referral.web import api_partner
from services.referral.web.app import create_app
from tests.benchmarks import spine
from tests.benchmarks.product import ACCEPT, Prepared
from tests.benchmarks.stage import Servers, databases_of_the_spine, new_database
from tests.chassis.web_rig import TestIssuer, settings
from tests.integration.referral.scene import HWK

DATABASE = "database: sending and reading"
#: A stage, and the functions that are it: where the name is looked up when it is called.
BOTH: list[tuple[str, object, str]] = [
    (DATABASE, psycopg.Connection, "execute"),
    (DATABASE, psycopg.RawCursor, "execute"),
    ("announcement: the event's bytes", Unit, "_letter"),
    ("who calls: token, rights, moderation", web, "begin_request"),
    ("the log line, headers, metrics", web, "end_request"),
    ("one statement of it all", statement, "compose"),
]
PRODUCT = [
    ("reading and checking the body", api_partner, "read_action"),
    ("load: what the partner may see", partners, "see"),
    ("consent: what it may still tell", telling, "decide"),
    ("save", partners, "save"),
    ("receipts: signed for the partner", receipts, "issue"),
    ("once per key", Unit, "idempotent"),
]
REST = "framework: routing, JSON, the client"


@dataclass
class Counted:
    """CPU by stage so far, in seconds, and how often each was entered."""

    seconds: dict[str, float] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=dict)
    _open: list[str] = field(default_factory=list)
    _since: float = 0.0

    def enter(self, name: str) -> None:
        self._charge()
        self._open.append(name)
        self.calls[name] = self.calls.get(name, 0) + 1

    def leave(self) -> None:
        self._charge()
        self._open.pop()

    def _charge(self) -> None:
        now = thread_time()
        if self._open:
            self.seconds[self._open[-1]] = self.seconds.get(self._open[-1], 0.0) + now - self._since
        self._since = now


def counting(counted: Counted, name: str, plain: Callable[..., Any]) -> Callable[..., Any]:
    def run(*args: Any, **named: Any) -> Any:
        counted.enter(name)
        try:
            return plain(*args, **named)
        finally:
            counted.leave()

    return run


@contextmanager
def watched(counted: Counted, stages: Sequence[tuple[str, object, str]]) -> Iterator[None]:
    """While the stages are counted, the log's lines are made as in a service, and go nowhere."""
    with ExitStack() as stack:
        with redirect_stdout(stack.enter_context(Path(os.devnull).open("w", encoding="utf-8"))):
            logging.configure("bench", "web")
        stack.callback(structlog.reset_defaults)
        for name, home, attribute in stages:
            run = counting(counted, name, getattr(home, attribute))
            stack.enter_context(mock.patch.object(home, attribute, run))
        verbs = {action: counting(counted, "lifecycle", verb) for action, verb in partners.VERBS.items()}
        stack.enter_context(mock.patch.object(partners, "VERBS", verbs))
        yield


def measured(ask: Callable[[int], None], many: int, counted: Counted, database: int) -> dict[str, float]:
    """CPU milliseconds of one request by stage; the first tenth is not counted."""
    warm = many // 10
    for number in range(warm):
        ask(number)
    counted.seconds.clear()
    counted.calls.clear()
    before = _ticks(database)
    for number in range(warm, many):
        counted.enter(REST)
        ask(number)
        counted.leave()
    found = {name: seconds * 1000 / (many - warm) for name, seconds in counted.seconds.items()}
    found["PostgreSQL, all of it"] = (_ticks(database) - before) / (many - warm)
    found["round trips"] = counted.calls.get(DATABASE, 0) / (many - warm)
    return {name: round(value, 4) for name, value in found.items()}


def of_the_spine(servers: Servers, many: int) -> dict[str, float]:
    with databases_of_the_spine(servers, "referral") as dsns, Database(dsns["referral"], 1, 1) as db:
        ids = [uuid4() for _ in range(many)]
        with db.session() as connection:
            connection.cursor().executemany("INSERT INTO cases VALUES (%s, 0, 'new')", [(one,) for one in ids])
        counted = Counted()
        with watched(counted, BOTH):
            client = spine.app(settings(), Unit(db, SystemClock(), "referral")).test_client()

            def ask(number: int) -> None:
                answer = client.post(f"/spine/cases/{ids[number]}", json={"version": 0, "status": "moving"})
                assert answer.status_code == 200, answer.text

            return measured(ask, many, counted, _backend(db))


def of_the_product(made: Prepared, many: int) -> dict[str, float]:
    counted, dsn = Counted(), new_database(made.servers.dsn, "referral", template=made.referral)
    issuer = TestIssuer()
    try:
        with watched(counted, [*BOTH, *PRODUCT]), Database(dsn, 1, 1) as db:
            unit = Unit(db, SystemClock(), "referral")
            app = create_app(settings(), unit, issuer_keys=issuer.keys(), own=house(made))
            client, cases = app.test_client(), made.cases
            token = issuer.token(sub="partner-bench", roles=None, organization_id=str(HWK))
            ((action, body),) = ACCEPT

            def ask(number: int) -> None:
                case = cases[number]
                headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": str(uuid4())}
                headers["If-Match"] = f'"{case.version}"'
                answer = client.post(f"/partner/v1/referrals/{case.id}/actions/{action}", json=body, headers=headers)
                assert answer.status_code == 200, answer.text

            return measured(ask, min(many, len(cases)), counted, _backend(db))
    finally:
        databases.drop_database(made.servers.dsn, dsn.rpartition("/")[2])


def house(made: Prepared) -> ReferralSettings:
    return made.scene.house


def _backend(db: Database) -> int:
    with db.session() as connection:
        return int(connection.info.backend_pid)


def _ticks(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return sum(int(one) for one in fields[11:13]) * 1000 / os.sysconf("SC_CLK_TCK")
