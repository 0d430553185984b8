"""The log for programs: entries, checkpoints, proofs, and the whole of it as a file."""

import base64
from collections.abc import Iterator, Sequence
from io import BytesIO
from itertools import chain
from typing import Any
from uuid import UUID

import segno
from apiflask import APIBlueprint
from flask import Response, request

from contracts.codes import StaffRole
from contracts.fields import format_instant
from services.audit.commands import keep_cosignatures
from services.audit.config import load_keys, load_witnesses
from services.audit.domain.merkle import consistency_proof, inclusion_proof
from services.audit.exports import export_lines, extract_lines, receipt_of
from services.audit.queries import tree
from services.audit.queries.search import (
    FoundEntry,
    Search,
    entry_at,
    is_at_desk,
    position_of,
    positions,
    positions_of_case,
    search,
)
from services.audit.web.asking import ConsistencyAsked, EntriesAsked, ExportAsked, InclusionAsked, SearchAsked
from services.audit.web.looking import export, look, own_controller
from services.audit.web.wanted import search_of
from services.chassis.access import Caller, current_caller, fresh, partner_system, public, staff
from services.chassis.db import Connection
from services.chassis.errors import ForbiddenError, InvalidError, NotFoundError, RefusedError
from services.chassis.web import request_work, room

Json = dict[str, Any]
#: What one file holds with a proof per entry; more than any case has.
MOST_EXTRACTED = 5_000
blueprint = APIBlueprint("audit_api", __name__, url_prefix="/audit/api/v1")
officers = staff(StaffRole.DPO)
#: An auditor sees the cases of her controller alone.
readers = staff(StaffRole.DPO, StaffRole.AUDITOR)
#: The lead answers persons, those with a case at her own desk.
rights = staff(StaffRole.DPO, StaffRole.LEAD)
#: Hashes, proofs and signed heads say nothing about anybody.
watchers = staff(StaffRole.DPO, StaffRole.AUDITOR, StaffRole.OPERATIONS)


@blueprint.get("/entries")
@readers
@blueprint.input(EntriesAsked, location="query", arg_name="asked")
def entries(asked: Json) -> Json:
    """Entries that fit, the newest first; `cursor` of the answer asks for the next page."""
    wanted = search_of(request.args)
    look("entries", wanted)
    with room().unit.db.read() as connection:
        page = search(connection, wanted, asked.get("cursor"), asked["limit"])
    return {"entries": [entry_json(entry) for entry in page.entries], "cursor": page.cursor}


@blueprint.get("/checkpoints/latest")
@watchers
@partner_system
def latest_checkpoint() -> Response:
    """The newest signed tree head, as a C2SP signed note."""
    with room().unit.db.read() as connection:
        signed = tree.latest_checkpoint(connection)
        if signed is None:
            raise NotFoundError("audit.nothing-signed")
        note = tree.witnessed_note(connection, signed)
    return Response(note, content_type="text/plain; charset=utf-8")


@blueprint.post("/cosignatures")
@partner_system
def cosign() -> Json:
    """A head of ours as a note with a witness's line under it (C2SP tlog-cosignature)."""
    note = request.get_data(cache=False, as_text=True)
    with request_work() as work:
        return {"kept": keep_cosignatures(work.tx, load_witnesses(room().settings), note, work.now)}


@blueprint.get("/checkpoints/key")
@public
def key() -> Response:
    """The verifier key; whoever verifies should have it from elsewhere too."""
    return Response(load_keys(room().settings).text(), content_type="text/plain; charset=utf-8")


@blueprint.get("/proofs/inclusion")
@watchers
@blueprint.input(InclusionAsked, location="query", arg_name="asked")
def inclusion(asked: Json) -> Json:
    """Proof that an entry (`event_id` or `position`) is in the tree of `size` (default: the newest signed one)."""
    with room().unit.db.read() as connection:
        size, note = tree.signed_size(connection, asked["size"])
        position = position_of(connection, asked["event_id"]) if "event_id" in asked else asked.get("position")
        if position is None:
            raise InvalidError("audit.search-invalid", {"position": "a-position-or-an-event-id"})
        if position >= size:
            raise NotFoundError("audit.not-yet-signed", size=size)
        proof = inclusion_proof(position, size, tree.node_reader(connection))
        leaf = tree.stored_hashes(connection, 0, position, 1)[0]
        root = tree.root_at(connection, size)
    return {"position": position, "size": size, "leaf_hash": encoded(leaf), "root": encoded(root), **steps(proof, note)}


@blueprint.get("/proofs/consistency")
@watchers
@partner_system
@blueprint.input(ConsistencyAsked, location="query", arg_name="asked")
def consistency(asked: Json) -> Json:
    """Proof that the tree of `first` entries is the beginning of the tree of `second`."""
    first = asked["first"]
    with room().unit.db.read() as connection:
        second, note = tree.signed_size(connection, asked["second"])
        if first > second:
            raise InvalidError("audit.search-invalid", {"first": f"a-number-from-1-to-{second}"})
        proof = consistency_proof(first, second, tree.node_reader(connection))
        roots = [encoded(tree.root_at(connection, size)) for size in (first, second)]
    return {"first": first, "second": second, "first_root": roots[0], "second_root": roots[1], **steps(proof, note)}


@blueprint.get("/export")
@fresh
@officers
@blueprint.input(ExportAsked, location="query", arg_name="asked")
def export_log(asked: Json) -> Response:
    """The log from entry `first` on as NDJSON, with the checkpoint it was made under; verify it with the verifier."""
    return _exported(asked["first"], content=True)


