"""What differs between two states, and what becomes of it when two people changed one object."""

from services.directory.domain.differences import Clash, Difference, clashes, differences, merged


def test_texts_differ_by_language_groups_by_value_and_codes_as_a_whole() -> None:
    before = {"name": {"de": "A", "en": "B"}, "phones": [{"number": "1", "type": "voice"}], "topics": ["X"]}
    after = {"name": {"de": "A", "en": "C"}, "phones": [{"number": "2", "type": "voice"}], "topics": ["X", "Y"]}
    assert differences(before, after) == [
        Difference(("name", "en"), "B", "C"),
        Difference(("phones", 0, "number"), "1", "2"),
        Difference(("topics",), ["X"], ["X", "Y"]),
    ]


def test_a_group_more_is_told_as_a_whole() -> None:
    [one] = differences({"phones": [{"number": "1"}]}, {"phones": [{"number": "1"}, {"number": "2"}]})
    assert (one.path, one.field, len(one.after)) == (("phones",), "phones", 2)


def test_a_rule_is_read_as_one_sentence() -> None:
    old, new = ({"fact": "age", "at_least": number} for number in (15, 16))
    assert differences({"eligibility": old}, {"eligibility": new}) == [Difference(("eligibility",), old, new)]


def test_what_is_new_or_gone_has_nothing_on_the_other_side() -> None:
    assert differences({"email": "a@b.de"}, {"url": "https://b.de"}) == [
        Difference(("email",), "a@b.de", None),
        Difference(("url",), None, "https://b.de"),
    ]
    assert differences({"a": 1}, {"a": 1}) == []


def test_what_somebody_else_changed_is_kept_where_it_is_not_touched_here() -> None:
    base = {"a": 1, "b": 1, "c": 1, "d": 1}
    theirs = {"a": 2, "b": 2, "d": 1}
    mine = {"a": 1, "b": 3, "c": 1, "d": 4}
    assert merged(base, theirs, mine) == {"a": 2, "b": 3, "d": 4}
    found = clashes(base, theirs, mine)
    assert found == [Clash("a", 1, 2, 1), Clash("b", 1, 2, 3), Clash("c", 1, None, 1)]
    assert [one.is_contested for one in found] == [False, True, False]


def test_the_same_wish_twice_is_no_contest() -> None:
    assert merged({"a": 1}, {"a": 2}, {"a": 2}) == {"a": 2}
