"""An editor found that a translation still fits the German text, though this was changed after it."""

from collections.abc import Mapping
from uuid import UUID

from services.chassis.errors import StaleError
from services.chassis.work import Work
from services.directory import store
from services.directory.domain.objects import Kind
from services.directory.domain.translations import german_of, print_of
from services.directory.queries import translations
from services.directory.store import translations as kept


def still_fits(work: Work, kind: Kind, name: UUID, language: str, seen: Mapping[str, str]) -> None:
    """For just the German texts that were seen. Said again it changes nothing; another German text is refused."""
    document = store.load(work.tx, [(kind, str(name))]).get((kind, str(name)), {})
    old = translations.outdated(work.tx, kind, name)
    for field, german_sha256 in seen.items():
        if (field, language) not in old:
            continue
        if print_of(german_of(document, field)) != german_sha256:
            raise StaleError("directory.text-changed")
        kept.keep_check(work, kind, name, field, language, german_sha256)
