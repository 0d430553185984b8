"""Pseudonyms of a person: keyed codes by which an office can ask "is she in care already?" without holding a name.

One person has several, each made of a given name, a family name (or a contact) and a birth date (or what is sure of
it). Two people may be one if anything the one asks for is anything the other keeps. What is asked and what is kept are
not the same set: that is how an unknown birth day, or vowels nobody wrote, match a known one without everything
matching them.

Plain hashes of names and birth dates can be tried out; these are HMACs under a key that changes every quarter.
"""

import hashlib
import hmac
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import product

from services.referral.domain import names

LENGTH = 16
#: A misspelling is only looked for in names long enough that one letter more or less is still the same name.
LONG_GIVEN, LONG_FAMILY = 6, 5
#: Digits of a telephone number that are the subscriber's, whatever stands before them.
PHONE_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Identity:
    """What a person is recognized by, as somebody wrote it down."""

    given_name: str
    family_name: str
    birth_date: date | None = None
    phone: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True)
class Facets:
    """What is kept of a person, and what is asked about her, before it is keyed. Exists in memory only."""

    kept: frozenset[str]
    asked: frozenset[str]

    @property
    def is_telling(self) -> bool:
        """Whether there is enough to ask at all."""
        return bool(self.asked)


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """The same, keyed for one period."""

    kept: frozenset[bytes]
    asked: frozenset[bytes]


def pseudonyms(facets: Facets, key: bytes) -> Pseudonyms:
    return Pseudonyms(_keyed(facets.kept, key), _keyed(facets.asked, key))


def _keyed(facets: Iterable[str], key: bytes) -> frozenset[bytes]:
    return frozenset(hmac.new(key, one.encode(), hashlib.sha256).digest()[:LENGTH] for one in facets)


def may_be_one(asking: Facets, known: Facets) -> bool:
    """Whether the one who asks may be the one who is known."""
    return not asking.asked.isdisjoint(known.kept)


def facets(identity: Identity) -> Facets:
    """Everything by which this person is found again, in either order of her names."""
    given, family = _given_words(identity.given_name), names.words(identity.family_name)
    if not given or not family:
        return Facets(frozenset(), frozenset())
    kept = frozenset(_kept(Written(given, family, identity)))
    turned = Written(_without_patronymics(family), given, identity)
    asked = frozenset(_asked(Written(given, family, identity))) | frozenset(_asked(turned))
    return Facets(kept, asked)


def _given_words(name: str) -> tuple[str, ...]:
    """Given names in their order. A father's name is no name of hers, and twins share it."""
    found = _without_patronymics(names.words(name))
    together = "".join(found[:2])
    # "Anna Lena" and "Annalena", "Xiao Ming" and "Xiaoming"
    return (*found, together) if len(found) > 1 and not together.startswith(names.UNVOICED) else found


def _without_patronymics(found: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word for word in found if not names.is_patronymic(word)) or found


@dataclass(frozen=True, slots=True)
class Written:
    """One way to read what was written: these given names, these family names."""

    given: tuple[str, ...]
    family: tuple[str, ...]
    identity: Identity

    @property
    def has_vowels(self) -> bool:
        return not any(word.startswith(names.UNVOICED) for word in (*self.given, *self.family))


#: `any` given name of the one has to be the `first` of the other: second names are what brothers and sisters share.
ANY, FIRST = "any", "first"


def _kept(written: Written) -> Iterator[str]:
    whens = list(_whens_kept(written.identity.birth_date))
    for role, pair in _pairs(written, kept=True):
        yield from (f"{role}|{pair}|{when}" for when in whens)
    yield from _misspelt(written, written.identity.birth_date)
    yield from _contacts(written, kept=True)


def _asked(written: Written) -> Iterator[str]:
    whens = list(_whens_asked(written.identity.birth_date))
    for role, pair in _pairs(written, kept=False):
        yield from (f"{role}|{pair}|{when}" for when in whens)
    yield from _misspelt(written, written.identity.birth_date)
    yield from _contacts(written, kept=False)


