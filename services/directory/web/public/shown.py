"""Entries as the public pages show them: texts in the reader's language or in German, and why a body is named."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from typing import Any

from babel import Locale
from babel.dates import format_time, get_day_names
from babel.numbers import format_currency

from contracts.codes import Capacity, CompetenceRole, ServiceRole, Topic
from services.chassis.i18n import format_day, locale_of
from services.chassis.pages import label, language, translate
from services.directory.domain.freshness import Freshness, freshness
from services.directory.domain.parts import WEEKDAYS
from services.directory.domain.places import Area

Json = Mapping[str, Any]
#: A capacity that was told longer ago is as good as unknown.
CAPACITY_DAYS = 30
UNFINISHED = ("draft", "outdated")
TEXTS = (
    "description",
    "eligibility_description",
    "application_process",
    "fees_description",
    "wait_time",
    "alert",
)
WHY: Mapping[ServiceRole, str] = {
    ServiceRole.DECIDES: "This body decides about: %(topics)s.",
    ServiceRole.ADVISES: "This body advises on: %(topics)s. It does not decide.",
    ServiceRole.ACCOMPANIES: "This body accompanies you for longer. Topic: %(topics)s.",
    ServiceRole.FUNDS: "This body pays for: %(topics)s.",
}


@dataclass(frozen=True, slots=True)
class Said:
    """A text and the language it is in."""

    text: str
    tag: str

    @property
    def is_foreign(self) -> bool:
        return self.tag != language()


def said(texts: Mapping[str, str] | str | None) -> Said | None:
    """The text in the reader's language; what is not translated is shown in German, and says so."""
    if not texts:
        return None
    if isinstance(texts, str):
        return Said(texts, "de")
    tag = language() if language() in texts else "de"
    return Said(texts[tag], tag)


def address_name(service: Json) -> str:
    return str(service.get("slug") or service["id"])


def summary(row: Json, about: Sequence[Topic], spoken: str | None, today: date) -> dict[str, Any]:
    """One answer in a list."""
    service = row["document"]
    return {
        "address": address_name(service),
        "name": said(service["name"]),
        "organization": said(row["organization"]["name"]),
        "description": said(service["description"]),
        "why": list(why(service, about, row["areas"])),
        "own_measure": service.get("own_measure", False),
        "spoken": _spoken(row["spoken_rank"], spoken),
        "alert": said(service.get("alert")),
        "is_old": is_old(service, today),
    }


def is_old(service: Json, today: date) -> bool:
    """Whether the body's last word is so old that nobody is referred there."""
    return freshness(service.get("assured_date"), today) is Freshness.STALE


def why(service: Json, about: Sequence[Topic], areas: Sequence[Json]) -> Iterator[str]:
    """Why this body is named, in sentences: what it does about which matter, and for which places."""
    own = [Topic(topic) for topic in service["topics"]]
    topics = [topic for topic in own if topic in about] or own
    if topics:
        yield translate(WHY[ServiceRole(service["role"])]) % {"topics": ", ".join(label(topic) for topic in topics)}
    if areas:
        yield translate("It is there for: %(areas)s.") % {"areas": ", ".join(area_names(areas))}
    if service.get("own_measure"):
        yield translate("It is an offer of our own: ask it if no other body fits.")


def area_names(areas: Sequence[Json]) -> list[str]:
    return [Area(area["id"], area["name"]).name(language()) for area in areas]


def _spoken(rank: int, tag: str | None) -> str | None:
    if tag is None:
        return None
    sentences = (
        "Somebody there speaks %(language)s.",
        "Interpreters can be had there.",
        "We do not know whether somebody there speaks %(language)s.",
        "%(language)s is not among the languages spoken there.",
    )
    return translate(sentences[rank]) % {"language": language_name(tag)}


def language_name(tag: str) -> str:
    """A language's name in the reader's language; names inside a sentence and in a list look alike."""
    name = locale_of(language()).languages.get(tag.partition("-")[0])
    return name or tag


def names_of_languages(tags: Sequence[str]) -> list[tuple[str, str]]:
    """Pairs of code and name, the languages of the site first."""
    return sorted(((tag, language_name(tag)) for tag in tags), key=lambda pair: pair[1])


def entry(row: Json, today: date, outdated: Sequence[str] = ()) -> dict[str, Any]:
    """One service with everything that is known of it; what is not known is None or empty.

    `outdated` are languages in which some text is older than in German.
    """
    service, organization = row["document"], row["organization"]
    places = [_place(*pair) for pair in row["places"]]
    texts = {name: said(service.get(name)) for name in TEXTS}
    shown = {
        **texts,
        "id": service["id"],
        "status": service["status"],
        "address": address_name(service),
        "name": said(service["name"]),
        "organization": said(organization["name"]),
        "why": list(why(service, (), row["areas"])),
        "topics": [Topic(topic) for topic in service["topics"]],
        "audience": service["audience"],
        "ages": _ages(service),
        "documents": [said(one["document"]) for one in service.get("required_documents", [])],
        "costs": [_cost(option) for option in service.get("cost_options", [])],
        "hours": _hours(service.get("schedules", [])),
        "places": places,
        "phones": _each_once(service, *(one for pair in row["places"] for one in pair), organization, of="phones"),
        "desks": _each_once(service, organization, of="contacts"),
        "email": service.get("email") or organization.get("email"),
        "website": service.get("url") or organization.get("website"),
        "languages": [language_name(spoken["code"]) for spoken in service.get("languages", [])],
        "interpreters": service.get("interpreters", False),
        "capacity": _capacity(service, today),
        "by_law": [_competence(one) for one in row["competences"] if _is_in_force(one, today)],
        "better_bodies": [_better(other) for other in row["better_bodies"]],
        "sources": [_source(source) for source in row["sources"]],
        "assured_on": service.get("assured_date"),
        "is_old": is_old(service, today),
        "changed_at": row["changed_at"],
        "unfinished": language() in outdated or service.get("translations", {}).get(language()) in UNFINISHED,
    }
    shown["some_german"] = any(one.is_foreign for one in _said_in(shown))
    return shown


