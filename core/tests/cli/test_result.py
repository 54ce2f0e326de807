"""What the command line tells of a picture and of how it came about."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import imgedit
from imgedit.testing.acme import MANIFEST, make
from imgedit.testing.pictures import png
from imgedit.testing.server import Answer, ScriptedServer


def test_who_was_tried_before_is_told(
    acme: Any, server: ScriptedServer, key: str, photo: Path, call: Any, monkeypatch: Any
) -> None:
    monkeypatch.setenv("IMGEDIT_ZETA_BASE_URL", "http://127.0.0.1:1")
    imgedit.register("zeta", make("zeta"), {**MANIFEST, "name": "zeta"})
    server.on("POST", "/upload", Answer.json({"handle": "h"}))
    server.on("POST", "/edit", Answer.picture(png()))
    ran = call("edit", photo, "warmer", "-p", "zeta,acme", "-o", "out.png")
    assert ran.code == 0
    assert "Provider: acme" in ran.out
    assert "Note: zeta was tried before: " in ran.err
    assert "cannot be reached" in ran.err


def test_content_credentials_of_a_result_are_told(
    acme: Any, server: ScriptedServer, key: str, photo: Path, call: Any
) -> None:
    data = b"\0\0\0\x10jumb-made-up"
    chunk = struct.pack(">I", len(data)) + b"caBX" + data
    chunk += struct.pack(">I", zlib.crc32(b"caBX" + data))
    server.on("POST", "/upload", Answer.json({"handle": "h"}))
    server.on("POST", "/edit", Answer.picture(png()[:33] + chunk + png()[33:]))
    ran = call("edit", photo, "warmer", "-o", "out.png")
    assert "with content credentials (C2PA)" in ran.out


def test_a_provider_that_cannot_be_reached_says_what_to_look_at(
    acme: Any, key: str, photo: Path, call: Any, monkeypatch: Any
) -> None:
    monkeypatch.setenv("IMGEDIT_ACME_BASE_URL", "http://127.0.0.1:1")
    ran = call("edit", photo, "warmer", "-o", "out.png")
    assert ran.code == 7
    assert "Nothing was charged. Check the network, and the provider's address" in ran.err
