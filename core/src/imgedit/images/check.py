"""Judge what was downloaded as a result: a whole picture of a bearable size, or not."""

from __future__ import annotations

from typing import BinaryIO, Final, Literal

from imgedit.images.facts import NotAPicture, PictureFacts, read_facts

Reason = Literal["not_a_picture", "truncated", "too_many_pixels"]

_ANNOUNCED: Final = {
    "text/html": "an HTML page",
    "application/json": "JSON text",
    "application/pdf": "a PDF",
    "image/svg+xml": "an SVG drawing",
}


class BadPicture(ValueError):
    """A result that cannot be used: `reason` is a code, `str()` a short sentence."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(reason, message)
        self.reason: Reason = reason
        self.message = message

    def __str__(self) -> str:
        return self.message


def check_result(
    file: BinaryIO, *, max_pixels: int, announced: str | None, digest: bool = True
) -> PictureFacts:
    """The facts of a downloaded picture, read from `file`'s beginning.

    `announced` is the Content-Type that came with it; it only helps to name what is no picture,
    the bytes decide. Without `digest` the facts hold no hash. Raises BadPicture: "not_a_picture",
    "truncated" (cut short or damaged), "too_many_pixels" (more than `max_pixels`, width times
    height).
    """
    try:
        facts = read_facts(file, digest=digest)
    except NotAPicture as problem:
        raise BadPicture("not_a_picture", _not_a_picture(problem.what, announced)) from None
    if facts.truncated:
        message = f"the picture is cut short or damaged ({facts.size:,} bytes arrived)"
        raise BadPicture("truncated", message)
    pixels = (facts.width or 0) * (facts.height or 0)
    if pixels > max_pixels:
        message = (
            f"the picture has {facts.width} x {facts.height} = {pixels:,} pixels; "
            f"at most {max_pixels:,} are accepted"
        )
        raise BadPicture("too_many_pixels", message)
    return facts


def _not_a_picture(what: str, announced: str | None) -> str:
    if what == "empty":
        return "the answer is empty, there is no picture in it"
    media_type = (announced or "").partition(";")[0].strip().lower()
    if what in ("text", "blank text", "bytes of an unknown kind"):
        what = _ANNOUNCED.get(media_type, what)
    return f"the answer is {what}, not a picture"
