"""Papers of an enquiry: taken in by form, handed out as a download. Nothing of them is ever shown in a page of ours."""

from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from flask import Response, redirect, request
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response as AnyResponse

from contracts.codes import DocumentKind, MediaType, StaffRole
from services.chassis.access import staff, uploads
from services.chassis.errors import InvalidError
from services.chassis.web import request_work
from services.chassis.work import Work
from services.referral.commands import documents
from services.referral.domain.documents import UPLOADED
from services.referral.web import enquiry
from services.referral.web.callers import house, staff_actor, view_purpose
from services.referral.web.forms import once_per_form

navigators = staff(StaffRole.NAVIGATOR, StaffRole.LEAD)
#: What the form around a file may take beside it.
FORM_BYTES = 100_000


def blueprint() -> APIBlueprint:
    pages = APIBlueprint("documents", __name__, url_prefix="/referral/enquiries", enable_openapi=False)
    pages.post("/<uuid:enquiry_id>/documents")(add)
    pages.get("/<uuid:enquiry_id>/documents/<uuid:document_id>")(show)
    pages.post("/<uuid:enquiry_id>/documents/<uuid:document_id>/deletions")(delete)
    return pages


def whose(named: str) -> UUID | None:
    """One of the enquiry's persons; nobody named is who asked."""
    try:
        return UUID(named) if named else None
    except ValueError:
        raise InvalidError("request.invalid", {"person_id": "a-person-of-this-enquiry"}) from None


def content_of(file: FileStorage | None) -> tuple[bytes, str]:
    """What is in the file and what it says it is; the name it came with goes no further than here."""
    return (file.read(), file.mimetype) if file is not None else (b"", "")


def download(content: bytes, media_type: MediaType, name: str) -> Response:
    """A file to be saved: no page of ours shows it, and no browser may take it for something else or run it."""
    response = Response(content, content_type=str(media_type))
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'; frame-ancestors 'none'"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store, private"
    return response


@navigators
@uploads
def add(enquiry_id: UUID) -> AnyResponse:
    """Take a paper in; what is wrong with it is said beside the field."""
    by, own, kind = staff_actor(), house(), request.form.get("kind", "")
    if kind not in set(UPLOADED):
        raise InvalidError("request.invalid", {"kind": "a-known-kind"})
    content, media_type = content_of(request.files.get("file"))
    person_id = whose(request.form.get("person_id", ""))

    def run(work: Work) -> tuple[int, dict[str, Any]]:
        paper = documents.add(
            work,
            own.keys.vault,
            by,
            enquiry_id,
            kind=DocumentKind(kind),
            content=content,
            media_type=media_type,
            largest=own.document_bytes,
            person_id=person_id,
        )
        return 201, {"id": str(paper.id)}

    try:
        once_per_form(by.actor, enquiry_id, "document", run, file=content)
    except InvalidError as error:
        return Response(enquiry.page(enquiry_id, document_error=error.slug), 422)
    return redirect(f"/referral/enquiries/{enquiry_id}?done=document#documents", 303)


@navigators
def show(enquiry_id: UUID, document_id: UUID) -> Response:
    """Hand the paper out; that somebody looks into it is committed first."""
    with request_work() as work:
        found = documents.look_into(work, house().keys.vault, staff_actor(), enquiry_id, document_id, view_purpose())
    return download(found.content, found.media_type, found.file_name)


@navigators
def delete(enquiry_id: UUID, document_id: UUID) -> AnyResponse:
    """It was the wrong one, or is needed no longer."""
    by = staff_actor()

    def run(work: Work) -> tuple[int, dict[str, Any]]:
        documents.delete(work, house().keys, by, enquiry_id, document_id)
        return 200, {}

    once_per_form(by.actor, enquiry_id, f"document/{document_id}", run)
    return redirect(f"/referral/enquiries/{enquiry_id}?done=document-deletion#documents", 303)
