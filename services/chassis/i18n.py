"""Languages: gettext catalogues of the chassis and of the service, chosen per request; dates as people write them.

Catalogues are ``.po`` files (``locale/<tag>/LC_MESSAGES/messages.po``), compiled in memory at their first use. A
missing sentence falls back to the plain form of the language, then to English, then to its key. Leichte Sprache is
``de-simple``: babel does not know the variant, so the tag is ours and formats are those of ``de``.
"""

import gettext
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from enum import Enum
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any, TypeVar

from babel import Locale, dates
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Request, current_app, g

from services.chassis.clock import PLACE

View = TypeVar("View", bound=Callable[..., Any])
STAFF_LANGUAGES = ("de", "en")
PERSON_LANGUAGES = ("de", "de-simple", "en", "ar", "uk", "tr", "fr")
RIGHT_TO_LEFT = frozenset({"ar"})
#: Names of languages in themselves, as a reader looks for them.
NAMES: Mapping[str, str] = {
    "de": "Deutsch",
    "de-simple": "Einfache Sprache (ungeprüft)",
    "en": "English",
    "ar": "العربية",
    "uk": "Українська",
    "tr": "Türkçe",
    "fr": "Français",
}
FALLBACK = {"de-simple": ("de-simple", "de", "en"), "de": ("de", "en"), "en": ("en",)}
COOKIE = "lotsennetz_language"
#: Where a request may say which language is read, besides its address.
SPEAKING = ("HTTP_COOKIE", "HTTP_ACCEPT_LANGUAGE")
LANGUAGES_MARK = "__lotsennetz_languages__"
SERVICES = Path(__file__).resolve().parent.parent
CONTRACTS = SERVICES.parent / "contracts"


def for_persons(view: View) -> View:
    """A page for the persons concerned: all seven languages, not only those of staff."""
    setattr(view, LANGUAGES_MARK, PERSON_LANGUAGES)
    return view


def offered(request: Request) -> tuple[str, ...]:
    view = current_app.view_functions.get(request.endpoint or "")
    found: tuple[str, ...] = getattr(view, LANGUAGES_MARK, STAFF_LANGUAGES)
    return found


def negotiate(request: Request) -> str:
    """What the reader chose (address, then cookie), otherwise what the browser asks for, otherwise German."""
    if request.environ.keys().isdisjoint(SPEAKING) and not request.query_string:
        return "de"  # a program, which says nothing of languages
    languages = offered(request)
    for chosen in (request.args.get("lang"), request.cookies.get(COOKIE)):
        if chosen in languages:
            return chosen
    spoken = {tag.split("-")[0]: tag for tag in reversed(languages)}
    asked = [tag for tag, _ in request.accept_languages]
    found = next((tag.split("-")[0].lower() for tag in asked if tag.split("-")[0].lower() in spoken), "de")
    return spoken.get(found, "de")


def prefer(request: Request, language: str) -> None:
    """What is known of a reader counts more than her browser's settings, and less than what she chose here."""
    chosen = {request.args.get("lang"), request.cookies.get(COOKIE)} & set(offered(request))
    if not chosen and language in offered(request):
        g.language = language


@cache
def catalogue(folder: Path, language: str) -> gettext.NullTranslations:
    """One compiled catalogue; an absent one is empty."""
    file = folder / language / "LC_MESSAGES" / "messages.po"
    if not file.exists():
        return gettext.NullTranslations()
    with file.open("rb") as source:
        messages = read_po(source, locale=language.partition("-")[0])
    compiled = BytesIO()
    write_mo(compiled, messages)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def folders(service: str) -> tuple[Path, ...]:
    """The service's own sentences, the shell's, and the words for the codes all services share."""
    return (SERVICES / service / "locale", SERVICES / "chassis" / "locale", CONTRACTS / "locale")


class Sentences:
    """Several catalogues in a row: the first that knows a sentence says it."""

    def __init__(self, chain: Sequence[gettext.NullTranslations]) -> None:
        self.chain = chain

    def gettext(self, message: str) -> str:
        found = (one.gettext(message) for one in self.chain)
        return next((text for text in found if text != message), message)

    def ngettext(self, one: str, many: str, number: int) -> str:
        plain = one if number == 1 else many
        found = (catalogue.ngettext(one, many, number) for catalogue in self.chain)
        return next((text for text in found if text not in {one, many}), plain)


@cache
def translations(service: str, language: str) -> Sentences:
    """All catalogues that may know a sentence, the most specific first."""
    tags = FALLBACK.get(language, (language, "en"))
    return Sentences([catalogue(folder, tag) for tag in tags for folder in folders(service)])


def key_of(value: Enum) -> str:
    """The catalogue key of a code: ``Status.ACCEPTED`` is ``status:accepted``."""
    name = type(value).__name__
    words = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")
    return f"{words}:{value.value}"


def label(service: str, language: str, value: Enum | str) -> str:
    """The word for a code in a language; the code itself if nobody has translated it (a test finds that)."""
    key = key_of(value) if isinstance(value, Enum) else value
    found = translations(service, language).gettext(key)
    return key.partition(":")[2] or key if found == key else found


def locale_of(language: str) -> Locale:
    return Locale.parse(language.partition("-")[0])


def format_day(value: date | datetime | None, language: str, style: str = "medium") -> str:
    """A date as it is written in the language; an instant becomes its day in Europe/Berlin."""
    if value is None:
        return "–"
    day = value.astimezone(PLACE).date() if isinstance(value, datetime) else value
    return dates.format_date(day, format=style, locale=locale_of(language))


def format_moment(value: datetime | None, language: str) -> str:
    """Day and time in Europe/Berlin."""
    if value is None:
        return "–"
    locale = locale_of(language)
    time = dates.format_time(value, format="short", tzinfo=PLACE, locale=locale)
    return f"{format_day(value, language)}, {time}"
