"""What browser tests need: a server in a thread, pages in a language, theme and width, axe, and pictures to look at."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Flask
from playwright.sync_api import Browser, Page
from werkzeug.serving import make_server

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


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """The application on a free port; gives its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()


@contextmanager
def page_of(
    browser: Browser, *, language: str = "de", theme: str = "light", width: str = "desk", **more: Any
) -> Iterator[Page]:
    """A fresh browser context, as a reader would have set it up."""
    context = browser.new_context(
        locale=language.partition("-")[0],
        color_scheme=theme,  # type: ignore[arg-type]
        viewport={"width": WIDTHS[width], "height": 900},
        reduced_motion="reduce",
        **more,
    )
    try:
        page = context.new_page()
        page.set_default_timeout(10_000)
        yield page
    finally:
        context.close()


def axe(page: Page) -> list[str]:
    """Findings of axe-core, one line each: rule, impact, where."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("tags => axe.run({runOnly: tags})", TAGS)
    return [f"{one['id']} ({one['impact']}): {_places(one)}" for one in found["violations"]]


def _places(finding: dict[str, Any]) -> str:
    return "; ".join(" ".join(map(str, node["target"])) for node in finding["nodes"])


def shoot(page: Page, name: str) -> Path:
    """A full-page picture under .dev/screens, to be looked at."""
    SCREENS.mkdir(parents=True, exist_ok=True)
    path = SCREENS / f"{name}.png"
    page.screenshot(path=str(path), full_page=True)
    return path


def scrolls_sideways(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))
