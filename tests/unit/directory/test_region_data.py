"""The region's own directory file: every body of the papers, every municipality, every service in seven languages."""

import json
from collections import Counter
from typing import Any

import pytest

from services.chassis.i18n import PERSON_LANGUAGES
from tests.integration.directory.conftest import REGION

ROWS: list[dict[str, Any]] = [json.loads(line) for line in REGION.read_text(encoding="utf-8").splitlines()]
SERVICES = [row for row in ROWS if row["object"] == "service"]
OPEN = [row for row in SERVICES if row["status"] == "active"]
#: How many municipalities each district has.
DISTRICTS = {"05334": 10, "05358": 15, "05370": 10, "05162": 8}


@pytest.mark.parametrize("row", OPEN, ids=lambda row: str(row["id"]))
def test_a_service_that_is_offered_is_written_in_seven_languages(row: dict[str, Any]) -> None:
    for name in ("name", "description"):
        assert list(row[name]) == list(PERSON_LANGUAGES)
    assert set(row["translations"]) == set(PERSON_LANGUAGES) - {"de"}


def test_every_municipality_of_every_district_is_named() -> None:
    keys = [row["id"] for row in ROWS if row["object"] == "area"]
    assert Counter(key[:5] for key in keys if len(key) == 12) == DISTRICTS
    assert {key for key in keys if len(key) == 5} == {*DISTRICTS, "05116", "05515"}
    assert all(key[6:9] == key[9:] for key in keys if len(key) == 12), "none of them belongs to an association"


@pytest.mark.parametrize(
    "body",
    [
        "jmd-muenster",
        "mbe-muenster",
        "teilhabemanagement-muenster",
        "bezirksregierung-muenster-zag-pug",
        "verbraucherzentrale",
        "sprungbrett-aachen",
        "otto-benecke-stiftung",
        "sprachenakademie-aachen",
        "ggua-muenster",
        "caritas-muenster",
        "drk-muenster",
        "kia-staedteregion-aachen",
        "welcome-center-rheinisches-revier",
        "international-professionals-office-muenster",
        "durchstarten-in-ausbildung-und-arbeit",
    ],
)
def test_the_bodies_of_the_papers_are_there_with_their_source(body: str) -> None:
    [row] = [row for row in ROWS if row["object"] == "organization" and row["id"] == body]
    assert row["sources"]


def test_what_was_only_asked_for_is_not_offered() -> None:
    planned = [row for row in SERVICES if row["organization_id"] == "international-professionals-office-muenster"]
    assert {topic for row in planned for topic in row["topics"]} >= {"WOHNEN", "ANKOMMEN"}
    assert {row["status"] for row in planned} == {"inactive"}


#: Bodies of which no source says that they offer something to persons or single companies.
STEERING = {
    *("whkt", "vuv-aachen", "stadt-aachen-wirtschaft", "regionalagentur-aachen", "mags-nrw", "ki-muenster"),
    *("handelsverband-nrw-muenster", "dehoga-muenster", "wohlfahrtsverbaende-muenster", "integrationsrat-muenster"),
}


def test_every_body_has_a_service_or_its_entry_says_that_none_is_known() -> None:
    bodies = {row["id"]: row for row in ROWS if row["object"] == "organization"}
    without = bodies.keys() - {row["organization_id"] for row in SERVICES}
    assert without == STEERING
    for name in without - {"ki-muenster"}:
        assert "Quellen nicht" in bodies[name]["description"]["de"], name
    assert "leisten Sozialamt, Caritas, DRK und GGUA" in bodies["ki-muenster"]["description"]["de"]


def test_what_may_have_ended_is_not_offered() -> None:
    programs = {"teilhabemanagement-muenster", "gemeinsam-klappts", "durchstarten-in-ausbildung-und-arbeit"}
    states = {row["organization_id"]: row["status"] for row in SERVICES}
    assert {states[program] for program in programs | {"nrw-integrativ"}} == {"inactive"}


def test_a_contact_is_said_by_a_page_that_was_looked_at() -> None:
    pages = {row["id"] for row in ROWS if row["object"] == "source" and "url" in row and "retrieved_on" in row}
    said = [row for row in ROWS if {"phones", "email", "website", "addresses", "schedules"} & row.keys()]
    assert len(said) >= 20
    assert [row["id"] for row in said if not pages.intersection(row["sources"])] == []


@pytest.mark.parametrize("field", ["required_documents", "application_process", "fees_description", "wait_time"])
def test_what_to_bring_and_how_it_goes_is_said_in_seven_languages(field: str) -> None:
    texts = [
        text
        for row in OPEN
        for one in (row[field] if isinstance(row.get(field), list) else [row.get(field)])
        if (text := one.get("document", one) if one else None)
    ]
    assert [text for text in texts if list(text) != list(PERSON_LANGUAGES)] == []
    assert texts or field == "wait_time"