@blueprint.get("/export/hashes")
@watchers
@blueprint.input(ExportAsked, location="query", arg_name="asked")
def export_hashes(asked: Json) -> Response:
    """The same without what the entries say: the hashes alone show whether anything was changed."""
    return _exported(asked["first"], content=False)


def _exported(first: int, *, content: bool) -> Response:
    with room().unit.db.read() as connection:
        size, _ = tree.signed_size(connection, None)
    form = "log" if content else "hashes"
    export(form, first, size)
    lines = _lines(first, content)
    beginning = next(lines)  # what can go wrong goes wrong before the answer begins
    headers = {"Content-Disposition": f"attachment; filename=lotsennetz-audit-{form}-{first}-{size}.ndjson"}
    return Response(chain([beginning], lines), headers=headers, content_type="application/x-ndjson")


def _lines(first: int, content: bool) -> Iterator[bytes]:
    database = room().unit.db

    def stream() -> Iterator[bytes]:
        with database.read() as connection:
            yield from export_lines(connection, first, content=content)

    return stream()


@blueprint.get("/extract")
@readers
@blueprint.input(SearchAsked, location="query", arg_name="_")
def extract(_: Json) -> Response:
    """Everything that fits a search as NDJSON, each entry with its own proof; verify it with the verifier."""
    wanted = search_of(request.args)
    with room().unit.db.read() as connection:
        found = positions(connection, wanted, MOST_EXTRACTED)
    export("extract", min(found, default=0), len(found), wanted)
    return extract_of(found, "lotsennetz-audit-extract.ndjson")


@blueprint.get("/persons/<uuid:person_id>/extract")
@rights
def extract_of_person(person_id: UUID) -> Response:
    """Everything under a pseudonym and about its referrals, each entry with its proof (GDPR Art. 15)."""
    return _extract_of_case("person_id", person_id)


@blueprint.get("/enquiries/<uuid:enquiry_id>/extract")
@rights
def extract_of_enquiry(enquiry_id: UUID) -> Response:
    """The same of an enquiry: an employer's contact is named by no fact, her enquiry is."""
    return _extract_of_case("enquiry_id", enquiry_id)


def _extract_of_case(name: str, identity: UUID) -> Response:
    """The whole of it to the officer; to a lead with a case of it at her desk what is her own controller's."""
    caller = current_caller()
    with room().unit.db.read() as connection:
        controller = None if caller.role is StaffRole.DPO else caller.employer
        if caller.role is not StaffRole.DPO and not _is_her_own(connection, caller, name, identity):
            raise NotFoundError("audit.nothing-to-export")
        found = positions_of_case(connection, name, identity, MOST_EXTRACTED, controller)
    export("case", min(found, default=0), len(found), Search(mentions={name: identity}, controller=controller))
    return extract_of(found, "lotsennetz-audit-extract.ndjson")


def _is_her_own(connection: Connection, caller: Caller, name: str, identity: UUID) -> bool:
    if caller.employer is None or caller.site is None:
        raise ForbiddenError("auth.site-missing")
    return is_at_desk(connection, name, identity, caller.employer, caller.site)


@blueprint.get("/receipts/<uuid:event_id>")
@readers
def receipt(event_id: UUID) -> Response:
    """One entry with its proof: shows offline that this was recorded under a signed head."""
    position = _own_position(event_id)
    export("receipt", position, 1)
    return extract_of([position], f"lotsennetz-receipt-{event_id}.ndjson")


@blueprint.get("/receipts/<uuid:event_id>.txt")
@readers
def receipt_text(event_id: UUID) -> Response:
    """The same receipt as the text of its QR code."""
    return Response(f"{_receipt(event_id)}\n", content_type="text/plain; charset=us-ascii")


@blueprint.get("/receipts/<uuid:event_id>.svg")
@readers
def receipt_code(event_id: UUID) -> Response:
    """The same receipt as a QR code, for paper."""
    content = _receipt(event_id)
    image = BytesIO()
    try:
        segno.make(content, error="l", micro=False).save(image, kind="svg", scale=4, xmldecl=False)
    except segno.DataOverflowError as too_long:
        raise RefusedError("audit.receipt-too-long") from too_long
    return Response(image.getvalue(), content_type="image/svg+xml")


def _receipt(event_id: UUID) -> str:
    position = _own_position(event_id)
    with room().unit.db.read() as connection:
        content = receipt_of(connection, position)
    export("receipt", position, 1)
    return content


def _own_position(event_id: UUID) -> int:
    """Where an event stands, for whoever may see it."""
    with room().unit.db.read() as connection:
        position = position_of(connection, event_id)
        entry_at(connection, position, own_controller())
    return position


def extract_of(found: Sequence[int], name: str) -> Response:
    with room().unit.db.read() as connection:
        content = b"".join(extract_lines(connection, found))
    headers = {"Content-Disposition": f"attachment; filename={name}"}
    return Response(content, headers=headers, content_type="application/x-ndjson")


def entry_json(entry: FoundEntry) -> Json:
    return {
        "position": entry.position,
        "event_id": str(entry.event_id),
        "recorded_at": format_instant(entry.recorded_at),
        "leaf_hash": encoded(entry.leaf_hash),
        "leaf": dict(entry.leaf) or None,
    }


def steps(proof: list[bytes], note: str | None) -> Json:
    return {"proof": [encoded(step) for step in proof], "checkpoint": note}


def encoded(value: bytes) -> str:
    return base64.b64encode(value).decode()
