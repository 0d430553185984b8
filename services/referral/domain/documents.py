"""Which files are taken in as a person's papers: judged by what is in them, never by their name or what they claim."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from contracts.codes import DocumentKind, MediaType
from services.chassis.errors import InvalidError
from services.referral.domain import pdf, pictures

Check = Callable[[bytes], None]

BEGINNINGS: Mapping[bytes, MediaType] = MappingProxyType(
    {
        b"%PDF-": MediaType.PDF,
        pictures.PNG: MediaType.PNG,
        pictures.JPEG: MediaType.JPEG,
        **dict.fromkeys(pictures.TIFF, MediaType.TIFF),
    }
)
CHECKS: Mapping[MediaType, Check] = MappingProxyType(
    {
        MediaType.PDF: pdf.check,
        MediaType.PNG: pictures.check_png,
        MediaType.JPEG: pictures.check_jpeg,
        MediaType.TIFF: pictures.check_tiff,
    }
)
ENDINGS: Mapping[MediaType, str] = MappingProxyType(
    {MediaType.PDF: "pdf", MediaType.PNG: "png", MediaType.JPEG: "jpg", MediaType.TIFF: "tif"}
)
#: What is taken in by itself on the enquiry's page; a signed consent comes with its consent there.
UPLOADED = tuple(kind for kind in DocumentKind if kind is not DocumentKind.CONSENT_FORM)
#: An archive is found by its end: whoever looks there unpacks it, whatever the file begins with.
ARCHIVE_END, ARCHIVE_END_SIZE, LONGEST_ARCHIVE_COMMENT = b"PK\x05\x06", 22, 65_535


def examine(content: bytes, declared: str, *, largest: int | None = None) -> MediaType:
    """The kind of file this really is; anything else than a plain paper or picture is refused with the reason."""
    if not content:
        raise InvalidError("document.empty", {"file": "a-file"})
    if largest is not None and len(content) > largest:
        raise InvalidError("document.too-large", {"file": f"at-most-{largest}-bytes"})
    found = next((kind for beginning, kind in BEGINNINGS.items() if content.startswith(beginning)), None)
    if found is None:
        raise InvalidError("document.type-unknown", {"file": "pdf-png-jpeg-tiff"})
    if found != declared:
        raise InvalidError("document.type-differs", {"media_type": str(found)})
    if hides_archive(content):
        raise InvalidError("document.hides-archive", {"file": "an-ordinary-file"})
    CHECKS[found](content)
    return found


def hides_archive(content: bytes) -> bool:
    """Whether the file is at the same time an archive, by the directory that ends one."""
    at = len(content)
    floor = max(0, at - ARCHIVE_END_SIZE - LONGEST_ARCHIVE_COMMENT)
    while (at := content.rfind(ARCHIVE_END, floor, at)) >= 0:
        comment = int.from_bytes(content[at + 20 : at + 22], "little")
        if at + ARCHIVE_END_SIZE + comment <= len(content):
            return True
    return False


def file_name(kind: DocumentKind, number: int, media_type: MediaType) -> str:
    """The name a file leaves under: ours, because the one it came with may say whose it is."""
    return f"{kind.lower().replace('_', '-')}-{number}.{ENDINGS[media_type]}"
