"""The code lists as data: for partners whose program shows a list to choose from."""

from enum import StrEnum
from typing import Any

from contracts import codes
from contracts.codes import END_REASONS, FHIR_TASK_STATUS, REJECTION_REASONS, Reason


def all_lists() -> dict[str, Any]:
    """Every list with its codes; reasons with what they mean for the sender; status with its FHIR counterpart."""
    lists = {
        name: [code.value for code in found]
        for name, found in sorted(vars(codes).items())
        if isinstance(found, type) and issubclass(found, StrEnum) and found is not StrEnum
    }
    return {
        "lists": lists,
        "rejection_reasons": [_reason(reason) for reason in REJECTION_REASONS.values()],
        "end_reasons": [_reason(reason) for reason in END_REASONS.values()],
        "fhir_task_status": {status.value: FHIR_TASK_STATUS[status] for status in codes.Status},
    }


def _reason(reason: Reason) -> dict[str, Any]:
    return {
        "code": str(reason.code),
        "cause": reason.cause.value,
        "next_step": reason.next_step.value,
        "needs_comment": reason.needs_comment,
        "valid_from": reason.valid_from.isoformat(),
        "valid_until": reason.valid_until.isoformat() if reason.valid_until else None,
    }
