"""What `--verbose` shows: everything, but what the user wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from imgedit.testing.server import Answer, ScriptedServer
from imgedit.testing.waits import instant_waits

PROMPT = "zebra  ant"  # too short to be taken out of what an error says


def test_a_prompt_that_the_vendor_repeats_is_not_logged(
    acme: Any, key: str, server: ScriptedServer, photo: Path, call: Any, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("IMGEDIT_HOME", str(tmp_path / "home"))
    server.on("POST", "/upload", Answer.json({"handle": "h"}))
    told = Answer.json({"message": f"cannot do {PROMPT}", "code": "x"}, status=503)
    server.on("POST", "/edit", told)
    with instant_waits():
        ran = call("edit", photo, PROMPT, "-o", "out.png", "--verbose")
    assert ran.code != 0
    log, _, said = ran.err.partition("Traceback")
    assert "cannot do <the prompt>" in log
    assert "zebra" not in log
    assert "cannot do zebra ant" in said
