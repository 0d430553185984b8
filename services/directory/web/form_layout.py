"""How the fields of an object are put together on its form: what belongs together, and what most forms do not need."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from services.directory.domain.forms import NEVER_TYPED
from services.directory.domain.objects import FIELDS, Kind


@dataclass(frozen=True, slots=True)
class Section:
    """Fields under one heading; one that is folded opens when something is in it."""

    heading: str
    fields: Sequence[str]
    is_folded: bool = True


SECTIONS: Mapping[Kind, Sequence[Section]] = {
    Kind.SERVICE: (
        Section(
            "section:what",
            ("organization_id", "name", "description", "status", "topics", "areas", "audience", "role"),
            is_folded=False,
        ),
        Section(
            "section:whom",
            (
                "eligibility_description",
                "eligibility",
                "minimum_age",
                "maximum_age",
                "legal_spheres",
                "residence_independent",
                "profession_independent",
                "profession_codes",
                "leika_keys",
            ),
        ),
        Section(
            "section:contact",
            ("phones", "email", "url", "contacts", "schedules", "languages", "interpreters"),
        ),
        Section(
            "section:course",
            ("application_process", "required_documents", "fees_description", "cost_options", "wait_time", "alert"),
        ),
        Section(
            "section:beside",
            (
                "delimitation",
                "better_bodies",
                "overlap_group",
                "overlap_justification",
                "own_measure",
                "funding",
                "excludes_funders",
            ),
        ),
        Section("section:checked", ("sources", "assured_date", "assurer_email"), is_folded=False),
    ),
    Kind.ORGANIZATION: (
        Section(
            "section:what", ("name", "description", "organization_type", "parent_organization_id"), is_folded=False
        ),
        Section("section:contact", ("phones", "email", "website", "contacts")),
        Section("section:network", ("sites", "social_data_body", "must_stand_alone", "own_measure", "funding")),
        Section("section:checked", ("sources",), is_folded=False),
    ),
    Kind.LOCATION: (
        Section("section:what", ("organization_id", "name", "location_type", "description"), is_folded=False),
        Section("section:way", ("addresses", "transportation", "accessibility", "latitude", "longitude")),
        Section("section:contact", ("phones", "url", "contacts", "schedules", "languages")),
        Section("section:checked", ("sources",), is_folded=False),
    ),
    Kind.SERVICE_AT_LOCATION: (
        Section("section:what", ("service_id", "location_id", "description"), is_folded=False),
        Section("section:contact", ("phones", "contacts", "schedules")),
        Section("section:checked", ("sources",), is_folded=False),
    ),
    Kind.SOURCE: (
        Section("section:what", ("title", "publisher", "url", "published_on", "retrieved_on"), is_folded=False),
    ),
}


def sections(kind: Kind, *, is_new: bool) -> Iterator[Section]:
    """The sections of a form; what no section names stands in the last one."""
    left_out = set(NEVER_TYPED) if is_new else {*NEVER_TYPED, "status"}
    placed = {name for section in SECTIONS[kind] for name in section.fields}
    rest = [name for name in FIELDS[kind] if name not in placed | left_out]
    for section in SECTIONS[kind]:
        fields = [name for name in section.fields if name not in left_out]
        yield Section(section.heading, fields, section.is_folded)
    if rest:
        yield Section("section:further", rest)