def _said_in(value: object) -> Iterator[Said]:
    """Every text a page shows, also of places and lists; the name of a body is a name in every language."""
    if isinstance(value, Said):
        yield value
    elif isinstance(value, Mapping):
        yield from _said_in([one for key, one in value.items() if key != "organization"])
    elif isinstance(value, list):
        for one in value:
            yield from _said_in(one)


def _place(link: Json, place: Json) -> dict[str, Any]:
    return {
        "name": place["name"],
        "addresses": [address for address in place.get("addresses", []) if address["address_type"] == "physical"],
        "transportation": said(place.get("transportation")),
        "description": said(link.get("description") or place.get("description")),
        "accessibility": [one["description"] for one in place.get("accessibility", []) if "description" in one],
        "hours": _hours(_each_once(link, place, of="schedules")),
        "map": _map(place),
    }


def _each_once(*documents: Json, of: str) -> list[Json]:
    """What several documents list, in their order; what two of them say is said once."""
    found: list[Json] = []
    for document in documents:
        found += [one for one in document.get(of, []) if one not in found]
    return found


def _map(place: Json) -> str | None:
    """Where to look at the place; only whoever follows the link asks that site for anything."""
    if "latitude" not in place or "longitude" not in place:
        return None
    at = f"{place['latitude']:.5f}", f"{place['longitude']:.5f}"
    return "https://www.openstreetmap.org/?mlat={0}&mlon={1}#map=18/{0}/{1}".format(*at)


def _hours(schedules: Sequence[Json]) -> list[dict[str, Any]]:
    """When it is open: days, times, and what is remarked in German."""
    return [
        {
            "days": ", ".join(_day_names(schedule.get("byday", ""))),
            "opens": _clock(schedule.get("opens_at")),
            "closes": _clock(schedule.get("closes_at")),
            "remark": said(schedule.get("description") or schedule.get("notes")),
            "from": format_day(_day(schedule.get("valid_from")), language()) if "valid_from" in schedule else None,
            "to": format_day(_day(schedule.get("valid_to")), language()) if "valid_to" in schedule else None,
        }
        for schedule in schedules
    ]


def _day_names(byday: str) -> Iterator[str]:
    """Names of weekdays; ``1MO`` is a Monday of some week and keeps its number."""
    names = get_day_names("wide", locale=locale_of(language()))
    for one in byday.split(","):
        day, number = one.strip()[-2:], one.strip()[:-2]
        if day in WEEKDAYS:
            name = names[WEEKDAYS.index(day)]
            yield f"{translate('last')} {name}" if number == "-1" else f"{number}. {name}" if number else name


def _clock(value: str | None) -> str | None:
    return format_time(time.fromisoformat(value[:5]), "short", locale=locale_of(language())) if value else None


def _day(value: str | None) -> date | None:
    return date.fromisoformat(value) if value else None


def _cost(option: Json) -> dict[str, Any]:
    locale: Locale = locale_of(language())
    amount = option.get("amount")
    return {
        "amount": None if amount is None else format_currency(amount, option.get("currency", "EUR"), locale=locale),
        "texts": [one for name in ("option", "amount_description") if (one := said(option.get(name)))],
    }


def _ages(service: Json) -> str | None:
    low, high = service.get("minimum_age"), service.get("maximum_age")
    if low is None and high is None:
        return None
    if high is None:
        return translate("from the age of %(low)s") % {"low": low}
    if low is None:
        return translate("up to the age of %(high)s") % {"high": high}
    return translate("from %(low)s to %(high)s years of age") % {"low": low, "high": high}


def _capacity(service: Json, today: date) -> Capacity:
    told = _day(service.get("capacity_reported_on"))
    is_fresh = told is not None and 0 <= (today - told).days <= CAPACITY_DAYS
    return Capacity(service.get("capacity", Capacity.UNKNOWN)) if is_fresh else Capacity.UNKNOWN


def _is_in_force(competence: Json, today: date) -> bool:
    begins, ends = str(competence.get("valid_from", "")), str(competence.get("valid_to", "9999"))
    return begins <= today.isoformat() <= ends


def _competence(competence: Json) -> str:
    decides = competence["role"] == CompetenceRole.DECIDES
    sentence = "By law this body decides: %(name)s" if decides else "By law this body takes applications in: %(name)s"
    name = competence["name"].get(language(), competence["name"]["de"])
    ground = competence.get("legal_ground")
    return translate(sentence) % {"name": f"{name} ({ground})" if ground else name}


def _better(other: Json) -> dict[str, Any]:
    return {"address": address_name(other), "name": said(other["name"]), "organization": said(other["organization"])}


def _source(source: Json) -> dict[str, Any]:
    day = source.get("retrieved_on") or source.get("published_on")
    return {
        "title": source["title"],
        "publisher": source["publisher"],
        "day": format_day(_day(day), language()) if day else None,
        "url": source.get("url"),
    }
