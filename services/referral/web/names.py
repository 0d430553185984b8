"""Names of organizations and services in the reader's language, looked up once per page."""

from datetime import date, timedelta
from functools import lru_cache
from uuid import UUID, uuid4

from babel.dates import format_skeleton, format_timedelta
from babel.numbers import format_decimal
from flask import Flask

from services.chassis.db import Connection
from services.chassis.errors import NotFoundError
from services.chassis.i18n import locale_of
from services.chassis.pages import language
from services.referral.domain.workdays import PLACE
from services.referral.store import directory
from services.referral.store.directory import Listing


class Names:
    """Ids in, names out; an id nobody knows stays an id."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._listings: dict[UUID, Listing | None] = {}
        self._organizations: dict[UUID, str] = {}

    def listing(self, service_id: UUID) -> Listing | None:
        if service_id not in self._listings:
            try:
                self._listings[service_id] = directory.listing(self._connection, service_id)
            except NotFoundError:
                self._listings[service_id] = None
        return self._listings[service_id]

    def service(self, service_id: UUID) -> str:
        found = self.listing(service_id)
        return in_words(found.service.name.as_dict()) if found else str(service_id)

    def organization(self, organization_id: UUID) -> str:
        if organization_id not in self._organizations:
            row = self._connection.execute(
                "SELECT snapshot->'name' AS name FROM organizations WHERE id = %s", (organization_id,)
            ).fetchone()
            self._organizations[organization_id] = in_words(row["name"]) if row else str(organization_id)
        return self._organizations[organization_id]


def in_words(texts: dict[str, str]) -> str:
    """A public text in the reader's language; what is not translated is shown in German."""
    return texts.get(language()) or texts.get("de") or next(iter(texts.values()), "")


def file_size(size: int) -> str:
    """A number of bytes as people say it."""
    value, unit = (size / 1_000_000, "MB") if size >= 1_000_000 else (max(size / 1_000, 1), "kB")
    return f"{format_decimal(round(value, 1 if value < 10 else 0), locale=locale_of(language()))} {unit}"


#: Never rounded up to weeks or months: 45 days are 45 days.
AS_COUNTED = 10**6


def in_days(count: int) -> str:
    """So many days in the reader's words."""
    return str(format_timedelta(timedelta(days=count), "day", threshold=AS_COUNTED, locale=locale_of(language())))


def in_hours(count: int) -> str:
    """So many hours in the reader's words."""
    return str(format_timedelta(timedelta(hours=count), "hour", threshold=AS_COUNTED, locale=locale_of(language())))


def weekday(day: date) -> str:
    """A day of the next weeks as one says it: which day of the week, without the year."""
    return _weekday(day, language())


@lru_cache(maxsize=1_000)
def _weekday(day: date, tag: str) -> str:
    """Finding the pattern takes a hundred times as long as following it, and a page says the same few days often."""
    return str(format_skeleton("EEEdMMM", day, locale=locale_of(tag)))


def prepare(app: Flask) -> None:
    """Give the templates the filters of this service, and a key per form so that it counts once."""
    app.jinja_env.globals["fresh_key"] = lambda: uuid4().hex
    filters = app.jinja_env.filters
    filters["prefixed"] = lambda code, kind: f"{kind}:{code}"
    filters["words"] = lambda texts: in_words(texts.as_dict())
    filters["language_name"] = lambda tag: str(locale_of(language()).languages.get(tag, tag))
    filters["file_size"] = file_size
    filters["days"] = in_days
    filters["hours"] = in_hours
    filters["weekday"] = weekday
    filters["clock"] = lambda at: at.astimezone(PLACE).strftime("%H:%M")
    filters["country_name"] = lambda code: str(locale_of(language()).territories.get(code, code))
