"""The dossier: what it covers is computed from its fields, never declared."""

from typing import Any
from uuid import UUID

import marshmallow
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.codes import DataCategory, EnquirerKind
from contracts.partner.dossier import (
    CATEGORY,
    DOSSIER,
    EMPLOYER,
    PERSON,
    SCHEMAS,
    categories_of,
    category_of,
    select,
)

AMIRA: dict[str, Any] = {
    "given_name": "Amira",
    "family_name": "Beispiel",
    "birth_date": "1994-03-17",
    "email": "amira@beispiel.example",
    "postal_code": "52062",
    "languages": ["ar", "fr"],
    "language_levels": [{"language": "de", "level": "B1"}],
    "interpreter": "ar",
    "occupation": "Elektronikerin",
    "qualification_country": "TN",
    "qualification_year": 2015,
    "documents": [{"kind": "DIPLOMA", "language": "fr", "translated": False}],
    "note": "ruft lieber abends an",
}
COMPANY: dict[str, Any] = {"company": "Musterbau", "mailbox": "personal@musterbau.example", "employees": 24}
HEAD = {
    "id": str(UUID(int=1)),
    "reference": "R-26-4F7KQ",
    "organization_id": str(UUID(int=2)),
    "service_id": str(UUID(int=3)),
    "topic": "ANERKENNUNG",
    "urgency": "normal",
    "back_level": "outcome",
}
WHOLE = {
    "referral": HEAD,
    "ground": {"kind": "consent", "id": str(UUID(int=4)), "version": 1},
    "sealed_at": "2026-11-23T09:30:00Z",
}


def test_every_field_about_a_person_has_its_category() -> None:
    unmarked = [name for name, field in PERSON.fields.items() if not isinstance(field.metadata[CATEGORY], DataCategory)]
    assert unmarked == []


def test_a_person_can_hold_every_category_but_the_employers() -> None:
    held = {field.metadata[CATEGORY] for field in PERSON.fields.values()}
    assert held == set(DataCategory) - {DataCategory.BUSINESS_CONTACT}


def test_an_employer_holds_business_contact_and_nothing_about_other_people() -> None:
    held = {field.metadata[CATEGORY] for field in EMPLOYER.fields.values()}
    assert held == {DataCategory.BUSINESS_CONTACT, DataCategory.FREE_TEXT, None}


def test_the_categories_are_those_of_the_filled_fields() -> None:
    assert categories_of(EnquirerKind.PERSON, {"given_name": "Amira", "phone": "", "languages": [], "note": None}) == {
        DataCategory.IDENTITY
    }
    assert categories_of(EnquirerKind.EMPLOYER, COMPANY) == {DataCategory.BUSINESS_CONTACT}
    assert categories_of(EnquirerKind.EMPLOYER, {"employees": 24, "positions": 2}) == frozenset()


def test_what_is_selected_is_covered() -> None:
    selected = select(EnquirerKind.PERSON, AMIRA, {DataCategory.IDENTITY, DataCategory.CONTACT})
    assert set(selected) == {"given_name", "family_name", "birth_date", "email", "postal_code"}
    assert select(EnquirerKind.EMPLOYER, COMPANY, ()) == {"employees": 24}


@given(st.sets(st.sampled_from(list(DataCategory))), st.sets(st.sampled_from(sorted(AMIRA))))
def test_a_selection_never_holds_more_than_was_allowed(allowed: set[DataCategory], kept: set[str]) -> None:
    record = {name: AMIRA[name] for name in kept}
    selected = select(EnquirerKind.PERSON, record, allowed)
    assert categories_of(EnquirerKind.PERSON, selected) == categories_of(EnquirerKind.PERSON, record) & allowed


@pytest.mark.parametrize("kind", EnquirerKind)
def test_a_field_nobody_knows_cannot_slip_in(kind: EnquirerKind) -> None:
    with pytest.raises(KeyError):
        category_of(kind, "religion")
    with pytest.raises(marshmallow.ValidationError):
        SCHEMAS[kind].load({"religion": "none"})


@pytest.mark.parametrize(
    "wrong",
    [
        {"birth_date": "17.03.1994"},
        {"email": "no mail"},
        {"phone": "call me"},
        {"postal_code": "5206"},
        {"languages": ["arabisch sprechend"]},
        {"language_levels": [{"language": "de", "level": "good"}]},
        {"qualification_country": "Tunesien"},
        {"qualification_year": 1815},
        {"qualification_year": "2015"},
        {"note": "x" * 5000},
        {"benefits": ["some text"]},
        {"documents": [{"kind": "a diploma"}]},
    ],
    ids=str,
)
def test_a_malformed_field_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(marshmallow.ValidationError) as refused:
        PERSON.load({**AMIRA, **wrong})
    assert list(refused.value.messages_dict) == list(wrong)


@pytest.mark.parametrize("enquirer", [{"person": AMIRA}, {"employer": COMPANY}], ids=["person", "employer"])
def test_a_whole_dossier_is_read(enquirer: dict[str, Any]) -> None:
    read = DOSSIER.load({**WHOLE, **enquirer})
    assert DOSSIER.dump(read)["referral"] == HEAD


@pytest.mark.parametrize("enquirer", [{}, {"person": AMIRA, "employer": COMPANY}], ids=["nobody", "both"])
def test_a_dossier_is_about_one_enquirer(enquirer: dict[str, Any]) -> None:
    with pytest.raises(marshmallow.ValidationError):
        DOSSIER.load({**WHOLE, **enquirer})
