"""Somebody gets hold of a backup of the data, and of all else but the key store: it tells nothing about anybody."""

import base64
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from joserfc.errors import JoseError

from contracts.codes import Action, ChannelKind, DocumentKind
from contracts.directory import Channel
from services.chassis.db import Database
from services.chassis.errors import NotFoundError
from services.referral import handlers, sealing
from services.referral.commands import referrals as commands
from services.referral.keystore.store import KeyStore
from services.referral.store import documents, persons
from services.referral.store import keys as custodial
from services.referral.vault import PersonKey, ServiceKeys, UnreadableError, Vault
from tests.integration.referral.backups import dump, restore
from tests.integration.referral.scene import HWK, NAVIGATOR, SERVICE_KEY, Scene, an_organization
from tests.unit.referral.papers import a_pdf, a_stream

PLANTED = {
    "given_name": "Zyrelha",
    "family_name": "Quandovic-Ähre",
    "birth_date": "1991-02-28",
    "email": "zyrelha.q@post.example",
    "phone": "+49 170 9988776",
    "occupation": "Glasharfenbauerin",
}
WORDS = "Sie wohnt jetzt bei ihrer Tante Ondrawina"
#: Fewer letters of base64 stand in any text by chance.
TELLING = 6
PAPER = b"Zeugnis der Glasharfenschule Veltrim"


@pytest.fixture
def scene(make_database: Callable[[str], Any]) -> Iterator[Scene]:
    """Two persons with everything a record can hold, at a light-path partner whose key we keep."""
    with Database(make_database("referral").app_dsn) as db:
        scene = Scene(db, keys_dsn=make_database("referral_keys").app_dsn).told_directory()
        with scene.unit.work(actor="system:directory") as work:
            light = Channel(kind=ChannelKind.LIGHT, unit_mailbox=None)
            handlers.keep_organization(work, an_organization(HWK, version=2, channel=light, public_key=None))
        for person in (PLANTED, {"given_name": "Bojana", "family_name": "Treskova"}):
            tell_everything(scene, person)
        yield scene
        scene.close()


def tell_everything(scene: Scene, person: dict[str, str]) -> None:
    enquiry = scene.an_enquiry(**person)
    scene.consent(enquiry)
    referral = scene.prepared(enquiry)
    scene.days_pass(1)
    with scene.unit.work(actor=NAVIGATOR.actor) as work:
        commands.keep_comment(work, scene.keys, scene.now(referral.id), Action.REJECT, WORDS)
        paper = a_pdf(a_stream(PAPER, b"", packed=False))
        documents.keep(
            work,
            scene.keys.vault,
            enquiry.person_id,
            enquiry_id=enquiry.id,
            kind=DocumentKind.CERTIFICATE,
            content=paper,
            media_type="application/pdf",
        )


def traces(words: str) -> list[bytes]:
    """How words may stand in a dump: as they are, in hexadecimal as pg_dump writes bytes, in base64, escaped."""
    plain = words.encode()
    inner = [base64.b64encode(plain[skip:])[:-4][2:] for skip in range(3)]  # whatever stands before it
    telling = [part for part in inner if len(part) >= TELLING]
    return [plain, plain.hex().encode(), words.encode("unicode_escape"), *telling]


def hits(backup: bytes, *words: str) -> list[str]:
    return [word for word in words if any(trace in backup for trace in traces(word))]


def sealed_values(scene: Scene) -> dict[str, list[bytes]]:
    """Every value in any column that holds bytes, by table and column; messages and indexes are looked at by search."""
    columns = scene.rows(
        "SELECT table_name, column_name FROM information_schema.columns WHERE data_type = 'bytea'"
        " AND table_schema = 'public' AND column_name ~ '^(sealed|wrapped)' ORDER BY 1, 2"
    )
    return {
        f"{row['table_name']}/{row['column_name']}": [
            bytes(found["value"])
            for found in scene.rows(
                f'SELECT "{row["column_name"]}" AS value FROM "{row["table_name"]}"'
                f' WHERE "{row["column_name"]}" IS NOT NULL'
            )
        ]
        for row in columns
    }


def test_no_planted_word_is_found_in_a_backup_of_the_data(scene: Scene, postgres: str, tmp_path: Path):
    backup = dump(postgres, scene.db.dsn, tmp_path / "data.sql", form="plain").read_bytes()
    assert hits(backup, *PLANTED.values(), WORDS, PAPER.decode()) == []
    assert (
        hits(dump(postgres, scene.key_db.dsn, tmp_path / "keys.sql", form="plain").read_bytes(), *PLANTED.values())
        == []
    )


