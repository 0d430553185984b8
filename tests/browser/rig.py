"""What browser tests need: a server in a thread, pages in a language, theme and width, axe, and pictures to look at."""

import os
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page
from werkzeug.serving import make_server

from services.chassis import i18n

AXE = Path(__file__).parent / "vendor" / "axe-core-4.14.1.min.js"
SCREENS = Path(__file__).resolve().parents[2] / ".dev" / "screens"
TAGS = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "EN-301-549"]
CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDTHS = {"desk": 1280, "phone": 320}
GERMAN = {"language": "de"}
DARK_AND_SMALL = {"language": "en", "width": "phone", "theme": "dark"}


def first_in_the_gate(*looks: Any) -> list[Any]:
    """One way to look at a page is enough for a change of it; the others are tried in the long run."""
    return [pytest.param(look, marks=[pytest.mark.long] * bool(number)) for number, look in enumerate(looks)]


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """The application on a free port; gives its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()


#: Pages nobody looks at just now, by the language they ask for. One is set up anew for who comes next: a fresh browser
#: context fetches every style and compiles axe again, which costs more than looking at the page.
IDLE: dict[str, list[Page]] = defaultdict(list)


@contextmanager
def page_of(
    browser: Browser,
    *,
    language: str = "de",
    theme: str = "light",
    width: str = "desk",
    extra_http_headers: dict[str, str] | None = None,
    alone: bool = False,
    **more: Any,
) -> Iterator[Page]:
    """A page as a reader would have set it up; a context of its own for more wishes or, to listen to it, `alone`."""
    asked = language.partition("-")[0]
    kept = not (alone or more)
    page = IDLE[asked].pop() if kept and IDLE[asked] else _fresh(browser, asked, **more)
    try:
        page.emulate_media(media="null", color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
        page.set_viewport_size({"width": WIDTHS[width], "height": 900})
        page.set_extra_http_headers(extra_http_headers or {})
        page.set_default_timeout(10_000)
        yield page
    except BaseException:
        kept = False
        raise
    finally:
        page.context.clear_cookies()
        if kept:
            IDLE[asked].append(page)
        else:
            page.context.close()


def _fresh(browser: Browser, locale: str, **more: Any) -> Page:
    return browser.new_context(locale=locale, **more).new_page()


#: Keys that a page asked a word for and got none, since somebody looked.
WORDLESS: list[str] = []
say = i18n.label


def noting(service: str, language: str, value: Enum | str) -> str:
    """As the product says it; a key nobody has translated is remembered. An English sentence is its own word."""
    key = i18n.key_of(value) if isinstance(value, Enum) else value
    is_code = ":" in key and " " not in key and not key.endswith(":")  # of no code a page says "–"
    if is_code and i18n.translations(service, language).gettext(key) == key:
        WORDLESS.append(f"no word in {language} for {key}")
    return say(service, language, value)


i18n.label = noting


def axe(page: Page) -> list[str]:
    """Findings of axe-core, one line each: rule, impact, where; and codes that were shown for want of a word."""
    wordless = sorted(set(WORDLESS))
    WORDLESS.clear()
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("tags => axe.run({runOnly: tags, resultTypes: ['violations']})", TAGS)
    return [*(f"{one['id']} ({one['impact']}): {_places(one)}" for one in found["violations"]), *wordless]


def _places(finding: dict[str, Any]) -> str:
    return "; ".join(" ".join(map(str, node["target"])) for node in finding["nodes"])


def shoot(page: Page, name: str) -> None:
    """A full-page picture under .dev/screens, to be looked at; none where workers run and nobody looks."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        return
    SCREENS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=str(SCREENS / f"{name}.png"), full_page=True)


def scrolls_sideways(page: Page) -> bool:
    """At the width it has, or on a telephone."""
    now = page.viewport_size
    assert now is not None
    found = _is_wider(page)
    if not found and now["width"] > WIDTHS["phone"]:
        page.set_viewport_size({"width": WIDTHS["phone"], "height": now["height"]})
        found = _is_wider(page)
        page.set_viewport_size(now)
    return found


def _is_wider(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))
