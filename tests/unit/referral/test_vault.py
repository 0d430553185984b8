"""A person's data at rest: what opens it, what does not, and what is found again."""

import os
from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import pytest

from services.referral.vault import (
    PersonKey,
    ServiceKeys,
    UnknownServiceKeyError,
    UnreadableError,
    Vault,
    WrappedKey,
    normalized,
)

BORN = date(1994, 3, 2)
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


class Drawer(dict[UUID, WrappedKey]):
    """A key store for tests that have no database."""

    def keep(self, key: WrappedKey, at: datetime) -> None:
        self[key.person_id] = key

    def find(self, person_id: UUID) -> WrappedKey | None:
        return self.get(person_id)

    def destroy(self, person_id: UUID) -> bool:
        return self.pop(person_id, None) is not None


@pytest.fixture
def drawer() -> Drawer:
    return Drawer()


@pytest.fixture
def vault(drawer: Drawer) -> Vault:
    return Vault(ServiceKeys(os.urandom(32)), drawer)


@pytest.fixture
def key(vault: Vault) -> PersonKey:
    return vault.new_person_key(uuid4(), NOW)


def test_what_was_sealed_for_a_place_opens_there(key: PersonKey) -> None:
    sealed = key.seal_record("persons", {"family_name": "Öztürk"})

    assert key.open_record("persons", sealed) == {"family_name": "Öztürk"}


def test_the_sealed_bytes_do_not_hold_the_words(key: PersonKey) -> None:
    assert b"Trabelsi" not in key.seal_record("persons", {"family_name": "Trabelsi"})


def test_a_value_moved_to_another_place_does_not_open(key: PersonKey) -> None:
    sealed = key.seal("questions/1", b"words")

    with pytest.raises(UnreadableError):
        key.open("questions/2", sealed)


def test_another_persons_key_does_not_open_it(vault: Vault, key: PersonKey) -> None:
    sealed = key.seal("persons", b"words")
    other = vault.new_person_key(uuid4(), NOW)

    with pytest.raises(UnreadableError):
        other.open("persons", sealed)


def test_the_same_secret_under_another_persons_id_does_not_open_it(key: PersonKey) -> None:
    sealed = key.seal("persons", b"words")

    with pytest.raises(UnreadableError):
        PersonKey(uuid4(), key.secret).open("persons", sealed)


@pytest.mark.parametrize("position", [0, 11, 12, -1])
def test_one_changed_byte_is_noticed(key: PersonKey, position: int) -> None:
    sealed = bytearray(key.seal("persons", b"words"))
    sealed[position] ^= 1

    with pytest.raises(UnreadableError):
        key.open("persons", bytes(sealed))


def test_a_truncated_value_is_unreadable_and_nothing_worse(key: PersonKey) -> None:
    for length in (0, 5, 12, 20):
        with pytest.raises(UnreadableError):
            key.open("persons", key.seal("persons", b"words")[:length])


def test_a_wrapped_key_comes_back_only_for_its_person(vault: Vault, drawer: Drawer) -> None:
    person_id, other = uuid4(), uuid4()
    key = vault.new_person_key(person_id, NOW)
    drawer[other] = WrappedKey(other, drawer[person_id].wrapped, drawer[person_id].wrapping_id)

    assert vault.person_key(person_id) == key
    with pytest.raises(UnreadableError):
        vault.person_key(other)


def test_the_store_never_sees_an_open_key(vault: Vault, drawer: Drawer, key: PersonKey) -> None:
    assert key.secret not in drawer[key.person_id].wrapped
    assert key.secret.hex() not in repr(drawer)


def test_a_destroyed_key_is_gone_for_good(vault: Vault, key: PersonKey) -> None:
    assert vault.destroy(key.person_id)
    assert vault.person_key(key.person_id) is None
    assert not vault.destroy(key.person_id)


def test_another_service_key_unwraps_nothing(key: PersonKey, drawer: Drawer) -> None:
    other = Vault(ServiceKeys(os.urandom(32)), drawer)

    with pytest.raises(UnknownServiceKeyError):
        other.person_key(key.person_id)


