"""A file is read with suspicion: whatever it is, the answer is rows and named mistakes, never an exception."""

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.identity import id_of
from services.directory.domain.objects import Kind
from services.directory.domain.reading import (
    MAX_DEPTH,
    MAX_LINE,
    MAX_PROBLEMS,
    Row,
    RowProblem,
    UnreadableError,
    parse,
    read_object,
    read_rows,
)
from tests.examples import tried
from tests.unit.directory.rows import a_competence, a_directory, a_participation, a_report, a_service, a_source


def read(content: bytes) -> list[Row | RowProblem]:
    return list(read_rows(io.BytesIO(content).readline))


def lines(*rows: Any) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def test_one_of_everything_is_read_in_order() -> None:
    *rows, participation, report = a_directory()
    found = read(lines(*rows, a_competence(), participation, report))
    assert [row.kind for row in found if isinstance(row, Row)] == list(Kind)
    assert [row.line for row in found] == [1, 2, 3, 4, 5, 6, 7, 8, 9]


def test_a_slug_becomes_its_id_and_is_kept() -> None:
    [row] = read(lines(a_service()))
    assert isinstance(row, Row)
    assert row.id == row.document["id"] == str(id_of("service", "a-recognition"))
    assert row.document["slug"] == "a-recognition"
    assert row.document["organization_id"] == str(id_of("organization", "a-chamber"))


def test_an_id_stays_what_it_is_and_gets_no_slug() -> None:
    [row] = read(lines(a_service(id="0B5E5A0C-6F49-4A3A-9E0B-6A2B6F6E1C11")))
    assert isinstance(row, Row)
    assert row.id == "0b5e5a0c-6f49-4a3a-9e0b-6a2b6f6e1c11"
    assert "slug" not in row.document


def test_a_participation_is_known_by_its_organization() -> None:
    [row] = read(lines(a_participation()))
    assert row.id == str(id_of("organization", "a-chamber"))


def test_a_report_is_known_by_its_service() -> None:
    [row] = read(lines(a_report()))
    assert row.id == str(id_of("service", "a-recognition"))


def test_empty_lines_count_but_say_nothing() -> None:
    [row] = read(b"\n \n" + lines(a_source()))
    assert (row.line, row.id) == (3, "a-paper")


def test_a_null_is_the_same_as_nothing() -> None:
    [row] = read(lines(a_source(url=None)))
    assert "url" not in row.document
    [problem] = read(lines(a_source(title=None)))
    assert problem == RowProblem(1, "title", "a value: the field is required")


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"\xff\xfe{\x00}\x00", "text in UTF-8"),
        ('{"object": "überall"}'.encode("latin-1"), "text in UTF-8"),
        (b"[1]", "a JSON object"),
        (b"{", "a JSON object; column 2"),
        (b'{"a": NaN}', "a JSON number, not NaN"),
        (b'{"a": -Infinity}', "a JSON number, not -Infinity"),
        (b'{"a": 1, "a": 2}', "each name once in an object; twice: a"),
        (b'{"a": ' + b"1" * 5000 + b"}", "a JSON object with numbers of a sensible size"),
        (b'{"a": ' + b"[" * 60_000 + b"]" * 60_000 + b"}", f"at most {MAX_DEPTH} levels of nesting"),
        (b'{"a": ' + b"[" * MAX_DEPTH + b"]" * MAX_DEPTH + b"}", f"at most {MAX_DEPTH} levels of nesting"),
        (b'{"a": "' + b"x" * MAX_LINE + b'"}', f"a line of at most {MAX_LINE} bytes"),
        (b"\xef\xbb\xbf{}", "a JSON object; column 1"),
    ],
)
def test_what_is_no_object_is_refused_with_what_was_expected(raw: bytes, expected: str) -> None:
    with pytest.raises(UnreadableError) as refused:
        parse(raw)
    assert str(refused.value).startswith(expected)


def test_deep_but_not_too_deep_is_read() -> None:
    assert parse(b'{"a": ' + b"[" * (MAX_DEPTH - 2) + b"]" * (MAX_DEPTH - 2) + b"}")


def test_a_line_without_end_is_skipped_and_the_next_one_read() -> None:
    huge = b'{"object": "source", "title": "' + b"x" * (3 * MAX_LINE) + b'"}\n'
    problem, row = read(huge + lines(a_source()))
    assert problem == RowProblem(1, "", f"a line of at most {MAX_LINE} bytes")
    assert row.line == 2


def test_a_file_that_is_one_line_without_end_is_refused() -> None:
    [problem] = read(b"x" * (2 * MAX_LINE))
    assert isinstance(problem, RowProblem)


@pytest.mark.parametrize("kind", ["planet", None, 7, ["service"], {}])
def test_an_unknown_kind_of_object_is_refused(kind: Any) -> None:
    [problem] = read(lines({"object": kind}))
    assert isinstance(problem, RowProblem)
    assert (problem.field, problem.expected[:17]) == ("object", "one of source, ar")


def test_a_file_full_of_mistakes_is_not_read_to_its_end() -> None:
    found = read(b"nonsense\n" * (3 * MAX_PROBLEMS))
    assert len(found) == MAX_PROBLEMS + 1
    assert found[-1] == RowProblem(MAX_PROBLEMS, "", "fewer lines or fewer mistakes: the rest was not read")


def test_all_mistakes_of_a_row_are_named_at_once() -> None:
    found = read_object(Kind.SERVICE, {"id": "A B", "topics": "WORK", "shoe_size": 42}, line=7)
    assert isinstance(found, list)
    assert {problem.field for problem in found} >= {"id", "topics", "shoe_size", "name", "status", "sources"}
    assert {problem.line for problem in found} == {7}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


@tried(150)
@given(st.binary(max_size=400))
def test_any_bytes_at_all_end_in_rows_or_named_mistakes(content: bytes) -> None:
    assert all(isinstance(one, Row | RowProblem) for one in read(content))


@tried(300)
@given(st.sampled_from(a_directory()), st.data(), json_values)
def test_any_value_in_any_field_ends_in_a_row_or_named_mistakes(
    row: dict[str, Any], data: st.DataObject, value: Any
) -> None:
    field = data.draw(st.sampled_from(sorted(row)))
    assert all(isinstance(one, Row | RowProblem) for one in read(lines({**row, field: value})))
