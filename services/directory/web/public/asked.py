"""What a reader asks for, from the address; what cannot be understood is passed over and named, never echoed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from babel import Locale
from werkzeug.datastructures import MultiDict

from contracts.codes import EMPLOYER_TOPICS, Audience, Topic
from services.chassis.pages import language
from services.directory.domain.places import Area, Places
from services.directory.domain.wording import words_of
from services.directory.queries.public import Wanted
from services.directory.web.public.known import Situation, situations, thesaurus

Value = TypeVar("Value")
LONGEST_SEARCH = 100
LAST_PAGE = 5_000
#: What an address of a search may say.
NAMES = ("situation", "topic", "q", "area", "spoken", "for", "page")


@dataclass
class Asked:
    """A search as the page shows it, and what of it nobody knows."""

    text: str = ""
    situation: Situation | None = None
    topic: Topic | None = None
    audience: Audience | None = None
    area: Area | None = None
    spoken: str | None = None
    page: int = 1
    words: Sequence[str] = ()
    meant: Sequence[str] = ()
    #: Names of what was given and is not known: "situation", "topic", "area", "spoken", "audience", "page".
    unknown: list[str] = field(default_factory=list)

    @property
    def topics(self) -> tuple[Topic, ...]:
        """What the search is about, as far as it is chosen and not typed."""
        if self.situation:
            return self.situation.topics
        return (self.topic,) if self.topic else ()

    @property
    def about(self) -> tuple[Topic, ...]:
        """What the answers are explained with: the chosen topics, or those the words speak of."""
        return self.topics or tuple(Topic(topic) for topic in self.meant)

    @property
    def for_whom(self) -> Audience | None:
        if self.audience or not self.situation:
            return self.audience or (Audience.EMPLOYER if self.topic in EMPLOYER_TOPICS else None)
        return self.situation.audience

    def wanted(self, places: Places) -> Wanted:
        return Wanted(
            topics=[topic.value for topic in self.topics],
            audience=self.for_whom.value if self.for_whom else None,
            areas=places.covering(self.area) if self.area else None,
            spoken=self.spoken,
            words=self.words,
            meant=self.meant,
            language=language(),
            page=self.page,
        )

    def query(self, **changes: str | int) -> dict[str, str]:
        """The search as an address says it."""
        given = {
            "situation": self.situation.id if self.situation else "",
            "topic": self.topic or "",
            "q": self.text,
            "area": self.area.key if self.area else "",
            "spoken": self.spoken or "",
            "for": self.audience or "",
            "page": self.page if self.page > 1 else "",
        }
        return {name: str(value) for name, value in (given | changes).items() if value}


#: So many digits has a postal code in Germany.
POSTAL_CODE = 5


def read(given: MultiDict[str, str], places: Places) -> Asked:
    """The search an address asks for."""
    asked = Asked(text=given.get("q", "").strip()[:LONGEST_SEARCH])
    asked.situation = _known(asked, given, "situation", situations())
    asked.topic = _known(asked, given, "topic", {topic.value: topic for topic in Topic})
    asked.audience = _known(asked, given, "for", {"person": Audience.PERSON, "employer": Audience.EMPLOYER})
    asked.spoken = _language(asked, given.get("spoken", "").strip())
    asked.page = _page(asked, given.get("page", "1"))
    _read_place(asked, given.get("area", "").strip()[:LONGEST_SEARCH], places)
    _read_words(asked, places)
    return asked


def _known(asked: Asked, given: MultiDict[str, str], name: str, known: dict[str, Value]) -> Value | None:
    value = given.get(name, "").strip()
    if value and value not in known:
        asked.unknown.append(name)
    return known.get(value)


def _language(asked: Asked, tag: str) -> str | None:
    if not tag:
        return None
    if not Locale.parse("en").languages.get(tag):
        asked.unknown.append("spoken")
        return None
    return tag


def _page(asked: Asked, number: str) -> int:
    if number.isascii() and number.isdigit() and 0 < int(number[:6]) <= LAST_PAGE:
        return int(number[:6])
    asked.unknown.append("page")
    return 1


def _read_place(asked: Asked, typed: str, places: Places) -> None:
    if typed:
        asked.area = places.named(typed)
        if asked.area is None:
            is_cut = typed.isdigit() and len(typed) != POSTAL_CODE
            asked.unknown.append("postal-code" if is_cut else "area")


def _read_words(asked: Asked, places: Places) -> None:
    """The words typed, and those a situation brings along; a place among them is taken as the place."""
    words = words_of(asked.text)
    if words and asked.area is None:
        asked.area, words = places.mentioned(words)
    asked.meant = list(thesaurus().meant(words))
    asked.words = words
    if asked.situation and not words:
        asked.words, asked.meant = words_of(asked.situation.words), asked.situation.topics
