"""What whoever runs the network says of itself: checked, and divided into what a page shows."""

from typing import Any

import pytest

from services.directory.domain.notices import BlockKind, NoticeKind, blocks, read

LANGUAGES = ("de", "en")


def texts(**other: Any) -> dict[str, Any]:
    return {kind.value: {"de": f"# {kind}\n\nText"} for kind in NoticeKind} | other


def test_headings_lists_and_lines_are_told_apart() -> None:
    found = list(blocks("# Wer\nNetz\nWeg 1\n\n- eins\n- zwei\n\n \n\nEnde"))
    assert [(one.kind, len(one.lines)) for one in found] == [
        (BlockKind.HEADING, 1),
        (BlockKind.PARAGRAPH, 2),
        (BlockKind.LIST, 2),
        (BlockKind.PARAGRAPH, 1),
    ]


def test_addresses_become_links_and_nothing_else_does() -> None:
    [block] = blocks("Post an post@netz.example, mehr auf https://netz.example/a?b=1. <b>javascript:x</b>")
    [line] = block.lines
    assert line[1::2] == ("post@netz.example", "https://netz.example/a?b=1")
    assert line[-1] == ". <b>javascript:x</b>"


def test_a_language_that_is_missing_is_answered_in_german() -> None:
    notices = read(texts(imprint={"de": "deutsch", "en": " "}), LANGUAGES)
    assert notices.text(NoticeKind.IMPRINT, "en") == ("deutsch", "de")
    assert not notices.is_sample


@pytest.mark.parametrize(
    ("document", "named"),
    [
        ([], "one JSON object"),
        (texts(imprint={"en": "only"}), "imprint: a text in German"),
        (texts(privacy={"de": "  "}), "privacy: a text in German"),
        (texts(accessibility="text"), "accessibility: texts by language"),
        (texts(imprint={"de": "a", "la": "b"}), "imprint: only the languages de, en; found 'la'"),
        (texts(impressum={}), "found 'impressum'"),
    ],
    ids=["no object", "no German", "empty", "no languages", "unknown language", "unknown key"],
)
def test_what_is_missing_or_wrong_is_named(document: Any, named: str) -> None:
    with pytest.raises(ValueError, match="(?s)" + named):
        read(document, LANGUAGES)
