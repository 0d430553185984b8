"""What makes a consent one: each thing it needs, and what it is refused for."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from contracts.codes import ConsentChannel, DataCategory, GivenBy
from services.chassis.errors import InvalidError
from services.referral.domain.capture import (
    ConsentText,
    Custody,
    Review,
    Service,
    add_months,
    age_on,
    confirm,
    give,
    usual_end,
)
from services.referral.domain.grounds import Consent
from services.referral.domain.workdays import is_weekday
from tests.unit.referral.builders import (
    AUTHORITY,
    AUTHORITY_SERVICE,
    HWK,
    HWK_SERVICE,
    IHK,
    IHK_SERVICE,
    NOON,
    TODAY,
    a_consent,
    a_recipient_entry,
)

ACCEPTS = frozenset({DataCategory.IDENTITY, DataCategory.CONTACT, DataCategory.QUALIFICATION, DataCategory.HEALTH})
SERVICES = (
    Service(organization_id=HWK, service_id=HWK_SERVICE, accepts=ACCEPTS),
    Service(organization_id=IHK, service_id=IHK_SERVICE, accepts=ACCEPTS),
    Service(organization_id=AUTHORITY, service_id=AUTHORITY_SERVICE, accepts=ACCEPTS, must_stand_alone=True),
)
TEXT = ConsentText("referral-consent.de.1", "0" * 64, "de", Review.REVIEWED)
GUARDIANS = Custody(holders=2, consented=2, proof_noted=True)


def given(consent: Consent | None = None, text: ConsentText = TEXT, **more: Any) -> Consent:
    more = {"services": SERVICES, "on": TODAY, "is_working_day": is_weekday, **more}
    return give(consent or a_consent(text_reviewed=False), text=text, **more)


def problems(consent: Consent | None = None, text: ConsentText = TEXT, **more: Any) -> dict[str, str]:
    with pytest.raises(InvalidError) as refused:
        given(consent, text, **more)
    assert refused.value.slug == "consent.incomplete"
    return refused.value.fields


def test_a_complete_consent_is_kept_as_reviewed():
    kept = given()
    assert kept.text_reviewed
    assert kept.lapses_on is None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"valid_from": TODAY - timedelta(days=1)}, "valid_from"),
        ({"valid_until": TODAY - timedelta(days=1)}, "valid_until"),
        ({"valid_until": date(2027, 3, 3)}, "valid_until"),
        ({"evidence_sha256": None}, "evidence_sha256"),
        ({"evidence_sha256": None, "channel": ConsentChannel.SIGN_PAD}, "evidence_sha256"),
        ({"text_sha256": "f" * 64}, "text_sha256"),
        ({"text_id": "another"}, "text_sha256"),
        ({"language": "ar"}, "language"),
        ({"given_by": GivenBy.GUARDIAN}, "given_by"),
        ({"recipients": ()}, "recipients"),
    ],
)
def test_each_thing_it_needs_is_named(changes, field):
    assert field in problems(a_consent(**changes))


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"valid_until": date(2027, 3, 2)}, TEXT),
        ({"channel": ConsentChannel.ONLINE, "evidence_sha256": None}, TEXT),
        ({"language": "ti", "interpreter": True}, TEXT),
        ({"given_by": GivenBy.REPRESENTATIVE}, TEXT),
    ],
)
def test_what_is_enough_is_enough(changes, text):
    assert given(a_consent(**changes), text)


@pytest.mark.parametrize("review", [Review.DRAFT, Review.TRANSLATED])
def test_a_text_nobody_reviewed_captures_nothing(review):
    assert problems(text=ConsentText(TEXT.id, TEXT.sha256, "de", review)) == {"text_id": "a-reviewed-text"}


def test_a_retired_text_captures_nothing():
    assert "text_id" in problems(text=ConsentText(TEXT.id, TEXT.sha256, "de", Review.REVIEWED, retired=True))


@pytest.mark.parametrize(
    ("entry", "field", "expected"),
    [
        (a_recipient_entry(HWK, None), "recipients", "organization-and-service"),
        (a_recipient_entry(HWK, UUID(int=0x99)), "recipients", "known-to-the-directory"),
        (a_recipient_entry(categories=(DataCategory.RESIDENCE,)), "categories", "accepted-by-the-terms"),
        (a_recipient_entry(categories=()), "categories", "named-not-blanket"),
        (a_recipient_entry(purposes=()), "purposes", "named-not-blanket"),
    ],
)
def test_a_recipient_is_named_with_service_purpose_and_data(entry, field, expected):
    assert problems(a_consent(entry))[field] == expected


def test_whoever_ticks_everything_has_named_nothing():
    everything = tuple(set(DataCategory) - {DataCategory.BUSINESS_CONTACT})
    takes_all = (Service(organization_id=HWK, service_id=HWK_SERVICE, accepts=frozenset(DataCategory)),)
    found = problems(a_consent(a_recipient_entry(categories=everything)), services=takes_all)
    assert found == {"categories": "named-not-blanket"}


def test_an_employers_contact_is_nothing_a_person_consents_to():
    takes_all = (Service(organization_id=HWK, service_id=HWK_SERVICE, accepts=frozenset(DataCategory)),)
    business = a_recipient_entry(categories=(DataCategory.BUSINESS_CONTACT,))
    assert problems(a_consent(business), services=takes_all)["categories"] == "of-the-person-not-of-an-employer"


def test_the_same_recipient_twice_would_leave_open_which_entry_counts():
    assert problems(a_consent(a_recipient_entry(), a_recipient_entry())) == {"recipients": "each-once"}


def test_the_authority_is_consented_to_alone_or_not_at_all():
    alone = a_recipient_entry(AUTHORITY, AUTHORITY_SERVICE)
    assert given(a_consent(alone))
    assert problems(a_consent(alone, a_recipient_entry())) == {"recipients": "this-body-alone"}


class TestByWordOfMouth:
    def spoken(self, *recipients: Any, **changes: Any) -> Consent:
        usual = {"channel": ConsentChannel.VERBAL_WITNESSED, "witnessed_by": "staff:b", "evidence_sha256": None}
        return a_consent(*recipients, **{**usual, **changes})

    def test_it_lapses_after_five_working_days(self):
        friday = TODAY + timedelta(days=4)
        assert given(self.spoken()).lapses_on == date(2026, 3, 9)
        assert given(self.spoken(valid_from=friday), on=friday).lapses_on == date(2026, 3, 13)

    def test_it_needs_a_witness(self):
        assert problems(self.spoken(witnessed_by=None)) == {"witnessed_by": "a-second-staff-member-or-interpreter"}

    def test_it_covers_identity_contact_and_language_only(self):
        health = a_recipient_entry(categories=(DataCategory.HEALTH,))
        assert "categories" in problems(self.spoken(health))

    def test_confirmed_in_time_it_stays(self):
        kept = given(self.spoken())
        assert confirm(kept, NOON, TODAY).confirmed_at == NOON
        with pytest.raises(InvalidError, match=r"consent\.lapsed"):
            confirm(kept, NOON, date(2026, 3, 10))

    def test_already_confirmed_it_does_not_lapse(self):
        assert given(self.spoken(confirmed_at=NOON)).lapses_on is None

    def test_a_signed_one_has_nothing_to_lapse(self):
        assert confirm(a_consent(), NOON, TODAY).confirmed_at == NOON


class TestUnderAge:
    child = date(2015, 6, 1)
    young = date(2009, 6, 1)

    def by_guardian(self, **changes: Any) -> Consent:
        return a_consent(**{"given_by": GivenBy.GUARDIAN, **changes})

    def test_all_who_have_custody_consent_and_proof_is_noted(self):
        assert given(self.by_guardian(), born_on=self.child, custody=GUARDIANS)

    @pytest.mark.parametrize(
        ("consent", "born_on", "custody", "field"),
        [
            (a_consent(), child, GUARDIANS, "given_by"),
            (a_consent(given_by=GivenBy.GUARDIAN), child, None, "given_by"),
            (a_consent(given_by=GivenBy.GUARDIAN), child, Custody(holders=2, consented=1, proof_noted=True), "custody"),
            (a_consent(given_by=GivenBy.GUARDIAN), child, Custody(holders=1, consented=1), "custody"),
            (a_consent(given_by=GivenBy.GUARDIAN), young, GUARDIANS, "custody"),
            (
                a_consent(given_by=GivenBy.GUARDIAN),
                child,
                Custody(consented=1, proof_noted=True, guardian_organization_id=HWK),
                "recipients",
            ),
        ],
    )
    def test_each_thing_that_is_missing_is_named(self, consent, born_on, custody, field):
        assert list(problems(consent, born_on=born_on, custody=custody)) == [field]

    def test_from_16_the_young_person_consents_too(self):
        both = Custody(holders=1, consented=1, proof_noted=True, young_person_consents=True)
        assert given(self.by_guardian(), born_on=self.young, custody=both)

    def test_a_guardians_consent_ends_the_day_before_the_eighteenth_birthday(self):
        both = Custody(holders=1, consented=1, proof_noted=True, young_person_consents=True)
        kept = given(self.by_guardian(), born_on=date(2008, 5, 1), custody=both)
        assert kept.valid_until == date(2026, 4, 30)
        assert given(self.by_guardian(), born_on=self.child, custody=GUARDIANS).valid_until == a_consent().valid_until

    def test_on_the_eighteenth_birthday_she_speaks_for_herself(self):
        assert given(a_consent(), born_on=date(2008, 3, 2))


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 3, 2), 6, date(2026, 9, 2)),
        (date(2026, 8, 31), 6, date(2027, 2, 28)),
        (date(2027, 8, 31), 6, date(2028, 2, 29)),
        (date(2026, 12, 31), 12, date(2027, 12, 31)),
        (date(2026, 11, 30), 1, date(2026, 12, 30)),
        (date(2028, 2, 29), 12, date(2029, 2, 28)),
    ],
)
def test_months_end_where_a_person_expects(day, months, expected):
    assert add_months(day, months) == expected


def test_usually_a_consent_runs_half_a_year():
    assert usual_end(date(2026, 3, 2)) == date(2026, 9, 2)


@pytest.mark.parametrize(("day", "age"), [(date(2026, 6, 1), 18), (date(2026, 5, 31), 17), (date(2026, 7, 1), 18)])
def test_age_changes_on_the_birthday(day, age):
    assert age_on(date(2008, 6, 1), day) == age
