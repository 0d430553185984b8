"""The doors, one by one: what is handed in there, what a good one looks like, and what is a rightful refusal.

A target answers in a word or two what became of an input. Any other exception than those it names is a finding.
"""

import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from marshmallow import ValidationError

from contracts import envelope
from contracts.codes import Status
from contracts.describe.examples import an_event
from contracts.envelope import InvalidEnvelopeError
from contracts.event import REGISTRY
from contracts.partner import appointment
from contracts.topology import COMMANDS_QUEUE, partner_user
from deploy.demo.clocks import FixedClock
from services.audit.domain import checkpoint
from services.audit.domain.checkpoint import COSIGNATURE, Checkpoint, UnreadableNoteError, VerifierKey
from services.audit.domain.cosignature import cosignatures, message
from services.chassis.access import UnauthenticatedError
from services.chassis.db import Database
from services.chassis.errors import InvalidError, LotsennetzError
from services.chassis.hear import Mail
from services.chassis.tokens import AccessTokens
from services.chassis.work import Unit
from services.directory.commands.arrivals import Arrival, Format, take_in
from services.directory.commands.imports import finished
from services.directory.domain.foreign import Foreign, read_hsds
from services.directory.domain.reading import Row, RowProblem, read_rows
from services.directory.domain.xzufi import read_xzufi
from services.referral import inlet
from services.referral.domain.documents import BEGINNINGS, examine
from services.referral.web.forms import seal_words
from tests.chassis.web_rig import ISSUER, TestIssuer
from tests.integration.referral.scene import HWK, Scene, own_keys
from tests.unit.directory.rows import a_competence, a_directory, a_source
from tests.unit.referral.papers import a_jpeg, a_pdf, a_png, a_tiff

Run = Callable[[bytes], str]
ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "tests" / "data" / "hsds-3.0" / "examples"
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
APPOINTMENT = {"starts_at": NOW, "minutes": 30, "place": "Zimmer 12", "bring": "Zeugnisse"}


@dataclass(frozen=True)
class Opened:
    """A target at work: what takes an input, and inputs to begin with."""

    run: Run
    seeds: Sequence[bytes]


@dataclass(frozen=True)
class Target:
    """One door."""

    title: str
    open: Callable[..., AbstractContextManager[Opened]]
    #: Whose database it works on, if it does.
    database: str | None = None


def plain(run: Run, seeds: Callable[[], Sequence[bytes]]) -> Callable[[], AbstractContextManager[Opened]]:
    """A target that needs nothing but the program."""

    @contextmanager
    def opened() -> Iterator[Opened]:
        yield Opened(run, seeds())

    return opened


# --- events -----------------------------------------------------------------------------------------------------------


def events() -> list[bytes]:
    """One of each kind, full and minimal."""
    attributes: dict[str, Any] = {"source": "/lotsennetz/referral", "sequence": 1, "time": NOW}
    attributes |= {"id": UUID(int=3), "actor": "staff:" + "ab" * 16, "correlation_id": UUID(int=4)}
    found = [an_event(name, minimal=minimal) for name in sorted(REGISTRY) for minimal in (False, True)]
    return [envelope.write(one, **attributes).raw for one in found]


def read_event(raw: bytes) -> str:
    try:
        found = envelope.read(raw)
    except InvalidEnvelopeError:
        return "refused"
    return "taken" if found.is_known else "taken, of an unknown kind"


def read_batch(raw: bytes) -> str:
    try:
        envelope.read_batch(raw)
    except InvalidEnvelopeError:
        return "refused"
    return "taken"


# --- the directory's files --------------------------------------------------------------------------------------------


def read_file(reader: Callable[[Callable[[int], bytes]], Iterator[Row | RowProblem]], raw: bytes) -> str:
    """Every problem has its line or its field; what is read is rows."""
    wrong = 0
    for one in reader(io.BytesIO(raw).readline):
        wrong += isinstance(one, RowProblem)
    return "refused" if wrong else "taken"


def foreign() -> Foreign:
    return Foreign("a-paper", NOW.isoformat())


