"""Papers that go along: chosen on the case page, fetched by a light-path unit as a download."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from flask import Response, redirect
from werkzeug.wrappers import Response as AnyResponse

from contracts.codes import DataCategory, DocumentKind, StaffRole
from services.chassis.access import desk, staff
from services.chassis.db import Connection
from services.chassis.errors import RefusedError
from services.chassis.web import request_work
from services.chassis.work import Work
from services.referral.commands import enclosing, receipts
from services.referral.commands.referrals import Withheld
from services.referral.domain.referral import Referral
from services.referral.store import documents, enclosures
from services.referral.store.documents import Paper
from services.referral.store.enclosures import Enclosure
from services.referral.web.callers import house, staff_actor, withheld
from services.referral.web.desk import known_unit_of
from services.referral.web.documents import download
from services.referral.web.forms import once_per_form

navigators = staff(StaffRole.NAVIGATOR, StaffRole.LEAD)


@dataclass(frozen=True, slots=True)
class Papers:
    """What the case page shows: papers that go along, others that could, and whether consent covers them."""

    enclosed: list[Enclosure]
    others: list[Paper]
    covered: bool


def papers_of(connection: Connection, referral: Referral, released: frozenset[DataCategory]) -> Papers:
    enclosed = enclosures.of_referral(connection, referral.id)
    taken = {one.paper.id for one in enclosed}
    return Papers(
        enclosed,
        [
            paper
            for paper in documents.of_person(connection, referral.person_id)
            if paper.id not in taken and paper.kind is not DocumentKind.CONSENT_FORM
        ],
        DataCategory.DOCUMENTS in released,
    )


def blueprint() -> APIBlueprint:
    pages = APIBlueprint("enclosures", __name__, url_prefix="/referral", enable_openapi=False)
    pages.post("/referrals/<uuid:referral_id>/documents/<uuid:document_id>")(enclose)
    pages.post("/referrals/<uuid:referral_id>/documents/<uuid:document_id>/removals")(take_out)
    pages.get("/desk/referrals/<uuid:referral_id>/documents/<uuid:document_id>")(fetch)
    return pages


@navigators
def enclose(referral_id: UUID, document_id: UUID) -> AnyResponse:
    """Let it go along."""
    by = staff_actor()

    def run(work: Work) -> tuple[int, dict[str, Any]]:
        enclosing.enclose(work, house().keys, by, referral_id, document_id)
        return 201, {}

    once_per_form(by.actor, referral_id, f"enclose/{document_id}", run)
    return redirect(f"/referral/referrals/{referral_id}#documents", 303)


@navigators
def take_out(referral_id: UUID, document_id: UUID) -> AnyResponse:
    """Let it go along no longer."""
    by = staff_actor()

    def run(work: Work) -> tuple[int, dict[str, Any]]:
        enclosing.take_out(work, house().keys, by, referral_id, document_id)
        return 201, {}

    once_per_form(by.actor, referral_id, f"take-out/{document_id}", run)
    return redirect(f"/referral/referrals/{referral_id}#documents", 303)


@desk
def fetch(referral_id: UUID, document_id: UUID) -> Response:
    """The unit fetches a paper: decided and committed like any fetch, then handed out to be saved."""
    by = known_unit_of(referral_id)
    with request_work() as work:
        answer = enclosing.fetch(work, house().keys, referral_id, document_id, by)
        receipts.issue(work, house().keys.receipts, by.organization_id)
    if isinstance(answer, Withheld):
        _, body = withheld(answer)
        raise RefusedError(body.pop("slug"), **body)
    paper = answer.document
    return download(paper.content, paper.media_type, paper.file_name)
