"""What the configuration says about asking for duplicate care: how often, and whether other controllers at all.

Asking another controller about a person is a processing of its own with a high risk (GDPR Art. 35): the switch
`CROSS_CONTROLLER_CHECK` stays off until an impact assessment is named by reference and date [law].
"""

from dataclasses import dataclass
from datetime import date

from services.chassis.clock import SystemClock
from services.chassis.config import ConfigError, Environment
from services.referral.controllers import Controllers
from services.referral.domain.duplicate_care import USUAL_PER_DAY, AskingRule

MOST_PER_DAY = 100_000


@dataclass(frozen=True, slots=True)
class ImpactAssessment:
    """Where the impact assessment is filed, and when it was signed."""

    reference: str
    signed_on: date


def load(settings: Environment, controllers: Controllers, assessment: ImpactAssessment | None) -> AskingRule:
    """How often a member of staff may ask in a day, and who besides the own controller."""
    per_day = settings.number("DUPLICATE_QUESTIONS_PER_DAY", USUAL_PER_DAY, low=1, high=MOST_PER_DAY)
    others = tuple(one.organization_id for one in controllers.all) if assessment else ()
    return AskingRule(per_day, others)


def load_assessment(settings: Environment, controllers: Controllers) -> ImpactAssessment | None:
    """The assessment, if the switch is on; a switch without one stops the process."""
    if settings.text("CROSS_CONTROLLER_CHECK", "on or off", "off", matches=r"on|off") == "off":
        return None
    reference = settings.text(
        "CROSS_CONTROLLER_DPIA",
        "the reference of the data-protection impact assessment, because CROSS_CONTROLLER_CHECK is on",
        matches=r"\S.{0,199}",
    )
    signed_on = _day(settings)
    if len(controllers.all) < 2:
        raise ConfigError("CROSS_CONTROLLER_CHECK", "off, or a second controller in CONTROLLERS")
    return ImpactAssessment(reference.strip(), signed_on)


def _day(settings: Environment) -> date:
    expected = "the day the impact assessment was signed, as 2026-11-26 and not in the future"
    try:
        day = date.fromisoformat(settings.text("CROSS_CONTROLLER_DPIA_ON", expected))
    except ValueError:
        raise ConfigError("CROSS_CONTROLLER_DPIA_ON", expected) from None
    if day > SystemClock().today():
        raise ConfigError("CROSS_CONTROLLER_DPIA_ON", expected)
    return day
