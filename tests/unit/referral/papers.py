"""Small files of every kind, honest ones and hostile ones, made here so that nothing binary lies in the repository."""

import io
import struct
import zipfile
import zlib


def a_pdf(*objects: bytes, trailer: bytes = b"/Root 1 0 R") -> bytes:
    """A small whole PDF with these further objects."""
    body = [b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [] /Count 0 >>", *objects]
    numbered = b"".join(b"%d 0 obj\n%s\nendobj\n" % (number, one) for number, one in enumerate(body, 1))
    return b"%PDF-1.7\n" + numbered + b"trailer << " + trailer + b" >>\nstartxref\n9\n%%EOF\n"


def a_stream(content: bytes, described: bytes = b"/Filter /FlateDecode", *, packed: bool = True) -> bytes:
    data = zlib.compress(content) if packed else content
    return b"<< %s /Length %d >>\nstream\n%s\nendstream" % (described, len(data), data)


def a_png(width: int = 4, height: int = 4, extra: bytes = b"") -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"\x00" * (min(width, 64) + 1) * min(height, 64))
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", rows + extra) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def a_jpeg(width: int = 4, height: int = 4) -> bytes:
    frame = struct.pack(">BHHB", 8, height, width, 1) + b"\x01\x11\x00"
    return (
        b"\xff\xd8"
        + _segment(0xE0, b"JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00")
        + b"\xff"  # padding before a marker is allowed
        + _segment(0xC0, frame)
        + _segment(0xDA, b"\x01\x01\x00\x00\x3f\x00")
        + b"\x11\x22\x33\xff\xd9"
    )


def _segment(kind: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, kind, len(content) + 2) + content


def a_tiff(width: int = 4, height: int = 4, order: str = "<", pages: int = 1) -> bytes:
    mark = b"II*\x00" if order == "<" else b"MM\x00*"
    size = 2 + 2 * 12 + 4
    content = mark + struct.pack(f"{order}I", 8)
    for page in range(pages):
        after = 8 + size * (page + 1) if page + 1 < pages else 0
        content += struct.pack(f"{order}H", 2)
        content += struct.pack(f"{order}HHII", 256, 4, 1, width)
        content += struct.pack(f"{order}HHIHH", 257, 3, 1, height, 0)
        content += struct.pack(f"{order}I", after)
    return content


def a_zip(name: str = "inside.txt", content: bytes = b"hidden") -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return packed.getvalue()
