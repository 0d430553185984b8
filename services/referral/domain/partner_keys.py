"""Which of a partner's public keys count at an instant: to seal a dossier to, or to check a receipt with."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from contracts.codes import KeyUse
from contracts.directory import OrganizationPublished, PartnerKey


def counts(key: PartnerKey, at: datetime) -> bool:
    """Begun, not over, not revoked."""
    return (
        (key.not_before is None or key.not_before <= at)
        and (key.not_after is None or at < key.not_after)
        and (key.revoked_at is None or at < key.revoked_at)
    )


def signing_keys(organization: OrganizationPublished, at: datetime) -> list[Mapping[str, Any]]:
    """What the partner's signatures of this instant are checked with."""
    return [one.key.as_dict() for one in organization.keys if one.use is KeyUse.SIG and counts(one, at)]
