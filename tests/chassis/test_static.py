"""What browsers are served: the vendored files are those of the list, the one script stays small, nothing is inline."""

import hashlib
import re
from pathlib import Path

import pytest

from services.chassis import pages

ROOT = Path(__file__).resolve().parents[2]
KERN = pages.STATIC / "kern-2.7.2"
#: What a file that is handed out carries with it: it is opened far from any server, so its one style sheet is in it.
CARRIED = "<style>{{ styles|safe }}</style>"
#: Sheets no server ever answers with: they lie in a folder beside what they report on.
ONLY_HANDED_OUT = {ROOT / "services/audit/web/templates/audit/report.html"}
TEMPLATES = sorted((ROOT / "services").rglob("templates/**/*.html"))
#: Every way to write into a page what somebody typed as it was typed.
UNESCAPED = re.compile(r"\|\s*safe\b|\bautoescape\b|\bMarkup\b|\brender_template_string\b")


def test_the_vendored_files_are_those_of_the_list() -> None:
    listed = dict(reversed(line.split("  ")) for line in (KERN / "SHA256SUMS").read_text().splitlines())
    found = {
        str(path.relative_to(KERN)): path for path in KERN.rglob("*") if path.is_file() and path.name != "SHA256SUMS"
    }
    assert set(listed) == set(found)
    for name, path in found.items():
        assert hashlib.sha256(path.read_bytes()).hexdigest() == listed[name], name


def test_the_one_script_is_at_most_four_and_a_half_kilobytes() -> None:
    assert [path.name for path in pages.STATIC.rglob("*.js")] == ["lotsennetz.js"]
    assert (pages.STATIC / "lotsennetz.js").stat().st_size <= 4_500


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_holds_inline_style_or_script(path: Path) -> None:
    text = path.read_text(encoding="utf-8").replace("{% if styles %}" + CARRIED, "")
    if path in ONLY_HANDED_OUT:
        text = text.replace(CARRIED, "")
    assert not re.search(r"\sstyle=|\son[a-z]+=|<style|<script(?![^>]*(\ssrc=|type=\"application/ld\+json\"))", text)


def test_nothing_anybody_typed_is_written_unescaped() -> None:
    """Flask escapes in templates of these names unless it is told otherwise; only our own sheet is written as it is."""
    assert UNESCAPED.search(CARRIED)
    files = [*TEMPLATES, *(ROOT / "services").rglob("*.py")]
    texts = {path: path.read_text(encoding="utf-8").replace(CARRIED, "") for path in files}
    assert [str(path) for path, text in texts.items() if UNESCAPED.search(text)] == []
    # What typst sets is never rendered as a text: it reads what is shown as data.
    known = ("", ".html", ".xml", ".typ")
    assert not [path for path in (ROOT / "services").rglob("templates/**/*") if path.suffix not in known]


def test_paper_has_kern_s_own_light_colors() -> None:
    light = re.search(
        r"@media \(prefers-color-scheme: light\)\{(:root\{[^}]*\})\}",
        (KERN / "kern.min.css").read_text(encoding="utf-8"),
    )
    assert light is not None
    assert light[1] in (pages.STATIC / "print.css").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["lotsennetz.css", "public.css", "sheet.css", "print.css"])
def test_the_dark_is_for_screens_alone(name: str) -> None:
    sheet = (pages.STATIC / name).read_text(encoding="utf-8")
    dark = re.findall(r"@media ([^{]*prefers-color-scheme: dark[^{]*)\{", sheet)
    assert [one for one in dark if not one.startswith("screen and ")] == []
    assert "position: sticky" not in sheet and "position: fixed" not in sheet  # nothing may cover what has the focus


def test_the_one_line_that_stays_in_sight_leaves_room_for_what_has_the_focus() -> None:
    sheet = (pages.STATIC / pages.WARNING).read_text(encoding="utf-8")
    assert sheet.count("position:") == 1 and "scroll-padding-block-end" in sheet


def test_our_own_sheet_knows_no_left_and_right() -> None:
    sheet = (pages.STATIC / "lotsennetz.css").read_text(encoding="utf-8")
    assert not re.search(r"(margin|padding|border)-(left|right)|text-align:\s*(left|right)|[^-]float:", sheet)
