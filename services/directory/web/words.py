"""Objects in words an editor understands: names of fields, values of every format, and rules as sentences."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from typing import Any

from contracts.eligibility import CODE_FACTS
from services.chassis.i18n import NAMES, RIGHT_TO_LEFT, format_day
from services.chassis.pages import label, language, translate
from services.directory.domain import formats
from services.directory.domain.formats import Localized
from services.directory.domain.objects import FIELDS, REFERENCES, Kind, translations
from services.directory.domain.planning import Name
from services.directory.domain.shapes import ListOf, OneOf, Reader, Shape, flag
from services.directory.web.public.shown import language_name

Json = Mapping[str, Any]
Names = Mapping[Name, Mapping[str, str]]
Path = Sequence[str | int]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a value: its words, in which language they are if not the page's, and where they lead."""

    text: str
    tag: str = ""
    href: str = ""
    name: str = ""

    @property
    def direction(self) -> str:
        return "rtl" if self.tag in RIGHT_TO_LEFT else "ltr"


@dataclass(frozen=True, slots=True)
class Words:
    """A value in words: lines, or groups of named values."""

    lines: Sequence[Line] = ()
    groups: Sequence[Sequence[tuple[str, "Words"]]] = field(default=())


def kind_word(kind: Kind) -> str:
    return label(f"object_kind:{kind}")


def field_word(path: Path) -> str:
    """The name of a field; one inside a group may have a name of its own there."""
    names = [str(part) for part in path if isinstance(part, str)]
    for start in range(len(names)):
        key = f"profile:{'.'.join(names[start:])}"
        if (said := translate(key)) != key:
            return said
    return language_in_words(names[-1])


def place_word(path: Path) -> str:
    """Where in an object a value stands: ``Telefon 2 · Nummer``."""
    words: list[str] = []
    for at, part in enumerate(path):
        if isinstance(part, int):
            words[-1] += f" {part + 1}"
        else:
            words.append(field_word(path[: at + 1]))
    return " · ".join(words)


def language_in_words(tag: str) -> str:
    """A language by its name for readers of the page; the ways to write German are told apart."""
    return translate("German, simple") if tag == "de-simple" else language_name(tag) if len(tag) < 9 else tag


def words_in(texts: Mapping[str, str]) -> str:
    """The text in the reader's language; what is not translated is shown in German."""
    return texts.get(language()) or texts.get("de") or next(iter(texts.values()), "")


def told(kind: Kind, document: Json, names: Names) -> Iterator[tuple[str, str, Words]]:
    """Every field that says something, in the order of the profile: its name, its word, its value in words."""
    for name, one in FIELDS[kind].items():
        if name in document and name not in ("id", "slug", "sources", "origin"):
            yield name, field_word([name]), value_in_words(kind, [name], one.read, document[name], names)


def at_path(kind: Kind, path: Path, value: Any, names: Names) -> Words:
    """One value that lies somewhere inside an object."""
    return value_in_words(kind, path, _reader_at(kind, path), value, names)


def _reader_at(kind: Kind, path: Path) -> Reader | None:
    one = FIELDS[kind].get(str(path[0]))
    reader = one.read if one else None
    for part in path[1:]:
        if isinstance(reader, ListOf) and isinstance(part, int):
            reader = reader.item
        elif isinstance(reader, Shape) and part in reader.fields:
            reader = reader.fields[str(part)].read
        else:
            return None
    return reader


def value_in_words(kind: Kind, path: Path, reader: Reader | None, value: Any, names: Names) -> Words:
    """A value as its reader understands it."""
    if value is None or value in ([], {}):
        return Words()
    if isinstance(value, Mapping) and (isinstance(reader, Localized) or reader is translations):
        return Words([_in_language(tag, text, reader) for tag, text in _in_order(value)])
    if isinstance(reader, Shape):
        return Words(groups=[_group(kind, path, reader, value, names)])
    if isinstance(value, list):
        return _several(kind, path, reader.item if isinstance(reader, ListOf) else None, value, names)
    return Words([_line(kind, path, reader, value, names)])


def _several(kind: Kind, path: Path, item: Reader | None, values: Sequence[Any], names: Names) -> Words:
    if isinstance(item, Shape):
        return Words(groups=[_group(kind, (*path, at), item, one, names) for at, one in enumerate(values)])
    return Words([_line(kind, path, item, one, names) for one in values])


