"""Withdrawal at the desk: as easy as giving, one button for each thing that was consented to, however it was told."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from apiflask import APIBlueprint
from flask import redirect, request
from werkzeug.wrappers import Response

from contracts.codes import DataCategory, StaffRole, WithdrawalChannel
from services.chassis.access import staff
from services.chassis.errors import InvalidError
from services.chassis.work import Work
from services.referral.commands import withdrawing
from services.referral.domain.grounds import Consent, EnterpriseRequest
from services.referral.domain.withdrawing import Part, may_be_taken_back
from services.referral.queries import self_service
from services.referral.store import consents
from services.referral.store.enquiries import Enquiry
from services.referral.web.callers import house, staff_actor
from services.referral.web.forms import once_per_form, request_key_of
from services.referral.web.names import Names

navigators = staff(StaffRole.NAVIGATOR, StaffRole.LEAD)
#: How somebody tells the desk; online she does it herself.
TOLD = tuple(channel for channel in WithdrawalChannel if channel is not WithdrawalChannel.ONLINE)


def blueprint() -> APIBlueprint:
    pages = APIBlueprint("withdrawals", __name__, url_prefix="/referral/enquiries", enable_openapi=False)
    pages.post("/<uuid:enquiry_id>/grounds/<uuid:ground_id>/withdrawals")(withdraw)
    return pages


@dataclass(frozen=True, slots=True)
class Row:
    """One body a ground names (or all of them), and the buttons beside it: everything, and each kind of data."""

    name: str | None
    whole: str
    categories: tuple[tuple[str, DataCategory], ...]


def of_closed(work: Work, enquiry: Enquiry) -> dict[str, Any]:
    """What can still be taken back in a closed case: bodies, kinds of data and days, and not a word about anybody."""
    names = Names(work.tx)
    grounds: list[Consent | EnterpriseRequest] = []
    for member in enquiry.with_former().members:
        holders = self_service.holders(work.tx, member.person_id)
        given: list[Consent | EnterpriseRequest] = [*consents.of_person(work.tx, member.person_id)]
        given += consents.requests_of(work.tx, member.person_id)
        grounds += [one for one in given if may_be_taken_back(one, work.today, holders)]
    return {
        "grounds": grounds,
        "withdrawable": lambda ground: rows_of(ground, names),
        "told_by": TOLD,
        "request_key": uuid4().hex,
    }


def rows_of(ground: Consent | EnterpriseRequest, names: Names) -> list[Row]:
    """What can be withdrawn by one press; what is the same by two buttons has one."""
    if isinstance(ground, EnterpriseRequest):
        bodies = [Row(names.service(service), f"{named}/{service}/", ()) for named, service in ground.recipients]
    else:
        bodies = [_row(one.organization_id, one.service_id, one.categories, names) for one in ground.recipients]
    return bodies if len(bodies) == 1 else [Row(None, "//", tuple(_for_all(ground))), *bodies]


def _row(organization_id: UUID, service_id: UUID | None, categories: tuple[DataCategory, ...], names: Names) -> Row:
    body = f"{organization_id}/{service_id or ''}/"
    name = names.service(service_id) if service_id else names.organization(organization_id)
    found = tuple((f"{body}{category.value}", category) for category in categories) if len(categories) > 1 else ()
    return Row(f"{names.organization(organization_id)} – {name}", body, found)


def _for_all(ground: Consent | EnterpriseRequest) -> Iterator[tuple[str, DataCategory]]:
    """Kinds of data that more than one body is told."""
    if isinstance(ground, Consent):
        told = [category for one in ground.recipients for category in one.categories]
        yield from ((f"//{one.value}", one) for one in DataCategory if told.count(one) > 1)


def part_of(given: str) -> Part:
    """A button's value: organization, service and kind of data, each of them possibly left open."""
    words = given.split("/")
    try:
        organization_id, service_id = (UUID(word) if word else None for word in words[:2])
        category = DataCategory(words[2]) if words[2] else None
    except (ValueError, IndexError):
        raise InvalidError("request.invalid", {"part": "a-button-of-the-page"}) from None
    return Part(organization_id=organization_id, service_id=service_id, category=category)


@navigators
def withdraw(enquiry_id: UUID, ground_id: UUID) -> Response:
    """Take back what the button says. Whatever it carried stops at once."""
    by, own, form = staff_actor(), house(), request.form
    pressed, channel = form.get("part", ""), form.get("channel", "")
    if channel not in set(WithdrawalChannel):
        raise InvalidError("request.invalid", {"channel": "how-it-was-told"})
    part = part_of(pressed)

    def run(work: Work) -> tuple[int, dict[str, Any]]:
        withdrawing.withdraw_at_desk(
            work, own.keys, by, enquiry_id, ground_id, channel=WithdrawalChannel(channel), part=part
        )
        return 201, {}

    key = f"{request_key_of(form)}:{pressed}"
    once_per_form(by.actor, enquiry_id, f"withdraw/{ground_id}", run, key=key)
    return redirect(f"/referral/enquiries/{enquiry_id}?done=withdrawal#consents", 303)
