"""Name the type of a picture (or of what is not one) from its first bytes."""

from __future__ import annotations

import codecs
from typing import Final

HEAD_SIZE: Final = 512
"""How many first bytes `sniff` and `describe` like to have; 64 are enough for any picture."""

_EXTENSIONS: Final = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "image/gif": "gif",
    "image/heic": "heic",
    "image/heif": "heif",
    "image/avif": "avif",
    "image/tiff": "tiff",
    "image/bmp": "bmp",
    "image/jp2": "jp2",
    "image/jxl": "jxl",
    "image/x-icon": "ico",
}
_OTHER_NAMES: Final = {
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "image/x-png": "image/png",
    "image/apng": "image/png",
    "image/tif": "image/tiff",
    "image/x-ms-bmp": "image/bmp",
    "image/x-bmp": "image/bmp",
    "image/vnd.microsoft.icon": "image/x-icon",
    "image/heic-sequence": "image/heic",
    "image/heif-sequence": "image/heif",
}
_MEDIA_TYPES: Final = {extension: media for media, extension in _EXTENSIONS.items()} | {
    "jpeg": "image/jpeg",
    "jpe": "image/jpeg",
    "jfif": "image/jpeg",
    "apng": "image/png",
    "tif": "image/tiff",
    "dib": "image/bmp",
    "hif": "image/heif",
    "avifs": "image/avif",
}

_HEIC_BRANDS: Final = frozenset({b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis"})
_AVIF_BRANDS: Final = frozenset({b"avif", b"avis"})
_HEIF_BRANDS: Final = frozenset({b"mif1", b"msf1", b"mif2"})
_BMP_HEADER_SIZES: Final = frozenset({12, 16, 40, 52, 56, 64, 108, 124})


def sniff(head: bytes) -> str | None:
    """The media type of the picture whose file begins with `head` (64 bytes or more).

    None when these are not the first bytes of a picture. Only the bytes count, never a name.
    """
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head.startswith((b"II*\0", b"MM\0*", b"II+\0\x08\0\0\0", b"MM\0+\0\x08\0\0")):
        return "image/tiff"
    if head.startswith(b"\0\0\0\x0cjP  \r\n\x87\n"):
        return "image/jp2"
    if head.startswith((b"\0\0\0\x0cJXL \r\n\x87\n", b"\xff\x0a")):
        return "image/jxl"
    if head[4:8] == b"ftyp":
        return _brand(head)
    if _is_bmp(head):
        return "image/bmp"
    if _is_icon(head):
        return "image/x-icon"
    return None


def extension_for(media_type: str) -> str:
    """The file extension (no dot) for a media type, "bin" for one that is no known picture."""
    name = media_type.partition(";")[0].strip().lower()
    return _EXTENSIONS.get(_OTHER_NAMES.get(name, name), "bin")


def media_type_for(extension: str) -> str | None:
    """The media type for a file extension (with or without dot, any case), or None."""
    return _MEDIA_TYPES.get(extension.lower().removeprefix("."))


def describe(head: bytes) -> str:
    """What bytes that are no picture seem to be, as words for a sentence ("an HTML page")."""
    if not head:
        return "empty"
    if head.startswith(b"%PDF-"):
        return "a PDF"
    if head.startswith((b"PK\x03\x04", b"\x1f\x8b", b"7z\xbc\xaf\x27\x1c")):
        return "an archive"
    if head[4:8] == b"ftyp" or head.startswith((b"\x1a\x45\xdf\xa3", b"OggS", b"ID3")):
        return "a video or sound file"
    if head.startswith(b"RIFF") and head[8:12] in (b"AVI ", b"WAVE"):
        return "a video or sound file"
    text = _as_text(head)
    if text is None:
        return "bytes of an unknown kind"
    start = text.lstrip().lower()
    if start.startswith(("<!doctype html", "<html", "<head", "<body", "<script", "<title", "<h1")):
        return "an HTML page"
    if start.startswith("<svg") or (start.startswith(("<?xml", "<!")) and "<svg" in start):
        return "an SVG drawing"
    if start.startswith(("<?xml", "<!")):
        return "an HTML page" if "<html" in start else "XML text"
    if start.startswith(("{", "[")) or start in ("null", "true", "false"):
        return "JSON text"
    if start.startswith("data:image/"):
        return "a data URI as text"
    return "text" if start else "blank text"


def _brand(head: bytes) -> str | None:
    size = min(int.from_bytes(head[:4], "big"), len(head))
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, size - 3, 4))]
    if brands[0] in _AVIF_BRANDS:
        return "image/avif"
    if brands[0] in _HEIC_BRANDS:
        return "image/heic"
    if brands[0] not in _HEIF_BRANDS and not _HEIF_BRANDS.intersection(brands):
        return None
    if _AVIF_BRANDS.intersection(brands):
        return "image/avif"
    return "image/heic" if _HEIC_BRANDS.intersection(brands) else "image/heif"


def _is_bmp(head: bytes) -> bool:
    # "BM" alone also begins many a text file.
    if head[:2] != b"BM" or len(head) < 28:
        return False
    kind = int.from_bytes(head[14:18], "little")
    planes = head[22:24] if kind == 12 else head[26:28]
    return kind in _BMP_HEADER_SIZES and planes == b"\x01\0"


def _is_icon(head: bytes) -> bool:
    if head[:4] != b"\0\0\x01\0" or len(head) < 22:
        return False
    count = int.from_bytes(head[4:6], "little")
    offset = int.from_bytes(head[18:22], "little")
    return count > 0 and head[9] == 0 and offset >= 6 + 16 * count


def _as_text(head: bytes) -> str | None:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return head[: len(head) & ~1].decode("utf-16", "replace")
    try:
        # Incremental: the head may end inside a character.
        text = codecs.getincrementaldecoder("utf-8")().decode(head.removeprefix(codecs.BOM_UTF8))
    except UnicodeDecodeError:
        return None
    return None if any(c < " " and c not in "\t\n\r\f\x1b" for c in text) else text
