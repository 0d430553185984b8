"""How long one matching takes on directories of 1,000 to 100,000 services, and how the database finds what to look at.

``python -m tests.benchmarks.matching`` fills a database of its own, ranks for many different people, compares with
looking at everything, and writes docs/results/matching.json and .md. Services are spread over all districts of a
country; most name one district, some a town, a tenth a whole state, a fiftieth no limit.
"""

import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from random import Random
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from contracts.codes import EMPLOYER_TOPICS, Audience, Capacity, EnquirerKind, Topic
from contracts.event import Code, JsonDocument, LanguageTag, OfficialKey, PublicText, to_dict
from deploy.demo import databases
from deploy.demo.servers import running_postgres
from services.chassis.db import Connection, Database
from services.chassis.migrate import migrate
from services.referral.domain.candidates import Seeker
from services.referral.domain.matching import Ranking, rank
from services.referral.store import candidates, matchings
from tests.benchmarks.stage import ROOT
from tests.integration.referral.scene import a_service, an_organization

RESULTS = ROOT / "docs" / "results"
MIGRATIONS = ROOT / "services" / "referral" / "migrations"
SIZES = (1_000, 5_000, 10_000, 25_000, 50_000, 100_000)
TODAY = date(2026, 11, 26)
TOPICS = [topic for topic in Topic if topic not in EMPLOYER_TOPICS]
DISTRICTS = [f"{state:02}{district:03}" for state in range(1, 17) for district in range(1, 26)]
RULES: list[dict[str, Any]] = [
    {},
    {"fact": "age", "at_least": 18},
    {"any": [{"fact": "benefit", "in": ["SGB2"]}, {"fact": "employment_status", "in": ["SEEKING"]}]},
]
TARGET_MS = 50.0


@dataclass(frozen=True)
class Measured:
    """One size: the times of a matching in milliseconds, and of what it is made."""

    services: int
    looked_at: float
    median_ms: float
    p95_ms: float
    select_ms: float
    #: Of this process alone; what else runs on the machine does not count here.
    cpu_ms: float
    unknown_place_ms: float
    everything_ms: float
    #: How many processes wanted the two cores meanwhile.
    load: float


def some_service(number: int, organization_id: UUID, dice: Random) -> dict[str, Any]:
    district = dice.choice(DISTRICTS)
    where = dice.choices([(district,), (district + "0002002",), (district[:2],), ()], [70, 18, 10, 2])[0]
    return to_dict(
        a_service(
            UUID(int=number + 1),
            organization_id,
            name=PublicText({"de": f"Angebot {number}", "en": f"Offer {number}", "ar": f"عرض {number}"}),
            description=PublicText(dict.fromkeys(("de", "en", "ar"), "Was es ist und für wen es da ist. " * 12)),
            topics=tuple(dice.sample(TOPICS, dice.randint(1, 2))),
            audience=dice.choice([Audience.PERSON, Audience.BOTH, Audience.BOTH, Audience.EMPLOYER]),
            areas=tuple(map(OfficialKey, where)),
            eligibility=JsonDocument(dice.choice(RULES)),
            languages=tuple(map(LanguageTag, dice.sample(["de", "en", "ar", "uk", "tr", "fr"], dice.randint(1, 3)))),
            capacity=dice.choice(list(Capacity)),
            capacity_reported_on=TODAY - timedelta(days=dice.randint(0, 60)),
            assured_on=TODAY - timedelta(days=dice.randint(0, 400)),
            profession_independent=dice.random() < 0.8,
            profession_codes=(Code("263"),),
        )
    )


