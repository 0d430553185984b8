"""Texts an event may carry: short tokens with a pattern each, public texts, and words sealed to one reader."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NewType

Code = NewType("Code", str)
"""A short technical token: an id of a text, a hash, a key id."""
Slug = NewType("Slug", str)
"""The stable name of a sentence or refusal, such as ``consent.withdrawn``."""
Reference = NewType("Reference", str)
"""The number people use for a referral, such as ``R-26-4F7KQ``."""
LanguageTag = NewType("LanguageTag", str)
"""A BCP 47 language tag."""
OfficialKey = NewType("OfficialKey", str)
"""An official regional key (ARS) or a prefix of one."""
PublicUrl = NewType("PublicUrl", str)
"""An address anybody may know."""
PublicContact = NewType("PublicContact", str)
"""A public phone number, mailbox or postal address of an organization, never of a person."""

SealedText = NewType("SealedText", str)
"""Words encrypted to one reader: a compact JWE (RFC 7516). The only way free text may travel."""

SignedToken = NewType("SignedToken", str)
"""Claims anybody can check: a compact JWS (RFC 7515) of ids, codes and times, such as a receipt (RFC 8417)."""

PATTERNS: Mapping[Any, str] = MappingProxyType(
    {
        Code: r"^[A-Za-z0-9_.:+/=-]{1,128}$",
        Slug: r"^[a-z0-9]+([._-][a-z0-9]+)*$",
        Reference: r"^R-[0-9A-Z-]{4,20}$",
        LanguageTag: r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$",
        OfficialKey: r"^[0-9]{2,12}$",
        PublicUrl: r"^https?://[^\s]{1,500}$",
        SealedText: r"^[A-Za-z0-9_-]{1,4000}(\.[A-Za-z0-9_-]{0,24000}){4}$",
        SignedToken: r"^[A-Za-z0-9_-]{1,1000}\.[A-Za-z0-9_-]{1,4000}\.[A-Za-z0-9_-]{1,1400}$",
        PublicContact: r"^[^\x00-\x1f]{1,300}$",
    }
)
