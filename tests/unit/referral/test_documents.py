"""What is taken in as a paper and what is not, judged by content alone."""

import struct
import time
import zlib
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from contracts.codes import DocumentKind, MediaType
from services.chassis.errors import InvalidError
from services.referral.domain import pdf
from services.referral.domain.documents import examine, file_name
from tests.unit.referral.papers import a_jpeg, a_pdf, a_png, a_stream, a_tiff, a_zip

HONEST = {
    "a pdf": (a_pdf(), MediaType.PDF),
    "a pdf with packed text": (a_pdf(a_stream(b"BT (Zeugnis) Tj ET")), MediaType.PDF),
    "a pdf with a picture": (a_pdf(a_stream(a_jpeg(), b"/Filter /DCTDecode", packed=False)), MediaType.PDF),
    "a pdf with packed objects": (a_pdf(a_stream(b"3 0 << /Type /Font >>", b"/Type /ObjStm /N 1")), MediaType.PDF),
    "a pdf that opens on its first page": (a_pdf(b"<< /OpenAction [3 0 R /XYZ 0 0 0] /URI (x) >>"), MediaType.PDF),
    "a pdf that opens by an action": (a_pdf(b"<< /OpenAction << /S /GoTo /D [3] >> /URI (x) >>"), MediaType.PDF),
    "a pdf with links": (a_pdf(b"<< /S /URI /URI (https://hwk.example/) >>"), MediaType.PDF),
    "a png": (a_png(), MediaType.PNG),
    "a jpeg": (a_jpeg(), MediaType.JPEG),
    "a jpeg as phones make them, with more behind": (a_jpeg() + b"SEFT trailer", MediaType.JPEG),
    "a tiff": (a_tiff(), MediaType.TIFF),
    "a tiff of three pages, big end first": (a_tiff(order=">", pages=3), MediaType.TIFF),
}
JAVASCRIPT = b"<< /S /JavaScript /JS (app.alert(1)) >>"
HOSTILE = {
    "nothing": (b"", MediaType.PDF, "document.empty"),
    "a program": (b"MZ\x90\x00" + b"\x00" * 99, MediaType.PDF, "document.type-unknown"),
    "a drawing with a script": (b"<svg><script>alert(1)</script></svg>", MediaType.PNG, "document.type-unknown"),
    "a page": (b"<!doctype html><script>alert(1)</script>", MediaType.PDF, "document.type-unknown"),
    "an archive": (a_zip(content=b"\x00" * 10_000_000), MediaType.PDF, "document.type-unknown"),
    "a pdf that begins as a page": (b"<html>" + a_pdf(), MediaType.PDF, "document.type-unknown"),
    "a pdf after a line break": (b"\n" + a_pdf(), MediaType.PDF, "document.type-unknown"),
    "a png that says pdf": (a_png(), MediaType.PDF, "document.type-differs"),
    "a pdf that says text": (a_pdf(), "text/plain", "document.type-differs"),
    "a pdf with an archive behind": (a_pdf() + a_zip(), MediaType.PDF, "document.hides-archive"),
    "a jpeg with an archive behind": (a_jpeg() + a_zip() + b"", MediaType.JPEG, "document.hides-archive"),
    "a pdf cut off": (a_pdf()[:-8], MediaType.PDF, "document.broken"),
    "a pdf of no version": (a_pdf().replace(b"1.7", b"x.y"), MediaType.PDF, "document.broken"),
    "a pdf with a script": (a_pdf(JAVASCRIPT), MediaType.PDF, "document.acts"),
    "a pdf with an escaped script": (a_pdf(b"<< /S /J#61va#53cript >>"), MediaType.PDF, "document.acts"),
    "a pdf with a packed script": (a_pdf(a_stream(JAVASCRIPT)), MediaType.PDF, "document.acts"),
    "a pdf with a script far inside": (a_pdf(a_stream(b" " * 999_995 + JAVASCRIPT)), MediaType.PDF, "document.acts"),
    "a pdf with a script in a comment": (a_pdf(b"% stream\n" + JAVASCRIPT), MediaType.PDF, "document.acts"),
    "a pdf that starts a program": (a_pdf(b"<< /S /Launch /F (cmd.exe) >>"), MediaType.PDF, "document.acts"),
    "a pdf with a file inside": (a_pdf(a_stream(b"MZ", b"/Type /EmbeddedFile")), MediaType.PDF, "document.acts"),
    "a pdf that sends a form": (a_pdf(b"<< /S /SubmitForm >>"), MediaType.PDF, "document.acts"),
    "a pdf with a form of scripts": (
        a_pdf(b"<< /AcroForm << /XFA [ (a) 3 0 R ] >> >>"),
        MediaType.PDF,
        "document.acts",
    ),
    "a pdf that opens another": (a_pdf(b"<< /S /GoToR /F (other.pdf) >>"), MediaType.PDF, "document.acts"),
    "a pdf that calls home": (
        a_pdf(b"<< /OpenAction << /S /URI /URI (http://x) >> >>"),
        MediaType.PDF,
        "document.acts",
    ),
    "a pdf that may call home": (a_pdf(b"<< /OpenAction 9 0 R >>", b"<< /URI (x) >>"), MediaType.PDF, "document.acts"),
    "a pdf packed otherwise": (
        a_pdf(a_stream(b"3 0 <<>>", b"/Type /Obj#53tm /Filter /LZWDecode", packed=False)),
        MediaType.PDF,
        "document.acts",
    ),
    "a pdf with a password": (a_pdf(trailer=b"/Root 1 0 R /Encrypt 9 0 R"), MediaType.PDF, "document.locked"),
    "a png with more behind": (a_png() + b"?", MediaType.PNG, "document.broken"),
    "a png cut off": (a_png()[:-5], MediaType.PNG, "document.broken"),
    "a png that was changed": (a_png().replace(b"IDAT", b"iDAT"), MediaType.PNG, "document.broken"),
    "a png as large as a field": (a_png(100_000, 100_000), MediaType.PNG, "document.unpacks-too-large"),
    "a png without a size": (a_png(0, 4), MediaType.PNG, "document.broken"),
    "a jpeg as large as a field": (a_jpeg(65_000, 65_000), MediaType.JPEG, "document.unpacks-too-large"),
    "a jpeg cut off": (a_jpeg()[:-2], MediaType.JPEG, "document.broken"),
    "a jpeg without a picture": (b"\xff\xd8\xff\xda\x00\x02\xff\xd9", MediaType.JPEG, "document.broken"),
    "a jpeg that loses its way": (a_jpeg().replace(b"\xff\xda", b"\x00\xda"), MediaType.JPEG, "document.broken"),
    "a jpeg of three bytes": (b"\xff\xd8\xff", MediaType.JPEG, "document.broken"),
    "a tiff as large as a field": (a_tiff(60_000, 60_000), MediaType.TIFF, "document.unpacks-too-large"),
    "a tiff without a page": (b"II*\x00\x00\x00\x00\x00", MediaType.TIFF, "document.broken"),
    "a tiff that runs in a circle": (a_tiff()[:-4] + struct.pack("<I", 8), MediaType.TIFF, "document.broken"),
    "a tiff that points outside": (b"II*\x00" + struct.pack("<I", 9_999), MediaType.TIFF, "document.broken"),
}


