"""What was agreed with the staff council about looking at how staff work: nothing, until configuration names it."""

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class StaffRules:
    """The agreement the rules rest on (§ 87 Abs. 1 Nr. 6 BetrVG, § 72 Abs. 3 LPVG NRW **[law]**), and thresholds."""

    agreement: str | None
    agreed_on: date | None
    zone: str
    #: Minutes after midnight; Monday is day 1.
    opens: int
    closes: int
    days: tuple[int, ...]
    #: Country and state whose holidays are days off, such as DE-NW; or none.
    calendar: str
    cases_per_hour: int

    @property
    def is_on(self) -> bool:
        return self.agreement is not None


@dataclass(frozen=True, slots=True)
class InForce:
    """Rules as an entry of the log set them: they judge what happened from that entry on until the next."""

    rules: StaffRules
    position: int
    since: datetime
    until: datetime | None
