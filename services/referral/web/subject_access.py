"""Subject access: the lead hands a person everything that is recorded about her, on paper and as a file.

Looking at the form changes nothing. Sending it is the handing out: the view and the fact of it are committed, then the
answer is made - a sheet in the person's language to print, the file, or both in one archive.
"""

import uuid
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from io import BytesIO
from typing import Any
from uuid import UUID

from apiflask import APIBlueprint
from babel.units import format_unit
from flask import Response, g, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from contracts.codes import IdentityCheck, StaffRole, SubjectRight, TransferSafeguard, ViewPurpose
from contracts.fields import parse_instant
from services.chassis import i18n
from services.chassis.access import fresh, staff
from services.chassis.errors import InvalidError
from services.chassis.i18n import PERSON_LANGUAGES
from services.chassis.pages import STATIC, language, translate
from services.chassis.room import room
from services.chassis.web import request_work
from services.referral.commands import subject_rights
from services.referral.commands.subject_rights import AccessForm, GivenAccess
from services.referral.store import enquiries, external_disclosures
from services.referral.store import subject_rights as store
from services.referral.web import bodies, whose
from services.referral.web.callers import LONGEST_KEY, house, staff_actor
from services.referral.web.forms import request_key_of
from services.referral.web.names import in_words
from services.referral.web.subject_requests import chosen
from services.referral.web.words import datum

leads = staff(StaffRole.LEAD)
#: A request for the data themselves is answered by handing them out.
ANSWERED_BY_IT = frozenset({SubjectRight.ACCESS, SubjectRight.PORTABILITY})
FORMS = ("sheet", "file", "archive")
api = APIBlueprint("api_subject_access", __name__, url_prefix="/referral/api/v1", tag="Data protection")


def blueprint() -> APIBlueprint:
    pages = APIBlueprint("subject_access", __name__, url_prefix="/referral/enquiries", enable_openapi=False)
    pages.get("/<uuid:enquiry_id>/subject-access")(ask)
    pages.post("/<uuid:enquiry_id>/subject-access")(give)
    return pages


@fresh
@leads
def ask(enquiry_id: UUID) -> str:
    """What has to be known before anything is handed out; of several persons it shows the names, which is a view."""
    by = staff_actor()
    with request_work() as work:
        enquiry = enquiries.load(
            work.tx, enquiry_id, site=by.site, organization_id=by.employer, restricted_too=True
        ).with_former()
        asking = dict.fromkeys((one.person_id for one in enquiry.of_the_living().members), "")
        if len(asking) > 1:
            asking = whose.named(work, by, enquiry, ViewPurpose.SUBJECT_ACCESS)
        everybody = [one.person_id for one in enquiry.members]
        waiting = [
            one
            for person_id in everybody
            for one in store.of_person(work.tx, person_id)
            if one.is_open and one.right in ANSWERED_BY_IT
        ]
        given = [one for person_id in everybody for one in store.accesses_of(work.tx, person_id)]
        spoken = store.language_of(work.tx, next(iter(asking), enquiry.person_id))
        outside = [one for person_id in everybody for one in external_disclosures.of_person(work.tx, person_id)]
    today = room().unit.clock.today()
    return render_template(
        "referral/subject_access/ask.html",
        enquiry=enquiry,
        waiting=waiting,
        given=given,
        members=asking,
        unconfirmed=any(one.is_open for one in outside),
        withheld=any(not one.is_open and not one.may_be_told_to_her(today) for one in outside),
        checks=tuple(IdentityCheck),
        spoken=spoken or "de",
        languages_offered=PERSON_LANGUAGES,
        request_key=uuid.uuid4().hex,
    )


@fresh
@leads
def give(enquiry_id: UUID) -> AnyResponse:
    """Hand it out as the form says."""
    tag, wanted = request.form.get("language", ""), request.form.get("form", "sheet")
    if tag not in PERSON_LANGUAGES or wanted not in FORMS:
        raise InvalidError("request.invalid", {"language": "one-of-the-list"})
    form = AccessForm(
        identity_check=chosen("identity_check", IdentityCheck),
        language=tag,
        request_key=request_key_of(request.form),
        request_id=_id(request.form.get("request_id", "")),
        person_id=whose.typed(),
    )
    return answer(_given(enquiry_id, form), wanted)


def _given(enquiry_id: UUID, form: AccessForm) -> GivenAccess:
    with request_work() as work:
        return subject_rights.give_access(work, house(), staff_actor(), enquiry_id, form)