def _in_order(texts: Json) -> list[tuple[str, Any]]:
    order = [*NAMES, *sorted(texts.keys() - NAMES.keys())]
    return [(tag, texts[tag]) for tag in order if tag in texts]


def _in_language(tag: str, text: str, reader: Reader | None) -> Line:
    if reader is translations:
        return Line(code_word(text), name=language_in_words(tag))
    return Line(text, tag, name=language_in_words(tag))


def _group(kind: Kind, path: Path, shape: Shape, value: Json, names: Names) -> list[tuple[str, Words]]:
    return [
        (field_word((*path, name)), value_in_words(kind, (*path, name), one.read, value[name], names))
        for name, one in shape.fields.items()
        if name in value
    ]


def _line(kind: Kind, path: Path, reader: Reader | None, value: Any, names: Names) -> Line:
    referred = referred_kind(kind, path)
    if referred is not None:
        return _referred(referred, str(value), names)
    if isinstance(reader, OneOf):
        return Line(choice_word(reader, value))
    for one, in_words in _SAID:
        if reader is one:
            return Line(in_words(value))
    return Line(str(value))


def referred_kind(kind: Kind, path: Path) -> Kind | None:
    """Of which kind the objects are that a field names, if it names any."""
    if len([part for part in path if isinstance(part, str)]) != 1:
        return None
    return dict(REFERENCES[kind]).get(str(path[0]))


def _referred(kind: Kind, name: str, names: Names) -> Line:
    known = names.get((kind, name))
    href = "" if kind is Kind.AREA else address(kind, name)
    return Line(words_in(known), href=href) if known else Line(name)


def address(kind: Kind, name: str) -> str:
    """The page of an object."""
    return f"/directory/objects/{kind}/{name}"


def choice_word(reader: OneOf, value: Any) -> str:
    """The word for a code of a list."""
    known = next((code for code in reader.codes if code == value), value)
    return label(known) if isinstance(known, Enum) else code_word(str(known))


def code_word(value: str) -> str:
    return label(f"profile_code:{value}")


def weekday_word(day: str) -> str:
    """``MO`` is Monday, ``1FR`` the first Friday, ``-1FR`` the last one of a month."""
    number, name = day.strip()[:-2], code_word(day.strip()[-2:])
    if not number:
        return name
    return f"{translate('last')} {name}" if number == "-1" else f"{number.lstrip('+')}. {name}"


def rule_in_words(rule: Json) -> str:
    """An eligibility rule as one sentence."""
    if not rule:
        return translate("for everybody")
    for word, glue in (("all", translate("and")), ("any", translate("or"))):
        if word in rule:
            parts = [rule_in_words(part) for part in rule[word]]
            return parts[0] if len(parts) == 1 else f" {glue} ".join(f"({one})" for one in parts)
    if "not" in rule:
        return translate("not: %(rule)s") % {"rule": rule_in_words(rule["not"])}
    return _condition(rule)


def _condition(rule: Json) -> str:
    fact = rule["fact"]
    name = label(f"fact:{fact}")
    if "in" in rule:
        return f"{name}: {', '.join(fact_value(fact, one) for one in rule['in'])}"
    if "is" in rule:
        return f"{name}: {translate('yes') if rule['is'] else translate('no')}"
    if "at_least" in rule:
        return translate("%(fact)s at least %(number)s") % {"fact": name, "number": rule["at_least"]}
    return translate("%(fact)s at most %(number)s") % {"fact": name, "number": rule["at_most"]}


def fact_value(fact: str, value: str) -> str:
    """The word for a value of a fact; codes of a classification stay as they are."""
    return label(f"fact_value:{value}") if CODE_FACTS.get(fact) else value


def who(actor: str, organizations: Mapping[str, str]) -> tuple[str, str]:
    """Who did something: in which capacity, and under which pseudonym or name."""
    kind, _, name = actor.partition(":")
    if kind == "partner":
        return translate("the organization itself"), organizations.get(name, name)
    return label(f"actor:{kind}"), name if kind == "staff" else ""


#: How values of some formats are said; all others stand as they are.
_SAID: Sequence[tuple[Reader, Callable[[Any], str]]] = (
    (flag, lambda value: translate("yes") if value else translate("no")),
    (formats.day, lambda value: format_day(date.fromisoformat(value), language())),
    (formats.language, language_in_words),
    (formats.weekdays, lambda value: ", ".join(weekday_word(one) for one in value.split(","))),
    (formats.rule, rule_in_words),
)
