"""How long the pages of a desk take when a hundred thousand referrals are open on it, and how the database finds them.

    python -m tests.benchmarks.board --dsn postgresql://postgres@127.0.0.1:5432/postgres --referrals 100000 --write

All of them lie on one desk, half as many more have ended there, every third has a task. The pages are asked for as a
browser asks: the whole application answers, from the session's role to the finished page. The pages are the same at
1,000, at 10,000 and at the full number, so that growth shows. No plan may read all referrals.
"""

import argparse
import json
import logging
import secrets
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote
from uuid import UUID

import structlog
from flask.testing import FlaskClient
from psycopg.types.json import Jsonb

from contracts.codes import Party, Site, StaffRole, Status, TaskKind
from contracts.event import to_dict
from deploy.demo import databases
from services.chassis.auth import caller_from_claims
from services.chassis.db import Connection, Database, connect
from services.chassis.migrate import migrate
from services.referral.queries import tracking, worklist
from services.referral.queries.tracking import Wanted
from services.referral.queries.worklist import Asked, DueBy
from services.referral.store.referrals import StaffActor, staff_actor
from tests.benchmarks.machine import facts as machine
from tests.benchmarks.machine import told as machine_told
from tests.benchmarks.stage import HERE, ROOT
from tests.integration.referral.rig import Network
from tests.integration.referral.scene import CENTER, NOW, Scene, a_service, an_organization

RESULTS = ROOT / "docs" / "results"
MIGRATIONS = ROOT / "services" / "referral" / "migrations"
TARGET_MS = 200.0
PARTNERS = 40
COLLEAGUES = 40
REFERRALS = (HERE / "board.sql").read_text(encoding="utf-8")
PIECE = 25_000

Figures = dict[str, Any]


class Desk:
    """One desk with much on it, and whoever works there."""

    def __init__(self, dsn: str) -> None:
        self.scene = Scene(Database(dsn))
        self.network = Network(self.scene)
        room = self.network.app.extensions["lotsennetz"]
        claims = room.tokens.claims(self.network.navigator.token)
        self.actor = caller_from_claims(claims, room.settings.deployment_key).actor
        self.lead = self.network.staff(sub="lea", roles=["lead"])
        self.referrals = 0

    @property
    def by(self) -> StaffActor:
        return staff_actor(self.actor, Site.AACHEN, CENTER, StaffRole.LEAD)

    def close(self) -> None:
        self.scene.close()
        self.scene.db.close()


def name_the_bodies(connection: Connection) -> None:
    """Forty partners with a service each."""
    for number in range(PARTNERS):
        body = UUID(f"00000000-0000-4000-b000-{number:012x}")
        organization, service = to_dict(an_organization(body)), to_dict(a_service(body, body))
        connection.execute(
            "INSERT INTO organizations (id, version, snapshot, kept_at) VALUES (%s, 1, %s, %s)",
            (body, Jsonb(organization), NOW),
        )
        connection.execute(
            "INSERT INTO services (id, organization_id, version, topics, snapshot, retired, kept_at)"
            " VALUES (%s, %s, 1, %s, %s, false, %s)",
            (body, body, list(service["topics"]), Jsonb(service), NOW),
        )


def grow(connection: Connection, desk: Desk, opened: int) -> None:
    """As many open referrals, and half as many that have ended; every third of all has ended."""
    wanted = opened * 3 // 2
    connection.execute("SET session_replication_role = replica")
    for first in range(desk.referrals, wanted, PIECE):
        told = {
            "first": first,
            "last": min(first + PIECE, wanted) - 1,
            "today": NOW.date(),
            "now": NOW,
            "actor": desk.actor,
            "sender": CENTER,
            "partners": PARTNERS,
            "colleagues": COLLEAGUES,
        }
        connection.execute(REFERRALS.encode(), told)
    desk.referrals = wanted
    for table in ("referrals", "tasks", "timeline", "enquiries", "needs", "persons"):
        connection.execute(f"VACUUM ANALYZE {table}".encode())