def test_a_key_that_claims_another_service_key_than_its_own_does_not_open(drawer: Drawer) -> None:
    old, new = os.urandom(32), os.urandom(32)
    key = Vault(ServiceKeys(old), drawer).new_person_key(uuid4(), NOW)
    rotated = ServiceKeys(new, old)
    drawer[key.person_id] = replace(drawer[key.person_id], wrapping_id=rotated.wrapping_id)

    with pytest.raises(UnreadableError):
        Vault(rotated, drawer).person_key(key.person_id)


def test_a_former_service_key_still_unwraps_and_the_new_one_wraps(drawer: Drawer) -> None:
    old, new = os.urandom(32), os.urandom(32)
    before = Vault(ServiceKeys(old), drawer).new_person_key(uuid4(), NOW)
    rotated = Vault(ServiceKeys(new, old), drawer)
    after = rotated.new_person_key(uuid4(), NOW)

    assert rotated.person_key(before.person_id) == before
    assert Vault(ServiceKeys(new), drawer).person_key(after.person_id) == after


def test_what_was_wrapped_before_names_were_kept_opens_with_the_oldest_key() -> None:
    old, new = os.urandom(32), os.urandom(32)
    wrapped = ServiceKeys(old).wrap("custodial/1", b"secret")

    assert ServiceKeys(new, old).unwrap("custodial/1", wrapped, None) == b"secret"


def test_two_sealings_of_the_same_words_differ(key: PersonKey) -> None:
    assert key.seal("persons", b"words") != key.seal("persons", b"words")


def test_a_key_does_not_show_itself_when_printed(key: PersonKey) -> None:
    assert key.secret.hex() not in repr(key)
    assert repr(key.secret) not in repr(key)


def test_the_service_key_has_a_name_that_says_nothing_about_it() -> None:
    secret = os.urandom(32)

    assert ServiceKeys(secret).wrapping_id == ServiceKeys(secret).wrapping_id
    assert ServiceKeys(secret).wrapping_id not in secret.hex()
    with pytest.raises(ValueError, match="32 bytes"):
        ServiceKeys(b"short")
    with pytest.raises(ValueError, match="32 bytes"):
        ServiceKeys(secret, b"short")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("Aïcha", "Ben Salah"), ("aicha", "BEN-SALAH")),
        (("Jürgen", "Groß"), ("Juergen", "Gross")),
        (("Işık", "Yılmaz"), ("Isik", "Yilmaz")),
    ],
)
def test_the_blind_index_finds_a_name_written_another_way(
    vault: Vault, one: tuple[str, str], other: tuple[str, str]
) -> None:
    assert vault.blind_index(*one, BORN) == vault.blind_index(*other, BORN)


def test_the_blind_index_tells_people_apart(vault: Vault) -> None:
    index = vault.blind_index("Aicha", "Ben Salah", BORN)

    assert index != vault.blind_index("Aicha", "Ben Salah", date(1994, 3, 3))
    assert index != vault.blind_index("Ben", "Salah Aicha", BORN)
    assert index not in ServiceKeys(os.urandom(32)).blind_indexes("Aicha", "Ben Salah", BORN)


def test_who_was_indexed_under_a_former_service_key_is_still_found() -> None:
    old, new = os.urandom(32), os.urandom(32)
    [before] = ServiceKeys(old).blind_indexes("Aicha", "Ben Salah", BORN)
    [after] = ServiceKeys(new).blind_indexes("Aicha", "Ben Salah", BORN)

    assert ServiceKeys(new, old).blind_indexes("Aicha", "Ben Salah", BORN) == [after, before]


def test_names_in_other_scripts_keep_their_letters() -> None:
    assert normalized("Олена") == "олена"
    assert normalized("محمد") == "محمد"


def test_a_digest_tells_requests_apart_and_cannot_be_computed_without_the_key(vault: Vault) -> None:
    assert vault.digest(b"words") == vault.digest(b"words")
    assert vault.digest(b"words") != vault.digest(b"other words")
    assert vault.digest(b"words") not in ServiceKeys(os.urandom(32)).digests(b"words")


def test_a_request_digested_under_a_former_service_key_is_recognized() -> None:
    old, new = os.urandom(32), os.urandom(32)

    assert ServiceKeys(old).digests(b"words")[0] in ServiceKeys(new, old).digests(b"words")
