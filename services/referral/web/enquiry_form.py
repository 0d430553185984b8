"""The form of a new enquiry: who asks and what is needed, read back into the published record schemas."""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any

from werkzeug.datastructures import MultiDict

from contracts.codes import ContactLimit, ContactTime, EnquirerKind, SafeChannel, Topic, Urgency
from contracts.partner.dossier import EMPLOYER, PERSON, SCHEMAS
from services.chassis.errors import InvalidError
from services.referral.commands.enquiries import topics_of
from services.referral.domain.documents import UPLOADED
from services.referral.web import bodies
from services.referral.web.callers import validated

#: What the desk asks first. Residence is not asked here: it is always optional and never hinted at.
PERSON_FIELDS = (
    *("given_name", "family_name", "birth_date", "phone", "postal_code", "city", "email"),
    *("safe_channel", "contact_limits", "contact_times", "unavailable_times"),
    *("languages", "interpreter", "occupation", "occupation_code"),
    *("qualification_title", "qualification_country", "qualification_year", "note"),
)
EMPLOYER_FIELDS = (
    *("company", "contact_name", "mailbox", "phone", "postal_code"),
    *("employees", "positions", "occupation_sought", "note"),
)
NUMBERS = frozenset({"qualification_year", "employees", "positions", "experience_years", "household_size", "children"})
DAYS = frozenset({"birth_date", "residence_until"})
#: Codes to choose from: one, or as many as hold.
CODES: Mapping[str, type[StrEnum]] = {
    "safe_channel": SafeChannel,
    "contact_limits": ContactLimit,
    "contact_times": ContactTime,
    "unavailable_times": ContactTime,
}
#: Fields of which several are ticked.
SEVERAL = frozenset({"languages", "contact_limits", "contact_times", "unavailable_times"})
#: Which papers a person has is ticked by kind; a paper that is scanned has an id, and is taken in by itself.
PAPERS = "documents"
INPUTS = {
    **dict.fromkeys(DAYS, "date"),
    **dict.fromkeys(NUMBERS, "number"),
    "phone": "tel",
    "email": "email",
    "mailbox": "email",
}
LANGUAGES = ("de", "en", "ar", "uk", "tr", "fr", "fa", "ru", "pl", "ro", "es", "pt", "sq", "ti", "ku", "hi", "vi")
COUNTRIES = ("TN", "SY", "TR", "UA", "IN", "MA", "AF", "IR", "BA", "RS", "MK", "PH", "VN", "EG", "NG", "BR", "CO", "RU")


def fields_of(kind: EnquirerKind) -> tuple[str, ...]:
    return PERSON_FIELDS if kind is EnquirerKind.PERSON else EMPLOYER_FIELDS


def read_record(kind: EnquirerKind, form: MultiDict[str, str]) -> dict[str, Any]:
    """The record as it will be sealed; each wrong field is named."""
    return read_fields(kind, form, (*fields_of(kind), PAPERS))


def read_fields(kind: EnquirerKind, form: MultiDict[str, str], names: Iterable[str]) -> dict[str, Any]:
    """These fields alone; each wrong one is named."""
    given: dict[str, Any] = {}
    for name in names:
        if name == PAPERS:
            papers = [{"kind": paper} for paper in form.getlist(name) if paper in set(UPLOADED)]
            given |= {name: papers} if papers and kind is EnquirerKind.PERSON else {}
            continue
        value: Any = form.getlist(name) if name in SEVERAL else form.get(name, "").strip()
        if value:
            given[name] = int(value) if name in NUMBERS and str(value).isdecimal() else value
    schema = bodies.ClosedPerson() if kind is EnquirerKind.PERSON else bodies.ClosedEmployer()
    loaded = validated(schema, given)
    return dict((PERSON if kind is EnquirerKind.PERSON else EMPLOYER).dump(loaded))


# --- correcting -------------------------------------------------------------------------------------------------------


def editable(kind: EnquirerKind, record: Mapping[str, Any]) -> list[str]:
    """What the desk asks, and whatever else is recorded and can be typed; lists of things are only taken out whole."""
    usual = fields_of(kind)
    known = SCHEMAS[kind].fields
    return [*usual, *(name for name in record if name in known and name not in usual and _is_typed(name, record[name]))]


def _is_typed(name: str, value: Any) -> bool:
    return name in SEVERAL or not isinstance(value, list | Mapping)


def as_typed(record: Mapping[str, Any]) -> MultiDict[str, str]:
    """The record as it stands in the fields of a form."""
    shown: MultiDict[str, str] = MultiDict()
    for name, value in record.items():
        if name in SEVERAL:
            shown.setlist(name, [str(one) for one in value])
        elif _is_typed(name, value):
            shown[name] = str(value)
    return shown


def offered(usual: Sequence[str], record: Mapping[str, Any], *names: str) -> list[str]:
    """The choices of a form and, whatever they are, those that are recorded."""
    recorded = [one for name in names for one in _listed(record.get(name))]
    return list(dict.fromkeys([*usual, *recorded]))


def _listed(value: Any) -> list[str]:
    return list(value) if isinstance(value, list) else [value] if value else []


def read_changes(kind: EnquirerKind, form: MultiDict[str, str]) -> dict[str, Any]:
    """What was typed anew, by field; what was emptied or is to be taken out is none. Nothing anew is refused."""
    shown = [name for name in SCHEMAS[kind].fields if f"was/{name}" in form]
    anew = [name for name in shown if _lines(form, name) != _lines(form, f"was/{name}")]
    emptied = {name: None for name in [*anew, *form.getlist("remove")] if name in SCHEMAS[kind].fields}
    changes = {**emptied, **read_fields(kind, form, anew)}
    if not changes:
        raise InvalidError("request.invalid", {"changes": "at-least-one"})
    return changes


def _lines(form: MultiDict[str, str], name: str) -> list[str]:
    """What stands in a field, however the browser ends its lines."""
    given = [line for value in form.getlist(name) for line in value.strip().splitlines()]
    return sorted(given) if name.removeprefix("was/") in SEVERAL else given


def read_needs(kind: EnquirerKind, form: MultiDict[str, str]) -> list[tuple[Topic, Urgency]]:
    """At least one thing must be needed; urgency holds for all that are asked for now."""
    known: Mapping[str, Topic] = {topic.value: topic for topic in topics_of(kind)}
    urgency = form.get("urgency", Urgency.NORMAL.value)
    topics = [known[name] for name in form.getlist("topics") if name in known]
    if not topics or urgency not in set(Urgency):
        raise InvalidError("request.invalid", {"topics": "at-least-one"})
    return [(topic, Urgency(urgency)) for topic in topics]
