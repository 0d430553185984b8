"""Readers for the formats of single values: texts, dates, addresses of all kinds, official keys, references, rules."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, time
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from contracts.eligibility import check_rule
from contracts.fields import parse_instant
from contracts.identity import id_of
from services.directory.domain.shapes import Problems, Reader, wrong

SHORT, LONG = 300, 4000
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_CODE = re.compile(r"[A-Za-z0-9_.:+/=-]{1,128}")
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@([A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,63}")
_PHONE = re.compile(r"\+[1-9][0-9 ]{5,20}[0-9]")
_ADDRESS = re.compile(r"https?://[!-~]{1,490}")
_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}|[0-9a-f:]{2,45}")
#: Bidirectional overrides let a text show something else than it holds.
_OVERRIDES = frozenset("\u202a\u202b\u202d\u202e")


def text(limit: int = SHORT) -> Reader:
    """A text for people: not empty, no control characters, composed (NFC)."""

    def read(value: Any, path: str, problems: Problems) -> Any:
        if not isinstance(value, str) or not value.strip() or len(value) > limit:
            return wrong(problems, path, f"a text of 1 to {limit} characters")
        if not _is_clean(value):
            return wrong(problems, path, "a text without control characters, direction overrides or broken characters")
        return unicodedata.normalize("NFC", value.strip())

    return read


def _is_clean(value: str) -> bool:
    return not any(
        character in _OVERRIDES or (unicodedata.category(character) in ("Cc", "Cs") and character != "\n")
        for character in value
    )


def localized(limit: int = SHORT) -> Reader:
    """A text per language, German always among them: ``{"de": "...", "en": "..."}``."""
    read_text = text(limit)

    def read(value: Any, path: str, problems: Problems) -> Any:
        if not isinstance(value, Mapping) or "de" not in value:
            return wrong(problems, path, 'a text per language with at least "de"')
        return {
            language(tag, path, problems): read_text(words, f"{path}.{tag}", problems) for tag, words in value.items()
        }

    return read


def matching(pattern: re.Pattern[str], expected: str) -> Reader:
    """A string of one pattern, all of it."""

    def read(value: Any, path: str, problems: Problems) -> Any:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            return wrong(problems, path, expected)
        return value

    return read


def parsed(parse: Callable[[str], Any], pattern: re.Pattern[str], expected: str) -> Reader:
    """A string that the standard library can read as, say, a date, kept as it is written."""

    def read(value: Any, path: str, problems: Problems) -> Any:
        try:
            if pattern.fullmatch(value):
                parse(value)
                return value
        except (TypeError, ValueError):
            pass
        return wrong(problems, path, expected)

    return read


language = matching(_LANGUAGE, "a BCP 47 language tag such as de, uk or de-simple")
slug = matching(_SLUG, "a slug of small letters, digits and hyphens")
code = matching(_CODE, "a code of at most 128 letters, digits and _ . : + / = -")
email = matching(_EMAIL, "an e-mail address such as info@example.org")
phone_number = matching(_PHONE, "an international number such as +49 241 1234567")
official_key = matching(
    re.compile(r"[0-9]{2}|[0-9]{3}|[0-9]{5}|[0-9]{9}|[0-9]{12}"),
    "an official regional key (ARS) of 2, 3, 5, 9 or 12 digits",
)
leika_key = matching(re.compile(r"[0-9]{14}"), "a key of the catalogue of administrative services (LeiKa), 14 digits")
country = matching(re.compile(r"[A-Z]{2}"), "a country of ISO 3166-1 such as CH")
currency = matching(re.compile(r"[A-Z]{3}"), "a currency of ISO 4217 such as EUR")
weekdays = matching(
    re.compile(r"([+-]?[1-5])?(MO|TU|WE|TH|FR|SA|SU)(,([+-]?[1-5])?(MO|TU|WE|TH|FR|SA|SU)){0,13}"),
    "weekdays as in RFC 5545 such as MO,TU or 1FR,-1FR",
)
postal_code = matching(re.compile(r"[0-9]{5}"), "a postal code of 5 digits")
day = parsed(date.fromisoformat, re.compile(r"\d{4}-\d{2}-\d{2}"), "a date such as 2026-11-23")
instant = parsed(parse_instant, re.compile(r"[0-9T:.Z+-]{20,35}"), "an instant such as 2026-11-23T09:00:00Z")
clock_time = parsed(time.fromisoformat, re.compile(r"\d{2}:\d{2}(:\d{2})?"), "a time such as 08:30")


def numbers(high: int) -> Reader:
    """Numbers of an RFC 5545 rule: from 1 to `high`, or counted from the end, joined by commas."""
    expected = f"whole numbers from 1 to {high} or -{high} to -1, joined by commas"
    read_text = text(100)

    def read(value: Any, path: str, problems: Problems) -> Any:
        parts = str(read_text(value, path, [])).split(",")
        if not all(re.fullmatch(r"-?[0-9]{1,3}", part) and 1 <= abs(int(part)) <= high for part in parts):
            return wrong(problems, path, expected)
        return value

    return read


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


def reference(kind: str) -> Reader:
    """An id of another object: a UUID, or the slug it was named by."""

    def read(value: Any, path: str, problems: Problems) -> Any:
        found = as_id(kind, value)
        if found is None:
            return wrong(problems, path, f"the id (UUID) or slug of a {kind}")
        return str(found)

    return read


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
