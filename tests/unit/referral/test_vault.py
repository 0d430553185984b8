"""A person's data at rest: what opens it, what does not, and what is found again."""

import os
from datetime import date
from uuid import uuid4

import pytest

from services.referral.vault import PersonKey, UnreadableError, Vault, normalized

BORN = date(1994, 3, 2)


@pytest.fixture
def vault() -> Vault:
    return Vault(os.urandom(32))


@pytest.fixture
def key(vault: Vault) -> PersonKey:
    return vault.new_person_key(uuid4())[0]


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
    other, _ = vault.new_person_key(uuid4())

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


def test_a_wrapped_key_comes_back_only_for_its_person(vault: Vault) -> None:
    person_id = uuid4()
    key, wrapped = vault.new_person_key(person_id)

    assert vault.person_key(person_id, wrapped).secret == key.secret
    with pytest.raises(UnreadableError):
        vault.person_key(uuid4(), wrapped)


def test_another_service_key_unwraps_nothing(vault: Vault) -> None:
    person_id = uuid4()
    _, wrapped = vault.new_person_key(person_id)

    with pytest.raises(UnreadableError):
        Vault(os.urandom(32)).person_key(person_id, wrapped)


def test_two_sealings_of_the_same_words_differ(key: PersonKey) -> None:
    assert key.seal("persons", b"words") != key.seal("persons", b"words")


def test_a_key_does_not_show_itself_when_printed(key: PersonKey) -> None:
    assert key.secret.hex() not in repr(key)
    assert repr(key.secret) not in repr(key)


def test_the_service_key_has_a_name_that_says_nothing_about_it() -> None:
    secret = os.urandom(32)

    assert Vault(secret).wrapping_id == Vault(secret).wrapping_id
    assert Vault(secret).wrapping_id not in secret.hex()
    with pytest.raises(ValueError, match="32 bytes"):
        Vault(b"short")


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
    assert index != Vault(os.urandom(32)).blind_index("Aicha", "Ben Salah", BORN)


def test_names_in_other_scripts_keep_their_letters() -> None:
    assert normalized("Олена") == "олена"
    assert normalized("محمد") == "محمد"


def test_a_digest_tells_requests_apart_and_cannot_be_computed_without_the_key(vault: Vault) -> None:
    assert vault.digest(b"words") == vault.digest(b"words")
    assert vault.digest(b"words") != vault.digest(b"other words")
    assert vault.digest(b"words") != Vault(os.urandom(32)).digest(b"words")
