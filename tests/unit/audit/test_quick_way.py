"""The verifier asks by pieces first: it must say yes exactly where the careful way does, however the log is cut."""

import importlib.util
import random
import sys
from dataclasses import asdict, replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from contracts.audit import EntriesExpired, EntrySpan
from contracts.codes import LogRetentionGround
from contracts.envelope import write
from contracts.event import Code
from contracts.referral import StreamReported
from services.audit.domain.entry import entry_of
from services.audit.domain.log import Head, grow
from services.audit.exports import entry_line, hashes_line, header_line, line
from tests.unit.audit import sample
from tests.unit.audit.events import a_consent_given, a_disclosure_decided, a_referral_received

SIZE = 1_300
SIGNED = (1, 255, 256, 257, 512, 700, 1_024, 1_299, SIZE)
EXPIRED = (range(40, 61), range(250, 261), range(511, 512))
TOLD, REPORTED = 1_200, 1_250
WHOLE = timedelta(days=365 * 3)


@pytest.fixture(scope="module")
def verifier():
    """A program and no package: loaded from its file, under a name of this test's own."""
    path = Path(__file__).parents[3] / "services" / "audit" / "verifier" / "lotsennetz_verify.py"
    spec = importlib.util.spec_from_file_location("lotsennetz_verify_in_pieces", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def told(number, reported=SIZE):
    """Mostly what happens to a referral; one entry tells what has expired, one how far a service has sent."""
    if number == TOLD:
        spans = tuple(EntrySpan(first=span.start, last=span.stop - 1) for span in EXPIRED)
        return EntriesExpired(
            run_id=UUID(int=5),
            entries=sum(map(len, EXPIRED)),
            first=40,
            last=511,
            spans=spans,
            kind=None,
            keep_days=WHOLE.days,
            ground=LogRetentionGround.PROOF_OF_DISCLOSURE,
        )
    if number == REPORTED:
        return StreamReported(
            stream_id=UUID(int=6),
            position=reported,
            count=reported,
            rolling_sha256=Code("0" * 64),
            reported_at=sample.START,
        )
    return (a_consent_given, a_disclosure_decided, a_referral_received)[number % 3]()


def leaf(number, reported=SIZE):
    envelope = write(
        told(number, reported),
        id=UUID(int=number),
        source="/lotsennetz/audit" if number == TOLD else "/lotsennetz/referral",
        sequence=number,
        time=sample.START + timedelta(seconds=number),
        actor="staff:" + "ab" * 16,
        correlation_id=UUID(int=7),
    )
    return entry_of(envelope, number + 1 if number != TOLD else 1).leaf


def written(folder, first=0, *, content=True, reported=TOLD):
    """An export of it from an entry on, and its checkpoints; of what has expired the hashes are left."""
    leaves = [leaf(number, reported) for number in range(SIZE)]
    notes = written_as(folder, leaves, {place for span in EXPIRED for place in span}, SIGNED, first, content=content)
    (folder / "outside.notes").write_text("".join(notes))
    return folder


def written_as(folder, leaves, gone, signed, first=0, *, content=True):
    """An export of these leaves, some of them gone; answers the notes of these sizes."""
    before, _, _ = grow(Head(), leaves[:first], sample.START)
    _, links, _ = grow(before, leaves[first:], sample.START)
    key = sample.signer()
    heads = [grow(Head(), leaves[:size], sample.START)[0] for size in signed]
    notes = [key.sign(one.size, one.frontier.root()) for one in heads]
    rows = [
        {"position": made.position, "leaf": None if made.position in gone else leaves[made.position]}
        | {"leaf_hash": made.leaf_hash, "chain_hash": made.chain_hash}
        for made in links
    ]
    header = header_line(before, len(leaves)) | ({} if content else {"content": False})
    lines = [line(header), *(line((entry_line if content else hashes_line)(row)) for row in rows)]
    (folder / "export.ndjson").write_bytes(b"".join([*lines, line({"checkpoint": notes[-1]})]))
    (folder / "log.pub").write_text(f"{key.key.text()}\n")
    return notes


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return written(tmp_path_factory.mktemp("whole"))


def opening(verifier, folder, export="export.ndjson", outside="outside.notes"):
    """As the program begins."""
    key = verifier.Key.read(folder / "log.pub")
    path = folder / export
    header, *_ = path.read_bytes().splitlines(keepends=True)
    content = verifier._json(header)

    def log():
        lines = iter(path.read_bytes().splitlines(keepends=True)[1:])
        return verifier.open_export(lines, content, key)

    known = log()
    source = verifier.ExportFile(str(path), len(header), known.first, known.size, known.hashes_only)
    return verifier.Opening(log, lambda: verifier.checkpoints_at(folder / outside, key), source, 1)


def both(verifier, opened):
    quick, careful = (way(opened, lambda _: None) for way in (verifier._in_order, verifier._in_detail))
    return quick and asdict(quick), asdict(careful)


@pytest.mark.parametrize(("size", "batch"), [(500, 1), (9_000, 7), (1 << 20, 300)])
def test_however_it_is_cut_both_ways_come_to_the_same(monkeypatch, verifier, whole, size, batch):
    monkeypatch.setattr(verifier, "PIECE_BYTES", size)
    monkeypatch.setattr(verifier, "BATCH", batch)
    quick, careful = both(verifier, opening(verifier, whole))
    assert quick == careful
    assert (careful["ok"], careful["entries"], careful["expired"]) == (True, SIZE, sum(map(len, EXPIRED)))


@pytest.mark.parametrize(("first", "content"), [(1, True), (300, True), (256, False)])
def test_a_part_of_a_log_too(monkeypatch, verifier, tmp_path, first, content):
    monkeypatch.setattr(verifier, "PIECE_BYTES", 20_000)
    quick, careful = both(verifier, opening(verifier, written(tmp_path, first, content=content)))
    assert quick == careful
    assert careful["ok"] and careful["entries"] == SIZE - first


def test_several_processes_come_to_the_same(monkeypatch, verifier, whole):
    monkeypatch.setattr(verifier, "PIECE_BYTES", 100_000)
    monkeypatch.setattr(verifier, "ProcessPoolExecutor", lambda number, mp_context: verifier.ThreadPoolExecutor(number))
    opened = opening(verifier, whole)
    several = verifier._in_order(replace(opened, processes=3), lambda _: None)
    assert asdict(several) == asdict(verifier._in_order(opened, lambda _: None))


def test_what_the_careful_way_finds_the_quick_way_never_passes_over(monkeypatch, verifier, whole, tmp_path):
    monkeypatch.setattr(verifier, "PIECE_BYTES", 100_000)
    content = (whole / "export.ndjson").read_bytes()
    for name in ("outside.notes", "log.pub"):
        (tmp_path / name).write_bytes((whole / name).read_bytes())
    chance, found = random.Random(6962), 0
    for _ in range(24):
        changed = bytearray(content)
        place = chance.randrange(content.index(b"\n") + 1, len(content))
        changed[place] ^= 1 << chance.randrange(7)
        (tmp_path / "export.ndjson").write_bytes(changed)
        try:
            quick, careful = both(verifier, opening(verifier, tmp_path))
        except verifier.UnreadableError:
            continue
        assert quick is None or careful["ok"], place
        found += not careful["ok"]
    assert found > 15


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(lambda lines: lines.pop(400), id="removed"),
        pytest.param(lambda lines: lines.insert(400, lines[3]), id="inserted"),
        pytest.param(lambda lines: lines.insert(400, lines.pop(412)), id="moved"),
        pytest.param(lambda lines: lines.__delitem__(slice(-40, -1)), id="cut off"),
        pytest.param(lambda lines: lines.__delitem__(slice(1, 300)), id="begun late"),
    ],
)
def test_lines_that_are_not_where_they_were_are_left_to_the_careful_way(verifier, whole, tmp_path, edit):
    for name in ("outside.notes", "log.pub"):
        (tmp_path / name).write_bytes((whole / name).read_bytes())
    lines = (whole / "export.ndjson").read_bytes().splitlines(keepends=True)
    edit(lines)
    (tmp_path / "export.ndjson").write_bytes(b"".join(lines))
    quick, careful = both(verifier, opening(verifier, tmp_path))
    assert quick is None and not careful["ok"]


def test_events_that_never_came_are_missed_by_both(verifier, tmp_path):
    quick, careful = both(verifier, opening(verifier, written(tmp_path, reported=SIZE + 1_000)))
    assert quick is None
    assert careful["finding"]["kind"] == "gap"
