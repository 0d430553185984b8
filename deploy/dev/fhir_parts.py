"""The generated part of the page on FHIR: every status as FHIR and BSeR call it."""

from contracts.codes import FHIR_TASK_STATUS
from deploy.dev.markdown import table
from services.referral.domain.fhir import BSER_STATUS, DISPLAY


def fhir_status() -> str:
    rows = [
        (f"`{status}`", f"`{FHIR_TASK_STATUS[status]}`", f"`{bser.value}` {DISPLAY[bser]}" if bser else "–")
        for status, bser in BSER_STATUS.items()
    ]
    return table(("status here", "`Task.status`", "BSeR in `Task.businessStatus`"), rows)
