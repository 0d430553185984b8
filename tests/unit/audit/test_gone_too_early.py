"""When an entry was recorded is in no leaf. What surrounds it proves when it cannot have been there yet."""

import sys
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.audit import EntriesExpired, EntrySpan
from contracts.audit import StreamReported as OwnReported
from contracts.codes import LogRetentionGround
from contracts.envelope import write
from contracts.event import Code
from services.audit.domain.entry import entry_of
from tests.unit.audit import sample
from tests.unit.audit.events import a_referral_received
from tests.unit.audit.test_quick_way import both, opening, verifier, written_as

__all__ = ["verifier"]
OWN, REFERRAL = "/lotsennetz/audit", "/lotsennetz/referral"
DAY = timedelta(days=1)
#: Entries 10 to 19 are gone; entry 5 is the log's own and tells the time, entry 30 tells of what is gone.
REPORTED, GONE, TOLD, SIZE = 5, range(10, 20), 30, 40
BEFORE = sample.START - 2_000 * DAY


def expired(keep_days):
    span = EntrySpan(first=GONE.start, last=GONE.stop - 1)
    ground = LogRetentionGround.PROOF_OF_DISCLOSURE
    told = {"run_id": UUID(int=5), "entries": len(GONE), "first": span.first, "last": span.last, "spans": (span,)}
    return EntriesExpired(**told, kind=None, keep_days=keep_days, ground=ground)


def reported():
    told = {"stream_id": UUID(int=6), "position": 1, "count": 1, "rolling_sha256": Code("0" * 64)}
    return OwnReported(**told, reported_at=BEFORE)


def log_of(folder, keep_days=365, days=400, reporter=OWN):
    """A log in which so many days lie between the word before what is gone and the word that it goes."""
    events = {REPORTED: (reported(), reporter, BEFORE), TOLD: (expired(keep_days), OWN, BEFORE + days * DAY)}
    leaves = []
    for number in range(SIZE):
        event, source, at = events.get(number, (a_referral_received(), REFERRAL, sample.START))
        usual = {"id": UUID(int=number + 1), "sequence": number, "actor": "system:clock", "correlation_id": UUID(int=7)}
        leaves.append(entry_of(write(event, source=source, time=at, **usual)).leaf)
    return written_as(folder, leaves, set(GONE), (10, 15, SIZE))


def kept_outside(folder, notes, *days):
    """Notes in the files of the days on which they were published."""
    (folder / "history").mkdir()
    for note, day in zip(notes, days, strict=True):
        with (folder / "history" / f"{BEFORE + day * DAY:%Y-%m-%d}.notes").open("a") as file:
            file.write(note)


def findings(verifier, folder, outside="."):
    quick, careful = both(verifier, opening(verifier, folder, outside=outside))
    assert (quick is not None) is careful["ok"]
    found = careful["finding"] or {}
    return found and (found["kind"], found["entry"], found["last"], "too early" in found["detail"])


@pytest.mark.parametrize(
    ("told", "found"),
    [
        pytest.param({"days": 400}, {}, id="after the period"),
        pytest.param({"days": 362}, {}, id="within what years differ by"),
        pytest.param({"days": 200}, ("removed", 10, 19, True), id="before it"),
        pytest.param({"days": 400, "keep_days": 1_095}, ("removed", 10, 19, True), id="before a longer one"),
        pytest.param({"days": 200, "keep_days": 1}, ("removed", 10, 19, True), id="a period nobody may set"),
        pytest.param({"days": 5_000}, {}, id="long after"),
        pytest.param({"days": 200, "reporter": REFERRAL}, {}, id="nothing but another service's clock"),
        pytest.param({"days": 90_000, "keep_days": 80_000}, ("removed", 10, 19, True), id="in a future to come"),
    ],
)
def test_what_stands_behind_a_word_of_the_log_s_own_came_later(verifier, tmp_path, told, found):
    kept_outside(tmp_path, log_of(tmp_path, **told), -900, -900, 6_000)
    assert findings(verifier, tmp_path) == found


@pytest.mark.parametrize(
    ("days", "found"),
    [
        pytest.param((-900, -900, 6_000), {}, id="covered long before"),
        pytest.param((100, 100, 6_000), ("removed", 10, 19, True), id="not there before it is told"),
        pytest.param((-900, 100, 6_000), ("removed", 15, 19, True), id="some of them were"),
    ],
)
def test_what_a_checkpoint_did_not_cover_yet_came_later(verifier, tmp_path, days, found):
    kept_outside(tmp_path, log_of(tmp_path, days=200, reporter=REFERRAL), *days)
    assert findings(verifier, tmp_path) == found


def test_without_a_word_of_any_day_nothing_is_held_against_it(verifier, tmp_path):
    (tmp_path / "outside.notes").write_text("".join(log_of(tmp_path, days=200, reporter=REFERRAL)))
    assert findings(verifier, tmp_path, "outside.notes") == {}


stretches = st.lists(st.tuples(st.integers(0, 12_000), st.integers(0, 5_000)), max_size=6)


def places_of(verifier, drawn):
    places, plain = verifier.Places(), set()
    for first, more in drawn:
        places.add(first, first + more)
        plain |= set(range(first, first + more + 1))
    return places, plain


@given(stretches, stretches, st.integers(0, 20_000))
def test_places_are_a_set(verifier, drawn, others, start):
    (places, plain), (other, taken) = places_of(verifier, drawn), places_of(verifier, others)
    for one, expected in ((places, plain), (places.without(other), plain - taken)):
        assert one.first_from(start) == min((place for place in expected if place >= start), default=None)
        assert one.first_without(start) == next(place for place in range(start, 40_000) if place not in expected)
    places.join(other)
    assert places.first_without(start) == next(place for place in range(start, 40_000) if place not in plain | taken)


def test_a_million_places_however_scattered_take_no_more_than_a_bit_each(verifier):
    """Of three kinds the middle one is kept longer: no two neighbors expired together."""
    scattered, together = verifier.Places(), verifier.Places()
    for place in range(0, 1_000_000, 3):
        scattered.add(place, place)
    together.add(0, 1_000_000)
    weights = [
        sum(map(sys.getsizeof, {id(bits): bits for bits in one.blocks.values()}.values()))
        for one in (scattered, together)
    ]
    assert weights[0] < 1_000_000 / 8 * 1.2 and weights[1] < 2_000
    assert len(scattered.blocks) == len(together.blocks) == 245
