"""When a head is signed, and how the chain is made."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest

from services.audit.domain.log import CHAIN_START, Head, chain_hash, checkpoint_is_due, grow
from services.audit.domain.merkle import leaf_hash

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def head_of(size, now=NOW):
    return grow(Head(), [b"leaf"] * size, now)[0]


def test_a_link_takes_in_its_place_the_link_before_it_and_the_leaf():
    _, links, _ = grow(Head(), [b"a", b"b"], NOW)
    first = hashlib.sha256(b"\x02" + bytes(8) + bytes(32) + leaf_hash(b"a")).digest()
    second = hashlib.sha256(b"\x02" + bytes(7) + b"\x01" + first + leaf_hash(b"b")).digest()
    assert [link.chain_hash for link in links] == [first, second]
    assert chain_hash(0, CHAIN_START, leaf_hash(b"a")) == first


def test_the_log_goes_on_where_it_stood():
    first, links, _ = grow(Head(), [b"a"], NOW)
    second, more, _ = grow(first, [b"b"], NOW)
    assert (second, [*links, *more]) == (grow(Head(), [b"a", b"b"], NOW)[0], grow(Head(), [b"a", b"b"], NOW)[1])
    assert second.size == 2


def test_a_clock_that_runs_backwards_does_not_move_the_log():
    head = head_of(1)
    assert grow(head, [b"b"], NOW - timedelta(hours=1))[0].recorded_at == NOW


@pytest.mark.parametrize(
    ("size", "signed_size", "ago", "due"),
    [
        (0, 0, None, False),
        (1, 0, None, True),
        (5, 5, 10.0, False),
        (6, 5, 0.9, False),
        (6, 5, 1.0, True),
        (260, 5, 0.1, False),
        (261, 5, 0.1, True),
        (6, 5, -0.9, False),  # two machines never agree wholly
        (6, 5, -3_600.0, True),  # the clock was set back
    ],
)
def test_a_head_is_signed_every_256_entries_or_after_a_second(size, signed_size, ago, due):
    signed_at = None if ago is None else NOW - timedelta(seconds=ago)
    assert checkpoint_is_due(signed_size, signed_at, head_of(size), NOW) is due
