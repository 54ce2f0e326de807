"""Whatever the bytes: an answer, soon, in little memory."""

from __future__ import annotations

import contextlib
import io
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imgedit.images.check import BadPicture, check_result
from imgedit.images.facts import NotAPicture, has_c2pa, read_facts
from imgedit.images.strip import CannotStrip, Stripped, plan_strip, stripped_chunks

BEGINNINGS = (
    b"",
    b"\xff\xd8\xff",
    b"\x89PNG\r\n\x1a\n",
    b"GIF89a",
    b"RIFF\xff\0\0\0WEBP",
    b"RIFF\xff\0\0\0WEBPVP8X",
    b"II*\0",
    b"MM\0*",
    b"II+\0\x08\0\0\0",
    b"\0\0\0\x10ftypheic\0\0\0\0",
    b"\0\0\0\x10ftypavif\0\0\0\0\0\0\0\x40meta",
    b"\0\0\0\x0cjP  \r\n\x87\n",
    b"\0\0\x01\0\x02\0",
    b"BM" + b"\0" * 12 + b"\x28\0\0\0" + b"\x09\0\0\0" * 2 + b"\x01\0\x18\0",
)
FUZZ = settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])


def look_at(data: bytes) -> None:
    """Everything that may be asked of a file; only the documented errors may come."""
    with_digest = None
    try:
        with_digest = read_facts(io.BytesIO(data))
        assert with_digest.size == len(data)
        without = read_facts(io.BytesIO(data), digest=False)
        assert (without.width, without.truncated) == (with_digest.width, with_digest.truncated)
    except NotAPicture:
        pass
    has_c2pa(io.BytesIO(data))
    plan = plan_strip(io.BytesIO(data))
    if isinstance(plan, Stripped):
        stripped = b"".join(stripped_chunks(io.BytesIO(data), plan))
        assert len(stripped) == plan.size
        after = read_facts(io.BytesIO(stripped))
        assert with_digest is not None
        assert (after.width, after.height) == (with_digest.width, with_digest.height)
        assert after.truncated <= with_digest.truncated
        assert not isinstance(plan_strip(io.BytesIO(stripped)), Stripped)
    with contextlib.suppress(BadPicture):
        check_result(io.BytesIO(data), max_pixels=1_000_000, announced="image/png")


@FUZZ
@given(start=st.sampled_from(BEGINNINGS), rest=st.binary(max_size=400))
def test_random_bytes(start: bytes, rest: bytes) -> None:
    look_at(start + rest)


@FUZZ
@given(data=st.data())
def test_mutated_pictures(samples: dict[str, bytes], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(samples)))
    picture = bytearray(samples[name])
    # Headers are where it hurts, so most of the changes go there.
    places = st.integers(0, min(len(picture), 700) - 1) | st.integers(0, len(picture) - 1)
    changes = st.lists(st.tuples(places, st.integers(0, 255)), min_size=1, max_size=6)
    for at, value in data.draw(changes):
        picture[at] = value
    end = data.draw(st.none() | st.integers(0, len(picture)))
    look_at(bytes(picture[:end]))


@FUZZ
@given(data=st.data())
def test_rearranged_pictures(samples: dict[str, bytes], data: st.DataObject) -> None:
    one = samples[data.draw(st.sampled_from(sorted(samples)))]
    other = samples[data.draw(st.sampled_from(sorted(samples)))]
    cut = data.draw(st.integers(0, len(one)))
    start = data.draw(st.integers(0, len(other)))
    look_at(one[:cut] + other[start:])


SIZE = 8_000_000


def _floods(samples: dict[str, bytes]) -> dict[str, bytes]:
    jpeg, png, webp, gif = (samples[n] for n in ("jpeg", "png", "webp alpha", "gif"))

    def fill(pattern: bytes) -> bytes:
        return pattern * (SIZE // len(pattern))

    return {
        "jpeg fill bytes": jpeg[:2] + fill(b"\xff"),
        "jpeg empty comments": jpeg[:2] + fill(b"\xff\xfe\0\2"),
        "jpeg stray restarts": jpeg[:2] + fill(b"\xff\xd0"),
        "jpeg junk": jpeg[:20] + fill(b"\0\xff\1"),
        "jpeg stuffed scan": jpeg[:-2] + fill(b"\xff\0"),
        "jpeg scans": jpeg[:-2] + fill(b"\xff\xda\0\2"),
        "jpeg exif": jpeg[:2] + fill(b"\xff\xe1\xff\xffExif\0\0II*\0\x08\0\0\0" + b"\xff" * 65520),
        "png empty chunks": png[:33] + fill(b"\0\0\0\0teXt\0\0\0\0"),
        "png huge chunk": png[:33] + b"\x7f\xff\xff\xffiTXt" + bytes(SIZE),
        "webp empty chunks": webp[:4] + b"\xff" * 4 + webp[8:30] + fill(b"EXIF\0\0\0\0"),
        "gif one-byte blocks": gif[:-1] + b"\x21\xfe" + fill(b"\x01x"),
        "gif zeros": gif[:-1] + fill(b"\0"),
        "gif empty extensions": gif[:-1] + fill(b"\x21\xfe\0"),
        "boxes": samples["avif"] + fill(b"\0\0\0\x08free"),
        "meta": b"\0\0\0\x10ftypheic\0\0\0\0" + (SIZE).to_bytes(4, "big") + b"meta" + bytes(SIZE),
        "ico entries": b"\0\0\1\0\xff\xff" + fill(b"\0\0\0\0\0\0\0\0\1\0\0\0\xff\xff\xff\0"),
        "tiff entries": b"II*\0\x08\0\0\0\xff\xff" + fill(b"\0\1\3\0\1\0\0\0\1\0\0\0"),
    }


def test_floods_end_soon(samples: dict[str, bytes]) -> None:
    for name, data in _floods(samples).items():
        file = io.BytesIO(data)
        start = time.process_time()
        read_facts(file)
        plan_strip(file)
        assert time.process_time() - start < 5, name


def test_floods_take_little_memory(samples: dict[str, bytes]) -> None:
    read_facts(io.BytesIO(samples["png"]))
    floods = _floods(samples)
    for name in ("jpeg exif", "png huge chunk", "webp empty chunks", "meta", "tiff entries"):
        # Measuring slows small allocations down, so the flood of those is a short one.
        file = io.BytesIO(floods[name][: SIZE // 40 if name.endswith("chunks") else SIZE])
        tracemalloc.start()
        try:
            plan = plan_strip(file)
            if isinstance(plan, CannotStrip):
                read_facts(file)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < 1 << 20, (name, peak)


def test_sizes_beyond_any_file(png_chunk: Callable[[bytes, bytes], bytes], make: Any) -> None:
    for data in (
        b"\0\0\0\x10ftypheic\0\0\0\0" + b"\0\0\0\1mdat" + b"\xff" * 8 + b"x",
        b"II+\0\x08\0\0\0" + b"\xff" * 8 + bytes(50),
        b"II*\0\xff\xff\xff\xff" + bytes(50),
    ):
        for digest in (True, False):
            assert read_facts(io.BytesIO(data), digest=digest).truncated
