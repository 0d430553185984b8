"""What stood in the way in a single case: codes that are counted, and words that stay with the person."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from contracts.codes import LegalSphere, Obstacle, ObstacleEffect, Topic
from contracts.event import OfficialKey
from contracts.referral import ObstacleCorrected, ObstacleRecorded, ObstacleTakenBack
from services.chassis.errors import InvalidError
from services.referral.domain.places import DISTRICTS

LONGEST_WORDS = 2_000


@dataclass(frozen=True, slots=True)
class Said:
    """What a navigator says of it: what it was, and as much more as she knows."""

    kind: Obstacle
    effect: ObstacleEffect | None = None
    legal_sphere: LegalSphere | None = None
    #: The district it was met in - a body's, not the one the person lives in.
    area: OfficialKey | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class Met:
    """An obstacle of a case as it is kept."""

    id: UUID
    enquiry_id: UUID
    need_id: UUID
    person_id: UUID
    topic: Topic
    said: Said
    recorded_at: datetime
    referral_id: UUID | None = None
    changed_at: datetime | None = None
    words_id: UUID | None = None


def check(said: Said) -> None:
    """Words have an end, and an area is one of the region's districts."""
    wrong: dict[str, str] = {}
    if len(said.words) > LONGEST_WORDS:
        wrong["words"] = "at-most-2000-characters"
    if said.area is not None and str(said.area) not in DISTRICTS:
        wrong["area"] = "one-of-the-list"
    if wrong:
        raise InvalidError("request.invalid", wrong)


def same_words(one: str, other: str) -> bool:
    """The same text, however it was broken into lines or written in capitals."""
    return " ".join(one.split()).casefold() == " ".join(other.split()).casefold()


def recorded(one: Met) -> ObstacleRecorded:
    return ObstacleRecorded(**_codes(one))


def corrected(one: Met) -> ObstacleCorrected:
    return ObstacleCorrected(**_codes(one))


def taken_back(one: Met) -> ObstacleTakenBack:
    return ObstacleTakenBack(
        obstacle_id=one.id, enquiry_id=one.enquiry_id, need_id=one.need_id, referral_id=one.referral_id
    )


def _codes(one: Met) -> dict[str, Any]:
    """All of it but the words, and whom it is about stands with the need."""
    return {
        "obstacle_id": one.id,
        "enquiry_id": one.enquiry_id,
        "need_id": one.need_id,
        "referral_id": one.referral_id,
        "topic": one.topic,
        "obstacle": one.said.kind,
        "effect": one.said.effect,
        "legal_sphere": one.said.legal_sphere,
        "area": one.said.area,
    }
