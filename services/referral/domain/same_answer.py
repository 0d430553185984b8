"""What makes two answers of a partner the same answer, whichever way they came: its key, its subject, what it says."""

import json
from typing import Any
from uuid import UUID

from contracts.codes import Action
from contracts.partner.actions import in_one_form


def name_of(key: UUID) -> str:
    """How the key of an answer is kept: the same for the `id` of a command and an `Idempotency-Key`."""
    return f"answer:{key}"


def as_uuid(key: str) -> UUID | None:
    """A key as a command can carry it. Any other comes by HTTPS alone, and may be named after a person perhaps."""
    try:
        return UUID(key)
    except ValueError:
        return None


def said(referral_id: UUID, action: Action, data: Any) -> bytes:
    """What the answer says. The version seen is no part of it: whoever died before it heard the result looks again,
    sees the version its own answer made, and says the same on that one."""
    return json.dumps([str(referral_id), action, in_one_form(action, data)], sort_keys=True, default=str).encode()
