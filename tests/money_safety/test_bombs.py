"""Small pictures and bodies that are large inside do no harm, whichever way they come."""

from __future__ import annotations

import pytest
from money.bombs import MOST_MIB, Trial, bodies, pictures, trials


@pytest.fixture(scope="module")
def tried() -> list[Trial]:
    return trials()


def test_bombs_are_small_and_of_every_kind() -> None:
    assert set(pictures()) == {"PNG", "JPEG", "WebP", "GIF"}
    assert all(len(data) < 500_000 for _, data in pictures().values())
    assert all(len(data) < 2_000_000 for _, data in bodies().values())
    assert {headers["Content-Encoding"] for _, (headers, _) in bodies().items()} == {
        "gzip", "gzip, gzip", "deflate", "br", "zstd",
    }  # fmt: skip


def test_picture_bombs_are_refused_for_their_pixels(tried: list[Trial]) -> None:
    found = {(one.bomb, one.way): one for one in tried if one.kind == "picture"}
    ways = ("an answer", "base64", "a result", "an input", "a mask")
    assert set(found) == {(bomb, way) for bomb in pictures() for way in ways}
    for one in found.values():
        assert "3,600,000,000 pixels" in one.said, one


def test_body_bombs_are_refused(tried: list[Trial]) -> None:
    found = {(one.bomb, one.way): one for one in tried if one.kind == "body"}
    assert set(found) == {(bomb, way) for bomb in bodies() for way in ("an answer", "a result")}
    for one in found.values():
        assert one.said, one
    for bomb in ("gzip JSON", "deflate JSON", "bare deflate", "gzip picture", "deflate picture"):
        assert "larger than 64 MiB" in found[bomb, "an answer"].said
        assert f"larger than {64 << 20} bytes" in found[bomb, "a result"].said
    assert "2,000,000 values" in found["gzip objects", "an answer"].said


def test_bombs_take_little_memory(tried: list[Trial]) -> None:
    for one in tried:
        assert one.mib <= MOST_MIB[one.kind], one


def test_after_a_bomb_nothing_is_sent_again(tried: list[Trial]) -> None:
    for one in tried:
        before = one.way in ("an input", "a mask")
        assert one.submits == (0 if before else 1), one
        expected = "no" if before else "yes" if one.way == "a result" else "unknown"
        assert one.charged == expected, one
