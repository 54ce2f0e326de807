"""The record beside a picture, and content credentials."""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest

from imgedit import errors
from imgedit.testing.acme import KEY
from imgedit.testing.pictures import png
from imgedit.testing.server import Answer, ScriptedServer


def with_c2pa() -> bytes:
    """A PNG that carries a (made up) C2PA manifest."""
    data = b"\0\0\0\x10jumb-made-up"
    chunk = struct.pack(">I", len(data)) + b"caBX" + data
    chunk += struct.pack(">I", zlib.crc32(b"caBX" + data))
    whole = png()
    return whole[:33] + chunk + whole[33:]


def test_the_record_tells_the_whole_story(
    acme: Any, edit: Any, source: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.png"
    mask = png(64, 48, (255, 255, 255))
    result = edit(source, out=out, mask=mask, label="shop", sidecar=True)
    text = (tmp_path / "out.png.json").read_text()
    record = json.loads(text)
    assert record["request"]["prompt"] == "make it so"
    assert record["request"]["label"] == "shop"
    assert record["plugin"].startswith("acme")
    assert [one["role"] for one in record["inputs"]] == ["image", "mask"]
    assert record["inputs"][0]["sha256"] == hashlib.sha256(source.read_bytes()).hexdigest()
    assert record["output"]["sha256"] == hashlib.sha256(out.read_bytes()).hexdigest()
    assert record["cost"] == {"amount": "0.04", "unit": "USD"}
    assert record["quote"]["amount"] == "0.04"
    assert record["vendor_ids"] == dict(result.vendor_ids)
    assert KEY not in text


def test_each_picture_has_its_own(
    acme: Any, edit: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    urls = [f"{server.url}/out.png"] * 2
    server.on("POST", "/edit", Answer.json({"urls": urls}))
    edit(source, n=2, out=tmp_path / "x.png", sidecar=True)
    assert (tmp_path / "x-1.png.json").exists()
    assert (tmp_path / "x-2.png.json").exists()


def test_a_file_in_its_place_is_found_before_paying(
    acme: Any, edit: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    (tmp_path / "out.png.json").write_text("mine")
    with pytest.raises(errors.OutputError, match="exists already"):
        edit(source, out=tmp_path / "out.png", sidecar=True)
    assert server.requests == []
    with pytest.raises(errors.UsageError, match="needs a place"):
        edit(source, sidecar=True)


def test_it_is_written_after_a_resume(
    acme: Any, edit: Any, resume: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    path = tmp_path / "jobs.sqlite3"
    server.on("GET", "/out.png", Answer(status=404))
    with pytest.raises(errors.DownloadFailed) as caught:
        edit(source, out=tmp_path / "out.png", sidecar=True, journal=path)
    server.on("GET", "/out.png", Answer.picture(png()))
    resume(caught.value.job_id, journal=path)
    assert json.loads((tmp_path / "out.png.json").read_text())["output"]["bytes"] == len(png())


def test_content_credentials_are_told_and_kept(
    acme: Any, edit: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    server.on("GET", "/out.png", Answer.picture(with_c2pa()))
    result = edit(with_c2pa(), out=tmp_path / "out.png")
    assert result.image.c2pa
    assert (tmp_path / "out.png").read_bytes() == with_c2pa()
    assert any("C2PA" in warning for warning in result.warnings)
    assert not edit(source, out=tmp_path / "plain.png", keep_metadata=True).warnings
    (told,) = edit(with_c2pa(), out=tmp_path / "kept.png", keep_metadata=True).warnings
    assert "C2PA" in told
    assert "sent along" in told
