"""What can go wrong, by what to do about it."""

from collections.abc import Mapping
from typing import Any


class PartnerKitError(Exception):
    """Anything this kit raises on purpose."""


class SettingsError(PartnerKitError):
    """A setting is missing or wrong; the message names it and says what was expected."""


class AwayError(PartnerKitError):
    """The network did not answer, or said that it cannot now: try again later, nothing was decided."""

    def __init__(self, message: str, retry_after: float = 0.0) -> None:
        self.retry_after = retry_after
        super().__init__(message)


class RefusedError(PartnerKitError):
    """The network said no (RFC 9457 problem details); `slug` is stable, `fields` names what is wrong with which."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status = status
        self.slug = str(problem.get("slug", "unknown"))
        self.title = str(problem.get("title", ""))
        self.number = str(problem.get("instance", ""))
        self.fields: Mapping[str, Any] = problem.get("fields") or {}
        super().__init__(f"{self.slug}: {self.title}".strip(": "))


class StaleError(RefusedError):
    """The referral has changed since it was looked at: look again and decide anew."""


class CommandError(PartnerKitError):
    """The partner's own command did not take a file."""


class UnreadableError(PartnerKitError):
    """A dossier or message that none of our keys opens, or that is sealed in a way we do not accept."""
