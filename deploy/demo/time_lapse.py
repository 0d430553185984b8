"""Twenty days of referrals in about a minute: what falls due by itself on the running network, day by day.

Six referrals leave today and then nobody does anything. The network's own deadlines are met with a clock that is set
forward one day at a time; what that causes travels as always: events, notices, mails, tasks on a desk.
"""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import requests

from deploy.demo import databases
from deploy.demo.clocks import FixedClock
from deploy.demo.network import Network
from deploy.demo.story import (
    BOGDAN,
    FULL,
    HWK,
    HWK_RECOGNITION,
    IHK,
    IHK_RECOGNITION,
    JOBCENTER,
    JOBCENTER_BENEFITS,
    JSON,
    KIA,
    KIA_LANGUAGE,
    Setting,
    Story,
)
from services.chassis.clock import SystemClock
from services.chassis.db import Connection, Database
from services.chassis.i18n import label
from services.chassis.jobs import ClockRole
from services.chassis.work import Unit
from services.referral.calendar import is_working_day
from services.referral.clock_jobs import jobs
from services.referral.domain.workdays import start_of

DAYS = 20
#: Deadlines fall on a day; whoever is woken by them looks at six in the morning.
MORNING = timedelta(hours=6)
#: What falls due for a referral; the nightly deletion and what needs keys is left to the network's own clock.
PLAYED = frozenset({"deadlines", "consents-running-out"})
PATIENCE = 30.0

FACTS = """
SELECT r.reference, t.type, coalesce(t.data ->> 'reminder', '') AS detail FROM timeline t
JOIN referrals r ON r.id = t.referral_id
WHERE r.reference = ANY(%s) AND t.at = %s
    AND t.type IN ('referral.reminder_due.v1', 'referral.expired.v1', 'referral.duty_escalated.v1')
ORDER BY t.event_id"""
TASKS = """
SELECT r.reference, t.kind, t.site, t.role, t.due_on, o.snapshot #>> '{name,de}' AS unit FROM tasks t
JOIN referrals r ON r.id = t.referral_id LEFT JOIN organizations o ON o.id = t.organization_id
WHERE r.reference = ANY(%s) AND t.opened_at = %s ORDER BY t.due_on, t.id"""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened: to which referral, what, and - if it is a task - on whose desk and by when."""

    referral: str
    what: str
    words: str
    unit: str = ""
    due_on: str = ""


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the twenty."""

    number: int
    on: str
    is_working_day: bool
    lines: tuple[Line, ...]


@dataclass
class Cast(Story):
    """Who is on the stage before the first night: each referral stands for a row of the table of deadlines."""

    partner_token: Callable[[str], str] = lambda slug: slug

    def assemble(self) -> dict[str, str]:
        """Let them leave, and let the partners do the little they do; returns what each number stands for."""
        silent = ("silent, one of two at this unit", JOBCENTER, JOBCENTER_BENEFITS, "LEISTUNG", "receipt", "normal")
        parts = [
            silent,
            ("silent, the other one", *silent[1:]),
            ("silent and urgent", KIA, KIA_LANGUAGE, "SPRACHE", "outcome", "urgent"),
            ("accepted, but nobody called", HWK, HWK_RECOGNITION, "ANERKENNUNG", "outcome", "normal"),
            ("asked back, but nobody answered", IHK, IHK_RECOGNITION, "ANERKENNUNG", "outcome", "normal"),
            ("withdrawn, but not acknowledged", HWK, HWK_RECOGNITION, "ANERKENNUNG", "outcome", "normal"),
        ]
        for number, part in enumerate(parts):
            self._leave(number, *part)
        numbers = {self.desk.wait_for(self.ids[part[0]], "requested")["reference"]: part[0] for part in parts}
        self._answer("accepted, but nobody called", "hwk-aachen", "accept", {})
        self._answer("asked back, but nobody answered", "ihk-aachen", "ask", {"question": "LANGUAGE_LEVEL"})
        withdrawn = "withdrawn, but not acknowledged"
        fetched = self._as_partner("hwk-aachen", "GET", f"/partner/v1/referrals/{self.ids[withdrawn]}/dossier")
        fetched.raise_for_status()
        self.desk.act(self.ids[withdrawn], "cancel", {"reason": "PERSON_MOVED"})
        return numbers

    def _leave(
        self, number: int, name: str, organization: object, service: object, topic: str, level: str, urgency: str
    ) -> None:
        """Somebody new, her consent, and the referral on its way."""
        name_of_hers = ("Erna", "Fritz", "Gerda", "Horst", "Ilse", "Jakob")[number]
        person: JSON = {
            **BOGDAN,
            "given_name": name_of_hers,
            "birth_date": f"19{60 + number}-0{number + 1}-1{number}",
            "email": f"{name_of_hers.lower()}@beispiel.example",
        }
        self._enquire(name, person, [{"topic": topic, "urgency": urgency}])
        purposes = ["VERWEIS", topic] if organization == HWK else [topic]
        categories = {"LEISTUNG": ["IDENTITY", "CONTACT"], "SPRACHE": ["IDENTITY", "CONTACT", "LANGUAGE"]}
        self._suggestions(name, topic)
        self._consent(
            name, "de", [self._recipient(organization, service, purposes, categories.get(topic, FULL), level)]
        )
        self._refer(name, name, topic, service, urgency=urgency)

    def _answer(self, name: str, slug: str, action: str, body: JSON) -> None:
        seen = self._as_partner(slug, "GET", f"/partner/v1/referrals/{self.ids[name]}").json()
        answered = self._as_partner(
            slug,
            "POST",
            f"/partner/v1/referrals/{self.ids[name]}/actions/{action}",
            json=body,
            headers={"If-Match": f'"{seen["version"]}"', "Idempotency-Key": f"lapse-{self.ids[name]}-{action}"},
        )
        answered.raise_for_status()

    def _as_partner(self, slug: str, method: str, path: str, **rest: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.partner_token(slug)}", **rest.pop("headers", {})}
        return requests.request(method, f"{self.setting.origin}{path}", headers=headers, timeout=20, **rest)