def fill(connection: Connection, services: int) -> None:
    """One body for fifty services."""
    dice = Random(services)
    bodies = [UUID(int=10**9 + number) for number in range(-(-services // 50))]
    body = to_dict(an_organization(bodies[0]))
    with connection.cursor() as cursor:
        with cursor.copy("COPY organizations (id, version, snapshot, kept_at) FROM STDIN") as copy:
            for one in bodies:
                copy.write_row((one, 1, Jsonb({**body, "organization_id": str(one)}), TODAY))
        columns = "id, organization_id, version, topics, snapshot, retired, kept_at"
        with cursor.copy(f"COPY services ({columns}) FROM STDIN") as copy:
            for number in range(services):
                owner = dice.choice(bodies)
                told = some_service(number, owner, dice)
                copy.write_row((told["service_id"], owner, 1, told["topics"], Jsonb(told), False, TODAY))
    connection.execute("VACUUM ANALYZE services")
    connection.execute("ANALYZE organizations")


def seekers(many: int) -> Iterator[tuple[Seeker, Topic]]:
    dice = Random(7)
    for _ in range(many):
        facts = dice.choice([{}, {"age": 24}, {"age": 40, "profession": frozenset({"26312"})}])
        area = dice.choice(DISTRICTS) + "0002002"
        languages = (dice.choice(["ar", "uk", "tr"]),)
        yield Seeker(enquirer=EnquirerKind.PERSON, area=area, languages=languages, facts=facts), dice.choice(TOPICS)


@dataclass(frozen=True)
class Asked:
    """Many people's rankings: medians, and the processor time of one."""

    looked_at: float
    median_ms: float
    p95_ms: float
    select_ms: float
    cpu_ms: float


def asked(connection: Connection, people: int) -> Asked:
    """Twenty more are asked for first and not counted."""
    wholes, selects, looked_at = [], [], []
    busy = time.process_time()
    for seeker, topic in (*list(seekers(20)), *seekers(people)):
        started = time.perf_counter()
        reached = candidates.in_reach(connection, topic, seeker, TODAY)
        selects.append(time.perf_counter() - started)
        rank(reached.candidates, seeker, topic, TODAY)
        wholes.append(time.perf_counter() - started)
        looked_at.append(len(reached.candidates))
    busy = (time.process_time() - busy) / len(wholes)
    wholes, selects = wholes[20:], selects[20:]
    return Asked(
        round(statistics.mean(looked_at), 1),
        _ms(statistics.median(wholes)),
        _ms(statistics.quantiles(wholes, n=20)[-1]),
        _ms(statistics.median(selects)),
        _ms(busy),
    )


def measured(connection: Connection, services: int, people: int) -> Measured:
    fill(connection, services)
    found = asked(connection, people)
    somewhere, topic = next(seekers(1))
    nowhere = Seeker(enquirer=somewhere.enquirer, languages=somewhere.languages, facts=somewhere.facts)
    unknown = timed(lambda: matchings.ranked(connection, nowhere, topic, TODAY), 3)
    everything = timed(lambda: looking_at_everything(connection, somewhere, topic), 3)
    for seeker in (somewhere, nowhere):
        assert matchings.ranked(connection, seeker, topic, TODAY) == looking_at_everything(connection, seeker, topic)
    return Measured(
        services,
        found.looked_at,
        found.median_ms,
        found.p95_ms,
        found.select_ms,
        found.cpu_ms,
        _ms(unknown),
        _ms(everything),
        round(os.getloadavg()[0], 1),
    )


def looking_at_everything(connection: Connection, seeker: Seeker, topic: Topic) -> Ranking:
    """The naive way: every service of the directory is read, and the rules decide alone."""
    ids = [row["id"] for row in connection.execute("SELECT id FROM services").fetchall()]
    return rank(candidates.of(connection, ids, TODAY).values(), seeker, topic, TODAY)


def timed(run: Any, times: int) -> float:
    spent = []
    for _ in range(times):
        started = time.perf_counter()
        run()
        spent.append(time.perf_counter() - started)
    return statistics.median(spent)


def explained(connection: Connection) -> dict[str, list[str]]:
    """How the database finds what to look at, with the index and without it."""
    seeker, topic = next(seekers(1))
    assert seeker.area is not None
    params = {"topic": topic, "audiences": ["person", "both"], "keys": candidates.keys_around(seeker.area)}
    query = "EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) " + candidates.READ + candidates.ON_TOPIC
    found = {}
    for name, switch in (("with the index", "on"), ("without it", "off")):
        connection.execute(f"SET enable_bitmapscan = {switch}")
        rows = connection.execute(query + candidates.FOR_THEM + candidates.AROUND, params).fetchall()
        found[name] = [row["QUERY PLAN"] for row in rows]
    connection.execute("SET enable_bitmapscan = on")
    return found


def main() -> int:
    people = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    passwords = {"referral": "bench", "referral_owner": "bench"}
    found, plans = [], {}
    with running_postgres(ROOT / ".dev" / "bench-matching") as postgres:
        databases.ensure_roles(postgres.dsn, "referral", passwords)
        for size in SIZES:
            name = f"matching_bench_{os.getpid()}_{size}"
            made = databases.create_database(postgres.dsn, "referral", passwords, name=name)
            migrate(made.owner_dsn, MIGRATIONS)
            with Database(made.owner_dsn, 1, 1) as db, db.session() as connection:
                connection.execute("SET statement_timeout = 0")
                found.append(measured(connection, size, people))
                print(found[-1], file=sys.stderr, flush=True)
                if size == 50_000:
                    plans = explained(connection)
    write(found, plans, people)
    return 0


def write(found: list[Measured], plans: dict[str, list[str]], people: int) -> None:
    figures = {"measured_on": time.strftime("%Y-%m-%d"), "python": platform.python_version(), "people": people}
    document = {**figures, "target_ms": TARGET_MS, "sizes": [asdict(one) for one in found], "plans": plans}
    (RESULTS / "matching.json").write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    half = next(one for one in found if one.services == 50_000)
    rows = [
        f"| {one.services:,} | {one.looked_at:.0f} | **{one.median_ms}** | {one.p95_ms} | {one.select_ms}"
        f" | {one.cpu_ms} | {one.unknown_place_ms} | {one.everything_ms} |"
        for one in found
    ]
    lines = [
        "# Matching: how long, and how it grows",
        "",
        "Made by `python -m tests.benchmarks.matching`: from the question to the ranking, the database included, for",
        f"{people} different people in all parts of a country, {figures['measured_on']}, on two cores. Milliseconds.",
        "",
        "| services | looked at | median | p95 | of it reading | CPU here | place unknown | everything |",
        "|---:|---:|---:|---:|---:|---:|---:|---:|",
        *rows,
        "",
        f"Target: 50,000 services within {TARGET_MS:.0f} ms: **{'met' if half.median_ms <= TARGET_MS else 'missed'}**"
        f" ({half.median_ms} ms). The result equals that of looking at everything (asserted here, and as a property in",
        "`tests/integration/referral/test_matching_at_scale.py`); the domain's ranking equals a second, naive one",
        "(`tests/unit/referral/test_matching.py`).",
        "",
        *(line for name, plan in plans.items() for line in (f"50,000 services, {name}:", "", "```", *plan, "```", "")),
    ]
    (RESULTS / "matching.md").write_text("\n".join(lines), encoding="utf-8")


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)


if __name__ == "__main__":
    sys.exit(main())
