"""The public site as a reader's browser gets it.

``python -m tests.benchmarks.public_site`` looks at every template of the site in every language, at three widths, in
light and in dark, in headless Chromium, and writes docs/results/public-site.json and .md: what axe finds, how heavy the
page is, which cookies are set, who else is asked for anything, whether it fits - and, once for each template and
language, whether it says the same with JavaScript switched off. Pictures lie under ``.dev/screens``.
``... public_site de ar`` looks at some languages only and writes nothing.
"""

import json
import logging
import os
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import product
from typing import Any
from urllib.parse import urlsplit

from flask import Flask
from playwright.sync_api import Browser, Page, Response, sync_playwright

from deploy.demo import databases
from deploy.demo.servers import running_postgres
from services.chassis.db import Database
from services.chassis.i18n import PERSON_LANGUAGES
from services.chassis.migrate import migrate
from services.directory.service import HERE as DIRECTORY
from services.directory.web import limits
from services.directory.web.app import create_app
from tests.benchmarks.stage import ROOT
from tests.browser.rig import CHROMIUM, FLAGS, axe, served, shoot
from tests.chassis.web_rig import TestIssuer, settings
from tests.integration.directory.conftest import REGION
from tests.integration.directory.conftest import Directory as Taken

RESULTS = ROOT / "docs" / "results"
HWK = "services/hwk-aachen-anerkennung"
#: Each template of the site: its name, what to ask for, and the status it is answered with.
TEMPLATES = {
    "start": ("", 200),
    "find": ("find?situation=diploma&area=053340002002&spoken=ar", 200),
    "nobody": ("find?q=zzzzzz", 200),
    "wrong": ("find?topic=TELEPATHY&area=Atlantis", 404),
    "nowhere": ("no/such/page", 404),
    "service": (HWK, 200),
    "place": ("services/auslaenderamt-muenster-aufenthalt", 200),
    "retired": ("services/ipo-wohnungssuche", 410),
    "card": (f"{HWK}/card", 200),
    "imprint": ("legal/imprint", 200),
    "privacy": ("legal/privacy", 200),
    "accessibility": ("legal/accessibility", 200),
    "busy": ("", 429),
}
WIDTHS = (320, 768, 1280)
THEMES = ("light", "dark")
MOST_BYTES = 150_000


@dataclass(frozen=True)
class Look:
    """One page as somebody saw it."""

    template: str
    language: str
    width: int
    theme: str
    status: int
    findings: list[str]
    bytes_without_fonts: int
    cookies: int
    asked_elsewhere: list[str]
    complaints: list[str]
    scrolls_sideways: bool


