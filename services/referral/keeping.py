"""How long things are kept here, how long a hold may last, from which hour a night's run starts: configuration."""

from dataclasses import dataclass, field

from contracts.codes import RetentionKind
from services.chassis.config import ConfigError, Environment
from services.referral.domain.retention import DEFAULTS, Period, Periods, period


@dataclass(frozen=True, slots=True)
class Retention:
    """What the deletion job is told from outside."""

    periods: Periods = field(default_factory=Periods)
    #: No hold lasts longer without somebody looking at it anew.
    hold_months: int = 12
    hour: int = 2


def load(settings: Environment) -> Retention:
    """``RETENTION_PERIODS`` names what differs from the defaults: ``CLOSED_CASE=24m REFERRAL_DRAFT=60d``."""
    return Retention(
        periods=Periods({**DEFAULTS, **dict(map(_one, (settings.optional("RETENTION_PERIODS") or "").split()))}),
        hold_months=settings.number("HOLD_MOST_MONTHS", 12, low=1, high=36),
        hour=settings.number("RETENTION_HOUR", 2, low=0, high=23),
    )


@dataclass(frozen=True, slots=True)
class Told:
    """One kind of data and its time, as persons and the record of processing are told: `unit` is day, month or year."""

    what: str
    amount: int
    unit: str


#: What persons are told by name; the audit log's time is its own.
NAMES = {
    "enquiry": RetentionKind.ENQUIRY_WITHOUT_REFERRAL,
    "case": RetentionKind.CLOSED_CASE,
    "draft": RetentionKind.REFERRAL_DRAFT,
    "dossier": RetentionKind.CUSTODIAL_DOSSIER,
    "consent": RetentionKind.CONSENT_RECORD,
}
OF_THE_LOG = Told("log", 3, "year")


def told(periods: Periods) -> tuple[Told, ...]:
    """The same periods the deletion job goes by. All of it [law]."""
    return (*(_told(name, periods.of[kind]) for name, kind in NAMES.items()), OF_THE_LOG)


def _told(what: str, kept: Period) -> Told:
    if kept.days:
        return Told(what, kept.days, "day")
    # Up to a year people count in months.
    years, months = divmod(kept.months, 12)
    return Told(what, years, "year") if years > 1 and not months else Told(what, kept.months, "month")


def _one(spelled: str) -> tuple[RetentionKind, Period]:
    name, _, long = spelled.partition("=")
    try:
        return RetentionKind(name), period(long)
    except ValueError as error:
        known = ", ".join(RetentionKind)
        raise ConfigError("RETENTION_PERIODS", f"KIND=90d, 6m or 3y, divided by blanks; kinds are {known}") from error
