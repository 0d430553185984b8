"""Facts and records in words a reader understands: one sentence per event, one line per datum, in her language."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from contracts.codes import DataCategory, EnquirerKind
from contracts.event import REGISTRY, from_dict
from contracts.partner.dossier import SCHEMAS, category_of
from services.chassis.i18n import format_day, locale_of
from services.chassis.pages import label, language, translate
from services.referral.domain.dossier import SENSITIVITY
from services.referral.store import timeline
from services.referral.web.names import Names, file_size

#: Fields that, where they are filled, make a sentence of its own.
DETAILS = {"better_service_id": "better", "category": "category", "next_step": "next_step"}
LANGUAGE_FIELDS = frozenset({"languages", "interpreter", "language"})
COUNTRY_FIELDS = frozenset({"qualification_country"})
#: Fields that hold codes, and the list these come from.
CODE_FIELDS = {
    "safe_channel": "safe_channel",
    "contact_limits": "contact_limit",
    "contact_times": "contact_time",
    "unavailable_times": "contact_time",
}
DATE_FIELDS = frozenset({"birth_date", "residence_until"})


@dataclass(frozen=True, slots=True)
class Line:
    """One entry of a timeline."""

    at: datetime
    text: str
    who: str
    by_hand: bool


@dataclass(frozen=True, slots=True)
class Section:
    """What is recorded of one data category."""

    category: DataCategory | None
    items: tuple[tuple[str, str], ...]


def timeline_lines(entries: list[dict[str, Any]], names: Names) -> list[Line]:
    """The timeline in sentences, newest first."""
    shown = [entry for entry in entries if timeline.says_something(entry) and entry["type"] in REGISTRY]
    return [line_of(entry, names) for entry in reversed(shown)]


def line_of(entry: Mapping[str, Any], names: Names) -> Line:
    event = from_dict(entry["type"], entry["data"])
    key = key_of(entry["type"], event)
    values = {field.name: in_words(getattr(event, field.name), field.name, names) for field in fields(event)}
    sentence = translate(key)
    text = label(key) if sentence == key else sentence % values
    return Line(
        datetime.fromisoformat(entry["at"]),
        text,
        translate(f"actor:{entry['actor'].partition(':')[0]}"),
        getattr(event, "by_hand", None) is not None,
    )


def key_of(kind: str, event: Any) -> str:
    """The sentence of an event; one with a detail that others lack may have a sentence of its own."""
    plain = f"event:{kind}"
    more = (f"{plain}+{suffix}" for name, suffix in DETAILS.items() if getattr(event, name, None) is not None)
    return next((key for key in more if translate(key) != key), plain)


def in_words(value: Any, name: str, names: Names) -> str:
    """A field of an event as a reader would say it."""
    if value is None:
        return translate("unknown")
    if isinstance(value, StrEnum):
        return label(value)
    if isinstance(value, date):
        return format_day(value, language())
    if isinstance(value, tuple):
        return ", ".join(in_words(item, name, names) for item in value)
    if isinstance(value, UUID):
        return names.service(value) if "service" in name else names.organization(value) if "organi" in name else ""
    return str(value)


def dossier_sections(document: Mapping[str, Any]) -> list[Section]:
    """The opened dossier, by category."""
    kind = EnquirerKind.PERSON if "person" in document else EnquirerKind.EMPLOYER
    return record_sections(kind, document[kind.value])


def record_sections(kind: EnquirerKind, record: Mapping[str, Any]) -> list[Section]:
    """A record by data category, from the least to the most sensitive."""
    found: dict[DataCategory | None, list[tuple[str, str]]] = {}
    for name in SCHEMAS[kind].fields:
        value = record.get(name)
        if value not in (None, "", [], ()):
            found.setdefault(category_of(kind, name), []).append((label(f"field:{name}"), datum(name, value)))
    order = [*SENSITIVITY, None]
    return [Section(category, tuple(found[category])) for category in order if category in found]


def datum(name: str, value: Any) -> str:
    """One recorded value as a reader would say it: languages and countries by name, dates as written here."""
    if isinstance(value, list):
        return ", ".join(datum(name, item) for item in value)
    if isinstance(value, Mapping):
        said = " ".join(datum(key, item) for key, item in value.items())
        return paper_in_words(value) if name == "documents" else said
    if name in DATE_FIELDS and isinstance(value, str):
        return format_day(date.fromisoformat(value), language())
    if name in CODE_FIELDS:
        return label(f"{CODE_FIELDS[name]}:{value}")
    return in_the_readers_words(name, str(value))


def in_the_readers_words(name: str, value: str) -> str:
    """Languages and countries by name; everything else as it was typed."""
    locale = locale_of(language())
    if name in LANGUAGE_FIELDS:
        return str(locale.languages.get(value.partition("-")[0], value))
    if name in COUNTRY_FIELDS:
        return str(locale.territories.get(value, value))
    return value


def paper_in_words(paper: Mapping[str, Any]) -> str:
    """What a paper is and how large; its id says nothing to a reader."""
    told = [label(f"document_kind:{paper['kind']}")]
    if "language" in paper:
        told.append(datum("language", paper["language"]))
    if "media_type" in paper:
        told.append(f"({label('media_type:' + paper['media_type'])}, {file_size(paper['size'])})")
    return " ".join(told)
