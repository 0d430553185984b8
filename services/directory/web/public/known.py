"""The site's own data: life situations and the words that lead to topics, read once."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from contracts.codes import Audience, Topic
from services.directory.domain.wording import Thesaurus

DATA = Path(__file__).resolve().parents[2] / "data"


@dataclass(frozen=True)
class Situation:
    """What somebody would say of herself, and the topics that answer to it."""

    id: str
    audience: Audience
    topics: tuple[Topic, ...]
    title: Mapping[str, str]
    #: German words that say more closely what is meant within the topics.
    words: str = ""


def _read(name: str) -> Any:
    return json.loads((DATA / name).read_text(encoding="utf-8"))


@cache
def situations() -> dict[str, Situation]:
    """All life situations, in the order in which they are shown."""
    found = (
        Situation(
            id=one["id"],
            audience=Audience(one["audience"]),
            topics=tuple(Topic(topic) for topic in one["topics"]),
            title=one["title"],
            words=one.get("words", ""),
        )
        for one in _read("situations.json")
    )
    return {one.id: one for one in found}


@cache
def thesaurus() -> Thesaurus:
    """The words of seven languages, by the topic they speak of."""
    return Thesaurus({Topic(topic).value: said for topic, said in _read("search-words.json").items()})
