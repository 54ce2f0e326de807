from __future__ import annotations

import pytest

from imgedit.images.sniff import describe, extension_for, media_type_for, sniff


def test_every_sample_is_named_from_64_bytes(samples: dict[str, bytes]) -> None:
    named = {name: sniff(data[:64]) for name, data in samples.items()}
    for name, media_type in named.items():
        kind = name.split()[0]
        expected = {"progressive": "jpeg", "restarts": "jpeg", "apng": "png", "ico": "x-icon"}
        assert media_type == f"image/{expected.get(kind, kind)}", name


def _ftyp(major: bytes, *others: bytes) -> bytes:
    body = b"ftyp" + major + b"\0\0\0\0" + b"".join(others)
    return (len(body) + 4).to_bytes(4, "big") + body


@pytest.mark.parametrize(
    ("head", "media_type"),
    (
        (_ftyp(b"heic", b"mif1", b"heic"), "image/heic"),
        (_ftyp(b"hevc", b"msf1"), "image/heic"),
        (_ftyp(b"mif1", b"mif1", b"heic"), "image/heic"),
        (_ftyp(b"mif1", b"miaf", b"avif"), "image/avif"),
        (_ftyp(b"avis", b"msf1"), "image/avif"),
        (_ftyp(b"mif1", b"mif1"), "image/heif"),
        (_ftyp(b"isom", b"mp41", b"avc1"), None),
        (_ftyp(b"qt  "), None),
        # Another box behind a short ftyp must not be read as a brand.
        (_ftyp(b"isom") + b"mif1" * 8, None),
        (b"II+\0\x08\0\0\0", "image/tiff"),
        (b"MM\0*\0\0\0\x08", "image/tiff"),
        (b"\xff\x0a" + b"\0" * 62, "image/jxl"),
        (b"RIFF\0\0\0\0WAVE", None),
        (b"BM is how a sentence may begin, and it goes on for quite a while", None),
        (b"\0\0\x01\0" + b"\0" * 60, None),
        (b"", None),
        (b"\xff\xd8", None),
        (b"\x89PNG\r\n", None),
    ),
)
def test_names_by_bytes(head: bytes, media_type: str | None) -> None:
    assert sniff(head) == media_type


@pytest.mark.parametrize(
    ("head", "words"),
    (
        (b"", "empty"),
        (b"  \n<!DOCTYPE html><html>", "an HTML page"),
        (b"\xef\xbb\xbf<HTML>", "an HTML page"),
        (b'<?xml version="1.0"?><html xmlns="x">', "an HTML page"),
        ("<html>".encode("utf-16"), "an HTML page"),
        (b'{"error": "gone"}', "JSON text"),
        (b"[]", "JSON text"),
        (b"null", "JSON text"),
        (b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>", "XML text"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "an SVG drawing"),
        (b"<?xml version='1.0'?>\n<svg/>", "an SVG drawing"),
        (b"data:image/png;base64,AAAA", "a data URI as text"),
        (b"Not Found", "text"),
        ("grün".encode()[:-2], "text"),
        (b" \n ", "blank text"),
        (b"%PDF-1.7", "a PDF"),
        (b"PK\x03\x04", "an archive"),
        (_ftyp(b"isom"), "a video or sound file"),
        (b"RIFF\0\0\0\0AVI ", "a video or sound file"),
        (b"\0\x01\x02\x03", "bytes of an unknown kind"),
        (b"\xff\xd8", "bytes of an unknown kind"),
    ),
)
def test_describes_what_is_no_picture(head: bytes, words: str) -> None:
    assert describe(head) == words


def test_extensions_and_media_types() -> None:
    extensions = ("jpg", "png", "webp", "gif", "heic", "heif", "avif", "tiff", "bmp", "jp2", "ico")
    for extension in extensions:
        media_type = media_type_for(extension)
        assert media_type is not None
        assert extension_for(media_type) == extension
    assert media_type_for(".JPEG") == "image/jpeg"
    assert media_type_for("tif") == "image/tiff"
    assert media_type_for("txt") is None
    assert extension_for("Image/JPG; charset=binary") == "jpg"
    assert extension_for("image/vnd.microsoft.icon") == "ico"
    assert extension_for("text/html") == "bin"
