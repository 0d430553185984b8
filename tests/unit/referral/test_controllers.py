"""Who is responsible is configured, checked at the start, and named by its place where it is wrong."""

import json
from copy import deepcopy
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from services.chassis.config import ConfigError, Environment
from services.referral.controllers import Controllers, load
from tests.unit.referral.test_config import CONTROLLERS

CITY, CHAMBER = UUID(int=0xC), UUID(int=0xD)


def a_party(organization_id: UUID, name: str) -> dict[str, Any]:
    contact = {"name": name, "address": "Musterweg 1", "email": "post@example.org"}
    return {
        "organization_id": str(organization_id),
        **contact,
        "dpo": {**contact, "name": "DPO"},
        "authority": "Authority",
    }


def two_parties(joint: Any = None) -> dict[str, Any]:
    return {"controllers": [a_party(CITY, "City"), a_party(CHAMBER, "Chamber")], "joint": joint}


def an_arrangement(**changes: Any) -> dict[str, Any]:
    return {"agreed_on": "2026-02-01", "essence": {"de": "Wesen", "en": "Essence"}, "contact": str(CHAMBER), **changes}


def read(document: Any) -> Controllers:
    return load(Environment({"CONTROLLERS": json.dumps(document)}))


def test_the_demo_names_one_responsible_organization():
    found = load(Environment({"CONTROLLERS": CONTROLLERS}))

    assert len(found.all) == 1
    assert "DEMO" in found.all[0].contact.name


def test_alone_each_organization_answers_for_its_own_cases():
    found = read(two_parties())

    assert [one.contact.name for one in found.of(CITY)] == ["City"]
    assert found.of(UUID(int=1)) == ()
    assert found.essence("de") == ""


def test_together_all_are_named_and_the_one_to_turn_to_first():
    found = read(two_parties(an_arrangement()))

    assert [one.contact.name for one in found.of(CITY)] == ["Chamber", "City"]
    assert found.joint is not None and found.joint.agreed_on == date(2026, 2, 1)
    assert found.essence("en") == "Essence"
    assert found.essence("tr") == "Wesen"


def test_another_configuration_has_another_fingerprint():
    changed = two_parties()
    changed["controllers"][0]["dpo"]["email"] = "other@example.org"

    assert read(two_parties()).fingerprint == read(deepcopy(two_parties())).fingerprint
    assert read(two_parties()).fingerprint != read(changed).fingerprint


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ([], "the whole"),
        ({"controllers": []}, "controllers"),
        ({"controllers": [{}]}, "controllers[0].organization_id"),
        ({"controllers": [a_party(CITY, "  ")]}, "controllers[0].name"),
        ({"controllers": [a_party(CITY, "City") | {"dpo": None}]}, "controllers[0].dpo"),
        ({"controllers": [a_party(CITY, "City") | {"web": "x"}]}, "controllers[0]"),
        ({"controllers": [a_party(CITY, "City") | {"organization_id": "city"}]}, "controllers[0].organization_id"),
        ({"controllers": [a_party(CITY, "City"), a_party(CITY, "City")]}, "once"),
        (two_parties(an_arrangement(contact=str(UUID(int=9)))), "joint.contact"),
        (two_parties(an_arrangement(essence={"en": "Essence"})), "joint.essence"),
        (two_parties(an_arrangement(agreed_on="soon")), "joint.agreed_on"),
    ],
)
def test_what_is_wrong_is_named_by_its_place(document: Any, place: str):
    with pytest.raises(ConfigError) as refused:
        read(document)

    assert refused.value.setting == "CONTROLLERS"
    assert place in refused.value.expected
