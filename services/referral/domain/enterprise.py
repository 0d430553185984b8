"""An employer asks to be put in touch: named bodies, named purposes, until a day - and nothing about any worker."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from contracts.codes import AskedBy, Purpose
from services.chassis.errors import InvalidError
from services.referral.domain.capture import GENERAL_PURPOSES, LONGEST_MONTHS, Problem, Service, add_months
from services.referral.domain.drafting import ConsentText, Review
from services.referral.domain.grounds import EnterpriseRequest


def record(
    request: EnterpriseRequest, *, services: Sequence[Service], notice: ConsentText, on: date
) -> EnterpriseRequest:
    """Check everything an employer's request needs and return it as it is kept."""
    found: dict[str, str] = {}
    for field, expected in _problems(request, services, notice, on):
        found.setdefault(field, expected)
    if found:
        raise InvalidError("enterprise-request.incomplete", found)
    return request


def who_asked(record: Mapping[str, Any]) -> AskedBy:
    """Read from what is recorded: a named human first, then ways to reach nobody in particular."""
    for field, asked_by in (
        ("contact_name", AskedBy.NAMED_CONTACT),
        ("mailbox", AskedBy.FUNCTION_MAILBOX),
        ("phone", AskedBy.TELEPHONE),
        ("company", AskedBy.COMPANY),
    ):
        if record.get(field):
            return asked_by
    return AskedBy.NOBODY


def _problems(
    request: EnterpriseRequest, services: Sequence[Service], notice: ConsentText, on: date
) -> Iterator[Problem]:
    if not request.notice_given:
        yield "notice_given", "the-company-knows-what-is-passed-on-to-whom"
    if notice.retired:
        yield "notice_language", "the-notice-in-use"
    if notice.review is not Review.REVIEWED:
        yield "notice_language", "a-reviewed-notice"
    if request.asked_on is not None and request.asked_on > on:
        yield "asked_on", "not-in-the-future"
    if request.valid_until < on:
        yield "valid_until", "not-in-the-past"
    if request.valid_until > add_months(on, LONGEST_MONTHS):
        yield "valid_until", "at-most-twelve-months"
    if not request.controllers:
        yield "controllers", "named-in-the-configuration"
    yield from _to_whom(request, services)


def _to_whom(request: EnterpriseRequest, services: Sequence[Service]) -> Iterator[Problem]:
    if not request.recipients:
        yield "recipients", "named-not-blanket"
    if any(times > 1 for times in Counter(request.recipients).values()):
        yield "recipients", "each-once"
    known = {(one.organization_id, one.service_id): one for one in services}
    services_known = {one.service_id for one in services}
    for organization_id, service_id in request.recipients:
        found = known.get((organization_id, service_id))
        if found is None:
            foreign = service_id in services_known
            yield "recipients", "the-organizations-own-service" if foreign else "known-to-the-directory"
        elif found.must_stand_alone and len({one for one, _ in request.recipients}) > 1:
            yield "recipients", "this-body-alone"
    offered: set[Purpose] = set().union(*(one.purposes for one in services), GENERAL_PURPOSES)
    if not request.purposes:
        yield "purposes", "named-not-blanket"
    elif not set(request.purposes) <= offered:
        yield "purposes", "offered-by-the-service"
