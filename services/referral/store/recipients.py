"""A consent's recipients as they lie in the database."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from contracts.codes import BackLevel, DataCategory, Purpose
from contracts.referral import ConsentRecipient


def recipient_to_json(recipient: ConsentRecipient) -> dict[str, Any]:
    return {
        "organization_id": str(recipient.organization_id),
        "service_id": str(recipient.service_id) if recipient.service_id else None,
        "purposes": [str(purpose) for purpose in recipient.purposes],
        "categories": [str(category) for category in recipient.categories],
        "back_level": str(recipient.back_level),
    }


def recipient_from_json(document: Mapping[str, Any]) -> ConsentRecipient:
    return ConsentRecipient(
        organization_id=UUID(document["organization_id"]),
        service_id=UUID(document["service_id"]) if document["service_id"] else None,
        purposes=tuple(Purpose(code) for code in document["purposes"]),
        categories=tuple(DataCategory(code) for code in document["categories"]),
        back_level=BackLevel(document["back_level"]),
    )
