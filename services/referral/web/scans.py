"""The signed form that comes with its consent: judged like every paper, sealed under her key; its hash is the proof."""

from dataclasses import dataclass, field
from uuid import UUID

from flask import request

from contracts.codes import DocumentKind
from services.chassis.work import Work
from services.referral.domain.documents import examine
from services.referral.domain.drafting import DraftedConsent
from services.referral.store import documents
from services.referral.web.callers import house


@dataclass(frozen=True, slots=True)
class Scan:
    """What was uploaded, and what it says it is; the name it came with goes no further."""

    content: bytes = field(repr=False)
    media_type: str = ""


def scanned() -> Scan:
    """The form's own file; nothing chosen is an empty one."""
    chosen = request.files.get("scan")
    return Scan(chosen.read(), chosen.mimetype) if chosen is not None and chosen.filename else Scan(b"")


def keep_scan(work: Work, drafted: DraftedConsent, scan: Scan) -> UUID | None:
    """Seal it with the enquiry; None where nothing was uploaded."""
    if not scan.content:
        return None
    examine(scan.content, scan.media_type, largest=house().document_bytes)
    return documents.keep(
        work,
        house().keys.vault,
        drafted.person_id,
        enquiry_id=drafted.enquiry_id,
        kind=DocumentKind.CONSENT_FORM,
        content=scan.content,
        media_type=scan.media_type,
    )
