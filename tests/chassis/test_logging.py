"""The log: keys from a list, places of errors without their texts, one line per request."""

import json
import logging as stdlib
from typing import Any

import pytest
import structlog

from services.chassis import logging
from services.chassis.tracing import begin, continue_from, parse

NAME = "Max Mustermann"
HEADER = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture(autouse=True)
def _as_before() -> Any:
    yield
    structlog.reset_defaults()
    stdlib.getLogger().handlers.clear()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def a_log() -> Any:
    """Made inside the test, because standard output is another one there than in a fixture."""
    logging.configure("sample", "web")
    return logging.get_logger()


def test_a_line_says_service_role_and_time(capsys: pytest.CaptureFixture[str]) -> None:
    a_log().info("request", status=200)
    [line] = lines(capsys)
    assert (line["service"], line["role"], line["status"], line["event"]) == ("sample", "web", 200, "request")
    assert line["timestamp"].endswith("Z")


def test_a_key_that_is_not_on_the_list_is_dropped_and_counted(capsys: pytest.CaptureFixture[str]) -> None:
    before = logging.DROPPED._value.get()
    a_log().info("saved", name=NAME, person={"family_name": NAME})
    assert NAME not in capsys.readouterr().out
    assert logging.DROPPED._value.get() == before + 2


def test_an_exception_shows_its_place_and_not_its_text(capsys: pytest.CaptureFixture[str]) -> None:
    log = a_log()
    try:
        raise ValueError(NAME)
    except ValueError as error:
        log.error("incident", exc_info=error)
    [line] = lines(capsys)
    assert (line["error"], line["at"].split(":")[0]) == ("ValueError", "test_logging.py")
    assert NAME not in json.dumps(line)


def test_a_librarys_message_is_not_repeated(capsys: pytest.CaptureFixture[str]) -> None:
    a_log()
    stdlib.getLogger("urllib3").warning("could not send %s", NAME)
    [line] = lines(capsys)
    assert line["kind"] == "urllib3"
    assert NAME not in json.dumps(line)


def test_no_key_of_the_list_could_hold_a_name() -> None:
    assert not {"name", "person", "email", "text", "comment", "url", "path", "body", "message"} & logging.ALLOWED_KEYS


def test_a_trace_goes_on_with_a_new_span() -> None:
    trace = continue_from(HEADER)
    assert trace.header.startswith("00-4bf92f3577b34da6a3ce929d0e0e4736-")
    assert (trace.parent_id, trace.span_id != "00f067aa0ba902b7") == ("00f067aa0ba902b7", True)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "00-short-00f067aa0ba902b7-01",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        HEADER + "-more",
    ],
)
def test_a_malformed_trace_begins_a_new_one(header: str | None) -> None:
    assert parse(header) is None
    assert len(continue_from(header).trace_id) == 32


def test_a_later_version_of_the_header_is_understood() -> None:
    assert parse("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more") is not None


def test_two_traces_differ() -> None:
    assert begin().trace_id != begin().trace_id
