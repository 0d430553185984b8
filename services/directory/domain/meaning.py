"""What a well-formed object may still get wrong: fields that contradict each other."""

import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from contracts.codes import EMPLOYER_TOPICS, Audience, Capacity, ChannelKind
from services.directory.domain.objects import Kind
from services.directory.domain.shapes import Problem

Document = Mapping[str, Any]
#: The European Economic Area: to these the Regulation applies, and nothing goes to a third country (GDPR Art. 44).
EEA = frozenset(
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK".split()  # noqa: SIM905
)


def contradictions(kind: Kind, document: Document) -> Iterator[Problem]:
    """Each contradiction inside one object, as (field, expectation)."""
    for check in _CHECKS.get(kind, ()):
        yield from check(document)


def _ages(service: Document) -> Iterator[Problem]:
    if service.get("minimum_age", 0) > service.get("maximum_age", 200):
        yield "maximum_age", "an age not below minimum_age"


def _capacity(document: Document) -> Iterator[Problem]:
    known = document.get("capacity", Capacity.UNKNOWN) != Capacity.UNKNOWN
    if known and "capacity_reported_on" not in document:
        yield "capacity_reported_on", "the day the capacity was reported: a capacity without its date is unknown"


def _employer_topics(service: Document) -> Iterator[Problem]:
    only_employers = bool(service["topics"]) and EMPLOYER_TOPICS.issuperset(service["topics"])
    if service["audience"] == Audience.PERSON and EMPLOYER_TOPICS.intersection(service["topics"]):
        yield "audience", "employer or both: a topic of employers is among the topics"
    if service["audience"] != Audience.EMPLOYER and only_employers:
        yield "audience", "employer: all topics are topics of employers"


def _own_better_body(service: Document) -> Iterator[Problem]:
    if service["id"] in service.get("better_bodies", ()):
        yield "better_bodies", "other services than this one"


def _profession(service: Document) -> Iterator[Problem]:
    if service.get("profession_independent") and service.get("profession_codes"):
        yield "profession_codes", "nothing: the service is independent of the profession"


def _validity(document: Document) -> Iterator[Problem]:
    if document.get("valid_from", "") > document.get("valid_to", "9999"):
        yield "valid_to", "a day not before valid_from"


def _spans(document: Document) -> Iterator[Problem]:
    for name in ("schedules", "funding", "cost_options"):
        for index, span in enumerate(document.get(name, ())):
            if span.get("valid_from", "") > span.get("valid_to", "9999"):
                yield f"{name}[{index}].valid_to", "a day not before valid_from"


def _opening_hours(document: Document) -> Iterator[Problem]:
    for index, schedule in enumerate(document.get("schedules", ())):
        if ("opens_at" in schedule) != ("closes_at" in schedule):
            yield f"schedules[{index}]", "opens_at and closes_at together"
        elif schedule.get("opens_at", "") >= schedule.get("closes_at", "99"):
            yield f"schedules[{index}].closes_at", "a time after opens_at"
        if {"count", "until"} <= schedule.keys():
            yield f"schedules[{index}].count", "either count or until, as RFC 5545 has it"


#: Countries whose postal codes have one form; of others we do not judge.
POSTAL_CODES = {
    "DE": (re.compile(r"[0-9]{5}"), "a postal code of 5 digits"),
    "BE": (re.compile(r"[0-9]{4}"), "a postal code of 4 digits"),
    "NL": (re.compile(r"[0-9]{4} ?[A-Z]{2}"), "a postal code such as 6211 AB"),
}


def _postal_codes(place: Document) -> Iterator[Problem]:
    for index, address in enumerate(place.get("addresses", ())):
        form, expected = POSTAL_CODES.get(address["country"], (None, ""))
        if form is not None and not form.fullmatch(address["postal_code"]):
            yield f"addresses[{index}].postal_code", expected


def _channel(participation: Document) -> Iterator[Problem]:
    channel = participation["channel"]
    for kind, field in ((ChannelKind.WEBHOOK, "webhook_url"), (ChannelKind.LIGHT, "unit_mailbox")):
        if (channel["kind"] == kind) != (field in channel):
            yield f"channel.{field}", f"a value for a channel of kind {kind}, and only there"


def _agreement(participation: Document) -> Iterator[Problem]:
    agreement = participation.get("agreement", {})
    if agreement.get("signed_on", "") > agreement.get("valid_until", "9999"):
        yield "agreement.valid_until", "a day not before signed_on"
    for index, one in enumerate(agreement.get("third_countries", ())):
        if one["country"] in EEA:
            yield f"agreement.third_countries[{index}].country", "a country outside the European Economic Area"


def _terms(participation: Document) -> Iterator[Problem]:
    seen = set()
    for index, terms in enumerate(participation.get("terms", ())):
        if not set(terms["minimum_categories"]) <= set(terms["categories_accepted"]):
            yield f"terms[{index}].minimum_categories", "categories that are also accepted"
        if terms["service_id"] in seen:
            yield f"terms[{index}].service_id", "one entry per service"
        seen.add(terms["service_id"])


_CHECKS: Mapping[Kind, tuple[Callable[[Document], Iterator[Problem]], ...]] = MappingProxyType(
    {
        Kind.SERVICE: (_ages, _capacity, _employer_topics, _own_better_body, _profession, _spans, _opening_hours),
        Kind.ORGANIZATION: (_spans,),
        Kind.LOCATION: (_opening_hours, _spans, _postal_codes),
        Kind.SERVICE_AT_LOCATION: (_opening_hours, _spans),
        Kind.COMPETENCE: (_validity,),
        Kind.REPORT: (_capacity,),
        Kind.PARTICIPATION: (_channel, _agreement, _terms),
    }
)
