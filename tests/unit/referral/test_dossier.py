"""What goes into a dossier: exactly what one ground carries and the terms accept, computed from the fields."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from contracts.codes import DataCategory, EnquirerKind, GroundKind, Purpose, RefusalReason
from contracts.partner.dossier import EMPLOYER as EMPLOYER_SCHEMA
from contracts.partner.dossier import PERSON, categories_of, category_of
from services.referral.domain.consent import Allowed, Refused, may_disclose
from services.referral.domain.dossier import SENSITIVITY, Composition, compose, missing_minimum, offered
from tests.examples import tried
from tests.unit.referral.builders import (
    IHK,
    IHK_SERVICE,
    NOON,
    TO_HWK,
    TO_IHK,
    a_consent,
    a_recipient_entry,
    an_enterprise_request,
)

RECORD: dict[str, Any] = {
    "given_name": "Amira",
    "family_name": "Ben Salah",
    "email": "amira@example.org",
    "languages": ["ar"],
    "occupation": "Elektronikerin",
    "residence_status": "RESIDENCE_TITLE",
    "health_note": "-",
    "note": "-",
}
EMPLOYER = {"company": "Metallbau GmbH", "contact_name": "Frau Kaya", "positions": 2, "note": "Herr X ..."}
ALL = frozenset(DataCategory)
PERSON_KIND, EMPLOYER_KIND = EnquirerKind.PERSON, EnquirerKind.EMPLOYER


def composed(*grounds: Any, accepted: Any = ALL, minimum: Any = (DataCategory.IDENTITY,), **more: Any) -> Composition:
    usual = {"kind": PERSON_KIND, "record": RECORD, "to": TO_HWK, "purpose": Purpose.ANERKENNUNG, **more}
    return compose(
        usual["kind"],
        usual["record"],
        grounds,
        usual["to"],
        usual["purpose"],
        accepted=accepted,
        minimum=minimum,
        at=NOON,
    )


def test_exactly_the_consented_fields_are_in_it():
    found = composed(a_consent())
    assert found.content == {"given_name": "Amira", "family_name": "Ben Salah", "email": "amira@example.org"}
    assert isinstance(found.decision, Allowed)
    assert found.decision.categories == {DataCategory.IDENTITY, DataCategory.CONTACT}


def test_what_the_terms_do_not_take_stays_out_even_if_consented():
    assert set(composed(a_consent(), accepted={DataCategory.IDENTITY}).content) == {"given_name", "family_name"}


def test_without_a_ground_there_is_no_content_and_what_was_asked_is_the_minimum():
    found = composed()
    assert found.content == {}
    assert found.decision == Refused(RefusalReason.NO_CONSENT)
    assert found.asked == {DataCategory.IDENTITY}


def test_a_consent_below_the_partners_minimum_sends_nothing():
    found = composed(a_consent(), minimum=(DataCategory.IDENTITY, DataCategory.QUALIFICATION))
    assert (found.content, found.decision) == ({}, Refused(RefusalReason.CATEGORY_NOT_COVERED))


def test_nobody_slips_out_because_nothing_was_recorded_about_her():
    found = composed(record={}, minimum=())
    assert isinstance(found.decision, Refused)


def test_with_nothing_recorded_and_a_consent_the_empty_dossier_goes():
    found = composed(a_consent(), record={}, minimum=())
    assert isinstance(found.decision, Allowed)
    assert found.content == {}


def test_of_several_grounds_the_one_that_carries_most_is_taken_and_never_two_together():
    little = a_consent(a_recipient_entry(categories=(DataCategory.IDENTITY,)))
    other = a_consent(a_recipient_entry(categories=(DataCategory.IDENTITY, DataCategory.HEALTH)))
    for grounds in ((little, other), (other, little)):
        assert set(composed(*grounds).content) == {"given_name", "family_name", "health_note"}


def test_free_text_goes_only_where_it_was_named():
    everything_else = tuple(ALL - {DataCategory.FREE_TEXT})
    assert "note" not in composed(a_consent(a_recipient_entry(categories=everything_else))).content
    named = (DataCategory.IDENTITY, DataCategory.FREE_TEXT)
    assert "note" in composed(a_consent(a_recipient_entry(categories=named))).content


def test_free_text_is_the_most_sensitive_then_health():
    assert SENSITIVITY[-2:] == (DataCategory.HEALTH, DataCategory.FREE_TEXT)


class TestAnEmployer:
    ask = {"kind": EMPLOYER_KIND, "record": EMPLOYER, "to": TO_IHK, "purpose": Purpose.FACHKRAEFTEVERFAHREN}  # noqa: RUF012

    def test_only_the_business_contact_and_what_is_no_persons_goes(self):
        found = composed(an_enterprise_request(), **self.ask, minimum=(DataCategory.BUSINESS_CONTACT,))
        assert found.content == {"company": "Metallbau GmbH", "contact_name": "Frau Kaya", "positions": 2}

    def test_no_workers_datum_can_be_written_into_the_note(self):
        assert offered(EMPLOYER_KIND, EMPLOYER, ALL) == {DataCategory.BUSINESS_CONTACT}

    def test_a_persons_consent_to_the_same_body_carries_no_other_category_for_an_employer(self):
        wide = a_consent(a_recipient_entry(IHK, IHK_SERVICE, (Purpose.FACHKRAEFTEVERFAHREN,), tuple(ALL)))
        assert "note" not in composed(wide, **self.ask, minimum=()).content

    def test_a_question_about_nobody_needs_no_ground(self):
        record = {"positions": 2, "occupation_sought": "24422"}
        answer = may_disclose([], TO_IHK, Purpose.ANWERBUNG, categories_of(EMPLOYER_KIND, record), NOON)
        assert isinstance(answer, Allowed)
        assert answer.kind is GroundKind.NO_PERSONAL_DATA

    def test_a_request_about_nobody_leaves_without_any_ground_and_says_so(self):
        nothing_about_a_contact = {"positions": 2, "occupation_sought": "24422", "note": "Herr X sucht ..."}
        found = composed(**{**self.ask, "record": nothing_about_a_contact}, minimum=(DataCategory.IDENTITY,))
        assert isinstance(found.decision, Allowed)
        assert (found.decision.kind, found.asked) == (GroundKind.NO_PERSONAL_DATA, frozenset())
        assert found.content == {"positions": 2, "occupation_sought": "24422"}

    def test_with_a_contact_recorded_and_no_request_nothing_leaves(self):
        found = composed(**self.ask, minimum=())
        assert (found.decision, found.content) == (Refused(RefusalReason.NO_CONSENT), {})

    def test_what_is_needed_of_persons_is_not_asked_of_a_company_nor_the_other_way_round(self):
        both = (DataCategory.IDENTITY, DataCategory.BUSINESS_CONTACT)
        assert missing_minimum(EMPLOYER_KIND, EMPLOYER, both) == frozenset()
        assert missing_minimum(PERSON_KIND, RECORD, both) == frozenset()


def test_what_the_terms_need_and_nobody_recorded_is_named():
    minimum = (DataCategory.IDENTITY, DataCategory.BENEFITS)
    assert missing_minimum(PERSON_KIND, RECORD, minimum) == {DataCategory.BENEFITS}
    assert missing_minimum(PERSON_KIND, {**RECORD, "benefits": []}, minimum) == {DataCategory.BENEFITS}


WORDS = st.text(min_size=1, max_size=12)
companies = st.fixed_dictionaries({}, optional=dict.fromkeys(sorted(EMPLOYER_SCHEMA.fields), WORDS))


@tried(1000)
@given(companies, st.frozensets(st.sampled_from(sorted(DataCategory))), st.booleans(), st.booleans())
def test_no_workers_datum_rides_on_an_employers_request(record, accepted, asked, consented):
    """Whatever is put into an employer's enquiry: business contact and what is about nobody, and nothing else."""
    wide = a_consent(a_recipient_entry(IHK, IHK_SERVICE, (Purpose.FACHKRAEFTEVERFAHREN,), tuple(DataCategory)))
    grounds = [an_enterprise_request()] * asked + [wide] * consented
    found = composed(*grounds, **{**TestAnEmployer.ask, "record": record}, accepted=accepted, minimum=())
    carried = {category_of(EMPLOYER_KIND, field) for field in found.content}
    assert carried <= {DataCategory.BUSINESS_CONTACT, None}
    assert "note" not in found.content
    if DataCategory.BUSINESS_CONTACT in carried:
        assert asked or consented


records = st.dictionaries(st.sampled_from(sorted(PERSON.fields)), st.sampled_from(["x", "", None]), max_size=12)
subsets = st.frozensets(st.sampled_from(sorted(ALL)))


@tried(1000)
@given(records, st.lists(subsets, max_size=3), subsets, subsets)
def test_every_field_that_leaves_is_of_a_category_that_is_consented_accepted_and_decided(
    record, consented, accepted, minimum
):
    grounds = [
        a_consent(a_recipient_entry(categories=tuple(sorted(categories)))) for categories in consented if categories
    ]
    found = composed(*grounds, record=record, accepted=accepted, minimum=minimum)
    for field in found.content:
        category = category_of(PERSON_KIND, field)
        assert isinstance(found.decision, Allowed)
        assert category in found.decision.categories & accepted
        assert any(category in categories for categories in consented)
    if isinstance(found.decision, Allowed):
        assert minimum - {DataCategory.BUSINESS_CONTACT} <= found.decision.categories
