"""Readers for the formats of single values: texts, dates, addresses of all kinds, official keys, references, rules."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, time
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from contracts.eligibility import check_rule
from contracts.fields import parse_instant
from contracts.identity import id_of
from services.directory.domain.shapes import Expected, Problems, wrong

SHORT, LONG = 300, 4000
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_CODE = re.compile(r"[A-Za-z0-9_.:+/=-]{1,128}")
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@([A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,63}")
#: With its country, or as it is dialled there: 115, 0800 1234567.
_PHONE = re.compile(r"\+[1-9][0-9 ]{5,20}[0-9]|[0-9][0-9 ]{1,20}[0-9]")
_ADDRESS = re.compile(r"https?://[!-~]{1,490}")
_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}|[0-9a-f:]{2,45}")
#: Bidirectional overrides let a text show something else than it holds.
_OVERRIDES = frozenset("\u202a\u202b\u202d\u202e")


@dataclass(frozen=True, slots=True)
class Text:
    """Reads a text for people: not empty, no control characters, composed (NFC)."""

    limit: int = SHORT

    def __call__(self, value: Any, path: str, problems: Problems) -> Any:
        if not isinstance(value, str) or not value.strip() or len(value) > self.limit:
            return wrong(problems, path, Expected("a text of 1 to %(limit)s characters", limit=self.limit))
        if not _is_clean(value):
            return wrong(problems, path, "a text without control characters, direction overrides or broken characters")
        return unicodedata.normalize("NFC", value.strip())


def _is_clean(value: str) -> bool:
    return not any(
        character in _OVERRIDES or (unicodedata.category(character) in ("Cc", "Cs") and character != "\n")
        for character in value
    )


@dataclass(frozen=True, slots=True)
class Localized:
    """Reads a text per language, German always among them: ``{"de": "...", "en": "..."}``.

    Where `plain` is given, a text without a language is German, as other directories write it.
    """

    limit: int = SHORT
    plain: bool = False

    def __call__(self, value: Any, path: str, problems: Problems) -> Any:
        if self.plain and isinstance(value, str):
            value = {"de": value}
        if not isinstance(value, Mapping) or "de" not in value:
            return wrong(problems, path, 'a text per language with at least "de"')
        read = Text(self.limit)
        return {language(tag, path, problems): read(words, f"{path}.{tag}", problems) for tag, words in value.items()}


@dataclass(frozen=True, slots=True)
class Matching:
    """Reads a string of one pattern, all of it."""

    pattern: re.Pattern[str]
    expected: str

    def __call__(self, value: Any, path: str, problems: Problems) -> Any:
        if not isinstance(value, str) or not self.pattern.fullmatch(value):
            return wrong(problems, path, self.expected)
        return value


@dataclass(frozen=True, slots=True)
class Parsed:
    """Reads a string that the standard library can read as, say, a date, and keeps it as it is written."""

    parse: Callable[[str], Any]
    pattern: re.Pattern[str]
    expected: str

    def __call__(self, value: Any, path: str, problems: Problems) -> Any:
        try:
            if self.pattern.fullmatch(value):
                self.parse(value)
                return value
        except (TypeError, ValueError):
            pass
        return wrong(problems, path, self.expected)


language = Matching(_LANGUAGE, "a BCP 47 language tag such as de, uk or de-simple")
slug = Matching(_SLUG, "a slug of small letters, digits and hyphens")
code = Matching(_CODE, "a code of at most 128 letters, digits and _ . : + / = -")
email = Matching(_EMAIL, "an e-mail address such as info@example.org")
phone_number = Matching(_PHONE, "a number such as +49 241 1234567, or one without a country such as 115")
official_key = Matching(
    re.compile(r"[0-9]{2}|[0-9]{3}|[0-9]{5}|[0-9]{9}|[0-9]{12}"),
    "an official regional key (ARS) of 2, 3, 5, 9 or 12 digits",
)
leika_key = Matching(re.compile(r"[0-9]{14}"), "a key of the catalogue of administrative services (LeiKa), 14 digits")
country = Matching(re.compile(r"[A-Z]{2}"), "a country of ISO 3166-1 such as CH")
currency = Matching(re.compile(r"[A-Z]{3}"), "a currency of ISO 4217 such as EUR")
weekdays = Matching(
    re.compile(r"([+-]?[1-5])?(MO|TU|WE|TH|FR|SA|SU)(,([+-]?[1-5])?(MO|TU|WE|TH|FR|SA|SU)){0,13}"),
    "weekdays as in RFC 5545 such as MO,TU or 1FR,-1FR",
)
postal_code = Matching(re.compile(r"[A-Z0-9][A-Z0-9 -]{1,10}[A-Z0-9]"), "a postal code such as 52062 or 6211 AB")
day = Parsed(date.fromisoformat, re.compile(r"\d{4}-\d{2}-\d{2}"), "a date such as 2026-11-23")
instant = Parsed(parse_instant, re.compile(r"[0-9T:.Z+-]{20,35}"), "an instant such as 2026-11-23T09:00:00Z")
clock_time = Parsed(time.fromisoformat, re.compile(r"\d{2}:\d{2}(:\d{2})?"), "a time such as 08:30")


@dataclass(frozen=True, slots=True)
class Numbers:
    """Reads numbers of an RFC 5545 rule: from 1 to `high`, or counted from the end, joined by commas."""

    high: int

    def __call__(self, value: Any, path: str, problems: Problems) -> Any:
        parts = str(Text(100)(value, path, [])).split(",")
        if not all(re.fullmatch(r"-?[0-9]{1,3}", part) and 1 <= abs(int(part)) <= self.high for part in parts):
            expected = "whole numbers from 1 to %(high)s or -%(high)s to -1, joined by commas"
            return wrong(problems, path, Expected(expected, high=self.high))
        return value


def web_address(value: Any, path: str, problems: Problems) -> Any:
    """An http or https address without credentials in it."""
    if not isinstance(value, str) or not _ADDRESS.fullmatch(value) or not _has_host(value):
        return wrong(problems, path, "an http or https address of at most 500 ASCII characters, without credentials")
    return value


def _has_host(address: str) -> bool:
    try:
        parts = urlsplit(address)
        return bool(_HOST.fullmatch(parts.hostname or "")) and "@" not in parts.netloc and parts.port != 0
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Reference:
    """Reads an id of another object: a UUID, or the slug it was named by."""

    kind: str

    def __call__(self, value: Any, path: str, problems: Problems) -> Any:
        found = as_id(self.kind, value)
        if found is None:
            return wrong(problems, path, Expected("the id (UUID) or slug of a %(kind)s", kind=self.kind))
        return str(found)


def as_id(kind: str, value: Any) -> UUID | None:
    """The id that a UUID or slug stands for; None if it is neither."""
    if not isinstance(value, str) or len(value) > 128:
        return None
    if re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", value):
        return UUID(value)
    return id_of(kind, value) if _SLUG.fullmatch(value) else None


def rule(value: Any, path: str, problems: Problems) -> Any:
    """An eligibility rule (`contracts.eligibility`)."""
    problems.extend((f"{path}{where}", expected) for where, expected in check_rule(value))
    return value
