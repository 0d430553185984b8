"""The form of a new enquiry: who asks and what is needed, read back into the published record schemas."""

from collections.abc import Mapping
from typing import Any

from werkzeug.datastructures import MultiDict

from contracts.codes import EnquirerKind, Topic, Urgency
from contracts.partner.dossier import EMPLOYER, PERSON
from services.chassis.errors import InvalidError
from services.referral.commands.enquiries import topics_of
from services.referral.web import bodies
from services.referral.web.callers import validated

#: What the desk asks first. Residence is not asked here: it is always optional and never hinted at.
PERSON_FIELDS = (
    *("given_name", "family_name", "birth_date", "phone", "email", "postal_code", "city"),
    *("languages", "interpreter", "occupation", "occupation_code"),
    *("qualification_title", "qualification_country", "qualification_year", "note"),
)
EMPLOYER_FIELDS = (
    *("company", "contact_name", "mailbox", "phone", "postal_code"),
    *("employees", "positions", "occupation_sought", "note"),
)
NUMBERS = frozenset({"qualification_year", "employees", "positions"})
INPUTS = {"birth_date": "date", "phone": "tel", "email": "email", "mailbox": "email"} | dict.fromkeys(NUMBERS, "number")
LANGUAGES = ("de", "en", "ar", "uk", "tr", "fr", "fa", "ru", "pl", "ro", "es", "pt", "sq", "ti", "ku", "hi", "vi")
COUNTRIES = ("TN", "SY", "TR", "UA", "IN", "MA", "AF", "IR", "BA", "RS", "MK", "PH", "VN", "EG", "NG", "BR", "CO", "RU")


def fields_of(kind: EnquirerKind) -> tuple[str, ...]:
    return PERSON_FIELDS if kind is EnquirerKind.PERSON else EMPLOYER_FIELDS


def read_record(kind: EnquirerKind, form: MultiDict[str, str]) -> dict[str, Any]:
    """The record as it will be sealed; each wrong field is named."""
    given: dict[str, Any] = {}
    for name in fields_of(kind):
        value: Any = form.getlist(name) if name == "languages" else form.get(name, "").strip()
        if value:
            given[name] = int(value) if name in NUMBERS and str(value).isdigit() else value
    schema = bodies.ClosedPerson() if kind is EnquirerKind.PERSON else bodies.ClosedEmployer()
    loaded = validated(schema, given)
    return dict((PERSON if kind is EnquirerKind.PERSON else EMPLOYER).dump(loaded))


def read_needs(kind: EnquirerKind, form: MultiDict[str, str]) -> list[tuple[Topic, Urgency]]:
    """At least one thing must be needed; urgency holds for all that are asked for now."""
    known: Mapping[str, Topic] = {topic.value: topic for topic in topics_of(kind)}
    urgency = form.get("urgency", Urgency.NORMAL.value)
    topics = [known[name] for name in form.getlist("topics") if name in known]
    if not topics or urgency not in set(Urgency):
        raise InvalidError("request.invalid", {"topics": "at-least-one"})
    return [(topic, Urgency(urgency)) for topic in topics]
