"""Names as they sound, so that one person is found again although two offices wrote her name in two ways.

A name becomes words, a word becomes codes: `sound` keeps vowels roughly apart, because brothers and sisters differ in
them; `bones` keeps consonants only, because that is what is left of a family name after two transliterations. A word
may have more than one code where a letter may be read in two ways. Pure, and lossy on purpose.
"""

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache

from services.referral.domain.name_tables import (
    ARABIC,
    CYRILLIC,
    LETTERS,
    PARTICLES,
    PREFIXES,
    SAME_NAMES,
)

#: In this order. Capital letters are sounds already found: C tsch, J dsch, S sch, K k; the rest follows as it stands.
SPELLINGS: tuple[tuple[str, str], ...] = (
    (r"^ole", "ale"),  # Olena, Oleksandr and what Russian makes of them
    (r"^(?:y|j|i)e", "e"),
    (r"(?<=[bcdfgklmnprstvz])er$", "r"),
    (r"ee|ie(?!.*[aeiou])|iy$|ii$|ij$|yj$|yy$", "i"),
    (r"skaia$|skaya$|skaja$", "ska"),
    (r"sk(?:yi|yj|ij|ii|iy|y)$", "ski"),
    (r"ae|oe|ue", ""),  # replaced by their first letter below
    (r"schtsch|shch", "S"),
    (r"tsch|tch|tsh", "C"),
    (r"dsch|dzh|dj", "J"),
    (r"sch|sh", "S"),
    (r"kh|ck|q|k", "K"),
    (r"zh", "z"),
    (r"t[sz]", "z"),
    (r"ph", "f"),
    (r"th", "t"),
    (r"dh", "d"),
    (r"gh", "g"),
    (r"rh", "r"),
    (r"dt", "t"),
    (r"x", "Ks"),
    (r"[wv]", "f"),
    (r"h$", ""),
)
#: A letter that is read in two ways gives a word two codes.
READINGS: Mapping[str, tuple[str, ...]] = {"ch": ("K", "C"), "j": ("i", "J")}
VOWELS = str.maketrans({"a": "A", "e": "A", "o": "U", "u": "U", "i": "I", "y": "I"})
PATRONYMIC = re.compile(
    r".{3,}(?:ovych|evych|ovich|evich|iovych|ovitch|ovna|evna|ivna|yivna|owitsch|ewitsch|owna|ewna)"
)
SLAVIC = re.compile(r".*(?:enko|chuk|iuk|yuk|juk|tschuk|ski|ska|sky|skyi|ov|ova|ev|eva|ych|ich|ko|in|ina|iak|yak)")
SEPARATORS = re.compile(r"[\s\-‐-―,./;:_()]+")
QUOTES = re.compile(r"['`´’‘ʼʻ\"]")
TASHKIL = re.compile(r"[\u064b-\u065f\u0670]")
#: The Arabic article where it has grown together with the name.
ARTICLE = re.compile(r"^[ae]l(?=[b-df-hj-np-tv-z]\w{3,})")
MERGED = str.maketrans({"d": "t", "z": "s"})
SLAVIC_MERGED = MERGED | str.maketrans({"h": "g"})
SHORTEST_BONES = 3


@lru_cache(maxsize=4096)
def words(name: str) -> tuple[str, ...]:
    """The words a name is made of, in Latin letters, without particles; a name of particles alone keeps them."""
    plain = QUOTES.sub("", TASHKIL.sub("", unicodedata.normalize("NFKC", name).casefold()))
    found = [_latin(word) for word in SEPARATORS.split(plain) if word]
    joined = _join_prefixes([word for word in found if word])
    kept = [word for word in joined if word not in PARTICLES]
    return tuple(kept or joined)


def _latin(word: str) -> str:
    """One word in the letters a to z; what was written in Arabic keeps a mark, because its vowels are not known."""
    if (same := SAME.get(word)) is not None:
        return same
    if any(letter in ARABIC for letter in word):
        bare = re.sub("^ال", "", word)
        letters = "".join(ARABIC.get(letter, "") for letter in bare)
        return SAME.get(bare) or UNVOICED + re.sub("^u(?=[aeiou])", "w", letters)
    letters = "".join(
        LETTERS.get(letter, CYRILLIC.get(letter, letter)) for letter in unicodedata.normalize("NFC", word)
    )
    plain = "".join(one for one in unicodedata.normalize("NFKD", letters) if "a" <= one <= "z")
    return SAME.get(plain, plain)


#: Marks a word whose vowels were not written.
UNVOICED = "~"
SAME: dict[str, str] = {spelling: row.split()[0] for row in SAME_NAMES for spelling in row.split()}


def _join_prefixes(found: list[str]) -> list[str]:
    """ "Abdul Rahman", "Abd al-Rahman" and "Abdulrahman" are one word."""
    joined: list[str] = []
    pending = ""
    for word in found:
        if pending and word in PARTICLES:
            continue
        if word in PREFIXES and not pending:
            pending = word
            continue
        joined.append(_servant(pending + word))
        pending = ""
    return [*joined, pending] if pending else joined


def _servant(word: str) -> str:
    """The article within "servant of": Abdulrahman, Abdelrahman, Abdurrahman."""
    return re.sub(r"^abd(?:o?ul|[uae]l|[uae](?=(.)\1))", "abd", word)


def is_patronymic(word: str) -> bool:
    return PATRONYMIC.fullmatch(word) is not None


@lru_cache(maxsize=8192)
def sound(word: str) -> frozenset[str]:
    """The word's sounds with its vowels in three classes; empty where the vowels are not known."""
    if word.startswith(UNVOICED):
        return frozenset()
    return frozenset(_collapsed(spelt.translate(VOWELS)) for spelt in _readings(word))


@lru_cache(maxsize=8192)
def bones(word: str) -> frozenset[str]:
    """The word's consonants; of a short word its sounds, because two consonants tell nobody from anybody."""
    plain = re.sub(ARTICLE, "", word)
    codes = set()
    for spelt in _readings(plain):
        consonants = _consonants(spelt, plain)
        codes.add(consonants if len(consonants) >= SHORTEST_BONES else _collapsed(spelt.translate(VOWELS)))
    return frozenset(codes)


@lru_cache(maxsize=8192)
def unvoiced(word: str) -> frozenset[str]:
    """The word's consonants however few: all that can be compared where vowels were not written."""
    plain = re.sub(ARTICLE, "", word.removeprefix(UNVOICED))
    return frozenset(_consonants(spelt, plain) for spelt in _readings(plain))


def _consonants(spelt: str, word: str) -> str:
    """Consonants that offices confuse are one: d and t, s and z, and in Slavic names g and h."""
    merged = spelt.translate(VOWELS).translate(SLAVIC_MERGED if SLAVIC.fullmatch(word) else MERGED)
    return _collapsed("".join(letter for letter in merged if letter not in "AUI"))


def _readings(word: str) -> list[str]:
    spelt = word
    for pattern, sounds in SPELLINGS:
        spelt = re.sub(pattern, sounds or (lambda found: found[0][0]), spelt)
    readings = [spelt]
    for letters, ways in READINGS.items():
        readings = [one.replace(letters, way) for one in readings for way in (ways if letters in one else ways[:1])]
    return [one.replace("c", "K").replace("S", "s") for one in readings]


def _collapsed(code: str) -> str:
    """No letter twice in a row."""
    return re.sub(r"(.)\1+", r"\1", code)