def _id(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        raise InvalidError("request.invalid", {"request_id": "an-id"}) from None


def answer(given: GivenAccess, wanted: str) -> AnyResponse:
    """The sheet, the file, or both; whichever it is, nothing of it is kept here."""
    if wanted == "sheet":
        return Response(sheet(given.document, elsewhere=given.elsewhere), mimetype="text/html")
    if wanted == "file":
        return _download(given, given.file, "application/json", "json")
    return _download(given, archive(given), "application/zip", "zip")


def _download(given: GivenAccess, content: bytes, media_type: str, ending: str) -> AnyResponse:
    name = f"auskunft-{given.document['access_id'][:8]}.{ending}"
    headers = {"Content-Disposition": f"attachment; filename={name}", "X-Content-Sha256": given.sha256}
    return Response(content, mimetype=media_type, headers=headers)


def archive(given: GivenAccess) -> bytes:
    """Both in one: the sheet stands by itself there, with its styles inside."""
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as folder:
        folder.writestr("auskunft.json", given.file)
        folder.writestr("auskunft.html", sheet(given.document, alone=True))
    return packed.getvalue()


#: Where the law says what carries a transfer to a third country.
ARTICLES = {
    TransferSafeguard.ADEQUACY: "45",
    TransferSafeguard.STANDARD_CLAUSES: "46",
    TransferSafeguard.OTHER_SAFEGUARD: "46",
    TransferSafeguard.BINDING_RULES: "47",
    TransferSafeguard.DEROGATION: "49",
}


def sheet(document: dict[str, Any], *, alone: bool = False, elsewhere: list[dict[str, Any]] | None = None) -> str:
    """The document as a person reads it, in her language; what is said to whoever hands it out is in the reader's."""
    reader = {
        "language": language(),
        "note": translate("Further cases of the same name and birth date; look whether they are hers too:"),
        "back": translate("Back"),
    }
    with speaking(document["language"]):
        return render_template(
            "referral/subject_access/sheet.html",
            found=document,
            reader=reader,
            styles=(STATIC / "sheet.css").read_text(encoding="utf-8") if alone else "",
            sections=sections(document),
            elsewhere=elsewhere or [],
            named=in_words,
            when=lambda text: i18n.format_moment(parse_instant(text), language()),
            day=lambda text: i18n.format_day(date.fromisoformat(text), language()),
            spans=span,
            articles=ARTICLES,
            speaks=document["language"].replace("de-simple", "de"),
            reads="rtl" if document["language"] in i18n.RIGHT_TO_LEFT else "ltr",
        )


def span(period: dict[str, Any]) -> str:
    """A length of time in the reader's language; where the long form is not known, the short one is."""
    unit, locale = f"duration-{period['unit']}", i18n.locale_of(language())
    written = format_unit(period["amount"], unit, "long", locale=locale)
    return written if unit not in written else format_unit(period["amount"], unit, "short", locale=locale)


@contextmanager
def speaking(tag: str) -> Iterator[None]:
    """Another language than the reader's, for what is made for somebody else."""
    before = g.language
    g.language = tag
    try:
        yield
    finally:
        g.language = before


def sections(document: dict[str, Any]) -> list[tuple[str | None, list[tuple[str, str]]]]:
    """What is recorded, by category, each datum as it is read."""
    found: dict[str | None, list[tuple[str, str]]] = {}
    for one in document["data"]:
        found.setdefault(one["category"], []).append((one["field"], datum(one["field"], one["value"])))
    return list(found.items())


# --- for programs -----------------------------------------------------------------------------------------------------


@api.post("/enquiries/<uuid:enquiry_id>/subject-access")
@api.input(bodies.SubjectAccessIn)
@fresh
@leads
def give_by_enquiry(enquiry_id: UUID, json_data: dict[str, Any]) -> AnyResponse:
    """Hand out everything that is recorded about the person of an enquiry: `Accept` says as what."""
    return _give_to_program(enquiry_id, json_data)


@api.post("/persons/<uuid:person_id>/subject-access")
@api.input(bodies.SubjectAccessIn)
@fresh
@leads
def give_by_person(person_id: UUID, json_data: dict[str, Any]) -> AnyResponse:
    """The same by the person's pseudonym."""
    by = staff_actor()
    with room().unit.db.read() as connection:
        enquiry_id = store.enquiry_of(connection, person_id, visible_to=by)
    return _give_to_program(enquiry_id, json_data, person_id)


def _give_to_program(enquiry_id: UUID, asked: dict[str, Any], person_id: UUID | None = None) -> AnyResponse:
    key = request.headers.get("Idempotency-Key", "")
    if not key or len(key) > LONGEST_KEY or not key.isprintable():
        raise InvalidError("idempotency.key-missing", {"Idempotency-Key": "a-key-of-1-to-128-characters"})
    form = AccessForm(
        identity_check=asked["identity_check"],
        language=asked["language"] or _spoken(enquiry_id, person_id),
        request_key=key,
        request_id=asked["request_id"],
        person_id=person_id,
    )
    return answer(_given(enquiry_id, form), ACCEPTED[_accepted()])


def _spoken(enquiry_id: UUID, person_id: UUID | None) -> str:
    by = staff_actor()
    with room().unit.db.read() as connection:
        enquiry = enquiries.load(connection, enquiry_id, site=by.site, organization_id=by.employer, restricted_too=True)
        spoken = store.language_of(connection, enquiry.with_former().member(person_id).person_id)
    return spoken if spoken in PERSON_LANGUAGES else "de"


def _accepted() -> str:
    return request.accept_mimetypes.best_match(list(ACCEPTED), "application/json")


ACCEPTED = {"application/json": "file", "text/html": "sheet", "application/zip": "archive"}
