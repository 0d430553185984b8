"""Nobody planted comes out: the whole story with distinctive words, and a search through every place there is.

The gate plays a part of it (`test_leaks_at_a_glance.py`), the long run all. The words are searched in the broker, all
tables, logs, metrics, mails, webhooks, addresses, headers, error pages and processes, and in a backup. Then the same
search is shown to find what a program with holes lets out.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from deploy.demo.desk import Desk
from deploy.demo.places import free_port
from lotse.backups import postgres
from tests.system.collector import Collector
from tests.system.conftest import ROOT, RunningNetwork, Told
from tests.system.leaks import places, plants
from tests.system.leaks.browsing import browse
from tests.system.leaks.editorial import OF_EDITORS
from tests.system.leaks.later import missing
from tests.system.leaks.needles import Needle, Searcher
from tests.system.leaks.places import Item, spans
from tests.system.leaks.scene import Scene, listening
from tests.system.leaks.search import (
    Report,
    everywhere,
    opened_by_partners,
    search,
    searched_is_settled,
    server_files,
    tidy_up,
)
from tests.waiting import eventually

pytestmark = [pytest.mark.system, pytest.mark.long, pytest.mark.timeout(900)]
SEARCHER = Searcher(plants.NEEDLES)
PEOPLE = Searcher(plants.PEOPLE.needles)


@pytest.fixture(scope="module")
def scene(network: RunningNetwork, browser: Browser) -> Iterator[Scene]:
    """The network after everything has happened: the story, every wrong request, a navigator at a browser."""
    with listening(network.dev, network.process.pid) as scene:
        tidy_up(scene)
        assert [row for row in scene.play() if not row.held] == []
        scene.strays = scene.go_astray()
        browse(browser, scene)
        scene.pull_feed()
        eventually(lambda: searched_is_settled(scene), timeout=60, interval=0.5)
        yield scene
        tidy_up(scene)


@pytest.fixture(scope="module")
def searched(scene: Scene, collector: Collector) -> list[Item]:
    return [*everywhere(scene), *spans(list(collector.requests))]


@pytest.fixture(scope="module")
def report(scene: Scene, searched: list[Item]) -> Report:
    found = search(SEARCHER, searched)
    print(
        f"\n{scene.strays} wrong requests and commands; {found.patterns} spellings of {len(SEARCHER.needles)} words\n"
    )
    print(found.as_markdown())
    if folder := os.environ.get("LOTSENNETZ_RESULTS"):
        (Path(folder) / "leak-search.md").write_text(paper(scene, found), encoding="utf-8")
    return found


def paper(scene: Scene, found: Report) -> str:
    """The figures, for docs/results."""
    today = datetime.now(UTC).date()
    return f"""# The search for leaks

{today}, by `LOTSENNETZ_RESULTS=docs/results pytest tests/system/test_leaks.py`. The main job was played over the
whole network - four services, PostgreSQL, RabbitMQ, partners on AMQP, webhook, pull and light path - with people
whose names, contacts and texts occur nowhere else; besides it {scene.strays} wrong requests, links and partner
commands that carried words of their own, a webhook that failed, and a navigator at a browser; papers handed in
and passed on, a household, what was told by telephone, a person at her own page who withdraws, access to all
her data, a letter with a link, a hold, a consent that an interpreter heard and one given online, a breach with
its note, a note on a case, goals and steps, an appointment and who came along to it, receipts, FHIR tasks, desk codes
and devices, units, absences and tasks by name, every page and file of a data-protection officer, and what a clerk and
an editor write about an entry of the directory. Every role told a collector its spans. Then
{len(SEARCHER.needles)} words in {found.patterns} spellings (UTF-8 and UTF-16, percent, JSON, HTML and mail encodings,
hexadecimal, base64 in all alignments) were searched in every place below. What partners opened with their own keys
and the pages that exist to show a person were searched, too: there the words were found, so they had travelled.

{found.as_markdown()}

