"""What a PDF may not hold: anything that acts, anything packed inside it, anything we cannot look into.

No page is drawn and nothing is executed. Names are looked for everywhere - in comments and strings too, because a
reader that is more lenient than this one would find them there - however they are escaped, and in whatever the streams
unpack to, up to a limit that no honest paper reaches.
"""

import re
import zlib
from collections.abc import Iterator

from services.chassis.errors import InvalidError

HEADER = re.compile(rb"%PDF-[12]\.[0-9]")
#: What all streams may unpack to; one page scanned in color has some 25 million bytes.
LARGEST_UNPACKED = 200_000_000
STEP = 1_000_000
#: Longer than anything looked for, so that nothing hides on the seam of two steps.
SEAM = 256
#: How far before its data a stream is described.
DESCRIPTION = 4_096


def _name(word: str) -> bytes:
    """A name in every spelling: ``/JavaScript`` is also ``/J#61vaScript``."""
    letters = (b"(?:%c|#%02x|#%02X)" % (letter, letter, letter) for letter in word.encode())
    return b"/" + b"".join(letters) + rb"(?![A-Za-z0-9])"


def _any(*words: str) -> bytes:
    return b"|".join(map(_name, words))


ACTS = re.compile(
    _any("JavaScript", "Launch", "SubmitForm", "ImportData", "GoToR", "GoToE", "RichMedia", "Rendition")
    + b"|"
    + _any("EmbeddedFile", "EmbeddedFiles")
    + b"|"
    + _name("XFA")
    + rb"\s*[\[\d]"
)
LOCKED = re.compile(_name("Encrypt"))
#: Going to a page of its own when it is opened is harmless; anything else may go anywhere.
OPENS = re.compile(_name("OpenAction") + rb"(?!\s*\[)(?!\s*<<[^>]{0,80}/S\s*/GoTo\b)")
LINKS = re.compile(_name("URI"))
STREAM = re.compile(rb"(?<!end)stream[\x00\t\x0c\r\n ]{0,8}")
PACKED_OBJECTS = re.compile(_name("ObjStm"))


def check(content: bytes) -> None:
    """Refuse a PDF that acts, hides, is locked, or is none."""
    if HEADER.match(content) is None or b"%%EOF" not in content[-1024:]:
        raise InvalidError("document.broken", {"file": "a-whole-file"})
    opens = links = False
    for part in _parts(content):
        if LOCKED.search(part):
            raise InvalidError("document.locked", {"file": "without-password"})
        if ACTS.search(part):
            raise _acts()
        opens = opens or OPENS.search(part) is not None
        links = links or LINKS.search(part) is not None
    if opens and links:
        raise _acts()  # it may call an address by itself as soon as somebody opens it


def _acts() -> InvalidError:
    return InvalidError("document.acts", {"file": "without-scripts-and-attachments"})


def _parts(content: bytes) -> Iterator[bytes]:
    """The file itself, then whatever its streams unpack to."""
    yield content
    whole, left = memoryview(content), LARGEST_UNPACKED
    for found in STREAM.finditer(content):
        unpacked = 0
        for piece in _unpacked(whole[found.end() :], left):
            unpacked += len(piece)
            yield piece
        left -= unpacked
        described = content[max(0, found.start() - DESCRIPTION) : found.start()]
        if not unpacked and PACKED_OBJECTS.search(described, max(0, described.rfind(b"obj"))):
            raise _acts()  # objects packed in a way that is not opened here


def _unpacked(packed: memoryview, limit: int) -> Iterator[bytes]:
    """What a stream holds, step by step; what is not packed, or packed otherwise, yields nothing."""
    unpacker, tail, total = zlib.decompressobj(), b"", 0
    waiting: bytes | memoryview = packed[:STEP]
    at = len(waiting)
    while waiting:
        try:
            new = unpacker.decompress(waiting, STEP)
        except zlib.error:
            return
        total += len(new)
        if total > limit:
            raise InvalidError("document.unpacks-too-large", {"file": "an-ordinary-file"})
        if new:
            yield tail + new
            tail = new[-SEAM:]
        waiting = unpacker.unconsumed_tail
        if not waiting and not unpacker.eof:
            waiting, at = packed[at : at + STEP], at + STEP