@dataclass
class TimeLapse:
    """Plays the days; `tell` hears each one when it is over."""

    network: Network
    setting: Setting
    tell: Callable[[Day], None] = lambda day: None
    numbers: dict[str, str] = field(default_factory=dict)
    days: list[Day] = field(default_factory=list)

    def play(self, today: date | None = None) -> None:
        """Assemble, then one morning after the other."""
        self.numbers = Cast(self.setting, partner_token=self._partner_token).assemble()
        begun = today or SystemClock().today()
        dsn = databases.addresses(self.network.postgres.dsn, "referral", self.network.secrets).app_dsn
        with Database(dsn, 0, 4, name="referral.time-lapse") as db:
            for number in range(1, DAYS + 1):
                day = self._live_through(db, number, begun + timedelta(days=number))
                self.days.append(day)
                self.tell(day)

    def _live_through(self, db: Database, number: int, on: date) -> Day:
        clock = FixedClock(start_of(on) + MORNING)
        role = ClockRole(Unit(db, clock, "referral"), [job for job in jobs(_no_keys) if job.name in PLAYED])
        before = len(self._mails())
        while any(role.run_due(job) for job in role.jobs):
            pass
        with db.read() as connection:
            lines = [*self._facts(connection, clock.instant), *self._tasks(connection, clock.instant)]
        lines += self._mailed(before, self._mails_due(lines))
        return Day(number, on.isoformat(), is_working_day(on), tuple(lines))

    def _facts(self, connection: Connection, at: datetime) -> Iterator[Line]:
        for row in connection.execute(FACTS, (list(self.numbers), at)).fetchall():
            what = row["type"].split(".")[1]
            words = f"partner is reminded: {_say('reminder_kind', row['detail'])}" if row["detail"] else ""
            yield Line(row["reference"], what, words or {"expired": "ended without an answer"}.get(what, what))

    def _tasks(self, connection: Connection, at: datetime) -> Iterator[Line]:
        for row in connection.execute(TASKS, (list(self.numbers), at)).fetchall():
            unit = f"{row['unit']}, {_say('site', row['site'])}: {_say('staff_role', row['role'])}"
            yield Line(row["reference"], row["kind"], _say("task_kind", row["kind"]), unit, row["due_on"].isoformat())

    def _mails_due(self, lines: list[Line]) -> int:
        """The two at the Jobcenter are told by mail: of the end of each, and of all reminders in one."""
        told = [line.what for line in lines if not line.unit and self.numbers[line.referral].startswith("silent, ")]
        return told.count("expired") + ("reminder_due" in told)

    def _mailed(self, before: int, expected: int) -> list[Line]:
        """What reached a mailbox; waited for where something must."""
        until = time.monotonic() + PATIENCE
        while len(self._mails()) < before + expected and time.monotonic() < until:
            time.sleep(0.2)
        return [self._mail(path) for path in self._mails()[before:]]

    def _mails(self) -> list[Path]:
        return sorted((self.network.dev / "mail").glob("*.eml"))

    @staticmethod
    def _mail(path: Path) -> Line:
        mail = message_from_bytes(path.read_bytes(), policy=policy.default)
        return Line("", "mail", f"mail: {mail['Subject']}", str(mail["To"]))

    def _partner_token(self, slug: str) -> str:
        client = f"partner-{slug}"
        answer = requests.post(
            f"{self.network.issuer}/token",
            data={"grant_type": "client_credentials"},
            auth=(client, self.network.secrets[client]),
            timeout=20,
        )
        answer.raise_for_status()
        return str(answer.json()["access_token"])


def missing(days: list[Day], numbers: dict[str, str]) -> list[str]:
    """What should have been seen and was not: every referral's own end of the table, on its day where that is fixed."""
    seen = {(numbers.get(line.referral, ""), line.what): day.number for day in days for line in day.lines}
    two = ("silent, one of two at this unit", "silent, the other one")
    on_day = {(name, what): day for name in two for what, day in (("answer_missing", 3), ("answer_still_missing", 9))}
    on_day |= {(name, "expired"): 14 for name in two}
    once = [
        ("silent and urgent", "answer_missing"),
        ("silent and urgent", "answer_still_missing"),
        ("silent and urgent", "expired"),
        ("accepted, but nobody called", "contact_overdue"),
        ("accepted, but nobody called", "contact_still_missing"),
        ("asked back, but nobody answered", "question_overdue"),
        ("withdrawn, but not acknowledged", "duty_overdue"),
    ]
    wrong = [
        f"{name}: {what} on day {seen.get((name, what))}, not {day}"
        for (name, what), day in on_day.items()
        if seen.get((name, what)) != day
    ]
    wrong += [f"{name}: no {what}" for name, what in once if (name, what) not in seen]
    digests = [line for day in days if day.number == 3 for line in day.lines if line.what == "mail"]
    return wrong + ([] if len(digests) == 1 else [f"{len(digests)} mails on day 3, not one"])


def as_json(days: list[Day], numbers: dict[str, str]) -> str:
    """Everything, for programs."""
    return json.dumps({"referrals": numbers, "days": [asdict(day) for day in days]}, ensure_ascii=False, indent=1)


def _say(kind: str, code: str) -> str:
    return label("referral", "en", f"{kind}:{code}")


def _no_keys() -> Any:
    raise RuntimeError("nothing that is played here opens or seals")
