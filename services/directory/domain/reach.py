"""Can anything be referred to a service over the network, as far as the directory knows? Existing bodies count as
structures either way; this tells coordinators where papers are missing and not a body. Referral asks the same of its
own copy on the day of each referral.
"""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any

from contracts.codes import ChannelKind, Participation
from services.directory.domain import key_life
from services.directory.domain.freshness import Freshness, freshness
from services.directory.domain.key_life import KeyName
from services.directory.domain.publishing import terms_of

Document = Mapping[str, Any]
#: Channels whose partner opens a dossier with a key of its own.
OWN_KEY_CHANNELS = frozenset({ChannelKind.AMQP, ChannelKind.WEBHOOK, ChannelKind.PULL})


def is_referable(
    service_id: str,
    participation: Document | None,
    standing: Participation,
    assured_on: str | None,
    confirmed: Collection[KeyName],
    now: datetime,
    today: date,
) -> bool:
    """It takes part, with an agreement in force, terms for this service, a key where one is needed, and a word of its
    own that is not too old."""
    if participation is None or standing is not Participation.TAKING_PART:
        return False
    terms = terms_of(service_id, participation)
    return (
        _in_force(participation.get("agreement"), today.isoformat())
        and bool(terms and terms["categories_accepted"])
        and freshness(assured_on, today) in (Freshness.FRESH, Freshness.DUE)
        and _has_key(participation, confirmed, now)
    )


def _in_force(agreement: Document | None, today: str) -> bool:
    return agreement is not None and agreement["signed_on"] <= today <= agreement.get("valid_until", today)


def _has_key(participation: Document, confirmed: Collection[KeyName], now: datetime) -> bool:
    if ChannelKind(participation["channel"]["kind"]) not in OWN_KEY_CHANNELS:
        return True
    entries = key_life.listed(key_life.used(participation, confirmed))
    return any(one["key"]["use"] == "enc" and key_life.counts(one, now) for one in entries)
