"""What `imgedit new-provider` writes is built, installed alone, passes its tests and edits."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from imgedit.scaffold import ANSWERS, AUTHS, PICTURES
from imgedit.testing import Received, ScriptedServer, png

from .conftest import CHOSEN

URL = "https://pictures.example/photo.png"
PHOTO = png(64, 48)
RESULT = png(96, 64, (40, 160, 90))
KEYS = {"ACME_API_KEY": "canary", "ACME_USER": "anna"}
HEADERS = {
    "bearer": {"authorization": "Bearer canary"},
    "header": {"x-api-key": "canary"},
    "basic": {"authorization": f"Basic {base64.b64encode(b'anna:canary').decode()}"},
    "none": {},
}


def test_the_chosen_combinations_hold_every_value_and_no_pair_twice() -> None:
    for column, values in zip(zip(*CHOSEN, strict=True), (PICTURES, ANSWERS, AUTHS), strict=True):
        assert set(column) == set(values)
    for one, other in itertools.combinations(CHOSEN, 2):
        assert sum(a == b for a, b in zip(one, other, strict=True)) < 2


def test_a_new_project_passes_its_tests_and_edits(
    combination: tuple[str, str, str],
    server: ScriptedServer,
    answer_as_recorded: Callable[[Path, bytes], None],
    built_wheels: Mapping[str, Path],
    clean_venv: Callable[..., Any],
    make_wheel: Callable[[Path], Path],
) -> None:
    picture, answer, auth = combination
    environment = clean_venv(f"{built_wheels['imgedit-core']}[cli,new,testing]")
    environment.run(
        "imgedit", "new-provider", "acme",
        "--picture", picture, "--answer", answer, "--auth", auth,
    )  # fmt: skip
    project = environment.folder / "imgedit-acme"
    environment.install(make_wheel(project))

    few_examples(project / "tests" / "test_kit.py")
    done = environment.run(
        "python", "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=project, check=False
    )
    assert done.returncode == 0, done.stdout
    assert int(re.search(r"(\d+) passed", done.stdout)[1]) > 30

    answer_as_recorded(project, RESULT)
    (environment.folder / "photo.png").write_bytes(PHOTO)
    edited = environment.run(
        "imgedit", "edit", URL if picture == "url" else "photo.png", "make it warmer",
        "-p", "acme", "-o", "out.png", "--json",
        env={**KEYS, "IMGEDIT_ACME_BASE_URL": f"{server.url}/v1"},
    )  # fmt: skip
    (image,) = json.loads(edited.stdout)["images"]
    assert image["sha256"] == hashlib.sha256(RESULT).hexdigest()
    assert (environment.folder / "out.png").read_bytes() == RESULT
    (submit,) = server.received("POST", "/v1/edits")
    assert HEADERS[auth].items() <= submit.headers.items()
    assert sent(submit, picture) == {
        "model": "standard",
        "prompt": "make it warmer",
        **({} if answer == "picture" else {"count": 1}),
    }


def few_examples(test: Path) -> None:
    """Let the kit draw fewer requests than an author's own run does."""
    text = test.read_text(encoding="utf-8")
    test.write_text(text.replace("    answers = ", "    examples = 3\n    answers = "))


def sent(submit: Received, picture: str) -> dict[str, Any]:
    """The fields of an edit beside its picture, which is looked at here."""
    if picture == "multipart":
        (part,) = (part for part in submit.parts() if part.filename is not None)
        assert (part.name, part.body) == ("image", PHOTO)
        form: dict[str, Any] = submit.form()
        return {name: int(text) if name == "count" else text for name, text in form.items()}
    body: dict[str, Any] = submit.json()
    encoded = base64.b64encode(PHOTO).decode()
    assert (
        body.pop("image")
        == {
            "url": URL,
            "data-uri": f"data:image/png;base64,{encoded}",
            "base64": encoded,
            "upload": "file-1",
        }[picture]
    )
    return body
