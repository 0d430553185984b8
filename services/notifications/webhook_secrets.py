"""Webhook secrets at rest: sealed under a key derived from the deployment key, bound to their organization."""

import base64
import os
import re
from collections.abc import Sequence
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from services.chassis.errors import InvalidError

_FORM = re.compile(r"whsec_[A-Za-z0-9+/]{32,88}={0,2}")
_NONCE = 12


def new_secret() -> str:
    """A fresh secret in the form of Standard Webhooks."""
    return "whsec_" + base64.b64encode(os.urandom(32)).decode()


def checked(secret: object) -> str:
    """A secret handed in; 24 to 64 bytes in base64 after ``whsec_``."""
    expected = {"secret": "whsec_-and-24-to-64-bytes-base64"}
    if not isinstance(secret, str) or not _FORM.fullmatch(secret):
        raise InvalidError("webhook.secret-malformed", expected)
    try:
        size = len(base64.b64decode(secret.removeprefix("whsec_"), validate=True))
    except ValueError as error:
        raise InvalidError("webhook.secret-malformed", expected) from error
    if not 24 <= size <= 64:
        raise InvalidError("webhook.secret-malformed", expected)
    return secret


def seal(secret: str, organization_id: UUID, deployment_key: bytes) -> bytes:
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(_key(deployment_key)).encrypt(nonce, secret.encode(), organization_id.bytes)


def open_sealed(sealed: bytes, organization_id: UUID, deployment_key: bytes) -> str | None:
    """The secret; None if it was sealed under another key or for somebody else."""
    try:
        cipher = AESGCM(_key(deployment_key))
        return cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], organization_id.bytes).decode()
    except InvalidTag:
        return None


def opened(sealed: Sequence[bytes], organization_id: UUID, *deployment_keys: bytes) -> list[str]:
    """Those that can be opened by the key or by a former one, each once, in their order."""
    secrets = (open_sealed(one, organization_id, key) for one in sealed for key in deployment_keys)
    return list(dict.fromkeys(secret for secret in secrets if secret is not None))


def _key(deployment_key: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=b"lotsennetz/notifications/webhook-secrets").derive(deployment_key)
