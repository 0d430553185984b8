"""Controls of a form: what the fields of each format look like, and what is chosen from."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from contracts.eligibility import CODE_FACTS, FACTS, FactKind
from services.chassis.i18n import PERSON_LANGUAGES
from services.chassis.pages import label, translate
from services.directory.domain import formats, rule_sheets
from services.directory.domain.formats import LONG, Text
from services.directory.domain.forms import NO, YES, path_of
from services.directory.domain.objects import TRANSLATION_STATES, translations
from services.directory.domain.parts import WEEKDAYS
from services.directory.domain.shapes import OneOf, Reader, flag
from services.directory.domain.wording import folded
from services.directory.web import words

Choices = Sequence[tuple[str, str]]
#: What a new service may be.
NEW_STATUSES = ("inactive", "active")
#: Languages to choose from; one that is said already can be chosen, too.
SPOKEN = frozenset(
    "am ar az bg bn bs ckb cs da de el en es et fa fi fr ha he hi hr hu hy id it ja ka ko ku lt lv mk ml ne nl no pl ps"  # noqa: SIM905
    " pt ro ru sk sl so sq sr sv sw ta te th ti tl tr uk ur uz vi yo zh".split()
)


class Look(StrEnum):
    """What a control looks like."""

    LINE = "line"
    AREA = "area"
    CHOICE = "choice"
    CHOICES = "choices"
    DAYS = "days"
    LINES = "lines"
    TEXTS = "texts"
    STATES = "states"
    GROUP = "group"
    GROUPS = "groups"
    RULE = "rule"


@dataclass(frozen=True, slots=True)
class Control:
    """One field as the page draws it."""

    look: Look
    name: str
    label: str
    value: Any = ""
    type: str = "text"
    hint: str = ""
    error: str = ""
    is_required: bool = False
    choices: Choices = ()
    parts: Sequence["Control"] = ()
    tag: str = ""
    #: Whether a choice may be left open.
    has_blank: bool = True
    #: For several: what one more of them is called.
    more: str = ""

    @property
    def id(self) -> str:
        return "f-" + "-".join(str(part) for part in path_of(self.name))

    @property
    def is_filled(self) -> bool:
        """Whether somebody should see it: something is in it, or wrong with it."""
        own = self.value if self.look is not Look.RULE else ""
        return bool(self.error or own not in ("", None, [], ()) or any(part.is_filled for part in self.parts))

    @property
    def direction(self) -> str:
        return words.Line("", self.tag).direction


def hint_for(name: str, reader: Reader) -> str:
    """What helps to fill a field in, where there is something to say."""
    for key in (f"hint:{name}", FORMAT_HINTS.get(id(reader), "")):
        if key and (said := translate(key)) != key:
            return said
    return ""


def choices_of(reader: OneOf) -> Choices:
    return [(str(code), words.choice_word(reader, code)) for code in reader.codes]


def _choice(bare: Control, reader: Reader, value: Any) -> Control:
    choices = choices_of(reader) if isinstance(reader, OneOf) else ()
    if bare.name == "status":  # a new one is a draft or offered; later its state is changed by itself
        choices = [one for one in choices if one[0] in NEW_STATUSES]
    return replace(bare, look=Look.CHOICE, value=value or "", choices=choices)


def _flag(bare: Control, _: Reader, value: Any) -> Control:
    said = {True: YES, False: NO}.get(value, value or "")
    return replace(bare, look=Look.CHOICE, value=said, choices=[(YES, translate("yes")), (NO, translate("no"))])


def _language(bare: Control, _: Reader, value: Any) -> Control:
    tags = {*SPOKEN, value} if value else SPOKEN
    named = sorted(((tag, words.language_in_words(tag)) for tag in tags), key=lambda pair: folded(pair[1]))
    return replace(bare, look=Look.CHOICE, value=value or "", choices=named)


def _weekdays(bare: Control, _: Reader, value: Any) -> Control:
    said = [one for one in str(value or "").split(",") if one]
    plain = [one for one in said if one in WEEKDAYS]
    other = Control(Look.LINE, bare.name, "", ",".join(one for one in said if one not in WEEKDAYS))
    days = [(day, words.code_word(day)) for day in WEEKDAYS]
    return replace(bare, look=Look.DAYS, value=plain, choices=days, parts=[other])


def _area(bare: Control, _: Reader, value: Any) -> Control:
    return replace(bare, look=Look.AREA, value=value or "")


def _states(bare: Control, _: Reader, value: Any) -> Control:
    known = value or {}
    tags = [tag for tag in PERSON_LANGUAGES if tag != "de"] + sorted(known.keys() - set(PERSON_LANGUAGES))
    states = [(state, words.code_word(state)) for state in TRANSLATION_STATES]
    parts = [
        Control(Look.CHOICE, f"{bare.name}.{tag}", words.language_in_words(tag), known.get(tag, ""), choices=states)
        for tag in tags
    ]
    return replace(bare, look=Look.STATES, parts=parts)


def _rule(bare: Control, _: Reader, value: Any) -> Control:
    """The sheet of a rule under what it says; a rule that fits on none is shown as it is written."""
    says = translate("a mistake") if bare.error else words.rule_in_words(value or {})
    sheet = rule_sheets.sheet_of(value)
    if sheet is None:
        name, text = f"{bare.name}.written", rule_sheets.as_written(value)
        parts = [Control(Look.AREA, name, translate("The rule as it is written"), text)]
    else:
        parts = [_fact(bare.name, fact, sheet.get(fact, {})) for fact in FACTS]
    return replace(bare, look=Look.RULE, value=says, parts=parts)


def _fact(name: str, fact: str, said: Mapping[str, Any]) -> Control:
    """One line of the sheet."""
    whole = Control(Look.GROUP, f"{name}.{fact}", label(f"fact:{fact}"))
    if FACTS[fact] is FactKind.FLAG:
        return replace(_flag(whole, flag, said.get("is")), name=f"{name}.{fact}.is")
    if FACTS[fact] is FactKind.NUMBER:
        tests = (("at_least", translate("at least")), ("at_most", translate("at most")))
        parts = [Control(Look.LINE, f"{whole.name}.{test}", word, str(said.get(test, ""))) for test, word in tests]
        return replace(whole, parts=parts)
    modes = [(rule_sheets.ONLY, translate("only these")), (rule_sheets.NOT, translate("all but these"))]
    mode = Control(
        Look.CHOICE, f"{whole.name}.mode", translate("Who"), said.get("mode", rule_sheets.ONLY), choices=modes
    )
    known, codes = CODE_FACTS[fact], said.get("in", [])
    if known is None:
        ticked = Control(Look.LINE, f"{whole.name}.in", translate("Codes"), " ".join(codes))
    else:
        values = [(str(code), words.fact_value(fact, code)) for code in known]
        ticked = Control(Look.CHOICES, f"{whole.name}.in", whole.label, list(codes), choices=values)
    return replace(whole, parts=[mode, ticked])


#: How fields of some formats are drawn; all others are a line.
DRAWN: Sequence[tuple[Callable[[Reader], bool], Callable[[Control, Reader, Any], Control]]] = (
    (lambda reader: isinstance(reader, OneOf), _choice),
    (lambda reader: reader is flag, _flag),
    (lambda reader: reader is translations, _states),
    (lambda reader: reader is formats.rule, _rule),
    (lambda reader: reader is formats.weekdays, _weekdays),
    (lambda reader: reader is formats.language, _language),
    (lambda reader: isinstance(reader, Text) and reader.limit == LONG, _area),
)
TYPES: Mapping[int, str] = {
    id(formats.day): "date",
    id(formats.clock_time): "time",
    id(formats.email): "email",
    id(formats.phone_number): "tel",
    id(formats.web_address): "url",
}
FORMAT_HINTS: Mapping[int, str] = {
    id(formats.phone_number): "hint:phone_number",
    id(formats.weekdays): "hint:weekdays",
    id(formats.web_address): "hint:web_address",
}