def lines(*rows: Mapping[str, Any]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def directory_files() -> list[bytes]:
    *rows, participation, report = a_directory()
    return [lines(*rows, a_competence(), participation, report), *(lines(one) for one in rows)]


def hsds_files() -> list[bytes]:
    return [one.read_bytes() for one in sorted(EXAMPLES.glob("*.json"))]


def xzufi_files() -> list[bytes]:
    service = {"id": {"schemeAgencyID": "L100", "value": "1"}, "leikaSchluessel": "99010021017000"}
    names = [{"languageCode": "de", "value": "Ausländeramt"}]
    competence = {
        "id": "9",
        "leistungID": "L100/1",
        "organisationseinheitID": "7",
        "gebietID": ["05334"],
        "rolle": "01",
    }
    document = {
        "leistungen": [{**service, "bezeichnung": names}],
        "organisationseinheiten": [{"id": "7", "name": names}],
        "zustaendigkeiten": [{**competence, "gebietID": ["05334"], "rolle": "01"}],
    }
    return [json.dumps(document).encode(), json.dumps(document, ensure_ascii=False).encode()]


CSV_FILES = ("organizations", "services", "phones", "locations", "schedules", "contacts")


@contextmanager
def csv_package(dsn: str) -> Iterator[Opened]:
    """The input is the tables of a package, divided by a line of dashes; it comes in as an upload does, and is planned
    and rolled back."""

    def packed(raw: bytes) -> bytes:
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w") as archive:
            for name, content in zip(CSV_FILES, raw.split(b"\n---\n"), strict=False):
                archive.writestr(f"{name}.csv", content)
        return target.getvalue()

    def run(raw: bytes) -> str:
        try:
            with unit.work(actor="staff:edda") as work:
                arrival = Arrival(io.BytesIO(packed(raw)), Format.CSV, "a-paper", dry_run=True)
                finished(take_in(unit, work, arrival))
        except InvalidError as error:
            return "refused" if error.fields else "refused without a word"
        return "taken"

    with Database(dsn, 1, 1) as db:
        unit = Unit(db, FixedClock(NOW), "directory")
        with unit.work(actor="staff:edda") as work:
            finished(take_in(unit, work, Arrival(io.BytesIO(lines(a_source())))))
        whole = b"\n---\n".join((EXAMPLES / "csv" / f"{name}.csv").read_bytes() for name in CSV_FILES)
        body = b"00000000-0000-4000-8000-00000000000"
        small = b"id,name,description\n" + body + b"1,Kammer,Rat\n\n---\nid,organization_id,name,status\n"
        yield Opened(run, [whole, small + body + b"2," + body + b"1,Beratung,active\n"])


# --- what is signed and sealed ----------------------------------------------------------------------------------------


@contextmanager
def notes() -> Iterator[Opened]:
    """A checkpoint from outside with a witness's line under it."""
    key, witness = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    names = VerifierKey("lotsennetz/log", _raw(key)), VerifierKey("witness", _raw(witness), COSIGNATURE)
    note = checkpoint.sign(Checkpoint("lotsennetz/log", 7, bytes(32)), names[0], key.sign)
    text, _ = checkpoint.split(note)
    seconds = 1_790_000_000
    line = checkpoint.signature_line(names[1], seconds.to_bytes(8, "big") + witness.sign(message(text, seconds)))

    def run(raw: bytes) -> str:
        try:
            given = raw.decode()
        except UnicodeDecodeError:
            return "no text"
        try:
            cosignatures(given, {"witness": names[1]}, {"witness": partial(_holds, witness.public_key())})
            checkpoint.open_note(given, names[0], partial(_holds, key.public_key()))
        except UnreadableNoteError:
            return "refused"
        return "taken"

    yield Opened(run, [note.encode(), (note + line).encode()])


def _raw(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes_raw()


def _holds(key: Ed25519PublicKey, signature: bytes, said: bytes) -> bool:
    try:
        key.verify(signature, said)
    except InvalidSignature:
        return False
    return True


@contextmanager
def access_tokens() -> Iterator[Opened]:
    """A bearer's token as it comes in a header."""
    issuer = TestIssuer()
    tokens = AccessTokens(ISSUER, "lotsennetz", issuer.keys())

    def run(raw: bytes) -> str:
        try:
            tokens.claims(raw.decode("latin-1"))
        except UnauthenticatedError:
            return "refused"
        return "taken"

    seeds = [
        issuer.token(),
        issuer.token(sub="hwk", roles=None, organization_id=str(HWK)),
        issuer.token({"alg": "none"}, ""),
    ]
    yield Opened(run, [one.encode() for one in seeds])


@contextmanager
def sealed_words() -> Iterator[Opened]:
    """A partner's sealed text: opened, and read as an appointment."""
    keys = own_keys()

    def run(raw: bytes) -> str:
        try:
            words = keys.open_comment(raw.decode("latin-1"))
        except InvalidError:
            return "refused"
        try:
            appointment.read(words)
        except ValidationError:
            return "opened, no appointment"
        return "taken"

    yield Opened(run, [seal_words(appointment.write(APPOINTMENT), keys).encode(), seal_words("{}", keys).encode()])


def read_appointment(raw: bytes) -> str:
    """The words of an appointment once they are opened: whoever may seal to us may write anything."""
    try:
        appointment.read(raw.decode("utf-8", "replace"))
    except ValidationError:
        return "refused"
    return "taken"


# --- papers -----------------------------------------------------------------------------------------------------------


def examine_paper(raw: bytes) -> str:
    """A file as it is uploaded, declared as what it begins as."""
    declared = next((str(kind) for beginning, kind in BEGINNINGS.items() if raw.startswith(beginning)), "text/plain")
    try:
        examine(raw, declared)
    except InvalidError as error:
        return f"refused: {error.slug.partition('.')[2]}"
    return "taken"


# --- a partner's commands ---------------------------------------------------------------------------------------------


@contextmanager
def commands(dsn: str) -> Iterator[Opened]:
    """What lies in the commands' queue, sent by a partner whose word the broker takes: answered, or put aside."""
    with Database(dsn) as db:
        scene = Scene(db)
        referral = scene.told_directory().requested()
        assert referral.status is Status.REQUESTED

        def run(raw: bytes) -> str:
            mail = Mail(raw, COMMANDS_QUEUE, {}, partner_user(HWK))
            try:
                inlet.obey(scene.unit, scene.keys, mail)
            except InvalidEnvelopeError:
                return "put aside"
            except LotsennetzError as error:
                return f"put aside: {error.slug}"
            return "answered"

        bodies: dict[str, dict[str, Any]] = {
            "accept": {"contact_by": "2026-11-30"},
            "reject": {"reason": "NO_CAPACITY"},
        }
        bodies |= {"receive": {}, "ask": {"question": "WHICH_DOCUMENTS"}, "waitlist": {}, "start": {}}
        told = {"specversion": "1.0", "source": f"/partners/{HWK}", "subject": f"referral/{referral.id}"}
        told |= {"time": "2026-11-23T09:00:00Z", "datacontenttype": "application/json"}
        seeds = [
            json.dumps(
                {**told, "id": str(UUID(int=n)), "type": f"partner.{name}.v1", "data": body, "expectedversion": n}
            ).encode()
            for n, (name, body) in enumerate(bodies.items(), 1)
        ]
        try:
            yield Opened(run, seeds)
        finally:
            scene.close()


# --- all of them ------------------------------------------------------------------------------------------------------


HOLE = b"hole"


def planted(raw: bytes) -> str:
    """A door with a hole behind four right bytes, found one after the other by whoever watches what each opens."""
    for at, wanted in enumerate(HOLE):
        if raw[at : at + 1] != bytes([wanted]):
            return "refused"
    raise RuntimeError("the planted hole")


PLANTED = Target("a planted hole", plain(planted, lambda: [b"????"]))
TARGETS: Mapping[str, Target] = {
    "event": Target("an event's envelope and data", plain(read_event, events)),
    "batch": Target("a batch of events", plain(read_batch, lambda: [b"[" + one + b"]" for one in events()[:20]])),
    "command": Target("a partner's command from the queue", commands, "referral"),
    "rows": Target("directory file (NDJSON)", plain(partial(read_file, read_rows), directory_files)),
    "hsds": Target(
        "directory file (HSDS)", plain(lambda raw: read_file(lambda read: read_hsds(read, foreign()), raw), hsds_files)
    ),
    "xzufi": Target(
        "directory file (XZuFi)",
        plain(lambda raw: read_file(lambda read: read_xzufi(read, foreign(), {}), raw), xzufi_files),
    ),
    "csv": Target("directory package (CSV), imported", csv_package, "directory"),
    "paper": Target(
        "an uploaded paper (PDF, PNG, JPEG, TIFF)",
        plain(examine_paper, lambda: [a_pdf(), a_png(), a_jpeg(), a_tiff()]),
    ),
    "sealed": Target("a partner's sealed words", sealed_words),
    "appointment": Target(
        "an opened appointment",
        plain(
            read_appointment, lambda: [b'{"starts_at": "2026-11-30T09:00:00Z", "minutes": 30, "place": "Zimmer 12"}']
        ),
    ),
    "token": Target("an access token", access_tokens),
    "note": Target("a checkpoint with a witness's line", notes),
}
