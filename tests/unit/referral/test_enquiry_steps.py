"""What comes next in an enquiry: the most pressing first, and nothing where others are at work."""

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from contracts.codes import EnquirerKind, Site, Status, Topic, Urgency
from services.referral.store.enquiries import Enquiry, Need
from services.referral.web.enquiry_steps import WITHOUT_RESULT, Standing, next_steps

NEED, CONSENT, REFERRAL, ENQUIRY = (UUID(int=number) for number in range(1, 5))
TODAY = date(2026, 11, 24)


def an_enquiry() -> Enquiry:
    need = Need(NEED, Topic.ANERKENNUNG, Urgency.NORMAL, UUID(int=9))
    return Enquiry(ENQUIRY, EnquirerKind.PERSON, UUID(int=9), Site.AACHEN, UUID(int=8), (need,))


def a_referral(status: Status) -> dict[str, Any]:
    return {"id": REFERRAL, "reference": "R-26-ABC", "status": status.value, "need_id": NEED}


def a_consent(*, spoken: bool = False, confirmed: bool = False, begins: date = TODAY) -> Any:
    return SimpleNamespace(
        id=CONSENT,
        valid_from=begins,
        last_day=date(2026, 11, 30),
        withdrawn_at=None,
        superseded_at=None,
        lapses_on=date(2026, 11, 30) if spoken else None,
        confirmed_at=datetime(2026, 11, 24, tzinfo=UTC) if confirmed else None,
    )


def a_draft(*, unwitnessed: bool = False) -> dict[str, Any]:
    return {"draft": SimpleNamespace(id=CONSENT), "unwitnessed": unwitnessed}


def codes(**changes: Any) -> list[str]:
    usual: dict[str, Any] = {"enquiry": an_enquiry(), "referrals": [], "consents": [], "drafts": [], "today": TODAY}
    return [one.code for one in next_steps(Standing(**{**usual, **changes}))]


GIVEN = [(a_consent(), "given")]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({}, ["service"]),
        ({"referrals": [a_referral(Status.DRAFT)]}, ["consent", "draft"]),
        ({"referrals": [a_referral(Status.DRAFT)], "requests": [(None, "given")]}, ["draft"]),
        ({"referrals": [a_referral(Status.DRAFT)], "requests": [(None, "withdrawn")]}, ["consent", "draft"]),
        ({"referrals": [a_referral(Status.DRAFT)], "consents": GIVEN}, ["draft"]),
        ({"referrals": [a_referral(Status.DRAFT)], "drafts": [a_draft()]}, ["sign", "draft"]),
        ({"referrals": [a_referral(Status.AWAITING_CONSENT)], "consents": GIVEN}, ["consent"]),
        (
            {
                "referrals": [a_referral(Status.DRAFT)],
                "consents": [(a_consent(begins=TODAY + timedelta(days=1)), "given")],
            },
            ["consent", "draft"],
        ),
        ({"referrals": [a_referral(Status.CLARIFICATION)], "consents": GIVEN}, ["question"]),
        ({"referrals": [a_referral(Status.REQUESTED)], "consents": GIVEN}, []),
        ({"referrals": [a_referral(Status.COMPLETED)]}, []),
        ({"referrals": [a_referral(Status.REQUESTED)], "drafts": [a_draft(unwitnessed=True)]}, ["witness"]),
        ({"referrals": [a_referral(Status.REQUESTED)], "consents": [(a_consent(spoken=True), "given")]}, ["confirm"]),
        (
            {
                "referrals": [a_referral(Status.REQUESTED)],
                "consents": [(a_consent(spoken=True, confirmed=True), "given")],
            },
            [],
        ),
        ({"referrals": [a_referral(Status.REQUESTED)], "consents": [(a_consent(spoken=True), "expired")]}, []),
    ],
)
def test_what_is_there_says_what_comes_next(found: dict[str, Any], expected: list[str]):
    assert codes(**found) == expected


def test_a_spoken_consent_and_the_form_that_confirms_it_are_one_step():
    standing = {"referrals": [a_referral(Status.REQUESTED)], "consents": [(a_consent(spoken=True), "given")]}
    [step] = next_steps(Standing(enquiry=an_enquiry(), today=TODAY, drafts=[a_draft()], **standing))
    assert (step.code, step.href, step.due_on) == ("confirm", f"#draft-{CONSENT}", date(2026, 11, 30))


@pytest.mark.parametrize("status", Status)
def test_a_need_stands_again_where_nothing_came_of_it(status: Status):
    assert ("again" in codes(referrals=[a_referral(status)], consents=GIVEN)) is (status in WITHOUT_RESULT)
