"""An editor found that a translation still fits the German text, though this was changed after it."""

from collections.abc import Mapping
from uuid import UUID

from services.chassis.errors import StaleError
from services.chassis.work import Work
from services.directory.store import translations as kept


def still_fits(work: Work, kind: str, name: UUID, language: str, seen: Mapping[str, str]) -> None:
    """For just the German texts that were seen. Said again it changes nothing; another German text is refused."""
    outdated = kept.outdated_prints(work, kind, name, language)
    for field, german_sha256 in seen.items():
        if field in outdated and outdated[field] != german_sha256:
            raise StaleError("directory.text-changed")
        if field in outdated:
            kept.keep_check(work, kind, name, field, language, german_sha256)
