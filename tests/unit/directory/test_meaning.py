"""What is well formed may still contradict itself; each contradiction is named at the field that has to give way."""

from typing import Any

import pytest

from services.directory.domain.objects import Kind
from services.directory.domain.reading import RowProblem, read_object
from tests.unit.directory.rows import a_location, a_participation, a_place_of_service, a_report, a_service, terms

AGREEMENT = {"kind": "joint", "law": "KDG", "signed_on": "2026-01-15"}
IN_NORWAY = {"country": "NO", "party": "processor", "safeguard": "adequacy"}


def problems_of(row: dict[str, Any]) -> list[str]:
    value = dict(row)
    found = read_object(Kind(value.pop("object")), value)
    return [problem.field for problem in found if isinstance(problem, RowProblem)] if isinstance(found, list) else []


@pytest.mark.parametrize(
    "row",
    [
        a_service(minimum_age=16, maximum_age=16),
        a_service(capacity="waitlist", capacity_reported_on="2026-11-01"),
        a_service(capacity="unknown"),
        a_service(topics=["ANWERBUNG"], audience="employer"),
        a_service(topics=["ANWERBUNG", "ARBEIT"], audience="both"),
        a_service(profession_independent=True),
        a_service(schedules=[{"opens_at": "08:00", "closes_at": "12:00"}, {"description": "nach Vereinbarung"}]),
        a_service(funding=[{"source": "Land", "valid_from": "2025-01-01", "valid_to": "2025-12-31"}]),
        a_location(schedules=[{"valid_from": "2026-01-01"}]),
        a_participation(channel={"kind": "webhook", "webhook_url": "https://partner.example/in"}),
        a_participation(channel={"kind": "light", "unit_mailbox": "eingang@partner.example"}),
        a_participation(agreement={**AGREEMENT, "valid_until": "2026-01-15"}),
        {"object": "participation", "organization_id": "a-chamber", "channel": {"kind": "none"}},
    ],
)
def test_what_fits_together_is_taken(row: dict[str, Any]) -> None:
    assert problems_of(row) == []


@pytest.mark.parametrize(
    ("row", "field"),
    [
        (a_service(minimum_age=18, maximum_age=17), "maximum_age"),
        (a_service(capacity="capacity"), "capacity_reported_on"),
        (a_service(topics=["ARBEIT", "ANWERBUNG"], audience="person"), "audience"),
        (a_service(topics=["ANWERBUNG"], audience="both"), "audience"),
        (a_service(better_bodies=["a-recognition"]), "better_bodies"),
        (a_service(profession_independent=True, profession_codes=["262"]), "profession_codes"),
        (a_service(schedules=[{"valid_from": "2026-02-01", "valid_to": "2026-01-01"}]), "schedules[0].valid_to"),
        (a_service(schedules=[{"opens_at": "08:00"}]), "schedules[0]"),
        (a_service(schedules=[{"opens_at": "12:00", "closes_at": "08:00"}]), "schedules[0].closes_at"),
        (a_place_of_service(schedules=[{"closes_at": "08:00"}]), "schedules[0]"),
        (a_participation(channel={"kind": "webhook"}), "channel.webhook_url"),
        (a_participation(channel={"kind": "amqp", "webhook_url": "https://a.example/"}), "channel.webhook_url"),
        (a_participation(channel={"kind": "light"}), "channel.unit_mailbox"),
        (a_participation(channel={"kind": "pull", "unit_mailbox": "a@b.example"}), "channel.unit_mailbox"),
        (a_participation(agreement={**AGREEMENT, "valid_until": "2025-01-15"}), "agreement.valid_until"),
        (
            a_participation(agreement={**AGREEMENT, "third_countries": [IN_NORWAY]}),
            "agreement.third_countries[0].country",
        ),
        (a_participation(terms=[terms(minimum_categories=["HEALTH"])]), "terms[0].minimum_categories"),
        (a_participation(terms=[terms(), terms(answer_days=9)]), "terms[1].service_id"),
        (a_report(capacity="waitlist"), "capacity_reported_on"),
    ],
)
def test_what_contradicts_itself_is_named(row: dict[str, Any], field: str) -> None:
    assert problems_of(row) == [field]
