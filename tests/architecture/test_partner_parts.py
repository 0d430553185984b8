"""What partners read about receipts and resources is drawn from the code that makes them."""

from deploy.dev.partner_parts import FOLDER, PARTS, differing, renewed


def test_every_generated_part_is_as_the_code_says():
    assert [page.name for page in differing()] == []


def test_every_part_stands_on_a_page():
    text = "".join(page.read_text(encoding="utf-8") for page in FOLDER.glob("*.md"))
    assert [name for name in PARTS if f"<!-- generated: {name} -->" not in text] == []


def test_a_part_that_was_edited_by_hand_is_renewed():
    name = next(iter(PARTS))
    assert PARTS[name]() in renewed(f"<!-- generated: {name} -->\nwords\n<!-- end -->\n")
