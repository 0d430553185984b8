"""What somebody typed into the form of an object, as the value a line of a file would have.

The form follows the table of fields (`domain/objects.py`): the name of an input is the path of its value, such as
``phones[0].number`` or ``name.de``, which is also how the readers name a place where something is wrong. Nothing is
judged here: what does not look like a number stays the text it is, and the readers say what was expected. Empty inputs
and empty groups are left out.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from contracts.eligibility import CODE_FACTS, FACTS, FactKind
from services.directory.domain import formats, rule_sheets
from services.directory.domain.formats import Localized
from services.directory.domain.objects import FIELDS, Kind, translations
from services.directory.domain.shapes import Field, ListOf, Number, OneOf, Reader, Shape, Whole, flag

Json = dict[str, Any]

#: What nobody types: how an object is called in the directory, and where it was fetched from. The state of what is
#: there is no field of its form either: it is changed by itself, and says why.
NEVER_TYPED = ("id", "slug", "origin")
#: Marks a group that is to be left out.
OUT = "_out"
YES, NO = "yes", "no"

_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}(?:\.[A-Za-z0-9_-]{1,40}|\[[0-9]{1,3}\]){0,9}")
_PART = re.compile(r"\[([0-9]{1,3})\]|([A-Za-z0-9_-]+)")


@dataclass(slots=True)
class Inputs:
    """The inputs of a form below one path: their values there, and what lies further below."""

    values: list[str] = field(default_factory=list)
    below: dict[str | int, "Inputs"] = field(default_factory=dict)

    def at(self, part: str | int) -> "Inputs":
        return self.below.get(part) or Inputs()

    def rows(self) -> list["Inputs"]:
        """What has numbers, in their order."""
        return [self.below[at] for at in sorted(part for part in self.below if isinstance(part, int))]

    @property
    def text(self) -> str:
        """The first value, with the line ends of a text, not those of a form."""
        return self.values[0].replace("\r\n", "\n").strip() if self.values else ""


def inputs_of(given: Iterable[tuple[str, Sequence[str]]]) -> Inputs:
    """The inputs of a form as a tree; a name that is no path belongs to no field."""
    root = Inputs()
    for name, values in given:
        if not _NAME.fullmatch(name):
            continue
        at = root
        for part in path_of(name):
            at = at.below.setdefault(part, Inputs())
        at.values.extend(values)
    return root


def path_of(name: str) -> list[str | int]:
    """The parts of an input's name."""
    return [int(number) if number else word for number, word in _PART.findall(name)]


def typed(kind: Kind, inputs: Inputs, held: Mapping[str, Any] | None = None) -> Json:
    """What was typed, as an object of the kind; what nobody types stays as it is held."""
    fixed = (*NEVER_TYPED, "status") if held else NEVER_TYPED
    fields = {name: one for name, one in FIELDS[kind].items() if name not in fixed}
    kept = {name: value for name, value in (held or {}).items() if name in fixed}
    made = {**kept, **_group(fields, inputs)}
    if (
        "eligibility" in fields
        and (rule := _rule(inputs.at("eligibility"), (held or {}).get("eligibility"))) is not None
    ):
        made["eligibility"] = rule
    return {name: _as_held(made[name], (held or {}).get(name)) for name in FIELDS[kind] if name in made}


def _as_held(value: Any, held: Any) -> Any:
    """Of codes that are ticked a form knows no order: those that were there stay where they were."""
    if not isinstance(held, list) or not all(isinstance(one, str) for one in [*held, *value]):
        return value
    return [one for one in held if one in value] + [one for one in value if one not in held]


def _group(fields: Mapping[str, Field], inputs: Inputs) -> Json:
    read = {name: _value(one.read, inputs.at(name)) for name, one in fields.items() if one.read is not formats.rule}
    return {name: value for name, value in read.items() if value not in (None, "", [], {})}


def _value(reader: Reader, inputs: Inputs) -> Any:
    if isinstance(reader, Localized) or reader is translations:
        return {tag: one.text for tag, one in inputs.below.items() if isinstance(tag, str) and one.text}
    if isinstance(reader, Shape):
        return _group(reader.fields, inputs)
    if isinstance(reader, ListOf):
        return _several(reader.item, inputs)
    for is_meant, read in _READ:
        if is_meant(reader):
            return read(inputs)
    return inputs.text