def pages_of(desk: Desk) -> dict[str, Callable[[], object]]:
    """Every page of worklist and tracking list, as a navigator asks for them, and what she does there."""
    client, lead = client_of(desk.network.navigator), client_of(desk.lead)
    body = "00000000-0000-4000-b000-000000000007"
    far, deep = cursor_of(desk, 0.5), worklist_cursor_of(desk, 0.5)
    since = quote((NOW - timedelta(minutes=1)).isoformat())
    ticked = [str(row.id) for row in rows_of(desk, Wanted(waiting_for=Party.PARTNER, overdue=True))]
    addresses = {
        "worklist": "/referral/",
        "worklist: overdue": "/referral/?due=overdue",
        "worklist: today": "/referral/?due=today",
        "worklist: my cases": "/referral/?whose=mine",
        "worklist: one cause": "/referral/?kind=referral_rejected",
        "worklist: drafts": "/referral/?kind=draft",
        "worklist: put off": "/referral/?show=snoozed",
        "worklist: a page half way down": f"/referral/?after={deep}",
        "worklist: has anything come": f"/referral/news?since={since}",
        "tracking": "/referral/tracking",
        "tracking: waiting for us": "/referral/tracking?waiting_for=navigator",
        "tracking: waiting for the person": "/referral/tracking?waiting_for=person",
        "tracking: overdue": "/referral/tracking?due=overdue",
        "tracking: one state": "/referral/tracking?status=waitlisted",
        "tracking: ended ones": "/referral/tracking?status=rejected",
        "tracking: one partner": f"/referral/tracking?partner={body}",
        "tracking: drafted by me": "/referral/tracking?whose=mine",
        "tracking: everything": "/referral/tracking?status=all",
        "tracking: partner, state, overdue, mine": (
            f"/referral/tracking?partner={body}&status=accepted&due=overdue&whose=mine"
        ),
        "tracking: a page half way down": f"/referral/tracking?after={far}",
        "tracking: first letters of a number": "/referral/tracking?reference=AB",
        "tracking: a number in full": f"/referral/tracking?reference={a_number(desk)}",
    }
    found: dict[str, Callable[[], object]] = {
        name: lambda address=address: expect(client.get(address)) for name, address in addresses.items()
    }
    found["worklist of the lead"] = lambda: expect(lead.get("/referral/"))
    found["somebody searched by name"] = lambda: expect(client.post("/referral/enquiries/search", data=NOBODY))
    found["fifty partners asked how it stands"] = lambda: expect(
        client.post("/referral/tracking/follow-ups", data={"referral": ticked, "request_key": secrets.token_hex(16)})
    )
    return found


NOBODY = {"given_name": "Nobody", "family_name": "Nowhere", "birth_date": "1990-01-01"}


def client_of(caller: Any) -> FlaskClient:
    client: FlaskClient = caller.client
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {caller.token}"
    return client


def expect(answer: Any) -> None:
    assert answer.status_code in (200, 303), (answer.status_code, answer.text[:2000])


def rows_of(desk: Desk, wanted: Wanted) -> list[tracking.Row]:
    with desk.scene.db.read() as connection:
        return tracking.tracking(connection, desk.by, wanted, NOW.date())[0]


def a_number(desk: Desk) -> str:
    return rows_of(desk, Wanted())[7].reference


def cursor_of(desk: Desk, share: float) -> str:
    row = desk.scene.rows(
        "SELECT is_over, sort_on, id FROM referrals WHERE NOT is_over ORDER BY sort_on, id OFFSET %s LIMIT 1",
        int(desk.referrals * 2 / 3 * share),
    )[0]
    return tracking.write_cursor(row)


def worklist_cursor_of(desk: Desk, share: float) -> str:
    found = desk.scene.rows("SELECT count(*) AS many FROM tasks WHERE closed_at IS NULL")[0]["many"]
    row = desk.scene.rows(
        "SELECT due_on, id FROM tasks WHERE closed_at IS NULL ORDER BY due_on, id OFFSET %s LIMIT 1", int(found * share)
    )[0]
    return f"{row['due_on']}_{row['id']}"


