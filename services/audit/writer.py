"""The one who may write the log: holds the signing key and knows what was published outside the database."""

from dataclasses import dataclass, field
from pathlib import Path

from services.audit import publication
from services.audit.domain.checkpoint import Checkpoint, KeyRing, UnreadableNoteError
from services.audit.keys import Signer, open_checkpoint
from services.chassis.errors import UnavailableError


class LogContradictsError(UnavailableError):
    """The database no longer holds what was once published; nothing is appended until a person has looked."""


@dataclass
class Outside:
    """What lies in the checkpoint directory, read again only when it was replaced."""

    keys: KeyRing
    directory: Path
    _seen: tuple[int, int] | None = field(default=None, init=False)
    _published: Checkpoint | None = field(default=None, init=False)

    def published(self) -> Checkpoint | None:
        """The newest checkpoint outside the database; one that cannot be read is as alarming as one that differs."""
        try:
            stat = (self.directory / publication.LATEST).stat()
            if (stat.st_ino, stat.st_mtime_ns) != self._seen:
                note = publication.latest(self.directory)
                self._published = None if note is None else open_checkpoint(note, self.keys)
                self._seen = (stat.st_ino, stat.st_mtime_ns)
        except FileNotFoundError:
            return None
        except (UnreadableNoteError, OSError, UnicodeDecodeError) as wrong:
            raise LogContradictsError("audit.checkpoint-unreadable") from wrong
        return self._published


@dataclass
class Writer:
    """Signer and checkpoint directory of this process."""

    signer: Signer
    directory: Path
    #: The signer's key and those before it.
    keys: KeyRing | None = None
    #: The size up to which this process has compared the log with what was published.
    confirmed: int = field(default=0, init=False)
    outside: Outside = field(init=False)

    def __post_init__(self) -> None:
        self.outside = Outside(self.keys or KeyRing(self.signer.key), self.directory)

    def published(self) -> Checkpoint | None:
        return self.outside.published()
