"""The bytes on the pipes, without a parent that knows how to behave."""

from __future__ import annotations

import io
import json
import subprocess
import sys

import pytest

from imgedit._worker import MAX_FRAME, FrameError, read_frame, write_frame


class Trickle(io.BytesIO):
    """A pipe that takes and gives three bytes at a time."""

    def read(self, size=-1):
        return super().read(min(size, 3))

    def write(self, data):
        return super().write(bytes(data)[:3])


@pytest.mark.parametrize("payload", (b"", b"x", b"12345678"))
def test_frames_survive_short_reads_and_writes(payload):
    pipe = Trickle()
    write_frame(pipe, payload)
    write_frame(pipe, b"next")
    pipe.seek(0)
    assert (read_frame(pipe), read_frame(pipe), read_frame(pipe)) == (payload, b"next", None)


@pytest.mark.parametrize("data", (b"", b"\0\0", b"\0\0\0\5half"))
def test_an_end_in_the_middle_is_an_end(data):
    assert read_frame(io.BytesIO(data)) is None


def test_a_long_frame_is_refused_on_both_sides():
    with pytest.raises(FrameError, match="67108865 bytes"):
        read_frame(io.BytesIO((MAX_FRAME + 1).to_bytes(4, "big")))
    pipe = io.BytesIO()
    with pytest.raises(FrameError):
        write_frame(pipe, b"x" * (MAX_FRAME + 1))
    assert pipe.getvalue() == b""


def talk(data):
    """Give a bare child this input and its end; return its first frame, the rest and its code."""
    child = [sys.executable, "-P", "-m", "imgedit._worker"]
    done = subprocess.run(
        child, input=data, capture_output=True, timeout=20, check=False, start_new_session=True
    )
    output = io.BytesIO(done.stdout)
    assert "ready" in json.loads(read_frame(output))
    return read_frame(output), done


def test_end_of_input_ends_a_child_in_good_order():
    answer, done = talk(b"")
    assert (answer, done.returncode, done.stderr) == (None, 0, b"")


def test_half_a_frame_is_never_run():
    answer, done = talk(b"\0\0\0\5half")
    assert (answer, done.returncode) == (None, 0)


def test_a_frame_that_is_too_long_ends_the_child():
    answer, done = talk(b"\xff\xff\xff\xff{}")
    assert (answer, done.returncode) == (None, 0)
    assert b"4294967295 bytes" in done.stderr


def test_a_frame_that_makes_no_sense_is_answered():
    frame = io.BytesIO()
    write_frame(frame, b"[]")
    answer, done = talk(frame.getvalue())
    if answer is None:  # the end of the input was seen while the answer was being made
        assert done.returncode != 0
    else:
        assert json.loads(answer)["error"]["kind"] == "raised"
