"""JPEG: a walk over its markers, and which segments are metadata."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import attrs

from imgedit.images.exif import orientation_only, read_exif
from imgedit.images.look import Look
from imgedit.images.plan import PlanBuilder
from imgedit.images.source import MAX_PIECES, Damaged, Source

_SOI, _EOI, _SOS, _DNL, _COM, _TEM = 0xD8, 0xD9, 0xDA, 0xDC, 0xFE, 0x01
_RESTARTS: Final = frozenset(range(0xD0, 0xD8))
_FRAMES: Final = frozenset({*range(0xC0, 0xD0), 0xF7}) - {0xC4, 0xC8, 0xCC}
_APP0, _APP1, _APP2, _APP11, _APP13, _APP14, _APP15 = 0xE0, 0xE1, 0xE2, 0xEB, 0xED, 0xEE, 0xEF
_SCAN, _JUNK, _FILL = -1, -2, -3

# Restart markers and stuffed zeros belong to the scan; so does what no decoder takes for a marker.
_SCAN_END: Final = re.compile(rb"\xff[\xc0-\xcf\xd8-\xfe]")
_MARKER: Final = re.compile(rb"\xff[\x01-\xfe]")
_NOT_FILL: Final = re.compile(rb"[^\xff]")
_EXIF: Final = b"Exif\0\0"


@attrs.frozen
class _Piece:
    """One segment (marker, offsets, the bytes behind its length) or a stretch between segments."""

    marker: int
    start: int
    end: int
    body: bytes = b""


def look(source: Source, seen: Look) -> None:
    """Gather size and completeness; raises Damaged where the markers do not go on."""
    framed = scanned = False
    for piece in _walk(source):
        if piece.marker in _FRAMES and not framed and len(piece.body) >= 5:
            framed = True
            seen.measure(
                int.from_bytes(piece.body[3:5], "big"), int.from_bytes(piece.body[1:3], "big")
            )
        elif piece.marker == _DNL and framed and not seen.height:
            seen.height = int.from_bytes(piece.body[:2], "big") or None
        elif piece.marker == _APP11 and _is_c2pa(piece.body):
            seen.c2pa = True
        elif piece.marker == _SCAN:
            scanned = True
    seen.whole = framed and scanned


def strip(source: Source, plan: PlanBuilder) -> None:
    """Keep what a decoder needs; raises Damaged for a file that cannot be followed."""
    oriented = scanned = credited = False
    for piece in _walk(source):
        scanned = scanned or piece.marker == _SCAN
        if piece.marker == _JUNK:
            plan.drop("other")
            continue
        names = _names(piece)
        credited = credited or "c2pa" in names
        if credited and piece.marker == _APP11:
            # Further segments of one manifest do not repeat its label.
            names = ("c2pa",)
        if not names:
            plan.keep(piece.start, piece.end)
        elif names == ("thumbnail",) and piece.body.startswith(b"JFIF\0"):
            plan.drop("thumbnail")
            plan.write(b"\xff\xe0\0\x10" + piece.body[:12] + b"\0\0")
        elif "exif" in names and not oriented:
            oriented = True
            _strip_exif(piece, names, plan)
        else:
            plan.drop(*names)
    if not scanned:
        raise Damaged("it holds no picture data")
    if source.more():
        # Motion clips, second pictures and maker notes hide here, with their own EXIF.
        plan.drop("trailer")


def _strip_exif(piece: _Piece, names: tuple[str, ...], plan: PlanBuilder) -> None:
    orientation = read_exif(piece.body).orientation
    body = _EXIF + orientation_only(orientation)
    if orientation == 1:
        plan.drop(*names)
    elif piece.body == body:
        plan.keep(piece.start, piece.end)
    else:
        plan.drop(*names)
        plan.write(b"\xff\xe1" + (len(body) + 2).to_bytes(2, "big") + body)


def _names(piece: _Piece) -> tuple[str, ...]:
    """What kind of metadata a segment is; empty when it is to be kept."""
    body = piece.body
    if piece.marker == _COM:
        return ("comment",)
    if not _APP0 <= piece.marker <= _APP15:
        return ()
    match piece.marker:
        case 0xE0 if body.startswith(b"JFIF\0"):
            return ("thumbnail",) if len(body) > 14 else ()
        case 0xE0 if body.startswith(b"JFXX\0"):
            return ("thumbnail",)
        case 0xE1 if body.startswith(_EXIF):
            return ("exif", "gps") if read_exif(body).gps else ("exif",)
        case 0xE1 if body.startswith(b"http://ns.adobe.com/x"):
            return ("xmp", "gps") if b"exif:GPS" in body else ("xmp",)
        case 0xE2 if body.startswith(b"ICC_PROFILE\0"):
            return ()
        case 0xE2 if body.startswith(b"MPF\0"):
            return ("mpf",)
        case 0xEB if _is_c2pa(body):
            return ("c2pa",)
        case 0xED if body.startswith((b"Photoshop 3.0\0", b"Adobe_Photoshop2.5:")):
            return ("iptc",)
        case 0xEE if body.startswith(b"Adobe"):
            return ()
    return ("other",)


def _is_c2pa(body: bytes) -> bool:
    """Whether an APP11 body begins a JUMBF box of content credentials."""
    return body[:2] == b"JP" and body[12:16] == b"jumb" and b"c2pa" in body[16:80]


def _walk(source: Source) -> Iterator[_Piece]:
    """Every segment up to EOI; the last piece is EOI. Raises Damaged without one."""
    if source.take(2) != b"\xff\xd8":
        raise Damaged("it does not begin as a JPEG")
    yield _Piece(_SOI, 0, 2)
    for _ in range(MAX_PIECES):
        start = source.pos
        if source.take(1) != b"\xff":
            yield _junk(source, start)
            continue
        source.find(_NOT_FILL)
        marker = source.number(1)
        if marker == 0:
            yield _junk(source, start)
            continue
        if source.pos - start > 2:
            yield _Piece(_FILL, start, source.pos - 2)
            start = source.pos - 2
        if marker == _EOI:
            yield _Piece(_EOI, start, source.pos)
            return
        if marker == _SOI:
            raise Damaged("a second picture begins inside it")
        if marker == _TEM or marker in _RESTARTS:
            yield _Piece(marker, start, source.pos)
            continue
        length = source.number(2)
        if length < 2:
            raise Damaged("a segment has an impossible length")
        yield _Piece(marker, start, start + 2 + length, source.take(length - 2))
        if marker == _SOS:
            start = source.pos
            if not source.find(_SCAN_END):
                raise Damaged("the file ends early")
            yield _Piece(_SCAN, start, source.pos)
    raise Damaged("it is made of too many pieces")


def _junk(source: Source, start: int) -> _Piece:
    if not source.find(_MARKER):
        raise Damaged("the file ends early")
    return _Piece(_JUNK, start, source.pos)
