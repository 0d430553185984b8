"""What audit alone is told from outside: the key that signs the log, and where checkpoints go."""

import os
from pathlib import Path

from services.audit.domain.checkpoint import COSIGNATURE, KeyRing, UnreadableNoteError, VerifierKey
from services.audit.keys import parse_signer
from services.audit.writer import Writer
from services.chassis.config import ConfigError, Environment


def load_writer(environment: Environment) -> Writer:
    """Signer and checkpoint directory of a process that writes the log."""
    try:
        signer = parse_signer(environment.secret("CHECKPOINT_KEY", "the log's signing key"))
    except UnreadableNoteError as error:
        raise ConfigError("CHECKPOINT_KEY", str(error)) from error
    keys = _public_keys(environment) or KeyRing(signer.key)
    if keys.current != signer.key:
        raise ConfigError("CHECKPOINT_PUBLIC_KEY", "the public half of CHECKPOINT_KEY on its first line")
    return Writer(signer, checkpoint_directory(environment, writable=True), keys)


def load_keys(environment: Environment) -> KeyRing:
    """The public halves, for processes that only read; taken from the signing key where that is all there is."""
    found = _public_keys(environment)
    return found or KeyRing(parse_signer(environment.secret("CHECKPOINT_KEY", "the log's signing key")).key)


def _public_keys(environment: Environment) -> KeyRing | None:
    if not environment.optional("CHECKPOINT_PUBLIC_KEY") and not environment.optional("CHECKPOINT_PUBLIC_KEY_FILE"):
        return None
    try:
        return KeyRing.parse(environment.secret("CHECKPOINT_PUBLIC_KEY", "the log's verifier keys"))
    except UnreadableNoteError as error:
        raise ConfigError("CHECKPOINT_PUBLIC_KEY", str(error)) from error


def load_witnesses(environment: Environment) -> dict[str, VerifierKey]:
    """The witnesses whose countersignatures are kept, by name: a file with one verifier key (type 04) per line."""
    if not environment.optional("WITNESS_KEYS_FILE"):
        return {}
    lines = environment.path("WITNESS_KEYS_FILE").read_text(encoding="utf-8").splitlines()
    try:
        keys = [VerifierKey.parse(line) for line in lines if line.strip()]
    except UnreadableNoteError as error:
        raise ConfigError("WITNESS_KEYS_FILE", str(error)) from error
    if any(key.type != COSIGNATURE for key in keys):
        raise ConfigError("WITNESS_KEYS_FILE", "keys of type 04, which sign with a time")
    return {key.name: key for key in keys}


def checkpoint_directory(environment: Environment, *, writable: bool) -> Path:
    """A directory outside the database; better on another disk, best copied away by somebody else."""
    directory = Path(environment.text("CHECKPOINT_DIR", "the path of a directory"))
    if not directory.is_dir() or not os.access(directory, os.W_OK if writable else os.R_OK):
        raise ConfigError("CHECKPOINT_DIR", f"a directory this process may {'write' if writable else 'read'}")
    return directory