def measured(action: Callable[[], object], rounds: int) -> Figures:
    """The first call is left out: plans and templates are made once in the life of a process."""
    action()
    taken, busy = [], time.process_time()
    for _ in range(rounds):
        began = time.perf_counter()
        action()
        taken.append((time.perf_counter() - began) * 1000)
    cpu = (time.process_time() - busy) / rounds * 1000
    p95 = statistics.quantiles(taken, n=20)[-1] if rounds > 1 else taken[0]
    return {"p50_ms": round(statistics.median(taken), 1), "p95_ms": round(p95, 1), "own_cpu_ms": round(cpu, 1)}


def statements(desk: Desk) -> Iterator[tuple[str, str, Figures]]:
    """Each statement behind a page, by a name, with its values."""
    today, by = NOW.date(), desk.by
    body = UUID("00000000-0000-4000-b000-000000000007")
    filters = {
        "tracking": Wanted(),
        "tracking: waiting for us": Wanted(waiting_for=Party.NAVIGATOR),
        "tracking: waiting for the person": Wanted(waiting_for=Party.PERSON),
        "tracking: overdue": Wanted(overdue=True),
        "tracking: one state": Wanted(status=Status.WAITLISTED),
        "tracking: one partner": Wanted(partner=body),
        "tracking: drafted by me": Wanted(mine=True),
        "tracking: everything": Wanted(everything=True),
        "tracking: partner, state, overdue, mine": Wanted(
            partner=body, status=Status.ACCEPTED, overdue=True, mine=True
        ),
        "tracking: a page half way down": Wanted(after=cursor_of(desk, 0.5)),
        "tracking: first letters of a number": Wanted(reference="AB"),
    }
    for name, wanted in filters.items():
        yield name, *tracking.statement(by, wanted, today, tracking.PAGE)
    yield "tracking: counters", *tracking.statement_of_counts(by, today)
    yield "tracking: partners", *tracking.statement_of_partners(by)
    asked = Asked(by, NOW, today)
    lists = {
        "worklist": worklist.Wanted(),
        "worklist: overdue": worklist.Wanted(due=DueBy.OVERDUE),
        "worklist: my cases": worklist.Wanted(mine=True),
        "worklist: one cause": worklist.Wanted(kind=TaskKind.REFERRAL_REJECTED),
        "worklist: put off": worklist.Wanted(snoozed=True),
        "worklist: a page half way down": worklist.Wanted(after=worklist_cursor_of(desk, 0.5)),
    }
    for name, items in lists.items():
        yield name, *worklist.statement(asked, items)
    yield "worklist: counters", *worklist.statement_of_counts(asked)
    yield "worklist: has anything come", *worklist.statement_of_news(asked, NOW, today)


def plans(connection: Connection, desk: Desk) -> dict[str, Figures]:
    """What the database does for each, and for how long; nothing may look through all referrals."""
    found = {}
    for name, statement, params in statements(desk):
        explained = f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY ON) {statement}"
        rows = connection.execute(explained.encode(), params, prepare=False).fetchall()
        lines = [row["QUERY PLAN"] for row in rows]
        taken = next(line for line in lines if line.startswith("Execution Time"))
        found[name] = {
            "ms": float(taken.split()[2]),
            "reads_all_referrals": any("Seq Scan on referrals" in line for line in lines),
            "plan": lines,
        }
    return found


