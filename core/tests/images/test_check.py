from __future__ import annotations

import io
import pickle
import struct
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from imgedit.images.check import BadPicture, check_result


def check(data: bytes, *, max_pixels: int = 10_000, announced: str | None = None) -> Any:
    return check_result(io.BytesIO(data), max_pixels=max_pixels, announced=announced)


def test_a_good_result_gives_its_facts(samples: dict[str, bytes]) -> None:
    for name, data in samples.items():
        facts = check(data, max_pixels=500 * 300, announced="application/octet-stream")
        assert facts.size == len(data), name
    # The bytes decide, not what was announced.
    assert check(samples["webp"], announced="image/png").media_type == "image/webp"


@pytest.mark.parametrize(
    ("data", "announced", "sentence"),
    (
        (b"", "image/png", "the answer is empty, there is no picture in it"),
        (b"<!doctype html><p>gone", "image/png", "the answer is an HTML page, not a picture"),
        (b"gone", "text/html; charset=utf-8", "the answer is an HTML page, not a picture"),
        (b'{"detail": "x"}', None, "the answer is JSON text, not a picture"),
        (b"not found", "text/plain", "the answer is text, not a picture"),
        (b"\0\1\2\3", None, "the answer is bytes of an unknown kind, not a picture"),
    ),
)
def test_what_is_no_picture_is_named(data: bytes, announced: str | None, sentence: str) -> None:
    with pytest.raises(BadPicture) as caught:
        check(data, announced=announced)
    assert caught.value.reason == "not_a_picture"
    assert str(caught.value) == sentence
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (copy.reason, str(copy)) == ("not_a_picture", sentence)


def test_a_cut_result(samples: dict[str, bytes]) -> None:
    for name in ("jpeg", "png", "webp", "gif"):
        data = samples[name][:-9]
        with pytest.raises(BadPicture, match=rf"cut short or damaged \({len(data):,} bytes") as e:
            check(data)
        assert e.value.reason == "truncated"


def test_pixels_are_counted_before_anything_is_decoded(
    png_chunk: Callable[[bytes, bytes], bytes], make: Any
) -> None:
    side = 13_000
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    bomb = (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + png_chunk(b"IDAT", zlib.compress(bytes((side + 7) // 8 + 1) * side, 9))
        + png_chunk(b"IEND", b"")
    )
    assert len(bomb) < 40_000
    with pytest.raises(BadPicture) as caught:
        check(bomb, max_pixels=100_000_000)
    assert caught.value.reason == "too_many_pixels"
    assert str(caught.value) == (
        "the picture has 13000 x 13000 = 169,000,000 pixels; at most 100,000,000 are accepted"
    )
    exact = make("PNG")
    assert check(exact, max_pixels=61 * 43).width == 61
    with pytest.raises(BadPicture):
        check(exact, max_pixels=61 * 43 - 1)


def test_a_picture_that_hides_its_size_is_damaged(make: Any) -> None:
    data = bytearray(make("GIF"))
    data[6:10] = b"\0\0\0\0"
    with pytest.raises(BadPicture) as caught:
        check(bytes(data))
    assert caught.value.reason == "truncated"
