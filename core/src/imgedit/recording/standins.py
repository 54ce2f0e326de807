"""A small picture in the place of a vendor's own, of the same type where that can be."""

from __future__ import annotations

from base64 import b64decode, b64encode

from ..images.sniff import sniff
from ..testing.pictures import png

# 96 x 64 pixels of one colour, made with Pillow.
_JPEG = (
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABsSFBcUERsXFhceHBsgKEIrKCUlKFE6PTBCYFVlZF9VXVtqeJmBanGQc1td"
    "hbWGkJ6jq62rZ4C8ybqmx5moq6T/2wBDARweHigjKE4rK06kbl1upKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSk"
    "pKSkpKSkpKSkpKSkpKSkpKSkpKT/wAARCABAAGADASIAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAAAAP/xAAUEAEA"
    "AAAAAAAAAAAAAAAAAAAA/8QAFgEBAQEAAAAAAAAAAAAAAAAAAAME/8QAFBEBAAAAAAAAAAAAAAAAAAAAAP/aAAwDAQAC"
    "EQMRAD8AmAmwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAP/2Q=="
)
_WEBP = (
    "UklGRlgAAABXRUJQVlA4IEwAAABwBACdASpgAEAAPxGIv1msKSajoWgBgCIJaQDUFAS9HonczmDXPE+lLTk9AAD+rhdW"
    "Pt/r7yh2JNmVgY3wqk4d1RDmqI4LGDMtIAAA"
)
_LEAST = 96  # characters of base64 below which nothing is taken for a picture


def standin(media_type: str) -> bytes:
    """A picture of this type; a PNG when there is none."""
    match media_type:
        case "image/jpeg":
            return b64decode(_JPEG)
        case "image/webp":
            return b64decode(_WEBP)
        case _:
            return png(96, 64, (40, 160, 90))


def picture_in(text: str) -> tuple[bytes, str] | None:
    """The picture that a text is in base64, and the text with a stand-in; None = it is none.

    A data URI keeps its beginning.
    """
    head, _, data = text.rpartition(",") if text[:5].lower() == "data:" else ("", "", text)
    data = "".join(data.split())
    if len(data) < _LEAST:
        return None
    try:
        picture = b64decode(data, validate=True)
    except ValueError:
        return None
    kind = sniff(picture[:64])
    if kind is None:
        return None
    small = b64encode(standin(kind)).decode()
    return picture, f"{head},{small}" if head else small
