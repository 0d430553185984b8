"""Pictures of papers: that they are what they say, whole, and no larger than a scan when somebody opens them.

Only the frame is read - sizes and lengths - never a pixel.
"""

import struct
import zlib
from collections.abc import Callable

from services.chassis.errors import InvalidError

#: An A3 page at 600 dots per inch has 70 million; what is far larger is meant to choke whoever opens it.
LARGEST_PIXELS = 120_000_000
PNG = b"\x89PNG\r\n\x1a\n"
JPEG = b"\xff\xd8\xff"
TIFF = {b"II*\x00": "<", b"MM\x00*": ">"}
#: Start of frame: the JPEG segments that tell height and width.
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
START_OF_SCAN = 0xDA
WIDTH, HEIGHT = 256, 257
MOST_PAGES = 1_000


def _whole(reader: Callable[[bytes], None]) -> Callable[[bytes], None]:
    """A file that ends before it says it does is broken, whatever is missing."""

    def read(content: bytes) -> None:
        try:
            reader(content)
        except (struct.error, IndexError) as error:
            raise _broken() from error

    return read


@_whole
def check_png(content: bytes) -> None:
    """Chunk after chunk to the last one, with nothing behind it."""
    at = len(PNG)
    while True:
        length, kind = struct.unpack_from(">I4s", content, at)
        (sum_kept,) = struct.unpack_from(">I", content, at + 8 + length)
        if zlib.crc32(memoryview(content)[at + 4 : at + 8 + length]) != sum_kept:
            raise _broken()
        if at == len(PNG):
            _check_pixels(*struct.unpack_from(">II", content, at + 8))
        at += 12 + length
        if kind == b"IEND":
            break
    if at != len(content):
        raise _broken()


@_whole
def check_jpeg(content: bytes) -> None:
    """Segment after segment to the frame that tells the size; a picture follows it."""
    at, sized = 2, False
    while True:
        mark, kind, length = struct.unpack_from(">BBH", content, at)
        if mark != 0xFF:
            raise _broken()
        if kind == 0xFF:  # padding
            at += 1
            continue
        if kind in FRAMES:
            height, width = struct.unpack_from(">HH", content, at + 5)
            _check_pixels(width, height)
            sized = True
        if kind == START_OF_SCAN:
            break
        at += 2 + length
    if not sized or b"\xff\xd9" not in content[at:]:
        raise _broken()


@_whole
def check_tiff(content: bytes) -> None:
    """Page after page: each directory lies inside the file and tells a size."""
    order = TIFF[content[:4]]
    (at,) = struct.unpack_from(f"{order}I", content, 4)
    seen: set[int] = set()
    while at:
        if at in seen or len(seen) > MOST_PAGES:
            raise _broken()
        seen.add(at)
        (entries,) = struct.unpack_from(f"{order}H", content, at)
        sizes = dict.fromkeys((WIDTH, HEIGHT), 0)
        for place in range(at + 2, at + 2 + 12 * entries, 12):
            tag, kind = struct.unpack_from(f"{order}HH", content, place)
            if tag in sizes:
                (sizes[tag],) = struct.unpack_from(f"{order}H" if kind == 3 else f"{order}I", content, place + 8)
        _check_pixels(sizes[WIDTH], sizes[HEIGHT])
        (at,) = struct.unpack_from(f"{order}I", content, at + 2 + 12 * entries)
    if not seen:
        raise _broken()


def _check_pixels(width: int, height: int) -> None:
    if not width or not height:
        raise _broken()
    if width * height > LARGEST_PIXELS:
        raise InvalidError("document.unpacks-too-large", {"file": "an-ordinary-file"})


def _broken() -> InvalidError:
    return InvalidError("document.broken", {"file": "a-whole-file"})
