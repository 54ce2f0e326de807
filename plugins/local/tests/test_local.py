"""The provider as the core sees it: hooks, manifest, wiring, and a real run in the worker."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from importlib.metadata import entry_points
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import imgedit_local
from imgedit import EditRequest, HttpResponse, ImageSource, Job, LocalRequest, Model
from imgedit.manifest import (
    Manifest,
    check,
    document,
    quote,
    read_manifest,
    validate_manifest,
)
from imgedit.worker import LocalWorker, WorkerFailed
from imgedit_local.operations import markdown_table, summary
from imgedit_local.parse import MAX_PIXELS

MANIFEST = files("imgedit_local") / "provider.json"


@pytest.fixture(scope="module")
def manifest() -> Manifest:
    return read_manifest(Path(str(MANIFEST)))


@pytest.fixture
def model(manifest: Manifest) -> Model:
    found = manifest.model("basic")
    assert found is not None
    return found


def _request(
    folder: Path, prompt: str, size: tuple[int, int] = (40, 30), **more: Any
) -> EditRequest:
    path = folder / "photo.png"
    Image.new("RGB", size, (120, 90, 60)).save(path)
    return EditRequest(image=ImageSource.of(path), prompt=prompt, **more)


def _mask(folder: Path, size: tuple[int, int]) -> ImageSource:
    path = folder / "mask.png"
    Image.new("L", size, 255).save(path)
    return ImageSource.of(path)


def _job(request: EditRequest, model: Model) -> Job:
    return Job(id="1", provider="local", request=request, model=model)


def _steps(request: EditRequest, model: Model) -> list[dict[str, Any]]:
    local = imgedit_local.build_request(_job(request, model))
    steps: list[dict[str, Any]] = local.arguments["steps"]
    return steps


def test_wiring() -> None:
    (entry,) = entry_points(group="imgedit.providers", name="local")
    assert entry.value == "imgedit_local"
    assert entry.load() is imgedit_local


def test_importing_it_is_cheap() -> None:
    code = (
        "import sys, imgedit_local; "
        "print([m for m in ('PIL', 'numpy', 'aiohttp', 'jsonschema', 'cattrs', 'asyncio') "
        "if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"


def test_manifest(manifest: Manifest, model: Model, tmp_path: Path) -> None:
    assert validate_manifest(json.loads(MANIFEST.read_text(encoding="utf-8"))) == []
    assert manifest.name == "local"
    assert manifest.local
    assert manifest.default_model == "basic"
    limits = model.limits
    assert (limits["picture.pixels"] or {})["maximum"] == MAX_PIXELS
    assert summary() in (limits["prompt"] or {})["description"]
    found = quote(document(_request(tmp_path, "brighter")), model, manifest)
    assert found.amount == found.at_most == 0
    assert (found.unit, found.basis) == ("USD", "exact")


@pytest.mark.parametrize(
    ("fields", "path"),
    (
        ({"prompt": ""}, "/prompt"),
        ({"prompt": "brighter " * 4_000}, "/prompt"),
        ({"aspect_ratio": "auto"}, "/aspect_ratio"),
        ({"aspect_ratio": "16:0"}, "/aspect_ratio"),
        ({"output_format": "gif"}, "/output_format"),
        ({"n": 5}, "/n"),
        ({"seed": -1}, "/seed"),
        ({"resolution": "2k"}, "/resolution"),
        ({"options": {"magic": True}}, "/options/magic"),
    ),
)
def test_what_the_manifest_refuses_is_left_to_it(
    fields: dict[str, Any], path: str, manifest: Manifest, model: Model, tmp_path: Path
) -> None:
    request = _request(tmp_path, **{"prompt": "brighter", **fields})
    problems = check(document(request), model, manifest).problems
    assert [problem.path for problem in problems] == [path]
    assert imgedit_local.validate(request, model) == []


@pytest.mark.parametrize("suffix", ("jpg", "png", "webp", "gif", "tiff", "bmp"))
def test_every_type_that_is_read_is_taken(
    suffix: str, manifest: Manifest, model: Model, tmp_path: Path
) -> None:
    path = tmp_path / f"photo.{suffix}"
    Image.new("RGB", (40, 30)).save(path)
    request = EditRequest(image=ImageSource.of(path), prompt="brighter")
    assert not check(document(request), model, manifest).problems
    assert imgedit_local.validate(request, model) == []


def test_a_prompt_not_understood_is_a_problem_that_names_the_words(
    model: Model, tmp_path: Path
) -> None:
    request = _request(tmp_path, "make the sky warmer and add a dragon")
    (problem,) = imgedit_local.validate(request, model)
    assert (problem.path, problem.code) == ("/prompt", "not_understood")
    assert problem.message.startswith("not understood: 'sky', 'dragon'")
    assert summary() in problem.message


def test_an_animation_is_a_problem(model: Model, tmp_path: Path) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    request = EditRequest(image=ImageSource.of(tmp_path / "a.gif"), prompt="brighter")
    (problem,) = imgedit_local.validate(request, model)
    assert (problem.path, problem.code) == ("/image", "animated")


@pytest.mark.parametrize(
    ("prompt", "ratio", "fine"),
    (
        ("crop to 16:9", "16:9", True),
        ("crop to 16:9", "32:18", True),
        ("crop to 16:9", "4:3", False),
        ("crop square", "16:9", False),
        ("resize to 160x90", "16:9", True),
        ("resize to 800x600", "16:9", False),
        ("resize to 800 pixels wide", "16:9", True),
        ("brighter", "16:9", True),
        ("pad to 16:9", "16:9", True),
        ("pad square", "16:9", False),
        ("pad to 800x600", "16:9", False),
        ("add a 20px border", "16:9", False),
    ),
)
def test_two_different_ratios(
    prompt: str, ratio: str, fine: bool, model: Model, tmp_path: Path
) -> None:
    problems = imgedit_local.validate(_request(tmp_path, prompt, aspect_ratio=ratio), model)
    assert [problem.path for problem in problems] == ([] if fine else ["/aspect_ratio"])


@pytest.mark.parametrize(
    ("prompt", "steps"),
    (
        ("brighter, vignette", ["crop", "brightness", "vignette"]),
        ("brighter, rotate left, warmer", ["brightness", "rotate", "crop", "warmth"]),
        ("crop to 16:9", ["crop"]),
        ("text 'a', pad to 16:9", ["text", "pad"]),
    ),
)
def test_aspect_ratio_crops(prompt: str, steps: list[str], model: Model, tmp_path: Path) -> None:
    request = _request(tmp_path, prompt, aspect_ratio="16:9")
    found = _steps(request, model)
    assert [step["op"] for step in found] == steps
    assert [step["ratio"] for step in found if "ratio" in step] == ["16:9"]


@pytest.mark.parametrize("prompt", ("rotate left", "flip vertically", "crop square", "20% smaller"))
def test_a_mask_cannot_confine_what_moves(prompt: str, model: Model, tmp_path: Path) -> None:
    mask = _mask(tmp_path, (40, 30))
    (problem,) = imgedit_local.validate(_request(tmp_path, prompt, mask=mask), model)
    assert (problem.path, problem.code) == ("/mask", "rule")
    assert problem.message.startswith("cannot confine ")
    request = _request(tmp_path, "brighter", mask=mask, aspect_ratio="1:1")
    (problem,) = imgedit_local.validate(request, model)
    assert problem.message.startswith("cannot confine crop")


def test_erasing_needs_a_mask(model: Model, tmp_path: Path) -> None:
    (problem,) = imgedit_local.validate(_request(tmp_path, "brighter, erase the object"), model)
    assert (problem.path, problem.code) == ("/mask", "required")
    request = _request(tmp_path, "erase the object", mask=_mask(tmp_path, (40, 30)))
    assert imgedit_local.validate(request, model) == []


def test_what_has_one_outcome_only_cannot_vary(model: Model, tmp_path: Path) -> None:
    request = _request(tmp_path, "rotate left, text 'a'", n=2)
    (problem,) = imgedit_local.validate(request, model)
    assert (problem.path, problem.code) == ("/n", "rule")
    assert "only one way to do rotate or text" in problem.message
    assert imgedit_local.validate(_request(tmp_path, "rotate left, warmer", n=2), model) == []


def test_the_size_of_a_mask(model: Model, tmp_path: Path) -> None:
    for size, codes in (((40, 30), []), ((30, 40), []), ((40, 31), ["same_size"])):
        request = _request(tmp_path, "brighter", mask=_mask(tmp_path, size))
        assert [problem.code for problem in imgedit_local.validate(request, model)] == codes


def test_building_twice_gives_equal_json(model: Model, tmp_path: Path) -> None:
    job = _job(_request(tmp_path, "warmer, crop to 16:9", output_format="webp"), model)
    first = imgedit_local.build_request(job)
    assert first == imgedit_local.build_request(job)
    assert (first.function, first.spends) == ("imgedit_local.worker:edit", False)
    assert first.arguments["image"] is job.request.image
    rest = {name: value for name, value in first.arguments.items() if name != "image"}
    assert json.loads(json.dumps(rest)) == rest


async def _work(local: LocalRequest, folder: Path) -> HttpResponse:
    """What the core does with a LocalRequest, in a real child process."""
    arguments = {
        name: value.path if isinstance(value, ImageSource) else value
        for name, value in local.arguments.items()
    }
    worker = LocalWorker()
    try:
        answer = await worker.run(local.function, arguments, folder)
    finally:
        await worker.close()
    pictures = [ImageSource.of(path) for path in sorted(folder.iterdir())]
    return HttpResponse(status=200, body=json.dumps(answer).encode(), pictures=pictures)


def test_an_edit_in_the_worker(model: Model, tmp_path: Path) -> None:
    to = tmp_path / "to"
    to.mkdir()
    request = _request(
        tmp_path, "make it warmer, add a vignette and crop to 16:9", (64, 48), output_format="jpeg"
    )
    job = _job(request, model)
    response = asyncio.run(_work(imgedit_local.build_request(job), to))
    done = imgedit_local.parse_response(job, response)
    (output,) = done.images
    assert output.image is response.picture
    assert output.image is not None
    assert (output.image.media_type, output.image.width, output.image.height) == (
        "image/jpeg",
        64,
        36,
    )
    assert done.facts.cost == 0
    assert done.facts.ai_generated is False
    assert done.facts.warnings == ()


def test_a_refusal_in_the_worker_arrives_as_one(model: Model, tmp_path: Path) -> None:
    to = tmp_path / "to"
    to.mkdir()
    Image.new("F", (8, 8)).save(tmp_path / "floats.tiff")
    request = EditRequest(image=ImageSource.of(tmp_path / "floats.tiff"), prompt="brighter")
    with pytest.raises(WorkerFailed) as caught:
        asyncio.run(_work(imgedit_local.build_request(_job(request, model)), to))
    assert (caught.value.kind, caught.value.type) == ("refused", "ImageRejected")
    assert "pixels of kind F" in caught.value.message


def test_warnings_reach_the_result(model: Model, tmp_path: Path) -> None:
    path = tmp_path / "press.jpg"
    Image.new("CMYK", (8, 8)).save(path)
    to = tmp_path / "to"
    to.mkdir()
    job = _job(EditRequest(image=ImageSource.of(path), prompt="brighter"), model)
    response = asyncio.run(_work(imgedit_local.build_request(job), to))
    assert imgedit_local.parse_response(job, response).facts.warnings == ("CMYK became RGB",)


def test_the_readme_shows_the_table_of_operations() -> None:
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    table = re.search(r"<!-- operations:.*?-->\n(.*?)\n<!-- end", readme, re.DOTALL)
    assert table is not None
    assert table[1] == markdown_table()