def _roles(given: tuple[str, ...], *, kept: bool) -> Iterator[tuple[str, str]]:
    """Each given name in the role it is kept or asked for."""
    for place, word in enumerate(given):
        if kept:
            yield ANY, word
            if place == 0:
                yield FIRST, word
        else:
            yield (ANY if place == 0 else FIRST), word


def _pairs(written: Written, *, kept: bool) -> Iterator[tuple[str, str]]:
    """A given name with a family name, in sounds, and - for and against what was written without vowels - in bones."""
    for role, word in _roles(written.given, kept=kept):
        for family in written.family:
            yield from ((role, f"{one}+{other}") for one, other in product(names.sound(word), names.bones(family)))
            bare = product(names.unvoiced(word), names.unvoiced(family))
            known, unknown = ("voiced", "unvoiced") if kept else ("unvoiced", "voiced")
            mark = known if written.has_vowels else unknown
            marks = (mark,) if kept or written.has_vowels else ("voiced", "unvoiced")
            yield from ((role, f"{way}:{one}+{other}") for one, other in bare for way in marks)


def _is_sure(born: date) -> bool:
    """The first of January is what offices write when nobody knows the day."""
    return (born.month, born.day) != (1, 1)


def _whens_kept(born: date | None) -> Iterator[str]:
    if born is not None:
        yield f"on {born.isoformat()}"
        yield f"in {born.year}" if _is_sure(born) else f"some day in {born.year}"


def _whens_asked(born: date | None) -> Iterator[str]:
    if born is None:
        return
    yield f"on {born.isoformat()}"
    yield f"some day in {born.year}"
    if not _is_sure(born):
        yield f"in {born.year}"
    elif born.day <= 12 and born.day != born.month:
        yield f"on {date(born.year, born.day, born.month).isoformat()}"


def _misspelt(written: Written, born: date | None) -> Iterator[str]:
    """The first given name and each family name with one letter left out of either: two that differ in one letter
    have such a form in common. The last letter of a given name stays, because it is what tells Daniel from Daniela."""
    if born is None or not _is_sure(born):
        return
    for one, family in product(names.sound(written.given[0]), written.family):
        for other in names.bones(family):
            if len(other) >= LONG_FAMILY:
                yield from (f"family~|{one}+{left}|{born.isoformat()}" for left in _with_one_left_out(other))
            if len(one) >= LONG_GIVEN:
                forms = {left + one[-1] for left in _with_one_left_out(one[:-1])}
                yield from (f"given~|{left}+{other}|{born.isoformat()}" for left in forms)


def _with_one_left_out(code: str) -> set[str]:
    return {code, *(code[:place] + code[place + 1 :] for place in range(len(code)))}


def _contacts(written: Written, *, kept: bool) -> Iterator[str]:
    """A given name with a telephone number or mail address: she married, or her birth day was written wrongly.

    With the year of birth, because fathers and sons share names and telephones; without a birth date only together with
    the family name, and only if one of the two has none.
    """
    born = written.identity.birth_date
    reached = list(_reached_by(written.identity))
    for role, word in _roles(written.given, kept=kept):
        for one, contact in product(names.sound(word), reached):
            if born is not None:
                yield f"{role}|{one}|{contact}|{born.year}"
            for other in {code for family in written.family for code in names.bones(family)}:
                known = "born" if born is not None else "unborn"
                sought = (known,) if kept else ("unborn",) if born is not None else ("born", "unborn")
                yield from (f"{role}|{one}+{other}|{contact}|{state}" for state in sought)


def _reached_by(identity: Identity) -> Iterator[str]:
    digits = "".join(letter for letter in identity.phone or "" if letter.isdigit())
    if len(digits) >= PHONE_DIGITS:
        yield f"phone {digits[-PHONE_DIGITS:]}"
    if identity.email and "@" in identity.email:
        box, _, host = identity.email.strip().casefold().rpartition("@")
        yield f"mail {box.partition('+')[0]}@{host}"