class Watching:
    """What the browser loads for a page, and what it complains of."""

    def __init__(self, page: Page, origin: str) -> None:
        self._host = urlsplit(origin).netloc
        self.bytes, self.elsewhere, self.complaints = 0, list[str](), list[str]()
        self._session = page.context.new_cdp_session(page)
        self._session.send("Network.enable")
        self._session.send("Network.setCacheDisabled", {"cacheDisabled": True})
        page.on("response", self._weigh)
        page.on("request", lambda request: self._note(request.url))
        page.on("console", lambda message: self._complain(message.text))

    def begin(self) -> None:
        self.bytes, self.elsewhere, self.complaints = 0, [], []

    def _weigh(self, response: Response) -> None:
        if response.url.startswith("http") and response.request.resource_type != "font":
            self.bytes += int(response.headers.get("content-length", 0))

    def _note(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != self._host:
            self.elsewhere.append(parts.netloc)

    def _complain(self, text: str) -> None:
        """That a page asked for wrongly is answered as that is no complaint about the page."""
        if "the server responded with a status of 4" not in text:
            self.complaints.append(text)


def looks(browser: Browser, app: Flask, origin: str, languages: list[str]) -> Iterator[Look]:
    for language, width, theme in product(languages, WIDTHS, THEMES):
        context = browser.new_context(locale=language.partition("-")[0], viewport={"width": width, "height": 900})
        page = context.new_page()
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
        watching = Watching(page, origin)
        for template in TEMPLATES:
            yield look(page, watching, app, origin, (template, language, width, theme))
        context.close()


def look(page: Page, watching: Watching, app: Flask, origin: str, which: tuple[str, str, int, str]) -> Look:
    template, language, width, theme = which
    path, expected = TEMPLATES[template]
    count_anew(app, busy=template == "busy")
    watching.begin()
    answer = page.goto(f"{origin}/directory/help/{language}/{path}", wait_until="load")
    assert answer is not None and answer.status == expected, (which, answer and answer.status)
    shoot(page, f"site-{template}-{language}-{width}-{theme}")
    wider = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    return Look(
        *which,
        answer.status,
        axe(page),
        watching.bytes,
        len(page.context.cookies()),
        watching.elsewhere,
        watching.complaints,
        bool(wider),
    )


def count_anew(app: Flask, *, busy: bool = False) -> None:
    """Whoever looks at a thousand pages is no reader: begin with nobody counted, or with everybody who may ask."""
    for name in [name for name in app.extensions if name.startswith("directory-")]:
        del app.extensions[name]
    if busy:
        with app.test_request_context(environ_base={"REMOTE_ADDR": "127.0.0.1"}):
            for _ in range(limits.PAGES.most):
                limits.PAGES.expect_patience()


def says_the_same_without_javascript(browser: Browser, app: Flask, origin: str, language: str) -> dict[str, bool]:
    """For each template whether its text is the same, and every link and field is there, with JavaScript off."""
    found: dict[str, list[Any]] = {template: [] for template in TEMPLATES}
    for on in (True, False):
        context = browser.new_context(viewport={"width": 320, "height": 900}, java_script_enabled=on)
        page = context.new_page()
        watching = Watching(page, origin)
        for template, (path, _) in TEMPLATES.items():
            count_anew(app, busy=template == "busy")
            watching.begin()
            page.goto(f"{origin}/directory/help/{language}/{path}")
            parts = [page.locator(part).count() for part in ("a[href]", "form", "input, select, button")]
            found[template].append((page.locator("body").inner_text(), parts))
        context.close()
    return {template: with_it == without for template, (with_it, without) in found.items()}


@contextmanager
def site() -> Iterator[tuple[Flask, str]]:
    """The region's directory on a database of its own."""
    passwords = {"directory": "bench", "directory_owner": "bench"}
    with running_postgres(ROOT / ".dev" / "bench-public-site") as postgres:
        databases.ensure_roles(postgres.dsn, "directory", passwords)
        name = f"public_site_bench_{os.getpid()}"
        made = databases.create_database(postgres.dsn, "directory", passwords, name=name)
        migrate(made.owner_dsn, DIRECTORY / "migrations")
        with Database(made.app_dsn) as db:
            taken = Taken(db)
            taken.take_in_bytes(REGION.read_bytes())
            app = create_app(settings(), taken.unit, issuer_keys=TestIssuer().keys())
            with served(app) as origin:
                yield app, origin


def main() -> int:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    asked = [tag for tag in PERSON_LANGUAGES if tag in sys.argv[1:]]
    languages = asked or list(PERSON_LANGUAGES)
    with site() as (app, origin), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        found = []
        for one in looks(browser, app, origin, languages):
            found.append(one)
            if one.findings or one.complaints or one.asked_elsewhere or one.scrolls_sideways or one.cookies:
                print(one, file=sys.stderr, flush=True)
        same = {tag: says_the_same_without_javascript(browser, app, origin, tag) for tag in languages}
        version = browser.version
        browser.close()
    if not asked:
        write(found, same, version)
    print(json.dumps(summary(found, same), indent=2))
    return 0 if is_clean(found, same) else 1


def is_clean(found: list[Look], same: dict[str, dict[str, bool]]) -> bool:
    told = summary(found, same)
    none = ("findings", "cookies", "asked_elsewhere", "complaints", "sideways", "not_the_same_without_javascript")
    return not any(told[name] for name in none) and told["heaviest_bytes"] < MOST_BYTES


def summary(found: list[Look], same: dict[str, dict[str, bool]]) -> dict[str, Any]:
    return {
        "pages": len(found),
        "findings": sum(len(one.findings) for one in found),
        "cookies": sum(one.cookies for one in found),
        "asked_elsewhere": sum(len(one.asked_elsewhere) for one in found),
        "complaints": sum(len(one.complaints) for one in found),
        "sideways": sum(one.scrolls_sideways for one in found),
        "heaviest_bytes": max(one.bytes_without_fonts for one in found),
        "median_bytes": round(statistics.median(one.bytes_without_fonts for one in found)),
        "without_javascript": sum(len(one) for one in same.values()),
        "not_the_same_without_javascript": sum(not equal for one in same.values() for equal in one.values()),
    }


def write(found: list[Look], same: dict[str, dict[str, bool]], version: str) -> None:
    told = {"measured_on": time.strftime("%Y-%m-%d"), "chromium": version, **summary(found, same)}
    document = {**told, "without_javascript_by_page": same, "looks": [asdict(one) for one in found]}
    (RESULTS / "public-site.json").write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", "utf-8")
    (RESULTS / "public-site.md").write_text("\n".join(lines_of(found, same, told)), "utf-8")


def lines_of(found: list[Look], same: dict[str, dict[str, bool]], told: dict[str, Any]) -> Iterator[str]:
    yield "# The public site in a browser"
    yield ""
    widths = ", ".join(map(str, WIDTHS))
    yield f"Made by `python -m tests.benchmarks.public_site`, {told['measured_on']}, Chromium {told['chromium']}:"
    yield f"{len(TEMPLATES)} pages (each template, right and wrong questions) in {len(same)} languages,"
    yield f"{widths} pixels wide, light and dark: {told['pages']} looks. axe-core 4.14.1 with the rules of"
    yield "WCAG 2.2 A and AA and EN 301 549. Bytes are those of everything a page loads, uncompressed, without fonts"
    yield "(there are none)."
    yield ""
    yield "| | found | allowed |"
    yield "|---|---:|---:|"
    for name, allowed in ROWS.items():
        yield f"| {name.replace('_', ' ')} | {told[name]:,} | {allowed} |"
    yield ""
    yield "| page | status | heaviest | median | axe findings | same without JavaScript |"
    yield "|---|---:|---:|---:|---:|---:|"
    for template in TEMPLATES:
        own = [one for one in found if one.template == template]
        weights = [one.bytes_without_fonts for one in own]
        equal = sum(one[template] for one in same.values())
        yield (
            f"| {template} | {own[0].status} | {max(weights):,} | {round(statistics.median(weights)):,}"
            f" | {sum(len(one.findings) for one in own)} | {equal} of {len(same)} |"
        )
    yield ""
    yield "The card on one sheet of paper, the way by keyboard and what each page says are tests:"
    yield "`tests/browser/test_public_site.py`, `tests/integration/directory/test_public_site.py`."
    yield ""


#: What is told, and what of it is allowed.
ROWS = {
    "findings": "0",
    "cookies": "0",
    "asked_elsewhere": "0",
    "complaints": "0",
    "sideways": "0",
    "not_the_same_without_javascript": "0",
    "heaviest_bytes": f"{MOST_BYTES:,}",
}


if __name__ == "__main__":
    sys.exit(main())
