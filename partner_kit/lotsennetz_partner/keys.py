"""Keys and seals: our own pairs open dossiers, the network's public key seals our words. One list of algorithms."""

import base64
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, KeySet, RSAKey

from lotsennetz_partner.errors import SettingsError, UnreadableError

WRAPPING = {"RSA": "RSA-OAEP-256", "EC": "ECDH-ES+A256KW", "OKP": "ECDH-ES+A256KW"}
CONTENT = "A256GCM"
ALLOWED = [*sorted(set(WRAPPING.values())), CONTENT]
LARGEST = 4_000_000
RSA_BITS = 4096


class Roomy(jwe.JWERegistry):
    """Takes what a scanned paper needs; the library stops at 64 kilobytes, and the client has looked at the size."""

    max_ciphertext_length = 70_000_000


Key = Any


def generate(kind: str = "EC", use: str = "enc") -> Key:
    """A new pair: `EC` on P-256 (quick), or `RSA` with 4096 bits where a system knows nothing newer.

    To open dossiers (`enc`), or to sign receipts (`sig`): one for each, so that neither can be asked to do the other.
    """
    parameters: Any = {"use": use}
    if kind == "RSA":
        return RSAKey.generate_key(RSA_BITS, parameters, auto_kid=True)
    return ECKey.generate_key("P-256", parameters, auto_kid=True)


def public(key: Key) -> dict[str, Any]:
    """The half to hand in."""
    return {**key.as_dict(private=False), "kid": key.kid, "use": _use(key)}


def _use(key: Key) -> str:
    return str(key.as_dict(private=False).get("use", "enc"))


def write(key: Key, file: Path) -> None:
    """Keep the pair in a new file that only we may read; a file that is there is never overwritten."""
    content = json.dumps({**key.as_dict(private=True), "kid": key.kid, "use": _use(key)}, indent=2)
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        out.write(content + "\n")


def read(files: Sequence[Path]) -> list[Key]:
    """Our pairs, the current one and those that still open what was sealed before a rotation."""
    found: list[Key] = []
    for file in files:
        try:
            document = json.loads(file.read_text(encoding="utf-8"))
            keys = document.get("keys", [document])
            found += [_private(JWKRegistry.import_key(dict(one))) for one in keys]
        except OSError as error:
            raise SettingsError(f"{file}: cannot be read ({error.strerror})") from error
        except (ValueError, TypeError, KeyError, JoseError) as error:
            raise SettingsError(f"{file}: expected a private JSON Web Key or key set") from error
    return found


def _private(key: Key) -> Key:
    if not key.is_private or key.key_type not in WRAPPING:
        raise ValueError
    key.ensure_kid()
    return key


def open_sealed(sealed: str, own: Iterable[Key]) -> dict[str, Any]:
    """The dossier inside."""
    if len(sealed) > LARGEST:
        raise UnreadableError("sealed dossier: larger than we accept")
    try:
        document = json.loads(open_bytes(sealed, own)[1] or b"{}")
    except ValueError as error:
        raise UnreadableError(f"sealed dossier: does not open ({type(error).__name__})") from error
    if not isinstance(document, dict):
        raise UnreadableError("sealed dossier: expected an object")
    return document


def open_bytes(sealed: str, own: Iterable[Key]) -> tuple[str, bytes]:
    """Media type and bytes of what is sealed; tried with the key its header names. Compressed ones are refused."""
    try:
        header = header_of(sealed)
        if "zip" in header:
            raise UnreadableError("sealed dossier: compressed content is not accepted")
        named = [key for key in own if header.get("kid") in (None, key.kid)]
        if not named:
            raise UnreadableError(f"sealed dossier: sealed to key {header.get('kid')}, which is not among ours")
        opened = jwe.decrypt_compact(sealed, named[0], registry=Roomy(algorithms=ALLOWED))
    except (JoseError, ValueError, TypeError) as error:
        raise UnreadableError(f"sealed dossier: does not open ({type(error).__name__})") from error
    return str(header.get("cty", "")), opened.plaintext or b""


def header_of(token: str) -> Mapping[str, Any]:
    """The protected header of a compact JWE or JWS, before anything is decrypted or checked."""
    first = token.partition(".")[0]
    header = json.loads(base64.urlsafe_b64decode(first + "=" * (-len(first) % 4)))
    if not isinstance(header, dict):
        raise ValueError("a header is an object")
    return header


def seal_words(words: str, key_set: Mapping[str, Any]) -> str:
    """Free text, sealed to the newest key of the welcome center; it exists in the open on no wire."""
    sealing = [one for one in key_set["keys"] if one.get("use") != "sig"]
    key = next(iter(KeySet.import_key_set({"keys": sealing}).keys))
    header = {"alg": WRAPPING[key.key_type], "enc": CONTENT, "kid": key.kid}
    return jwe.encrypt_compact(header, words.encode(), key, algorithms=ALLOWED)
