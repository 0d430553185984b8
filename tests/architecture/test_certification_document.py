"""The page a partner reads before it is examined says what it is examined by."""

from deploy.dev.document import CERTIFICATION, PAGES, renewed
from lotse.certify.checks import ALL
from lotse.certify.exam import BY_REST, OWN_SYSTEM

TEXT = CERTIFICATION.read_text(encoding="utf-8")


def test_the_generated_parts_are_those_of_the_code() -> None:
    assert renewed(TEXT, PAGES[CERTIFICATION]) == TEXT, "run `make docs`"
    assert all(f"`{one.id}`" in TEXT for one in ALL)


def test_a_part_changed_by_hand_is_noticed() -> None:
    changed = TEXT.replace("<!-- generated: checks -->\n", "<!-- generated: checks -->\nby hand\n")
    assert changed != TEXT == renewed(changed, PAGES[CERTIFICATION])


def test_no_way_with_a_system_of_its_own_is_let_through_unexamined() -> None:
    for way in OWN_SYSTEM:
        assert sum(way in one.ways for one in ALL) > 20, way
    assert all(one.ways & OWN_SYSTEM for one in ALL)
    assert BY_REST < OWN_SYSTEM
