"""The code lists hold together."""

from datetime import date, timedelta
from uuid import UUID

import pytest

from contracts.codes import (
    EMPLOYER_TOPICS,
    END_REASONS,
    FHIR_TASK_STATUS,
    KIA_TOPICS,
    REJECTION_REASONS,
    TERMINAL,
    BackLevel,
    CauseSide,
    EndReason,
    NextStep,
    Purpose,
    Reason,
    RejectionReason,
    Status,
    Topic,
)
from contracts.identity import id_of

DAY = date(2026, 11, 23)


def test_every_status_has_its_fhir_counterpart() -> None:
    assert set(FHIR_TASK_STATUS) == set(Status)


def test_what_is_over_is_over() -> None:
    assert {status for status in Status if status.is_terminal} == TERMINAL
    assert len(TERMINAL) == 6


@pytest.mark.parametrize("mine", list(enumerate(BackLevel)))
def test_a_back_level_covers_itself_and_what_is_below(mine: tuple[int, BackLevel]) -> None:
    rank, level = mine
    assert [level.covers(needed) for needed in BackLevel] == [other <= rank for other in range(len(BackLevel))]


def test_every_reason_code_has_its_row() -> None:
    assert set(REJECTION_REASONS) == set(RejectionReason)
    assert set(END_REASONS) == set(EndReason)
    assert {row.code for row in (*REJECTION_REASONS.values(), *END_REASONS.values()) if row.needs_comment} == {
        "LEGAL_BAR",
        "OTHER",
    }


def test_every_topic_is_a_purpose() -> None:
    assert {topic.value for topic in Topic} == {purpose.value for purpose in Purpose} - {"VERWEIS", "DOPPELPRUEFUNG"}
    assert EMPLOYER_TOPICS.isdisjoint(KIA_TOPICS)
    assert len(KIA_TOPICS) == 9


def test_a_reason_is_valid_from_its_first_to_its_last_day() -> None:
    reason = Reason("X", CauseSide.OUTSIDE, NextStep.NOTHING, valid_from=DAY, valid_until=DAY + timedelta(days=1))
    days = [reason.is_valid_on(DAY + timedelta(days=offset)) for offset in (-1, 0, 1, 2)]
    assert days == [False, True, True, False]
    assert Reason("X", CauseSide.OUTSIDE, NextStep.NOTHING).is_valid_on(date(2099, 1, 1))


def test_an_id_follows_from_kind_and_slug() -> None:
    assert isinstance(id_of("organization", "hwk-aachen"), UUID)
    assert id_of("organization", "hwk-aachen") != id_of("service", "hwk-aachen")
