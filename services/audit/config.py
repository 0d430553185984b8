"""What audit alone is told from outside: the key that signs the log, and where checkpoints go."""

import os
from pathlib import Path

from services.audit.domain.checkpoint import UnreadableNoteError, VerifierKey
from services.audit.keys import parse_signer
from services.audit.writer import Writer
from services.chassis.config import ConfigError, Environment


def load_writer(environment: Environment) -> Writer:
    """Signer and checkpoint directory of a process that writes the log."""
    try:
        signer = parse_signer(environment.secret("CHECKPOINT_KEY", "the log's signing key"))
    except UnreadableNoteError as error:
        raise ConfigError("CHECKPOINT_KEY", str(error)) from error
    return Writer(signer, checkpoint_directory(environment, writable=True))


def load_verifier_key(environment: Environment) -> VerifierKey:
    """The public half, for processes that only read; taken from the signing key where that is all there is."""
    if environment.optional("CHECKPOINT_PUBLIC_KEY") or environment.optional("CHECKPOINT_PUBLIC_KEY_FILE"):
        try:
            return VerifierKey.parse(environment.secret("CHECKPOINT_PUBLIC_KEY", "the log's verifier key"))
        except UnreadableNoteError as error:
            raise ConfigError("CHECKPOINT_PUBLIC_KEY", str(error)) from error
    return parse_signer(environment.secret("CHECKPOINT_KEY", "the log's signing key")).key


def checkpoint_directory(environment: Environment, *, writable: bool) -> Path:
    """A directory outside the database; better on another disk, best copied away by somebody else."""
    directory = Path(environment.text("CHECKPOINT_DIR", "the path of a directory"))
    if not directory.is_dir() or not os.access(directory, os.W_OK if writable else os.R_OK):
        raise ConfigError("CHECKPOINT_DIR", f"a directory this process may {'write' if writable else 'read'}")
    return directory
