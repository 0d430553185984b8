"""Whatever anybody does to sealed bytes, they open as they were sealed or not at all; rotation never loses a secret."""

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.referral.keystore.ledger import DeletionLedger, Erasure
from services.referral.vault import PersonKey, ServiceKeys, UnreadableError, Vault, WrappedKey
from tests.unit.referral.test_vault import NOW, Drawer

ids = st.uuids(version=4)
secrets = st.binary(min_size=32, max_size=32)
contents = st.binary(max_size=300)
places = st.text(min_size=1, max_size=40)


@st.composite
def tampered(draw: st.DrawFn, sealed: bytes) -> bytes:
    """The same bytes, cut, lengthened, flipped, turned around, or mixed with their own beginning."""
    at = draw(st.integers(0, len(sealed) - 1))
    flip = draw(st.integers(1, 255))
    other = draw(
        st.sampled_from(
            [
                sealed[:at],
                sealed[at + 1 :],
                sealed + bytes([flip]),
                bytes([flip]) + sealed,
                sealed[:at] + bytes([sealed[at] ^ flip]) + sealed[at + 1 :],
                sealed[::-1],
                sealed[at:] + sealed[:at],
                sealed + sealed,
                bytes(len(sealed)),
            ]
        )
    )
    return other if other != sealed else sealed + b"\0"


@given(ids, secrets, places, contents)
def test_what_is_sealed_opens_as_it_was(person_id: UUID, secret: bytes, place: str, content: bytes) -> None:
    key = PersonKey(person_id, secret)
    assert key.open(place, key.seal(place, content)) == content


@given(st.data(), ids, secrets, places, contents)
def test_tampered_bytes_never_open(
    data: st.DataObject, person_id: UUID, secret: bytes, place: str, content: bytes
) -> None:
    key = PersonKey(person_id, secret)
    with pytest.raises(UnreadableError):
        key.open(place, data.draw(tampered(key.seal(place, content))))


@given(secrets, st.tuples(ids, places), st.tuples(ids, places), contents)
def test_moved_bytes_never_open_even_under_the_same_secret(
    secret: bytes, here: tuple[UUID, str], there: tuple[UUID, str], content: bytes
) -> None:
    sealed = PersonKey(here[0], secret).seal(here[1], content)
    if here == there:
        return
    with pytest.raises(UnreadableError):
        PersonKey(there[0], secret).open(there[1], sealed)


@given(ids, places, ids, places)
def test_person_and_place_cannot_be_shifted_into_each_other(one: UUID, place: str, other: UUID, there: str) -> None:
    """What is bound is one string; no other pair of person and place may spell the same one."""
    if (one, place) != (other, there):
        assert PersonKey(one, b"")._place(place) != PersonKey(other, b"")._place(there)


@given(ids, st.lists(secrets, min_size=1, max_size=5, unique=True))
def test_any_number_of_rotations_keeps_the_secret_and_shuts_out_the_former_keys(
    person_id: UUID, service_keys: list[bytes]
) -> None:
    drawer = Drawer()
    first, *later = service_keys
    key = Vault(ServiceKeys(first), drawer).new_person_key(person_id, NOW)
    former = [first]
    for current in later:
        vault = Vault(ServiceKeys(current, *reversed(former)), drawer)
        assert vault.person_key(person_id) == key
        drawer[person_id] = WrappedKey(person_id, vault.rewrapped(drawer[person_id]), vault.wrapping_id)
        former.append(current)
    assert Vault(ServiceKeys(service_keys[-1]), drawer).person_key(person_id) == key
    for old in service_keys[:-1]:
        with pytest.raises(UnreadableError):
            Vault(ServiceKeys(old), drawer).person_key(person_id)


@given(st.data(), ids, secrets)
def test_a_tampered_wrapping_never_gives_a_key(data: st.DataObject, person_id: UUID, service_key: bytes) -> None:
    drawer = Drawer()
    vault = Vault(ServiceKeys(service_key), drawer)
    vault.new_person_key(person_id, NOW)
    kept = drawer[person_id]
    drawer[person_id] = WrappedKey(person_id, data.draw(tampered(kept.wrapped)), kept.wrapping_id)
    with pytest.raises(UnreadableError):
        vault.person_key(person_id)
    with pytest.raises(UnreadableError):
        vault.rewrapped(drawer[person_id])


@given(st.binary(max_size=80))
def test_any_bytes_at_all_are_refused_as_unreadable_and_with_no_other_error(noise: bytes) -> None:
    with pytest.raises(UnreadableError):
        PersonKey(UUID(int=1), bytes(32)).open("persons/sealed", noise)


@given(st.lists(ids, min_size=1, max_size=6, unique=True), st.integers(0, 2000))
def test_a_ledger_cut_anywhere_loses_nothing_but_the_line_that_was_cut(person_ids: list[UUID], cut: int) -> None:
    """A crash tears off the end of the last write; all before it counts, and the file can be written on."""
    erasures = [Erasure(one, datetime(2026, 11, 23, tzinfo=UTC), "request") for one in person_ids]
    with TemporaryDirectory() as folder:
        ledger = DeletionLedger(Path(folder) / "deletions.ndjson")
        ledger.append(erasures)
        torn = ledger.path.read_bytes()[:cut]
        ledger.path.write_bytes(torn)
        survived = torn.count(b"\n") + torn.endswith(b"}")
        assert list(ledger.erasures()) == person_ids[:survived]
        ledger.append(erasures[survived:])
        assert list(ledger.erasures()) == person_ids


@given(st.lists(st.tuples(ids, contents), min_size=2, max_size=4, unique_by=lambda one: one[0]))
def test_among_many_persons_each_value_opens_with_one_key_only(people: list[tuple[UUID, bytes]]) -> None:
    drawer = Drawer()
    vault = Vault(ServiceKeys(bytes(range(32))), drawer)
    keys = [vault.new_person_key(person_id, NOW) for person_id, _ in people]
    sealed = [key.seal("persons/sealed", content) for key, (_, content) in zip(keys, people, strict=True)]
    opened = 0
    for key in keys:
        for value in sealed:
            with suppress(UnreadableError):
                key.open("persons/sealed", value)
                opened += 1
    assert opened == len(people)
