"""What stood in the way, at the desk: opened with one click, said with a second; corrected on the enquiry's page."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID

from apiflask import APIBlueprint
from flask import redirect, request
from werkzeug.wrappers import Response

from contracts.codes import (
    REJECTION_REASONS,
    LegalSphere,
    NextStep,
    Obstacle,
    ObstacleEffect,
    StaffRole,
)
from contracts.event import OfficialKey
from services.chassis.access import staff
from services.chassis.errors import InvalidError
from services.chassis.work import Work
from services.referral.commands import obstacles
from services.referral.domain.obstacles import LONGEST_WORDS, Met, Said
from services.referral.domain.places import DISTRICTS
from services.referral.domain.referral import Referral
from services.referral.store.enquiries import Enquiry
from services.referral.web.callers import house, staff_actor
from services.referral.web.forms import once_per_form

Codes = TypeVar("Codes", bound=StrEnum)
desk = staff(StaffRole.NAVIGATOR, StaffRole.LEAD)


@dataclass(frozen=True, slots=True)
class Choices:
    """What the forms offer, what was said of this enquiry before, and whether a partner's answer asks for more."""

    kinds: tuple[Obstacle, ...] = tuple(Obstacle)
    effects: tuple[ObstacleEffect, ...] = tuple(ObstacleEffect)
    spheres: tuple[LegalSphere, ...] = tuple(LegalSphere)
    districts: tuple[str, ...] = DISTRICTS
    longest: int = LONGEST_WORDS
    met: tuple[Met, ...] = ()
    asked_for: bool = False


def blueprint() -> APIBlueprint:
    pages = APIBlueprint("obstacles", __name__, url_prefix="/referral/enquiries", enable_openapi=False)
    pages.post("/<uuid:enquiry_id>/obstacles")(record)
    pages.post("/<uuid:enquiry_id>/obstacles/<uuid:obstacle_id>")(correct)
    pages.post("/<uuid:enquiry_id>/obstacles/<uuid:obstacle_id>/withdrawals")(take_back)
    return pages


@desk
def record(enquiry_id: UUID) -> Response:
    """One obstacle of one need; the case's page is shown again where it was said there."""
    by, said, need_id, referral_id = staff_actor(), said_of_form(), _an_id("need_id"), _an_id("referral_id")
    if need_id is None:
        raise InvalidError("request.invalid", {"need_id": "an-id"})

    def run(work: Work) -> tuple[int, dict[str, Any]]:
        met = obstacles.record(work, house().keys.vault, by, enquiry_id, need_id, said, referral_id)
        return 201, {"id": str(met.id)}

    once_per_form(by.actor, enquiry_id, "obstacle", run)
    if referral_id is not None:
        return redirect(f"/referral/referrals/{referral_id}?done=obstacle", 303)
    return redirect(f"/referral/enquiries/{enquiry_id}?done=obstacle#obstacles", 303)


@desk
def correct(enquiry_id: UUID, obstacle_id: UUID) -> Response:
    by, said = staff_actor(), said_of_form()

    def run(work: Work) -> tuple[int, dict[str, Any]]:
        obstacles.correct(work, house().keys.vault, by, enquiry_id, obstacle_id, said)
        return 200, {}

    once_per_form(by.actor, obstacle_id, "obstacle/correct", run)
    return redirect(f"/referral/enquiries/{enquiry_id}?done=obstacle-corrected#obstacles", 303)


@desk
def take_back(enquiry_id: UUID, obstacle_id: UUID) -> Response:
    by = staff_actor()

    def run(work: Work) -> tuple[int, dict[str, Any]]:
        obstacles.take_back(work, by, enquiry_id, obstacle_id)
        return 200, {}

    once_per_form(by.actor, obstacle_id, "obstacle/take-back", run)
    return redirect(f"/referral/enquiries/{enquiry_id}?done=obstacle-taken-back#obstacles", 303)


def section(work: Work, enquiry: Enquiry) -> Choices:
    """What the enquiry's page shows: what stood in the way, and the choices of the forms."""
    return Choices(met=tuple(obstacles.of_enquiry(work, house().keys.vault, staff_actor(), enquiry)))


def choices(referral: Referral) -> Choices:
    """For the case's page; the form stands open where the partner's reason asks for an obstacle."""
    reason = REJECTION_REASONS.get(referral.rejection) if referral.rejection else None
    return Choices(asked_for=reason is not None and reason.next_step is NextStep.RECORD_OBSTACLE)


def said_of_form() -> Said:
    kind = _one_of("kind", Obstacle)
    if kind is None:
        raise InvalidError("request.invalid", {"kind": "one-of-the-list"})
    area = request.form.get("area", "").strip()
    if area and area not in DISTRICTS:
        raise InvalidError("request.invalid", {"area": "one-of-the-list"})
    words = request.form.get("words", "").replace("\r\n", "\n").strip()
    return Said(
        kind,
        _one_of("effect", ObstacleEffect),
        _one_of("legal_sphere", LegalSphere),
        OfficialKey(area) if area else None,
        words,
    )


def _one_of(name: str, codes: type[Codes]) -> Codes | None:
    given = request.form.get(name, "").strip()
    if given and given not in set(codes):
        raise InvalidError("request.invalid", {name: "one-of-the-list"})
    return codes(given) if given else None


def _an_id(name: str) -> UUID | None:
    given = request.form.get(name, "").strip()
    try:
        return UUID(given) if given else None
    except ValueError:
        raise InvalidError("request.invalid", {name: "an-id"}) from None
