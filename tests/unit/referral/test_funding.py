"""Which fundings may not meet in one person, and when."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from contracts.codes import Site
from services.referral.domain.candidates import Candidate
from services.referral.domain.funding import Chosen, excluding_each_other
from tests.unit.referral.builders import HWK, HWK_SERVICE, IHK, IHK_SERVICE
from tests.unit.referral.test_matching import ZAG, ZAG_SERVICE, a_candidate


def chosen(candidate: Candidate, **changes: Any) -> Chosen:
    return Chosen(candidate, **{"site": Site.AACHEN, "sender_id": UUID(int=0x9), **changes})


def esf(**changes: Any) -> Candidate:
    return a_candidate(HWK_SERVICE, HWK, **{"funder": "ESF", **changes})


def federal(**changes: Any) -> Candidate:
    return a_candidate(IHK_SERVICE, IHK, **{"funder": "BUND", "excludes_funders": ("ESF",), **changes})


def test_two_fundings_that_exclude_each_other_are_found_from_either_side():
    free = a_candidate(ZAG_SERVICE, ZAG)
    for one, other in ((esf(), federal()), (federal(), esf())):
        assert excluding_each_other(one, [chosen(other), chosen(free)]) == (chosen(other),)
    assert excluding_each_other(free, [chosen(esf()), chosen(federal())]) == ()


@pytest.mark.parametrize(
    ("first", "second", "meets"),
    [
        ((None, None), (None, None), True),
        ((None, date(2026, 6, 30)), (date(2026, 7, 1), None), False),
        ((None, date(2026, 7, 1)), (date(2026, 7, 1), None), True),
        ((date(2026, 1, 1), date(2026, 12, 31)), (date(2026, 3, 1), date(2026, 4, 1)), True),
        ((date(2027, 1, 1), None), (date(2025, 1, 1), date(2026, 12, 31)), False),
        ((date(2027, 1, 1), None), (date(2025, 1, 1), None), True),
    ],
)
def test_they_exclude_each_other_only_at_the_same_time(first, second, meets):
    one = esf(funded_from=first[0], funded_until=first[1])
    other = federal(funded_from=second[0], funded_until=second[1])
    assert bool(excluding_each_other(one, [chosen(other)])) is meets
    assert bool(excluding_each_other(other, [chosen(one)])) is meets


def test_what_is_over_counts_only_for_the_period_it_was_paid_for():
    over = chosen(federal(), is_over=True)
    assert excluding_each_other(esf(), [over]) == ()
    paid = chosen(federal(funded_until=date(2026, 12, 31)), is_over=True)
    assert excluding_each_other(esf(), [paid]) == (paid,)
    assert excluding_each_other(esf(funded_from=date(2027, 1, 1)), [paid]) == ()
