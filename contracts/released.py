"""A schema is released by its entry in CHANGELOG.md, and from then on it never changes.

An entry reads ``- released schema `referral.rejected.v1` sha256:<64 hexadecimal digits>``.
"""

import hashlib
import re
from collections.abc import Mapping

_ENTRY = re.compile(r"^- released schema `([a-z0-9_.]+)` sha256:([0-9a-f]{64})\s*$", re.MULTILINE)


def entry_for(name: str, content: bytes) -> str:
    """The line that releases a schema."""
    return f"- released schema `{name}` sha256:{hashlib.sha256(content).hexdigest()}"


def broken_promises(changelog: str, schemas: Mapping[str, bytes]) -> list[str]:
    """The released schemas that are gone or no longer what they were."""
    promised = _ENTRY.findall(changelog)
    return [
        name for name, digest in promised if name not in schemas or hashlib.sha256(schemas[name]).hexdigest() != digest
    ]
