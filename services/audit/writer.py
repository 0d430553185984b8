"""The one who may write the log: holds the signing key and knows what was published outside the database."""

from dataclasses import dataclass, field
from pathlib import Path

from services.audit import publication
from services.audit.domain.checkpoint import Checkpoint
from services.audit.keys import Signer, open_checkpoint
from services.chassis.errors import UnavailableError


class LogContradictsError(UnavailableError):
    """The database no longer holds what was once published; nothing is appended until a person has looked."""


@dataclass
class Writer:
    """Signer and checkpoint directory of this process; remembers the last published note it has read."""

    signer: Signer
    directory: Path
    _seen: tuple[int, int] | None = field(default=None, init=False)
    _published: Checkpoint | None = field(default=None, init=False)
    confirmed: int = field(default=0, init=False)

    def published(self) -> Checkpoint | None:
        """The newest checkpoint outside the database; read again only when the file was replaced."""
        try:
            stat = (self.directory / publication.LATEST).stat()
        except FileNotFoundError:
            return None
        stamp = (stat.st_ino, stat.st_mtime_ns)
        if stamp != self._seen:
            note = publication.latest(self.directory)
            self._published = None if note is None else open_checkpoint(note, self.signer.key)
            self._seen = stamp
        return self._published
