"""What was prepared, until it is signed: printed in two languages, found by its code, signed, witnessed, declined."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID

import segno
from apiflask import APIBlueprint
from flask import redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from contracts.codes import (
    DataCategory,
    DraftEnd,
    EnquirerKind,
    ProofKind,
    Signer,
    StaffRole,
)
from contracts.partner.dossier import PERSON, category_of
from services.chassis import i18n
from services.chassis.access import staff, uploads
from services.chassis.errors import InvalidError
from services.chassis.room import room
from services.chassis.web import request_work
from services.chassis.work import Work
from services.referral.commands import enquiries, preparing, signing
from services.referral.commands.signing import Signing
from services.referral.consent_texts import GERMAN, PrintedText, TextKind, filled
from services.referral.domain.capture import AT_THE_DESK
from services.referral.domain.drafting import DraftedConsent, missing_signers
from services.referral.domain.explaining import Explanation
from services.referral.domain.form_code import is_code, normalized, readable
from services.referral.domain.grounds import Witness
from services.referral.queries import self_service
from services.referral.store import drafts, persons
from services.referral.store.enquiries import Enquiry
from services.referral.web.callers import house, staff_actor
from services.referral.web.forms import once_per_form
from services.referral.web.names import Names
from services.referral.web.scans import Scan, keep_scan, scanned

navigators = staff(StaffRole.NAVIGATOR, StaffRole.LEAD)
FOR_PERSONS = (TextKind.REFERRAL, TextKind.SPOKEN)
IDENTITY = ("given_name", "family_name", "birth_date")
LONGEST_NAME = 100
Chosen = TypeVar("Chosen", bound=StrEnum)
#: Complaints that name fields of the form.
OF_FIELDS = frozenset({"consent.incomplete", "enterprise-request.incomplete", "request.invalid"})


@dataclass(frozen=True, slots=True)
class ConsentError:
    """What was wrong, and in which form: that of a draft, or the one to take a consent down in one go."""

    error: InvalidError
    consent_id: UUID | None = None

    @property
    def slug(self) -> str:
        return self.error.slug

    @property
    def fields(self) -> Mapping[str, Any]:
        """Which fields of the form; a file, or a form that came too late, is refused for one reason of its own."""
        return self.error.fields if self.error.slug in OF_FIELDS else {}


def blueprint() -> APIBlueprint:
    pages = APIBlueprint("consent_drafts", __name__, url_prefix="/referral", enable_openapi=False)
    pages.get("/consent-forms")(find)
    one = "/enquiries/<uuid:enquiry_id>/consent-drafts/<uuid:consent_id>"
    pages.get(one)(form)
    pages.post(f"{one}/signatures")(sign)
    pages.post(f"{one}/witnesses")(witness)
    pages.post(f"{one}/refusals")(decline)
    return pages


@navigators
def find() -> AnyResponse:
    """From the code on a signed paper, typed or scanned, to what was prepared."""
    code = normalized(request.args.get("code", ""))
    if not is_code(code):
        raise InvalidError("consent.code-mistyped", {"code": "nine-letters-and-digits-as-printed"})
    by = staff_actor()
    with request_work() as work:
        drafted = drafts.of_code(work.tx, code)
        enquiries.load(work, drafted.enquiry_id, by)
    return redirect(f"/referral/enquiries/{drafted.enquiry_id}#draft-{drafted.id}", 303)


@navigators
def form(enquiry_id: UUID, consent_id: UUID) -> str:
    """On paper: her language beside German, exactly what was drafted. Printing it is a view of her identity."""
    by = staff_actor()
    with request_work() as work:
        drafted = preparing.open_draft(work, by, enquiry_id, consent_id)
        record = persons.record_of(work.tx, house().keys.vault, drafted.person_id)
        identity: dict[str, Any] = {name: record[name] for name in IDENTITY if name in record}
        enquiries.view_person(work, by, enquiries.load(work, enquiry_id, by), identity, drafted.person_id)
        page = sheet_of(work, drafted)
    return render_template("referral/consent_sheet.html", drafted=drafted, identity=identity, **page)


def sheet_of(work: Work, drafted: DraftedConsent) -> dict[str, Any]:
    """Texts side by side, recipients with the fields they will see, the code to find it again by."""
    texts, names, fits = house().texts, Names(work.tx), fits_of(work, drafted)
    shown = texts.shown_to(drafted.text_id, drafted.language, interpreter=drafted.interpreter)
    told = [(shown, texts.printed(drafted.text_id, GERMAN))]
    if texts.kind_of(drafted.text_id) is TextKind.GUARDIAN:
        own = texts.current(TextKind.YOUNG_PERSON)
        told.append(
            (texts.shown_to(own, drafted.language, interpreter=drafted.interpreter), texts.printed(own, GERMAN))
        )
    address = f"{room().settings.public_url}/referral/consent-forms?code={drafted.code}"
    return {
        "texts": [(in_full(left, drafted), in_full(right, drafted)) for left, right in told],
        "recipients": [
            {
                "entry": one,
                "organization": names.organization(one.organization_id),
                "service": names.service(one.service_id) if one.service_id else "",
                "fields": fields_seen(one.categories),
                "fit": fits.get(one.service_id) if one.service_id else None,
            }
            for one in drafted.recipients
        ],
        "signers": still_to_sign(work, drafted),
        "code": readable(drafted.code),
        "picture": segno.make(address, error="m", micro=False).svg_data_uri(scale=3, border=2, light="white"),
        "right_to_left": drafted.language in i18n.RIGHT_TO_LEFT,
        "languages_shown": tuple(dict.fromkeys((shown.text.language, GERMAN))),
        "say": say,
    }


def fits_of(work: Work, drafted: DraftedConsent) -> dict[UUID, Explanation]:
    """Why each body was thought to fit when the consent was prepared; it stays what was printed."""
    named = [(one.service_id, one.purposes) for one in drafted.recipients if one.service_id]
    return self_service.fits(work.tx, drafted.person_id, named, drafted.prepared_at)


def say(word: Any, language: str) -> str:
    """A word of the form in the language of a text, whatever that of the page is."""
    return i18n.label("referral", language, word)


def in_full(text: PrintedText, drafted: DraftedConsent) -> PrintedText:
    return filled(text, house().controllers, drafted.controllers)


def fields_seen(categories: tuple[DataCategory, ...]) -> list[str]:
    """The names of exactly the fields such a consent opens."""
    named = frozenset(categories)
    return [name for name in PERSON.fields if category_of(EnquirerKind.PERSON, name) in named]


def still_to_sign(work: Work, drafted: DraftedConsent) -> tuple[Signer, ...]:
    return missing_signers(drafted, preparing.born_on_of(work, house(), drafted.person_id), work.today)


@navigators
@uploads
def sign(enquiry_id: UUID, consent_id: UUID) -> AnyResponse:
    """The signed paper comes back: its scan is sealed under her key, its hash is what proves the consent."""
    try:
        sign_once(enquiry_id, consent_id, scanned())
    except InvalidError as error:
        return answered(enquiry_id, error, consent_id)
    return back(enquiry_id, "consent")


def sign_once(enquiry_id: UUID, consent_id: UUID, scan: Scan) -> None:
    by, own, signed = staff_actor(), house(), signing_typed()

    def run(work: Work) -> tuple[int, dict[str, Any]]:
        drafted = preparing.open_draft(work, by, enquiry_id, consent_id)
        signing.complete_consent(work, own, drafted, replace(signed, document_id=keep_scan(work, drafted, scan)))
        return 201, {"id": str(consent_id)}

    once_per_form(by.actor, enquiry_id, f"sign/{consent_id}", run, file=scan.content)


def signing_typed() -> Signing:
    """How it was signed or said, as typed into the form; the scan comes beside it."""
    given = request.form
    return Signing(
        channel=chosen(AT_THE_DESK, given.get("channel"), "channel"),
        signer=chosen(tuple(Signer), given.get("signer"), "signer"),
        proof=chosen(tuple(ProofKind), given["proof"], "proof") if given.get("proof") else None,
        **witness_typed(),
    )


def witness_typed() -> dict[str, Any]:
    """Who heard what was said, and the interpreter by name."""
    given = request.form
    return {
        "witness": chosen(tuple(Witness), given["witness"], "witnessed_by") if given.get("witness") else None,
        "interpreter_name": given.get("interpreter_name", "").strip()[:LONGEST_NAME] or None,
    }


def chosen(codes: Sequence[Chosen], given: str | None, field: str) -> Chosen:
    found = next((one for one in codes if one.value == given), None)
    if found is None:
        raise InvalidError("consent.incomplete", {field: "one-of-those-offered"})
    return found


def answered(enquiry_id: UUID, error: InvalidError, consent_id: UUID | None = None) -> AnyResponse:
    """The page with what was wrong, and with all that was typed; a program gets the fields."""
    if "Authorization" in request.headers and "text/html" not in request.headers.get("Accept", ""):
        raise error
    from services.referral.web.enquiry import page  # noqa: PLC0415 - the page holds this form

    return AnyResponse(page(enquiry_id, consent_error=ConsentError(error, consent_id)), 422, mimetype="text/html")


@navigators
def witness(enquiry_id: UUID, consent_id: UUID) -> AnyResponse:
    """The second member of staff says in her own session that she heard it."""
    by, own = staff_actor(), house()

    def run(work: Work) -> tuple[int, dict[str, Any]]:
        signing.witness_consent(work, own, by, enquiry_id, consent_id)
        return 201, {"id": str(consent_id)}

    once_per_form(by.actor, enquiry_id, f"witness/{consent_id}", run)
    return back(enquiry_id, "consent")


@navigators
def decline(enquiry_id: UUID, consent_id: UUID) -> AnyResponse:
    """Somebody who has to agree does not. That has no disadvantage; nothing else follows."""
    by = staff_actor()

    def run(work: Work) -> tuple[int, dict[str, Any]]:
        preparing.end_draft(work, by, enquiry_id, consent_id, DraftEnd.DECLINED)
        return 201, {"id": str(consent_id)}

    once_per_form(by.actor, enquiry_id, f"decline/{consent_id}", run)
    return back(enquiry_id, "declined")


def back(enquiry_id: UUID, done: str) -> AnyResponse:
    return redirect(f"/referral/enquiries/{enquiry_id}?done={done}#consents", 303)


def waiting(work: Work, enquiry: Enquiry) -> list[dict[str, Any]]:
    """The drafts of an enquiry as its page shows them: whose, to whom, who is still missing."""
    names = Names(work.tx)
    return [
        {
            "draft": one,
            "relation": member.relation,
            "code": readable(one.code),
            "bodies": [names.organization(part.organization_id) for part in one.recipients],
            "missing": list(dict.fromkeys(still_to_sign(work, one))),
            "unwitnessed": any(signature.waits_for_witness for signature in one.signatures),
        }
        for member in enquiry.members
        for one in drafts.of_person(work.tx, member.person_id)
    ]


def texts_to_read(enquiry: Enquiry) -> list[PrintedText]:
    """What can be handed over or read out, in every language, with those named who answer for the data."""
    texts, own = house().texts, house().controllers
    ids = [one.organization_id for one in own.of(enquiry.organization_id)]
    kinds = FOR_PERSONS if enquiry.enquirer is EnquirerKind.PERSON else (TextKind.EMPLOYER_NOTICE,)
    return [filled(one, own, ids) for one in texts.all() if one.kind in kinds and one.retired_on is None]