def run(admin: str, referrals: int, rounds: int) -> Figures:
    found: Figures = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "machine": machine(), "rounds": rounds}
    found["referrals"], found["target_ms"], found["sizes"] = referrals, TARGET_MS, {}
    with database(admin) as dsn, connect(dsn, statement_ms=3_600_000) as connection:
        name_the_bodies(connection)
        desk = Desk(dsn)
        try:
            for size in sorted({size for size in (1_000, 10_000, referrals) if size <= referrals}):
                began = time.perf_counter()
                grow(connection, desk, size)
                print(f"{size} staged in {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
                figures = {name: measured(action, rounds) for name, action in pages_of(desk).items()}
                found["sizes"][size] = {"pages": figures}
                print(json.dumps(found["sizes"][size]), file=sys.stderr, flush=True)
            found["plans"] = plans(connection, desk)
            found["export_seconds"] = round(exported(desk), 1)
        finally:
            desk.close()
    found["machine_at_the_end"] = machine()
    return found


def exported(desk: Desk) -> float:
    """The whole list for a spreadsheet; this is no page, and may take its time."""
    began = time.perf_counter()
    answer = client_of(desk.network.navigator).get("/referral/tracking/referrals.csv")
    lines = answer.text.count("\r\n")
    assert lines > desk.referrals // 2, lines
    return time.perf_counter() - began


@contextmanager
def database(admin: str) -> Iterator[str]:
    """A migrated database that is gone afterwards."""
    name, passwords = f"board_bench_{secrets.token_hex(4)}", {"referral": "bench", "referral_owner": "bench"}
    databases.ensure_roles(admin, "referral", passwords, renew=False)
    databases.create_database(admin, "referral", passwords, name=name)
    dsn = databases.at_database(admin, name)
    migrate(dsn, MIGRATIONS)
    try:
        yield dsn
    finally:
        databases.drop_database(admin, name)


def page(found: Figures) -> str:
    sizes = list(found["sizes"])
    head = " | ".join(f"{size:,} p50 / p95, own CPU" for size in sizes)
    lines = [
        "# A desk with a hundred thousand open referrals",
        "",
        f"{found['at']}, {found['referrals']:,} open referrals on one desk and half as many ended ones,",
        f"{PARTNERS} partners, {COLLEAGUES} colleagues, a task for every third; {found['rounds']} rounds a page;",
        f"{machine_told(found['machine'])}, load {found['machine_at_the_end']['load1']} at the end;",
        f"`python -m tests.benchmarks.board --referrals {found['referrals']} --write`.",
        "",
        "Milliseconds from the request to the finished page, asked one after another of the whole application with its",
        f"database on the same machine; wanted: p95 under {found['target_ms']:.0f} ms. Own CPU: the application's.",
        "",
        f"| page | {head} |",
        "|---|" + "---:|" * len(sizes),
    ]
    for name in found["sizes"][sizes[-1]]["pages"]:
        cells = [found["sizes"][size]["pages"][name] for size in sizes]
        told = [f"{one['p50_ms']} / {one['p95_ms']}, {one['own_cpu_ms']}" for one in cells]
        lines.append(f"| {name} | {' | '.join(told)} |")
    slowest = max(found["sizes"][sizes[-1]]["pages"].items(), key=lambda one: one[1]["p95_ms"])
    lines += ["", f"Slowest at the full number: {slowest[0]}, p95 {slowest[1]['p95_ms']} ms."]
    lines += [f"The whole list as CSV: {found['export_seconds']} s, a thousand rows at a time.", ""]
    lines += ["## How the database finds it (EXPLAIN ANALYZE, at the full number)", ""]
    lines += ["| statement | ms | reads all referrals |", "|---|---:|---|"]
    for name, plan in found["plans"].items():
        lines.append(f"| {name} | {plan['ms']} | {'YES' if plan['reads_all_referrals'] else 'no'} |")
    for name, plan in found["plans"].items():
        lines += ["", f"### {name}", "", "```", *plan["plan"], "```"]
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dsn", required=True, help="a superuser on a server that may be filled")
    parser.add_argument("--referrals", type=int, default=100_000, help="open ones, all on one desk")
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--write", action="store_true", help="to docs/results/board.json and .md")
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    found = run(options.dsn, options.referrals, options.rounds)
    text = page(found)
    if options.write:
        (RESULTS / "board.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        (RESULTS / "board.md").write_text(text, encoding="utf-8")
    print(text)
    return int(any(plan["reads_all_referrals"] for plan in found["plans"].values()))


if __name__ == "__main__":
    sys.exit(main())
