"""The page shell: readable in seven languages, two directions, two themes, on paper, on a phone, and without script."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from services.chassis.i18n import PERSON_LANGUAGES
from tests.browser.rig import axe, first_in_the_gate, page_of, scrolls_sideways, served, shoot
from tests.browser.sample import make_sample


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served(make_sample()) as url:
        yield url


def listen_for_blocked_content(page: Page) -> list[str]:
    blocked: list[str] = []
    page.on("console", lambda line: blocked.append(line.text) if line.type == "error" else None)
    return blocked


@pytest.mark.parametrize(
    ("language", "theme"),
    [
        ("de", "light"),
        ("en", "dark"),
        pytest.param("de", "dark", marks=pytest.mark.long),
        pytest.param("en", "light", marks=pytest.mark.long),
    ],
)
def test_every_part_has_no_findings(browser: Browser, address: str, language: str, theme: str) -> None:
    with page_of(browser, language=language, theme=theme, alone=True) as page:
        blocked = listen_for_blocked_content(page)
        page.goto(f"{address}/sample/")
        shoot(page, f"shell-parts-{language}-{theme}")
        assert axe(page) == []
        assert blocked == []


@pytest.mark.parametrize(
    "language",
    [pytest.param(one, marks=[pytest.mark.long] * (one not in {"de-simple", "ar"})) for one in PERSON_LANGUAGES],
)
def test_a_page_for_persons_is_in_their_language(browser: Browser, address: str, language: str) -> None:
    with page_of(browser, width="phone") as page:
        page.goto(f"{address}/sample/person?lang={language}")
        root = page.locator("html")
        assert root.get_attribute("lang") == language
        assert root.get_attribute("dir") == ("rtl" if language == "ar" else "ltr")
        shoot(page, f"shell-person-{language}")
        assert axe(page) == []
        assert not scrolls_sideways(page)


def test_the_chosen_language_stays(browser: Browser, address: str) -> None:
    with page_of(browser) as page:
        page.goto(f"{address}/sample/person?lang=tr")
        page.goto(f"{address}/sample/person")
        assert page.locator("html").get_attribute("lang") == "tr"


@pytest.mark.parametrize(("path", "language"), [("/sample/nowhere", "de"), ("/sample/bug", "ar")])
def test_an_error_page_has_a_number_and_no_secret(browser: Browser, address: str, path: str, language: str) -> None:
    with page_of(browser, language=language) as page:
        page.goto(f"{address}{path}")
        assert "Mustermann" not in page.content()
        assert len(page.locator("main bdi").inner_text()) == 12
        shoot(page, f"shell-error-{language}")
        assert axe(page) == []


def test_a_phone_does_not_scroll_sideways(browser: Browser, address: str) -> None:
    with page_of(browser, width="phone") as page:
        page.goto(f"{address}/sample/")
        shoot(page, "shell-parts-phone")
        assert not scrolls_sideways(page)
        assert axe(page) == []


def test_the_keyboard_reaches_the_content_first(browser: Browser, address: str) -> None:
    with page_of(browser) as page:
        page.goto(f"{address}/sample/")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip-link"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main"


def test_everything_is_there_without_script(browser: Browser, address: str) -> None:
    with page_of(browser, java_script_enabled=False) as page:
        page.goto(f"{address}/sample/")
        assert page.get_by_role("button", name="Speichern").is_visible()
        assert page.locator(".copy-button").count() == 1
        assert not page.locator(".copy-button").is_visible()


def test_on_paper_there_is_only_the_matter(browser: Browser, address: str) -> None:
    with page_of(browser) as page:
        page.goto(f"{address}/sample/")
        page.emulate_media(media="print")
        shoot(page, "shell-print")
        assert not page.locator(".filter-form").is_visible()
        assert page.locator(".timeline").is_visible()


#: What every visible part of a page is painted with, as numbers: a color may be written in many ways.
PAINTED = """() => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true })
  const numbers = (color) => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1)
    return canvas.getImageData(0, 0, 1, 1).data.join(",")
  }
  return [...document.querySelectorAll("body, body *")].filter((one) => one.checkVisibility()).map((one) => {
    const style = getComputedStyle(one)
    const painted = [style.color, style.backgroundColor, style.borderTopColor, style.fill]
    return [one.tagName, ...painted.map(numbers)].join(" ")
  })
}"""


@pytest.mark.parametrize("path", ["/sample/", pytest.param("/sample/person", marks=pytest.mark.long)])
def test_paper_is_black_on_white_whatever_theme_the_screen_has(browser: Browser, address: str, path: str) -> None:
    painted = {}
    for theme in ("light", "dark"):
        with page_of(browser, theme=theme) as page:
            page.goto(f"{address}{path}")
            screen = page.evaluate(PAINTED)
            page.emulate_media(media="print")
            painted[theme] = page.evaluate(PAINTED)
            shoot(page, f"shell-print-{theme}")
            assert screen != painted[theme] or theme == "light"
    assert painted["dark"] == painted["light"]
    assert painted["dark"][0].startswith("BODY 0,0,0,255 255,255,255,255")


#: Text spacing as WCAG 1.4.12 asks for; whatever is cut off or laid over something else then is a finding.
SPACED = """
* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important; }
p { margin-block-end: 2em !important; }
"""
CUT = """() => [...document.querySelectorAll("main *, footer *, header *")].filter((one) => one.checkVisibility()
  && getComputedStyle(one).overflow === "hidden" && !one.closest(".kern-sr-only, .skip-link, .stacking-table thead")
  && (one.scrollWidth > one.clientWidth + 1 || one.scrollHeight > one.clientHeight + 1))
  .map((one) => one.outerHTML.slice(0, 120))"""


@pytest.mark.long
@pytest.mark.parametrize("width", ["desk", "phone"])
def test_wider_spaces_between_letters_cut_nothing_off(browser: Browser, address: str, width: str) -> None:
    with page_of(browser, width=width, bypass_csp=True) as page:
        page.goto(f"{address}/sample/")
        page.add_style_tag(content=SPACED)
        shoot(page, f"shell-spaced-{width}")
        assert not scrolls_sideways(page)
        assert page.evaluate(CUT) == []


@pytest.mark.parametrize("language", first_in_the_gate("de", "en"))
@pytest.mark.parametrize("name", ["role", "out", "mine"])
def test_the_pages_around_sign_in(browser: Browser, address: str, name: str, language: str) -> None:
    with page_of(browser, language=language, theme="dark" if language == "en" else "light") as page:
        page.goto(f"{address}/sample/{name}")
        shoot(page, f"shell-{name}-{language}")
        assert axe(page) == []
