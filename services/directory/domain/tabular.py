"""HSDS's tabular form: one CSV file for each kind of object, joined by ids. Columns are those of the specification.

Spreadsheets run what looks like a formula; a text that does is written with an apostrophe before it, and read without.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

Json = dict[str, Any]

_SCHEDULE = (
    "id service_id location_id service_at_location_id valid_from valid_to dtstart timezone until count wkst freq"
    " interval byday byweekno bymonthday byyearday description opens_at closes_at schedule_link attending_type notes"
)
_SERVICE = (
    "id organization_id program_id name alternate_name description url email status interpretation_services"
    " application_process fees_description wait_time fees accreditations eligibility_description minimum_age"
    " maximum_age assured_date assurer_email licenses alert last_modified"
)
_ORGANIZATION = (
    "id name alternate_name description email website tax_status tax_id year_incorporated legal_status logo uri"
    " parent_organization_id"
)
_LOCATION = (
    "id location_type url organization_id name alternate_name description transportation latitude longitude"
    " external_identifier external_identifier_type"
)
#: File and columns, parents before what hangs below them.
TABLES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        name: tuple(columns.split())
        for name, columns in {
            "organizations": _ORGANIZATION,
            "locations": _LOCATION,
            "services": _SERVICE,
            "service_at_location": "id service_id location_id description",
            "contacts": "id organization_id service_id service_at_location_id location_id name title department email",
            "phones": "id location_id service_id organization_id contact_id service_at_location_id number extension"
            " type description",
            "addresses": "id location_id attention address_1 address_2 city region state_province postal_code country"
            " address_type",
            "schedules": _SCHEDULE,
            "languages": "id service_id location_id phone_id name code note",
            "service_areas": "id service_id name description extent extent_type uri",
            "cost_options": "id service_id valid_from valid_to option currency amount amount_description",
            "required_documents": "id service_id document uri",
            "funding": "id organization_id service_id source",
            "accessibility": "id location_id description details url",
            "programs": "id organization_id name alternate_name description",
            "organization_identifiers": "id organization_id identifier_scheme identifier_type identifier",
            "attributes": "id link_id taxonomy_term_id link_type link_entity value",
            "taxonomy_terms": "id code name description parent_id taxonomy language taxonomy_id term_uri",
        }.items()
    }
)
#: How a row of a table is named in the columns of what hangs below it.
OWNERS: Mapping[str, str] = MappingProxyType(
    {
        "organizations": "organization_id",
        "locations": "location_id",
        "services": "service_id",
        "service_at_location": "service_at_location_id",
        "contacts": "contact_id",
        "phones": "phone_id",
    }
)
PARENTS = frozenset((*OWNERS.values(), "link_id"))
NUMBERS = frozenset(
    ("minimum_age", "maximum_age", "latitude", "longitude", "extension", "count", "interval", "amount", "timezone")
) | {"year_incorporated"}
#: Where an object is listed in its parent under another name than its file's.
_LISTED: Mapping[str, str] = MappingProxyType({"service_at_locations": "service_at_location"})
_NUMBER = re.compile(r"[+-]?[0-9]{1,18}(\.[0-9]{1,12})?")
_FORMULA = re.compile(r"[=+\-@\t\r]")


def rows_of(table: str, value: Mapping[str, Any], owner: Mapping[str, str] = MappingProxyType({})) -> Iterator[Any]:
    """An object and all that hangs below it, as (table, row); places and bodies have rows of their own elsewhere."""
    own = {**owner, **value}
    if table == "service_at_location":
        own["location_id"] = value["location"]["id"]
    if "taxonomy_term" in value:
        own["taxonomy_term_id"] = value["taxonomy_term"]["id"]
        yield "taxonomy_terms", _row("taxonomy_terms", value["taxonomy_term"])
    yield table, _row(table, own)
    below = {OWNERS[table]: value["id"]} if table in OWNERS else {}
    for name, items in value.items():
        child = _LISTED.get(name, name)
        if isinstance(items, list) and child in TABLES and child not in ("locations", "services"):
            link = {"link_id": value["id"]} if child == "attributes" else below
            for item in items:
                yield from rows_of(child, item, link)


def _row(table: str, value: Mapping[str, Any]) -> list[str]:
    return [cell(value.get(column)) for column in TABLES[table]]


def cell(value: Any) -> str:
    """A value as a spreadsheet may see it: nothing in it is run."""
    if value is None:
        return ""
    text = str(value)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return f"'{text}" if not is_number and _FORMULA.match(text) else text


def value_of(column: str, text: str) -> Any:
    """What a cell says: a number where the column holds numbers, a text without the guard before a formula."""
    if column in NUMBERS and _NUMBER.fullmatch(text):
        return float(text) if "." in text else int(text)
    return text[1:] if text[:1] == "'" and _FORMULA.match(text[1:2]) else text


def parents_of(row: Mapping[str, Any]) -> Sequence[str]:
    """Every object a row hangs below."""
    return [value for column, value in row.items() if column in PARENTS and value]
