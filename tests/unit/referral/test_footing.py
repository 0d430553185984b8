"""What must be in force before a partner is sent anything, on the day and at its edges."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from contracts.codes import AgreementKind, ChannelKind, DataProtectionLaw, KeyUse
from contracts.directory import Agreement, PartnerKey
from contracts.event import PublicJwk
from services.referral.domain.footing import Footing, lacking, may_receive
from tests.unit.referral.builders import TODAY


def an_agreement(signed_on: date = TODAY, valid_until: date | None = TODAY) -> Agreement:
    return Agreement(
        kind=AgreementKind.INDEPENDENT, law=DataProtectionLaw.GDPR, signed_on=signed_on, valid_until=valid_until
    )


A_KEY = PartnerKey(key=PublicJwk({"kty": "EC", "kid": "one"}), use=KeyUse.ENC)
DAY = datetime.combine(TODAY, time(9), UTC)


def a_footing(**changes: Any) -> Footing:
    usual: dict[str, Any] = {
        "channel": ChannelKind.AMQP,
        "agreement": an_agreement(),
        "has_terms": True,
        "keys": (A_KEY,),
        "assured_on": TODAY,
    }
    return Footing(**{**usual, **changes})


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({}, ()),
        ({"agreement": None}, ("agreement",)),
        ({"agreement": an_agreement(valid_until=TODAY - timedelta(days=1))}, ("agreement",)),
        ({"agreement": an_agreement(signed_on=TODAY + timedelta(days=1), valid_until=None)}, ("agreement",)),
        ({"agreement": an_agreement(valid_until=None)}, ()),
        ({"has_terms": False}, ("terms",)),
        ({"keys": ()}, ("key",)),
        ({"keys": (replace(A_KEY, not_after=DAY),)}, ("key",)),
        ({"keys": (replace(A_KEY, not_before=DAY + timedelta(days=1)),)}, ("key",)),
        ({"keys": (replace(A_KEY, revoked_at=DAY), A_KEY)}, ()),
        ({"keys": (), "channel": ChannelKind.WEBHOOK}, ("key",)),
        ({"keys": (), "channel": ChannelKind.LIGHT}, ()),
        ({"keys": (), "channel": ChannelKind.NONE}, ()),
        ({"assured_on": None}, ("assurance",)),
        ({"assured_on": TODAY - timedelta(days=365)}, ()),
        ({"assured_on": TODAY - timedelta(days=366)}, ("assurance",)),
        ({"retired": True, "agreement": None}, ("service", "agreement")),
    ],
)
def test_what_is_missing_is_named(changes, codes):
    assert lacking(a_footing(**changes), TODAY) == codes


@pytest.mark.parametrize(
    ("days_after_the_end", "first", "more"),
    [(-31, True, True), (-30, True, True), (0, True, True), (1, False, True), (30, False, True), (31, False, False)],
)
def test_when_an_agreement_has_ended_only_what_is_under_way_is_answered_for_thirty_days(
    days_after_the_end, first, more
):
    until = date(2026, 6, 30)
    agreement = Agreement(
        kind=AgreementKind.JOINT, law=DataProtectionLaw.KDG, signed_on=date(2025, 1, 1), valid_until=until
    )
    footing = Footing(channel=ChannelKind.AMQP, agreement=agreement, has_terms=True, keys=(A_KEY,), assured_on=until)
    on = until + timedelta(days=days_after_the_end)
    assert may_receive(footing, on, has_dossier=False) is first
    assert may_receive(footing, on, has_dossier=True) is more
    assert ("agreement" in lacking(footing, on)) is not first
