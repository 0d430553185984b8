"""The pages for partners say what the code does, lead nowhere that is not there, and show what really works."""

import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from openapi_spec_validator import validate

from contracts.codes import Action, Status
from contracts.partner.dossier import DOSSIER
from deploy.dev import document as whole_document
from deploy.dev import partner_api, partner_errors, partner_pages
from deploy.dev.document import DOCS, documents
from deploy.dev.lifecycle_picture import arrows, is_fan, notes, svg
from deploy.dev.markdown import PART, renewed
from deploy.dev.partner_parts import PARTS
from services.referral import sealing
from services.referral.domain.lifecycle import TRANSITIONS
from services.referral.queries import referrals
from services.referral.web import answers
from tests.architecture.sizes import ROOT

FOLDER = DOCS / "partners"
PAGES = sorted(FOLDER.glob("*.md"))
LINK = re.compile(r"\]\(([^)#:]+)(#[^)]*)?\)")
VECTOR = json.loads((FOLDER / "examples" / "vector.json").read_text(encoding="utf-8"))


def test_what_is_generated_is_that_of_the_code() -> None:
    changed = [path.name for path, text in documents().items() if path.read_text(encoding="utf-8") != text]
    assert changed == [], "run `make docs`"


def test_everybody_agrees_what_is_worth_repeating() -> None:
    """The page, the kit and both programs: what decides nothing is asked again, everything else is a no."""
    page = (FOLDER / "errors.md").read_text("utf-8")
    (row,) = re.findall(r"^\| no connection, a timeout, (.*?) \|", page, re.MULTILINE)
    told = {*map(int, row.split(", ")), 429}
    kit = (ROOT / "partner_kit" / "lotsennetz_partner" / "client.py").read_text("utf-8")
    (listed,) = re.findall(r"^LATER = frozenset\(\{(.*?)\}\)", kit, re.MULTILINE)
    assert set(map(int, listed.split(", "))) == told
    for program, pattern in (("partner.mjs", r"\[(408.*?)\]"), ("partner.py", r"in \((408.*?)\)")):
        (named,) = re.findall(pattern, (FOLDER / "examples" / program).read_text("utf-8"))
        assert {*map(int, named.split(", ")), 500, 502, 503, 504} == told


def test_every_generated_part_stands_on_a_page() -> None:
    pages = [page for page in PAGES if page not in whole_document.PAGES]
    named = {found[2] for page in pages for found in PART.finditer(page.read_text(encoding="utf-8"))}
    assert named == set(PARTS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    found = [target for target, _ in LINK.findall(text)]
    assert [target for target in found if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_heading_finds_it(page: Path) -> None:
    for target, anchor in re.findall(r"\]\(([^)#:]*)#([^)]*)\)", page.read_text(encoding="utf-8")):
        there = (page.parent / target if target else page).read_text(encoding="utf-8")
        headings = {_anchor(line) for line in there.splitlines() if line.startswith("#")}
        assert anchor in headings, f"{target}#{anchor}"


def _anchor(heading: str) -> str:
    words = re.sub(r"[^\w\- ]", "", heading.lstrip("#").strip().lower())
    return words.replace(" ", "-")


def test_a_slug_nobody_explains_stops_the_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partner_errors, "ELSEWHERE", {**partner_errors.ELSEWHERE, "referral.invented": 409})
    with pytest.raises(LookupError, match=r"referral\.invented"):
        partner_errors.met()


def test_a_slug_that_is_raised_no_longer_stops_the_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partner_errors, "MET", {**partner_errors.MET, "referral.outlived": "Nothing."})
    with pytest.raises(LookupError, match=r"referral\.outlived"):
        partner_errors.met()


def test_the_picture_shows_every_move_of_the_table() -> None:
    drawn = {(action, one.source, one.target) for one in arrows() for action in one.actions}
    told = " ".join(words for status in Status for words, _ in notes(status))
    for (action, source), (target, _) in TRANSITIONS.items():
        if source is not target:
            assert (action, source, target) in drawn or (is_fan(action, target) and f"{action} (" in told), action
    assert all(Action(action) for action, _, _ in drawn)


def test_the_picture_can_be_read_in_light_in_dark_and_aloud() -> None:
    picture = ET.fromstring(svg())
    assert picture.get("role") == "img" and "prefers-color-scheme: dark" in svg()
    assert [one.tag.rpartition("}")[2] for one in picture][:2] == ["title", "desc"]


def test_the_partners_own_description_is_valid_and_holds_nothing_of_the_staffs() -> None:
    document = partner_api.openapi()
    validate(document)
    assert all(path.startswith("/partner/") for path in document["paths"])
    assert "enquiry_id" not in json.dumps(document)


def test_what_a_partner_is_shown_is_what_is_described() -> None:
    shown = set(answers.PartnerReferralOut().fields)
    source = Path(referrals.__file__).read_text(encoding="utf-8")
    head = source[source.index("def head(") : source.index("def by_hand(")]
    told = set(re.findall(r'^        "(\w+)":', head, re.MULTILINE)) | {"dossier", "notice", "receipts"}
    assert shown == told


def test_the_dossier_that_is_shown_is_one() -> None:
    assert DOSSIER.validate(VECTOR["plaintext"]) == {}


@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_what_is_to_be_tried_opens_with_the_key_beside_it(kind: str) -> None:
    assert sealing.open_with(VECTOR[kind]["sealed"], VECTOR[kind]["key"]) == VECTOR["plaintext"]


def test_whole_files_are_written_by_nobody() -> None:
    assert set(partner_pages.whole()) <= {path.name for path in FOLDER.iterdir()}


def test_pages_for_partners_name_no_path_of_a_machine() -> None:
    for page in [*PAGES, *(FOLDER / "examples").iterdir()]:
        assert str(ROOT) not in page.read_text(encoding="utf-8"), page.name


def test_a_part_that_was_edited_by_hand_is_renewed() -> None:
    name = next(iter(PARTS))
    assert PARTS[name]() in renewed(f"<!-- generated: {name} -->\nwords\n<!-- end -->\n", PARTS)
