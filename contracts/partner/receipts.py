"""Receipts: what the network signs for a partner, and what a partner may sign in return (RFC 8417).

A receipt is a security event token: ids, codes and times under a signature that anybody can check who knows the key.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypeVar, dataclass_transform
from uuid import UUID

import marshmallow

from contracts import referral as said
from contracts.event import Code, build, object_schema, type_of

T = TypeVar("T")

#: The media type (RFC 8417, section 7.1) and, in the token's header, its `typ`.
MEDIA_TYPE = "application/secevent+jwt"
TYPE = "secevent+jwt"
EVENT = "urn:lotsennetz:event:"

#: Which facts are signed for the addressed partner, and which of their fields the receipt names. A fact that is not
#: here is not signed, a field that is not here is not told: `person_id` least of all.
SIGNED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        type_of(said.DossierFetched): ("decision_id", "categories", "ground", "ground_id", "ground_version"),
        type_of(said.DocumentFetched): ("document_id", "kind", "decision_id", "ground", "ground_id", "ground_version"),
        type_of(said.ReferralReceived): (),
        type_of(said.ClarificationAsked): ("question_id", "question"),
        type_of(said.ReferralAccepted): ("contact_by",),
        type_of(said.ReferralWaitlisted): ("estimated_on",),
        type_of(said.ReferralRejected): ("reason", "better_service_id"),
        type_of(said.ReferralStarted): ("first_contact_on",),
        type_of(said.AppointmentSet): ("appointment_id", "first"),
        type_of(said.AppointmentCancelled): ("appointment_id",),
        type_of(said.ReferralPaused): ("reason",),
        type_of(said.ReferralResumed): (),
        type_of(said.ReferralCompleted): ("outcome", "obstacles"),
        type_of(said.ReferralEndedEarly): ("reason",),
        type_of(said.StopAcknowledged): (),
        type_of(said.DeletionStated): ("deletion", "ground", "category"),
        type_of(said.RectificationAcknowledged): ("category", "by_fetch"),
    }
)


@dataclass_transform(frozen_default=True, kw_only_default=True)
def _closed(made: type[T]) -> type[T]:
    """A body with these fields and no others, so that no text slips in."""
    cls, kinds, schema = build(made, unknown=marshmallow.RAISE)
    cls.__kinds__ = kinds  # type: ignore[attr-defined]
    cls.__schema__ = schema  # type: ignore[attr-defined]
    return cls


@_closed
class Confirmation:
    """We have what your receipt says; where it was for bytes, these had this digest (SHA-256, hexadecimal)."""

    referral_id: UUID
    receipt: UUID
    sha256: Code | None = None


#: The one event a partner signs.
CONFIRMED = f"{EVENT}partner.confirmed.v1"


def read_confirmation(data: Mapping[str, Any]) -> Confirmation:
    """The body of a partner's event; marshmallow's ValidationError names each wrong field."""
    read: Confirmation = Confirmation.__schema__.load(dict(data))  # type: ignore[attr-defined]
    return read


def confirmation_schema() -> dict[str, Any]:
    """Its JSON Schema."""
    return {**object_schema(Confirmation, Confirmation.__kinds__), "additionalProperties": False}  # type: ignore[attr-defined]