def _several(item: Reader, inputs: Inputs) -> list[Any]:
    if isinstance(item, Shape):
        groups = [_group(item.fields, one) for one in inputs.rows() if OUT not in one.below]
        return [group for group in groups if group]
    if isinstance(item, OneOf):
        return [value for value in inputs.values if value]
    if is_code(item):
        return re.findall(r"[^\s,;]+", inputs.text)
    return [one.text for one in inputs.rows() if one.text]


def is_code(item: Reader) -> bool:
    """Codes without a list to choose from are typed in one line."""
    return item in (formats.code, formats.leika_key)


def _whole(inputs: Inputs) -> Any:
    return int(inputs.text) if re.fullmatch(r"-?[0-9]{1,9}", inputs.text) else inputs.text


def _number(inputs: Inputs) -> Any:
    """Germans write a comma where others write a point."""
    text = inputs.text.replace(",", ".")
    if not re.fullmatch(r"-?[0-9]{1,9}(\.[0-9]{1,9})?", text):
        return inputs.text
    return float(text) if "." in text else int(text)


def _flag(inputs: Inputs) -> bool | str:
    return {YES: True, NO: False}.get(inputs.text, inputs.text)


def _weekdays(inputs: Inputs) -> str:
    """Days that are ticked, and further ones that are typed, such as ``1FR``."""
    return ",".join(part for value in inputs.values for part in re.findall(r"[^\s,;]+", value.upper()))


_READ: Sequence[tuple[Callable[[Reader], bool], Callable[[Inputs], Any]]] = (
    (lambda reader: reader is flag, _flag),
    (lambda reader: isinstance(reader, Whole), _whole),
    (lambda reader: isinstance(reader, Number), _number),
    (lambda reader: reader is formats.weekdays, _weekdays),
)


def _rule(inputs: Inputs, held: Any) -> Any:
    """A rule by its sheet, or as it is written; one that was not touched stays as it was."""
    if (text := inputs.at("written").text) and (rule := rule_sheets.written(text)) != {}:
        return held if rule == held else rule
    sheet = {fact: words for fact in FACTS if (words := _condition(fact, inputs.at(fact)))}
    return rule_sheets.rule_of(sheet, held)


def _condition(fact: str, inputs: Inputs) -> Json:
    if FACTS[fact] is FactKind.CODES:
        said = inputs.at("in")
        codes = said.values if CODE_FACTS[fact] is not None else re.findall(r"[^\s,;]+", said.text)
        mode = rule_sheets.NOT if inputs.at("mode").text == rule_sheets.NOT else rule_sheets.ONLY
        return {"mode": mode, "in": list(codes)} if codes else {}
    if FACTS[fact] is FactKind.FLAG:
        return {"is": _flag(inputs.at("is"))} if inputs.at("is").text else {}
    return {test: _whole(inputs.at(test)) for test in ("at_least", "at_most") if inputs.at(test).text}


def with_one_more(kind: Kind, value: Json, name: str) -> Json:
    """The object with an empty group, or an empty line of a list, added at a path; an unknown path adds nothing."""
    path = path_of(name) if _NAME.fullmatch(name) else []
    reader: Any = Shape(FIELDS[kind])
    made: Json = dict(value)
    at: Any = made
    for part in path:
        if isinstance(reader, Shape) and part in reader.fields:
            reader = reader.fields[str(part)].read
            at[part] = _copy(at.get(part), reader)
        elif isinstance(reader, ListOf) and isinstance(part, int) and isinstance(reader.item, Shape):
            reader = reader.item
            at.extend({} for _ in range(part + 1 - len(at)))
            at[part] = _copy(at[part], reader)
        else:
            return value
        at = at[part]
    if not isinstance(reader, ListOf) or isinstance(reader.item, OneOf) or is_code(reader.item):
        return value
    at.append({} if isinstance(reader.item, Shape) else "")
    return made


def _copy(value: Any, reader: Any) -> Any:
    if isinstance(reader, ListOf):
        return list(value or ())
    return dict(value or {}) if isinstance(reader, Shape) else value


def slug_from(name: str) -> str:
    """A short name made of a name: ``Büro für Ausbildung`` is ``buero-fuer-ausbildung``."""
    spelled = name.casefold().translate(_SPELLED)
    plain = unicodedata.normalize("NFKD", spelled).encode("ascii", "ignore").decode()
    return "-".join(re.findall(r"[a-z0-9]+", plain))[:60].strip("-")


_SPELLED = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
