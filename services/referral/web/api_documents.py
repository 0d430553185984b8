"""The navigators' interface to an enquiry's papers. A file comes as a form part: base64 would carry a third more."""

import hashlib
from typing import Any
from uuid import UUID

from apiflask import APIBlueprint, Schema
from apiflask.fields import File
from flask import Response
from marshmallow import fields

from contracts.codes import DocumentKind, MediaType, StaffRole
from contracts.fields import Identifier
from services.chassis.access import staff, uploads
from services.chassis.web import request_work, room
from services.chassis.work import Work
from services.referral.commands import documents
from services.referral.store import documents as store
from services.referral.store import enquiries
from services.referral.store.documents import Paper
from services.referral.web import bodies
from services.referral.web.callers import house, once, staff_actor, view_purpose
from services.referral.web.documents import content_of, download

Json = dict[str, Any]
blueprint = APIBlueprint("api_documents", __name__, url_prefix="/referral/api/v1/enquiries", tag="Documents")
navigators = staff(StaffRole.NAVIGATOR, StaffRole.LEAD)
FILES = {str(kind): {"schema": {"type": "string", "format": "binary"}} for kind in MediaType}
FILE: Any = {200: {"description": "The file", "content": FILES}}


class DocumentIn(bodies.Body):
    """One paper: a PDF, PNG, JPEG or TIFF of at most `DOCUMENT_MAX_BYTES` (10 million), and what it is.

    The part's `Content-Type` has to be what the file is. Scripts, attachments, passwords and archives inside are
    refused (422). A scan of a signed consent comes first; the consent then names it as its `document_id`.
    """

    kind = bodies.code(DocumentKind, required=True)
    person_id = Identifier(load_default=None, metadata={"description": "Whose it is; who asked, if nobody is named."})
    file = File(required=True)  # type: ignore[no-untyped-call]


class DocumentOut(Schema):
    """A paper without what is in it."""

    id = fields.String()
    person_id = fields.String()
    kind = fields.String()
    media_type = fields.String()
    size = fields.Integer()
    file_name = fields.String()
    added_at = fields.String()


class ListedDocumentOut(DocumentOut):
    """One of the papers there are."""


class DocumentsOut(Schema):
    documents = fields.List(fields.Nested(ListedDocumentOut()))


def shown(paper: Paper) -> Json:
    return {
        "id": str(paper.id),
        "person_id": str(paper.person_id),
        "kind": paper.kind,
        "media_type": paper.media_type,
        "size": paper.size,
        "file_name": paper.file_name,
        "added_at": paper.added_at.isoformat(),
    }


@blueprint.get("/<uuid:enquiry_id>/documents")
@blueprint.output(DocumentsOut)
@navigators
def documents_of(enquiry_id: UUID) -> Json:
    """Which papers there are, without a look into any."""
    by = staff_actor()
    with room().unit.db.read() as connection:
        found = enquiries.load(connection, enquiry_id, site=by.site, organization_id=by.employer)
        return {"documents": [shown(paper) for paper in store.of_enquiry(connection, found.id)]}


@blueprint.post("/<uuid:enquiry_id>/documents")
@blueprint.input(DocumentIn, location="form_and_files")
@blueprint.output(DocumentOut, status_code=201)
@blueprint.doc(responses={413: "Larger than any file may be"})
@navigators
@uploads
def add(enquiry_id: UUID, form_and_files_data: Json) -> tuple[Json, int]:
    """Take a paper in: checked by what is in it, sealed, its own name forgotten."""
    by, own = staff_actor(), house()
    kind = DocumentKind(form_and_files_data["kind"])
    content, media_type = content_of(form_and_files_data["file"])

    def run(work: Work) -> tuple[int, Json]:
        paper = documents.add(
            work,
            own.keys.vault,
            by,
            enquiry_id,
            kind=kind,
            content=content,
            media_type=media_type,
            largest=own.document_bytes,
            person_id=form_and_files_data["person_id"],
        )
        return 201, shown(paper)

    seal = hashlib.sha256(content).hexdigest()
    return once(run, content=f"{kind}\n{media_type}\n{form_and_files_data['person_id']}\n{seal}".encode())


@blueprint.get("/<uuid:enquiry_id>/documents/<uuid:document_id>")
@blueprint.doc(responses=FILE)
@navigators
def document(enquiry_id: UUID, document_id: UUID) -> Response:
    """The paper itself. That it is looked into is a fact before a byte is sent."""
    with request_work() as work:
        found = documents.look_into(work, house().keys.vault, staff_actor(), enquiry_id, document_id, view_purpose())
    return download(found.content, found.media_type, found.file_name)


@blueprint.post("/<uuid:enquiry_id>/documents/<uuid:document_id>/deletions")
@navigators
def delete(enquiry_id: UUID, document_id: UUID) -> tuple[Json, int]:
    """Keep it no longer. What proves a consent stays as long as the consent's record."""
    by = staff_actor()

    def run(work: Work) -> tuple[int, Json]:
        documents.delete(work, house().keys, by, enquiry_id, document_id)
        return 201, {"id": str(document_id)}

    return once(run)
