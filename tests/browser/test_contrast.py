"""What is no text and has to be seen all the same: edges of controls and the ring of the focus (WCAG 1.4.11)."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.rig import page_of, served, shoot
from tests.browser.sample import make_sample

LEAST = 3.0
#: Of each control the strongest of its edges and its own surface against what it lies on, and of its focus the ring.
#: Colors are read from a canvas, because a style may write one in many ways; what shines through is mixed first.
MEASURED = """(focused) => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true })
  const over = (below, color) => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = `rgb(${below})`; canvas.fillRect(0, 0, 1, 1)
    canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1)
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3)
  }
  const behind = (one) => {
    const chain = []
    for (let up = one.parentElement; up; up = up.parentElement) chain.unshift(getComputedStyle(up).backgroundColor)
    const canvasColor = matchMedia("(prefers-color-scheme: dark)").matches ? [18, 18, 18] : [255, 255, 255]
    return chain.reduce(over, canvasColor)
  }
  const luminance = (color) => {
    const [r, g, b] = color.map((c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const contrast = (a, b) => {
    const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x)
    return (light + 0.05) / (dark + 0.05)
  }
  const measure = (one) => {
    const style = getComputedStyle(one), below = behind(one)
    const surface = over(below, style.backgroundColor)
    const edges = ["Top", "Right", "Bottom", "Left"].filter((side) =>
      parseFloat(style[`border${side}Width`]) > 0 && style[`border${side}Style`] !== "none")
    const drawn = edges.map((side) => over(surface, style[`border${side}Color`]))
    const rings = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2
      ? [over(below, style.outlineColor)] : []
    const seen = focused ? rings : [surface, ...drawn, ...rings]
    return Math.max(0, ...seen.map((color) => contrast(color, below)))
  }
  const named = (one) => `${one.tagName.toLowerCase()}.${one.className}#${one.id}`
  const kinds = ["input:not([type=hidden])", "textarea", "select", "button", "summary", "a"]
  const controls = [...document.querySelectorAll(kinds.map((kind) => `main ${kind}`).join(", "))]
  const found = {}
  for (const one of controls.filter((each) => each.checkVisibility())) {
    const edged = one.matches("select") ? one.closest(".kern-form-input__select-wrapper") ?? one : one
    if (focused) one.focus()
    if (!focused && one.matches("a, summary, .kern-btn--tertiary, .copy-button")) continue
    const value = focused ? Math.max(measure(one), measure(edged)) : measure(edged)
    found[named(one)] = Math.min(found[named(one)] ?? 99, Math.round(value * 100) / 100)
  }
  return found
}"""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served(make_sample()) as url:
        yield url


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("focused", [False, True], ids=["edges", "focus"])
def test_every_control_and_its_focus_stand_out_from_what_they_lie_on(
    browser: Browser, address: str, theme: str, *, focused: bool
) -> None:
    with page_of(browser, theme=theme) as page:
        page.goto(f"{address}/sample/controls")
        page.keyboard.press("Tab")  # from here on a focus is one of the keyboard
        found = page.evaluate(MEASURED, focused)
        shoot(page, f"shell-contrast-{theme}")
        assert len(found) >= (5 if not focused else 8)
        assert {name: value for name, value in found.items() if value < LEAST} == {}


def test_a_pale_edge_is_found(browser: Browser, address: str) -> None:
    with page_of(browser, bypass_csp=True) as page:
        page.goto(f"{address}/sample/controls")
        page.add_style_tag(content="textarea { border: 1px solid #ddd !important; background: none !important }")
        found = page.evaluate(MEASURED, False)
        assert [name.split(".")[0] for name, value in found.items() if value < LEAST] == ["textarea"]
