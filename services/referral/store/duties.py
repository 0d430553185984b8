"""What partners owe, as a referral's row says it; the table `ledger` follows by a trigger."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from contracts.codes import DataCategory, Duty, DutyCause, DutyState, RetentionGround, Way
from services.referral.domain.duties import OpenDuty, SettledDuty


def open_to_json(one: OpenDuty) -> dict[str, Any]:
    return {
        "id": str(one.id),
        "duty": one.duty,
        "cause": one.cause,
        "category": one.category,
        "opened_at": one.opened_at.isoformat(),
        "due_on": one.due_on.isoformat(),
    }


def settled_to_json(one: SettledDuty) -> dict[str, Any]:
    return {
        **open_to_json(one.was),
        "state": one.state,
        "settled_at": one.settled_at.isoformat(),
        "ground": one.ground,
        "by_hand": one.by_hand,
    }


def open_from_json(document: Mapping[str, Any]) -> OpenDuty:
    return OpenDuty(
        id=UUID(document["id"]),
        duty=Duty(document["duty"]),
        cause=DutyCause(document["cause"]),
        category=DataCategory(document["category"]) if document["category"] else None,
        opened_at=datetime.fromisoformat(document["opened_at"]),
        due_on=date.fromisoformat(document["due_on"]),
    )


def settled_from_json(document: Mapping[str, Any]) -> SettledDuty:
    return SettledDuty(
        was=open_from_json(document),
        state=DutyState(document["state"]),
        settled_at=datetime.fromisoformat(document["settled_at"]),
        ground=RetentionGround(document["ground"]) if document["ground"] else None,
        by_hand=Way(document["by_hand"]) if document["by_hand"] else None,
    )
