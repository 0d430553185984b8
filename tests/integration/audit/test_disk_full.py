"""A full disk stops the log and harms nothing: what is there stays whole, and it goes on where there is room again."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from services.audit import publication
from services.audit.keys import open_checkpoint
from tests.integration.audit.conftest import START
from tests.integration.audit.test_verifier import of_database


@contextmanager
def small_disk(path: Path, size: str, uid: int) -> Iterator[Path]:
    """A file system of its own, which only root may make."""
    path.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size},uid={uid},mode=0700", "tmpfs", str(path)]
    if os.geteuid() != 0 or subprocess.run(command, check=False, capture_output=True).returncode != 0:
        pytest.skip("no file system can be mounted here")
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)


def fill(folder: Path) -> Path:
    with pytest.raises(OSError, match="No space"), (folder / "filling").open("wb", buffering=0) as filling:
        while True:
            filling.write(bytes(512))
    return folder / "filling"


def test_a_head_that_finds_no_room_outside_is_published_later(log, tmp_path):
    with small_disk(tmp_path / "outside", "64k", os.geteuid()) as outside:
        log = log.elsewhere(log.connection, outside)
        log.directory = outside
        filling, refused, published = None, 0, 0
        for number in range(1, 60):  # the last block of a file may have room for some more
            log.hear(number)
            log.sign(START + timedelta(hours=number))
            try:
                published = log.publish() or published
            except OSError:
                refused += 1
            assert published == open_checkpoint(publication.latest(outside), log.writer.signer.key).size
            filling = filling or fill(outside)
        assert 0 < published < 59 and refused
        answer = of_database(log)
        assert answer.code == 0, answer.finding
        filling.unlink()
        assert log.publish() == 59
        assert of_database(log).code == 0


@pytest.fixture
def crowded(log) -> Iterator[tuple[object, Path]]:
    """A log whose entries lie on a disk of three megabytes."""
    with psycopg.connect(log.superuser_dsn, autocommit=True) as superuser:
        (folder,) = superuser.execute("SHOW data_directory").fetchone() or ("",)
        uid = Path(folder).stat().st_uid
        place = Path(folder).parent / f"small-{os.getpid()}"
        with small_disk(place, "3m", uid):
            name = f"small_{os.getpid()}"
            superuser.execute(f"CREATE TABLESPACE {name} LOCATION '{place}'".encode())
            try:
                superuser.execute(f"ALTER TABLE entries SET TABLESPACE {name}".encode())
                yield log, place
            finally:
                superuser.execute(b"ALTER TABLE entries SET TABLESPACE pg_default")
                superuser.execute(f"DROP TABLESPACE {name}".encode())
        place.rmdir()


@pytest.mark.long
def test_a_database_without_room_takes_nothing_half_and_goes_on_when_there_is_some(crowded):
    log, place = crowded
    heard = 0
    with pytest.raises(psycopg.errors.DiskFull):
        while heard < 20_000:
            log.hear(*range(heard, heard + 200))
            heard += 200
    assert heard > 0
    assert [position for position, _ in log.positions()] == list(range(heard))
    subprocess.run(["mount", "-o", "remount,size=30m", str(place)], check=True)
    assert log.hear(*range(heard - 100, heard + 200)) == 200
    log.sign(START + timedelta(days=1))
    log.publish()
    answer = of_database(log)
    assert (answer.code, answer.answer["entries"]) == (0, heard + 200), answer.answer
