"""A new enquiry step by step: which questions stand together, in which order, and what is wrong in one of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from werkzeug.datastructures import MultiDict

from contracts.codes import EnquirerKind, Topic, Urgency
from services.chassis.errors import InvalidError
from services.chassis.pages import label
from services.referral.commands.enquiries import topics_of
from services.referral.commands.intake import Words
from services.referral.domain.deadlines import consequence
from services.referral.web.enquiry_form import PAPERS, fields_of, read_fields, read_needs
from services.referral.web.words import datum

#: As somebody tells it: topics that belong to one situation of her life, or of the company's. Each topic stands once.
SITUATIONS: Mapping[str, tuple[Topic, ...]] = {
    "work": (Topic.ARBEIT, Topic.AUSBILDUNG),
    "profession": (Topic.QUALIFIZIERUNG, Topic.ANERKENNUNG),
    "german": (Topic.SPRACHE,),
    "stay": (Topic.AUFENTHALT, Topic.EINBUERGERUNG),
    "arrive": (Topic.ANKOMMEN, Topic.WOHNEN, Topic.BANK_VERSICHERUNG),
    "money": (Topic.LEISTUNG, Topic.GESUNDHEIT),
    "children": (Topic.SCHULE_KITA,),
    "alongside": (Topic.BEGLEITUNG,),
    "hire": (Topic.ANWERBUNG, Topic.FACHKRAEFTEVERFAHREN),
    "team": (Topic.BETRIEBLICHE_INTEGRATION,),
    "company": (Topic.GRUENDUNG,),
}
LONGEST, MOST = 4_000, 40


@dataclass(frozen=True, slots=True)
class Step:
    """Questions that are asked on one page."""

    name: str
    fields: tuple[str, ...]


NEEDS = Step("needs", ("topics", "urgency"))
STEPS: Mapping[EnquirerKind, tuple[Step, ...]] = {
    EnquirerKind.PERSON: (
        NEEDS,
        Step("person", ("given_name", "family_name", "birth_date", "postal_code", "city")),
        Step("reach", ("phone", "email", "safe_channel", "contact_limits", "contact_times", "unavailable_times")),
        Step("language", ("languages", "interpreter")),
        Step(
            "background",
            (
                *("occupation", "occupation_code"),
                *("qualification_title", "qualification_country", "qualification_year"),
            ),
        ),
        Step("papers", (PAPERS, "note")),
    ),
    EnquirerKind.EMPLOYER: (
        NEEDS,
        Step("contact", ("company", "contact_name", "mailbox", "phone", "postal_code")),
        Step("wanted", ("employees", "positions", "occupation_sought", "note")),
    ),
}
#: Everything on one page, and everything once more before it is taken down: views of the same draft, not steps.
PAGE, CHECK = "page", "check"


def steps_of(kind: EnquirerKind) -> tuple[Step, ...]:
    return STEPS[kind]


def step_of(kind: EnquirerKind, name: str) -> Step | None:
    """The step of this name; the one page asks what all of them ask."""
    if name == PAGE:
        return Step(PAGE, tuple(field for one in STEPS[kind] for field in one.fields))
    return next((one for one in STEPS[kind] if one.name == name), None)


def neighbor(kind: EnquirerKind, step: Step, by: int) -> str:
    """The name of the next or the last step; after all of them comes the look at everything."""
    names = [*(one.name for one in STEPS[kind]), CHECK]
    at = names.index(step.name) + by
    return names[max(at, 0)]


def situations_of(kind: EnquirerKind) -> list[tuple[str, tuple[Topic, ...]]]:
    """The situations of whoever asks."""
    known = topics_of(kind)
    return [(name, topics) for name, topics in SITUATIONS.items() if set(topics) <= set(known)]


def words_of(step: Step, form: MultiDict[str, str]) -> Words:
    """What was typed in the fields of a step, right or wrong; nothing else of a form is kept."""
    return {name: [value[:LONGEST] for value in form.getlist(name)[:MOST]] for name in step.fields}


def as_form(words: Words) -> MultiDict[str, str]:
    """What was typed, as the fields show it again."""
    return MultiDict([(name, value) for name, values in words.items() for value in values])


def problems(kind: EnquirerKind, step: Step, form: MultiDict[str, str]) -> Mapping[str, Any]:
    """The fields of a step that cannot be taken down as they are."""
    try:
        if step == NEEDS:
            read_needs(kind, form)
        else:
            read_fields(kind, form, step.fields)
    except InvalidError as error:
        return error.fields
    return {}


def read(kind: EnquirerKind, form: MultiDict[str, str]) -> tuple[dict[str, Any], list[tuple[Topic, Urgency]]]:
    """The whole enquiry; everything that is wrong is named at once."""
    wrong = {name: said for step in STEPS[kind] for name, said in problems(kind, step, form).items()}
    if wrong:
        raise InvalidError("request.invalid", wrong)
    return read_fields(kind, form, (*fields_of(kind), PAPERS)), read_needs(kind, form)


# --- everything once more -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Answer:
    """One line of the last look: what was asked, what was said, and whether it can stay so."""

    name: str
    asked: str
    said: str
    is_wrong: bool = False


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A step with what was said in it."""

    step: Step
    answers: tuple[Answer, ...]


def review(kind: EnquirerKind, form: MultiDict[str, str]) -> list[Reviewed]:
    """What was said, step by step, in the reader's words; what cannot be taken down stands as it was typed."""
    return [Reviewed(step, tuple(_answers(kind, step, form))) for step in STEPS[kind]]


def _answers(kind: EnquirerKind, step: Step, form: MultiDict[str, str]) -> list[Answer]:
    if step == NEEDS:
        return _needs(kind, form)
    found = []
    for name in step.fields:
        asked, typed = label(f"field:{name}"), ", ".join(form.getlist(name)).strip()
        try:
            record = read_fields(kind, form, [name])
        except InvalidError:
            found.append(Answer(name, asked, typed, is_wrong=True))
        else:
            found += [Answer(name, asked, datum(name, record[name]))] if name in record else []
    return found


def _needs(kind: EnquirerKind, form: MultiDict[str, str]) -> list[Answer]:
    topics = [label(one) for one in topics_of(kind) if one.value in form.getlist("topics")]
    urgency = form.get("urgency", Urgency.NORMAL.value)
    known = [Urgency(urgency)] if urgency in set(Urgency) else []
    return [
        Answer("topics", label("asked:topics"), ", ".join(topics), is_wrong=bool(problems(kind, NEEDS, form))),
        *(Answer("urgency", label("field:urgency"), f"{label(one)}: {what_follows(one)}") for one in known),
    ]


def what_follows(urgency: Urgency) -> str:
    """What an urgency sets off, in a sentence."""
    found = consequence(urgency)
    days = "follows:working-days" if found.in_working_days else "follows:days"
    return label(days) % {"contact": found.contact_working_days, "days": found.expiry_days}
