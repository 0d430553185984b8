"""``make screens``: the three pictures of the README, taken of a demo that was started for it and has played its story.

They are written to `docs/screens`: what a navigator has before her, one case, and what the data-protection officer sees
of it. Everybody in them is made up.
"""

import base64
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from deploy.demo.places import read_state
from tests.browser.rig import CHROMIUM, FLAGS
from tests.waiting import eventually

ROOT = Path(__file__).resolve().parents[2]
SCREENS = ROOT / "docs" / "screens"
DEV = ROOT / ".dev" / "screens-network"
#: As large as a picture in a README may be.
BYTES_AT_MOST = 150_000
QUALITY = 80


@contextmanager
def played(dev: Path = DEV) -> Iterator[str]:
    """A demo whose story has been played; gives its address."""
    dev.mkdir(parents=True, exist_ok=True)
    result = dev / "result.json"
    result.unlink(missing_ok=True)
    command = [sys.executable, "-m", "deploy.demo.demo", "up", "--dev", str(dev)]
    with (dev / "demo.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    try:
        eventually(lambda: result.exists() or process.poll() is not None, timeout=240, interval=0.5)
        if process.poll() is not None:
            raise SystemExit((dev / "demo.log").read_text()[-3000:])
        yield str(read_state(dev)["origin"])
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(120)


@contextmanager
def signed_in(browser: Browser, address: str, person: str) -> Iterator[Page]:
    """A page of somebody who knows her way: without the hints for the first time."""
    context = browser.new_context(locale="de", viewport={"width": 1280, "height": 900})
    context.add_cookies([{"name": "lotsennetz_hints", "value": "case.log.worklist", "url": address}])
    page = context.new_page()
    page.goto(address)
    page.get_by_role("button", name=person).click()
    page.wait_for_url(f"{address}*")
    yield page
    context.close()


def worklist(page: Page) -> None:
    """What waits for her."""


def case(page: Page) -> None:
    """The case the story follows from beginning to end: the partner has met her."""
    page.goto(f"{page.url}tracking?status=in_progress")
    page.locator("tbody a").first.click()
    page.get_by_role("heading", name="Verlauf").wait_for()


def timeline(page: Page) -> None:
    """What was passed on, each beside the consent that carried it."""
    page.goto(f"{page.url}?type=referral.disclosure_decided.v1")
    page.locator("tbody tr").last.get_by_role("link", name="Verweis").click()
    page.get_by_role("heading", name="Verlauf").wait_for()


PICTURES: dict[str, tuple[str, str, Callable[[Page], None]]] = {
    "worklist": ("Nina Beispiel", "/referral/", worklist),
    "case": ("Nina Beispiel", "/referral/", case),
    "timeline": ("Dora Beispiel", "/audit/", timeline),
}


def picture(page: Page) -> bytes:
    """What stands in the window, as WebP: a third of a PNG, and every browser shows it."""
    taken = page.context.new_cdp_session(page).send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
    return base64.b64decode(taken["data"])


def main() -> int:
    SCREENS.mkdir(parents=True, exist_ok=True)
    with played() as origin, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for name, (person, path, go) in PICTURES.items():
            with signed_in(browser, f"{origin}{path}", person) as page:
                go(page)
                taken = picture(page)
            if len(taken) > BYTES_AT_MOST:
                raise SystemExit(f"{name} is too large: {len(taken)} bytes")
            (SCREENS / f"{name}.webp").write_bytes(taken)
            sys.stdout.write(f"docs/screens/{name}.webp: {len(taken):,} bytes\n")
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