def refusal_of(content: bytes, declared: str, **limits: int) -> InvalidError:
    with pytest.raises(InvalidError) as caught:
        examine(content, declared, **limits)
    return caught.value


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_paper_is_taken(name: str) -> None:
    content, kind = HONEST[name]
    assert examine(content, kind) is kind


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_plain_paper_is_refused_with_its_reason(name: str) -> None:
    content, declared, slug = HOSTILE[name]
    refusal = refusal_of(content, declared)
    assert refusal.slug == slug
    assert refusal.fields


def test_a_file_at_the_limit_is_taken_and_one_byte_more_is_not() -> None:
    content = a_pdf()
    assert examine(content, "application/pdf", largest=len(content)) is MediaType.PDF
    refusal = refusal_of(content, "application/pdf", largest=len(content) - 1)
    assert (refusal.slug, refusal.fields) == ("document.too-large", {"file": f"at-most-{len(content) - 1}-bytes"})


def test_a_pdf_that_unpacks_without_end_is_refused_before_it_has() -> None:
    packer = zlib.compressobj(9)
    bomb = b"".join(packer.compress(b"\x00" * 1_000_000) for _ in range(300)) + packer.flush()
    content = a_pdf(a_stream(bomb, packed=False))
    assert len(content) < 400_000
    began = time.process_time()
    assert refusal_of(content, "application/pdf").slug == "document.unpacks-too-large"
    assert time.process_time() - began < 20


def test_many_small_bombs_count_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "LARGEST_UNPACKED", 2_000)
    streams = [a_stream(bytes(900)) for _ in range(3)]
    assert examine(a_pdf(*streams[:2]), "application/pdf")
    assert refusal_of(a_pdf(*streams), "application/pdf").slug == "document.unpacks-too-large"


@given(st.binary(max_size=400), st.sampled_from([b"", *(content[:12] for content, _ in HONEST.values())]))
@example(b"\xff\xff\xff\xff", b"\x89PNG\r\n\x1a\n")
def test_whatever_comes_in_is_taken_or_refused_and_breaks_nothing(content: bytes, beginning: bytes) -> None:
    for kind in MediaType:
        with suppress(InvalidError):
            assert examine(beginning + content, kind) is kind


@given(st.sampled_from(sorted(HONEST)), st.data())
def test_a_paper_with_some_bytes_changed_breaks_nothing(name: str, data: st.DataObject) -> None:
    content, kind = HONEST[name]
    at = data.draw(st.integers(0, len(content) - 1))
    changed = content[:at] + data.draw(st.binary(min_size=1, max_size=4)) + content[at + 1 :]
    with suppress(InvalidError):
        assert examine(changed, kind) is kind


def test_the_name_of_a_file_is_ours() -> None:
    assert file_name(DocumentKind.CONSENT_FORM, 3, MediaType.JPEG) == "consent-form-3.jpg"
    assert {file_name(DocumentKind.NOTICE, 1, kind).rpartition(".")[2] for kind in MediaType} == {
        "pdf",
        "png",
        "jpg",
        "tif",
    }
