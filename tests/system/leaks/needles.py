"""What is looked for, in every spelling in which it could lie somewhere.

A word that leaked need not stand there as it was typed: in a URL it is percent-encoded, in JSON it may be escaped, in a
token it is base64, in a `bytea` it is hexadecimal. Case is ignored wherever the encoding keeps letters letters.
"""

import base64
import html
import json
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import quote, quote_plus


@dataclass(frozen=True, slots=True)
class Needle:
    """One distinctive word: what it stands for, and what it says."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A needle found: which, in which spelling, and what stands around it."""

    label: str
    spelling: str
    around: str


GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


def spellings(text: str) -> Iterator[tuple[str, bytes]]:
    """The word in every encoding whose letters may be in either case; all in lower case."""
    word = text.lower()
    for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
        yield encoding, word.encode(encoding)
    yield "latin-1", word.encode("latin-1", "ignore")
    yield "ascii", word.translate(GERMAN).encode("ascii", "ignore")
    yield "without accents", _plain(word)
    for form in (word, word.upper(), _capitals(word), text):
        yield "utf-8", form.encode().lower()  # as bytes: letters beyond ASCII keep their case
        yield "percent", quote(form, safe="").lower().encode()
        yield "percent", quote_plus(form).lower().encode()
        escaped = json.dumps(form)[1:-1].lower()
        yield "unicode escape", escaped.encode()
        yield "unicode escape", escaped.replace("\\", "\\\\").encode()
        yield "html", form.encode("ascii", "xmlcharrefreplace").lower()
        yield "html", _named_entities(form).lower().encode()
        yield "quoted-printable", re.sub("%", "=", quote(form, safe=" ")).lower().encode()
        for encoding in ("utf-8", "utf-16-le", "latin-1"):
            yield "hexadecimal", form.encode(encoding, "ignore").hex().encode()
        yield "every byte percent", "".join(f"%{byte:02x}" for byte in form.encode()).encode()
        yield "python bytes", repr(form.encode())[2:-1].lower().encode()
        yield "every byte escaped", "".join(f"\\x{byte:02x}" for byte in form.encode()).encode()


def exact_spellings(text: str) -> Iterator[tuple[str, bytes]]:
    """The word in encodings where case is part of the code: base64 in its three alignments and both alphabets."""
    for form in {text, text.lower(), text.upper(), text.title()}:
        for encoding in ("utf-8", "utf-16-le"):
            for shift in range(3):
                core = _base64_core(form.encode(encoding), shift)
                yield "base64", core
                yield "base64", core.replace(b"+", b"-").replace(b"/", b"_")


def _base64_core(content: bytes, shift: int) -> bytes:
    """The letters of the code that depend on these bytes alone, whatever stands before and behind."""
    encoded = base64.b64encode(b"\0" * shift + content).rstrip(b"=")
    whole = (shift + len(content)) // 3 * 4
    return encoded[(0, 2, 3)[shift] : whole]


def _capitals(word: str) -> str:
    """Capital letters, but no two for one."""
    return "".join(letter.upper() if len(letter.upper()) == 1 else letter for letter in word)


def _plain(word: str) -> bytes:
    return "".join(one for one in unicodedata.normalize("NFKD", word) if not unicodedata.combining(one)).encode(
        "ascii", "ignore"
    )


def _named_entities(word: str) -> str:
    named = {chr(point): f"&{name}" for name, value in html.entities.html5.items() if len(value) == 1
             for point in [ord(value)] if point > 127 and name.endswith(";")}  # fmt: skip
    return "".join(named.get(letter, letter) for letter in word)


class Searcher:
    """Knows all spellings of all needles, or those named in `only`; searches bytes for any of them."""

    SHORTEST = 6

    def __init__(self, needles: Iterable[Needle], only: Collection[str] = ()) -> None:
        self.needles = tuple(needles)
        self._only = only
        self._loose: dict[bytes, tuple[str, str]] = {}
        self._exact: dict[bytes, tuple[str, str]] = {}
        for needle in self.needles:
            assert len(needle.text) >= self.SHORTEST, f"{needle.label}: too short to be distinctive"
            self._learn(self._loose, needle, spellings(needle.text))
            self._learn(self._exact, needle, exact_spellings(needle.text))

    def _learn(self, known: dict[bytes, tuple[str, str]], needle: Needle, found: Iterable[tuple[str, bytes]]) -> None:
        for spelling, code in found:
            if len(code) >= self.SHORTEST and (not self._only or spelling in self._only):
                known.setdefault(code, (needle.label, spelling))

    @property
    def patterns(self) -> int:
        """How many spellings are looked for."""
        return len(self._loose) + len(self._exact)

    def hits(self, content: bytes) -> list[Hit]:
        """Every needle that stands in these bytes, each once."""
        found: dict[str, Hit] = {}
        for known, where in ((self._loose, content.lower()), (self._exact, content)):
            for code, (label, spelling) in known.items():
                if label not in found and (place := where.find(code)) >= 0:
                    around = content[max(0, place - 60) : place + len(code) + 30]
                    found[label] = Hit(label, spelling, around.decode("utf-8", "replace"))
        return list(found.values())
