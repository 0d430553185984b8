"""Can anything be referred to a service over the network, as far as the directory knows?"""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from contracts.codes import Participation
from services.directory.domain.key_life import KeyName
from services.directory.domain.keys import thumbprint
from services.directory.domain.reach import is_referable

NOW, TODAY = datetime(2026, 11, 23, 9, 0, tzinfo=UTC), date(2026, 11, 23)
KEY = {"kty": "OKP", "crv": "X25519", "kid": "k1", "x": "hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo"}
CONFIRMED = {KeyName(thumbprint(KEY), "enc")}


def participation(**changes: Any) -> dict[str, Any]:
    usual = {
        "channel": {"kind": "light"},
        "agreement": {"signed_on": "2026-01-15", "valid_until": "2026-11-23"},
        "terms": [{"service_id": "a", "categories_accepted": ["IDENTITY"]}],
    }
    return {**usual, **changes}


def referable(document: dict[str, Any] | None, **changes: Any) -> bool:
    usual: dict[str, Any] = {
        "standing": Participation.TAKING_PART,
        "assured_on": "2026-01-01",
        "confirmed": CONFIRMED,
        "now": NOW,
        "today": TODAY,
    }
    return is_referable("a", document, **{**usual, **changes})


def test_with_everything_in_force_it_can_on_the_last_day_too() -> None:
    assert referable(participation())


@pytest.mark.parametrize(
    "changes",
    [
        {"agreement": None},
        {"agreement": {"signed_on": "2026-11-24"}},
        {"agreement": {"signed_on": "2026-01-15", "valid_until": "2026-11-22"}},
        {"terms": []},
        {"terms": [{"service_id": "a", "categories_accepted": []}]},
        {"channel": {"kind": "amqp"}},
    ],
)
def test_without_one_of_them_it_cannot(changes: dict[str, Any]) -> None:
    assert not referable(participation(**changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"standing": Participation.SUSPENDED},
        {"standing": Participation.ENDED},
        {"assured_on": None},
        {"assured_on": "2025-11-01"},
        {"assured_on": "2026-11-24"},
    ],
)
def test_who_rests_or_has_not_confirmed_its_entry_for_a_year_cannot_be_referred_to(changes: dict[str, Any]) -> None:
    assert not referable(participation(), **changes)


def test_who_takes_no_part_cannot_be_referred_to() -> None:
    assert not referable(None)


def test_a_key_counts_once_it_is_confirmed() -> None:
    with_key = participation(channel={"kind": "amqp"}, public_key=KEY)
    assert referable(with_key)
    assert not referable(with_key, confirmed=set())