@pytest.mark.parametrize("spelling", ["plain", "bytes", "base64"])
def test_a_word_in_an_open_column_would_be_found(scene: Scene, postgres: str, tmp_path: Path, spelling: str):
    word = PLANTED["family_name"]
    with scene.db.session() as connection:
        if spelling == "bytes":
            connection.execute("UPDATE comments SET sealed = %s", (f"von {word}".encode(),))
        else:
            left = word if spelling == "plain" else base64.b64encode(f"von {word} und".encode()).decode()
            connection.execute("UPDATE referrals SET drafted_by = %s", (left,))
    backup = dump(postgres, scene.db.dsn, tmp_path / "data.sql", form="plain").read_bytes()
    assert hits(backup, *PLANTED.values()) == [word]


def test_the_backup_and_the_service_key_together_open_no_person(scene: Scene, postgres: str, tmp_path: Path):
    """The service key is in no backup; should it leak, the custodial pairs open, and even then no dossier."""
    restored = restore(postgres, dump(postgres, scene.db.dsn, tmp_path / "data"), "referral")
    with Database(restored.app_dsn) as db:
        stolen = Vault(ServiceKeys(SERVICE_KEY), KeyStore(db))
        with db.read() as connection:
            person_ids = [row["id"] for row in connection.execute("SELECT id FROM persons")]
            for person_id in person_ids:
                with pytest.raises(NotFoundError, match=r"person\.key-missing"):
                    persons.record_of(connection, stolen, person_id)
            private = custodial.custodial_private(connection, stolen, HWK)
            dossiers = [bytes(row["sealed"]) for row in connection.execute("SELECT sealed FROM dossiers")]
    assert len(person_ids) == len(dossiers) == 2
    for dossier in dossiers:
        with pytest.raises((JoseError, ValueError)):
            sealing.open_with(dossier.decode("latin-1"), private)


def test_no_sealed_value_opens_with_another_persons_key_or_in_another_place(scene: Scene):
    """Of all keys, places and values, exactly one key and one place open each value."""
    values = sealed_values(scene)
    assert {name for name, found in values.items() if found} >= {
        "persons/sealed", "comments/sealed", "documents/sealed", "dossiers/sealed",
    }  # fmt: skip
    keys = keys_of(scene)
    places = {name: places_of(scene, name) for name in values}
    opened: dict[str, int] = {}
    for (name, found), key in product(values.items(), keys):
        for value, place in product(found, {place for all_of in places.values() for place in all_of}):
            try:
                key.open(place, value)
            except UnreadableError:
                continue
            assert place in places[name], f"{name} opens as {place}"
            opened[name] = opened.get(name, 0) + 1
    for name in ("persons/sealed", "comments/sealed", "documents/sealed", "dossiers/sealed"):
        assert opened[name] == len(values[name]), f"each {name} opens once, with one key at one place"


def keys_of(scene: Scene) -> list[PersonKey]:
    found = [scene.keys.vault.person_key(row["id"]) for row in scene.rows("SELECT id FROM persons")]
    return [key for key in found if key is not None]


def places_of(scene: Scene, name: str) -> set[str]:
    """Where a value of this column may stand."""
    table = name.partition("/")[0]
    if table == "persons":
        return {persons.RECORD}
    id_of = "referral_id" if table == "dossiers" else "id"
    return {f"{table}/{row['id']}" for row in scene.rows(f"SELECT {id_of} AS id FROM {table}")} if table in {
        "comments", "documents", "dossiers", "questions",
    } else set()  # fmt: skip


def test_an_erased_persons_data_stay_closed_in_a_backup_taken_before(scene: Scene, postgres: str, tmp_path: Path):
    backup = dump(postgres, scene.db.dsn, tmp_path / "data")
    erased, living = (row["id"] for row in scene.rows("SELECT id FROM persons ORDER BY recorded_at"))
    assert scene.keys.vault.destroy(erased)
    restored = restore(postgres, backup, "referral")
    with Database(restored.app_dsn) as db, db.read() as connection:
        assert persons.record_of(connection, scene.keys.vault, living)["given_name"] == "Bojana"
        with pytest.raises(NotFoundError):
            persons.record_of(connection, scene.keys.vault, erased)
        row = connection.execute("SELECT sealed FROM persons WHERE id = %s", (erased,)).fetchone()
    assert row is not None
    for key in keys_of(scene):
        for person_id in (key.person_id, erased):
            with pytest.raises(UnreadableError):
                PersonKey(UUID(str(person_id)), key.secret).open(persons.RECORD, row["sealed"])