A copy of referral's web role with four mistakes patched in - a name in a log line, in an event, in a kept answer, in
a metric - is found out by the same search wherever the words reach: log, outbox, broker, audit log, answers, metrics.
"""


def test_nothing_that_was_planted_came_out_anywhere(report: Report) -> None:
    assert [str(leak) for leak in report.leaks] == []


PLACES = (
    *("tables", "tables (binary)", "messages", "broker definitions", "logs", "server logs", "metrics", "mails"),
    *("webhooks", "URLs", "browser history", "answer headers", "pages and answers", "error answers", "processes"),
    "spans",
)


@pytest.mark.parametrize("kind", PLACES)
def test_every_kind_of_place_was_looked_at(report: Report, kind: str) -> None:
    assert report.places[kind] > 0
    assert report.bytes[kind] > 0


def test_every_place_that_is_named_was_looked_at(searched: list[Item]) -> None:
    assert missing(searched) == []


def test_what_is_written_about_an_entry_stays_with_its_editors(searched: list[Item]) -> None:
    """No event, mail, log or other service says it; the tables that keep it are searched, so it is found there."""
    found = search(Searcher(plants.EDITORIAL.needles), searched)
    assert [str(leak) for leak in found.leaks if not OF_EDITORS.match(f"{leak.kind}: {leak.place}")] == []
    kept = {leak.hit.label: leak.place for leak in found.leaks if leak.kind == "tables"}
    assert kept.keys() == {"proposal", "why proposed", "why declined", "doubt"}


def test_the_words_did_travel(scene: Scene) -> None:
    """Where they belong they are found: partners opened them, navigators saw them."""
    opened = search(PEOPLE, opened_by_partners(scene))
    labels = {leak.hit.label for leak in opened.leaks}
    assert {"given name", "family name", "birth date", "mail address", "qualification", "employer"} <= labels
    shown = {hit.label for hit in SEARCHER.hits(scene.traffic.shown())}
    assert {"given name", "family name", "telephone number", "health", "note", "comment", "answer"} & shown >= {
        "given name",
        "family name",
        "telephone number",
        "health",
        "note",
    }


#: A name of staff is shown to whoever leads a desk, and at the issuer; what is kept of it is sealed.
KEPT = frozenset(
    {"tables", "tables (binary)", "messages", "logs", "metrics", "mails", "webhooks", "URLs", "answer headers", "spans"}
)


def test_no_name_of_staff_lies_in_the_open(searched: list[Item]) -> None:
    assert any(item.kind == "tables" and "staff_names" in item.place and item.units for item in searched)
    found = search(Searcher(plants.STAFF.needles), [item for item in searched if item.kind in KEPT])
    assert [str(leak) for leak in found.leaks] == []


def test_no_word_lies_in_a_backup(scene: Scene, lotse: Callable[..., Told], tmp_path: Path) -> None:
    """Both halves as they are put away, and every database of them as whoever restores it would read it."""
    told = lotse("backup", "--out", str(tmp_path / "data"), "--keys-out", str(tmp_path / "keys"), timeout=300)
    assert told.code == 0, told.err
    dumps = sorted(tmp_path.rglob("*.dump"))
    assert len(dumps) >= 5
    version = postgres.server_version(postgres.Place("referral", scene.network.postgres.dsn))
    restored = []
    for dump in dumps:
        text = tmp_path / f"{dump.stem}.sql"
        program = postgres.program("pg_restore", version)
        subprocess.run([program, f"--file={text}", str(dump)], check=True, capture_output=True, timeout=120)
        assert b"COPY" in text.read_bytes()
        restored.append(text)
    found = search(SEARCHER, places.files("backup", [tmp_path]))
    assert found.places["backup"] > len(dumps) + len(restored)
    assert [str(leak) for leak in found.leaks] == []


def test_not_even_the_servers_own_files_hold_a_word(scene: Scene) -> None:
    """Dead rows, write-ahead logs, message stores. What partners sent wrongly did pass the broker; nobody else did."""
    plain = Searcher((*plants.PEOPLE.needles, *plants.TEXTS.needles), only=("utf-8", "utf-16-le"))
    found = search(plain, server_files(scene))
    print(found.as_markdown())
    assert found.bytes.total() > 10_000_000
    assert [str(leak) for leak in found.leaks] == []


def test_one_failing_webhook_was_among_it(scene: Scene) -> None:
    assert scene.recorder.failures == 1
    assert len(scene.recorder.received) >= 2


#: What the program with holes lets out: a word, where it has to be found, and by which kind of search.
HOLES = {
    "Leckageline": {"logs"},
    "sickerhausen": {"tables", "tables (binary)", "messages"},
    "Tropfenfänger": {"tables", "tables (binary)", "pages and answers"},
    "Rinnsalbach": {"metrics"},
}
LEAKY: dict[str, Any] = {"given_name": "Leckageline", "family_name": "Tropfenfänger", "city": "Sickerhausen"}


@contextmanager
def program_with_holes(scene: Scene) -> Iterator[str]:
    """One more web role of referral on the same database and broker, patched from outside; gives its address."""
    address = f"127.0.0.1:{free_port()}"
    settings = {**scene.network.environment("referral"), "HTTP_ADDRESS": address}
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **settings}
    with (scene.dev / "logs" / "leaky.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.system.leaks.leaky"], cwd=ROOT, stdout=log, stderr=log, env=environment
        )
    try:
        yield f"http://{address}"
    finally:
        process.terminate()
        process.wait(30)


def test_what_a_program_with_holes_lets_out_is_found(scene: Scene) -> None:
    with program_with_holes(scene) as address:
        desk = Desk(address, lambda: scene.story._token("nina-navigator"))
        desk._http.hooks["response"].append(scene.traffic.keep)
        needs = [{"topic": "SPRACHE", "urgency": "normal"}]
        desk.post("/referral/api/v1/enquiries?Rinnsalbach", {
            "enquirer": "person", "site": "aachen", "person": LEAKY, "needs": needs,
        })  # fmt: skip
        eventually(lambda: searched_is_settled(scene), timeout=60, interval=0.5)
        scene.state["services"]["referral"] = address
        found = search(Searcher(Needle(word, word) for word in HOLES), everywhere(scene))
    for word, kinds in HOLES.items():
        assert kinds <= {leak.kind for leak in found.leaks if leak.hit.label == word}, word
    leaking = {leak.place for leak in found.leaks if leak.hit.label == "sickerhausen"}
    assert {"audit.entries", "tap on referral.events"} <= leaking, leaking
