"""The embedded provider: real edits on this machine, with no key, no network and no cost.

The prompt is read by `parse` (a small grammar over the table in `operations`); the work is done by
`worker.edit` in a child process of the core, which alone loads Pillow and NumPy.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING

from imgedit import Done, Facts, LocalRequest, Output, Problem, hookimpl

from .operations import BY_NAME
from .parse import NotUnderstood, Step, parse
from .variations import can_vary, variation

if TYPE_CHECKING:
    from imgedit import EditRequest, HttpResponse, Job, Model

__all__ = ["build_request", "parse_response", "validate"]

_RATIO = re.compile(r"[1-9][0-9]*:[1-9][0-9]*")


@hookimpl
def validate(request: EditRequest, model: Model) -> list[Problem]:
    """Read the prompt; say what was not understood and what does not go together."""
    problems = [
        Problem(
            path=path,
            message="is animated; only still pictures can be edited: save one frame as a file",
            code="animated",
        )
        for path, picture in (("/image", request.image), ("/mask", request.mask))
        if picture is not None and picture.animated
    ]
    longest = (model.limits.get("prompt") or {}).get("maxLength", len(request.prompt))
    if not request.prompt or len(request.prompt) > longest:
        return problems  # the manifest says so
    try:
        steps = parse(request.prompt)
    except NotUnderstood as error:
        return [*problems, Problem(path="/prompt", message=str(error), code="not_understood")]
    return [
        *problems,
        *_ratio_problems(request, steps),
        *_mask_problems(request, steps),
        *_number_problems(request, steps),
    ]


@hookimpl
def build_request(job: Job) -> LocalRequest:
    """All steps, and those of the variations, in one call of the worker."""
    request = job.request
    steps, key = _steps(request), _key(request)
    return LocalRequest(
        function="imgedit_local.worker:edit",
        arguments={
            "image": request.image,
            "mask": request.mask,
            "steps": variation(steps, 0, key),
            "variations": [variation(steps, index, key) for index in range(1, request.n or 1)],
            "output_format": request.output_format,
        },
    )


@hookimpl
def parse_response(job: Job, response: HttpResponse) -> Done:
    """The worker's pictures, and what it says was lost."""
    facts = Facts(cost="0", ai_generated=False, warnings=response.json()["warnings"])
    return Done(tuple(Output(image=picture) for picture in response.pictures), facts=facts)


def _steps(request: EditRequest) -> list[Step]:
    """The prompt's steps, with the crop that `aspect_ratio` asks for unless the prompt does."""
    steps = list(parse(request.prompt))
    ratio = request.aspect_ratio
    if ratio is None or any("ratio" in step for step in steps):
        return steps
    # Behind the last turn, which would turn the frame; before the rest, which is for that frame.
    turns = [place for place, step in enumerate(steps) if step["op"] == "rotate"]
    steps.insert(turns[-1] + 1 if turns else 0, {"op": "crop", "ratio": ratio})
    return steps


def _key(request: EditRequest) -> str:
    """What the variations are drawn from: the picture, the prompt and the seed."""
    picture = request.image.sha256 or request.image.url or ""
    return f"{picture}/{request.prompt}/{request.seed or 0}"


def _number_problems(request: EditRequest, steps: tuple[Step, ...]) -> list[Problem]:
    if (request.n or 1) == 1 or can_vary(steps):
        return []
    titles = " or ".join(dict.fromkeys(BY_NAME[step["op"]].title for step in steps))
    message = f"is {request.n}, but there is only one way to do {titles}: ask for one picture"
    return [Problem(path="/n", message=message, code="rule")]


def _ratio_problems(request: EditRequest, steps: tuple[Step, ...]) -> list[Problem]:
    if request.aspect_ratio is None or not _RATIO.fullmatch(request.aspect_ratio):
        return []  # what is not a ratio, the manifest refuses
    wanted = _ratio(request.aspect_ratio)
    says = None
    for step in steps:
        verb = {"crop": "crops", "pad": "pads", "resize": "resizes"}.get(step["op"])
        if verb and "ratio" in step and _ratio(step["ratio"]) != wanted:
            says = f"the prompt {verb} to {step['ratio']}"
        if verb and step.get("width") and step.get("height"):
            size = f"{step['width']}:{step['height']}"
            if _ratio(size) != wanted:
                says = f"the prompt {verb} to {size.replace(':', 'x')}"
        if step["op"] == "pad" and not step.keys() & {"ratio", "width"}:
            says = "the prompt adds a border, which changes it"
    if says is None:
        return []
    message = f"is {request.aspect_ratio}, but {says}: ask for one of the two"
    return [Problem(path="/aspect_ratio", message=message, code="rule")]


def _ratio(text: str) -> Fraction:
    across, down = text.split(":")
    return Fraction(across) / Fraction(down)


def _mask_problems(request: EditRequest, steps: tuple[Step, ...]) -> list[Problem]:
    mask, image = request.mask, request.image
    if mask is None:
        bare = [BY_NAME[step["op"]].title for step in steps if BY_NAME[step["op"]].masked]
        message = "is missing: paint white what is to go, black what is to stay"
        return [Problem(path="/mask", message=message, code="required")] if bare else []
    moving = dict.fromkeys(BY_NAME[step["op"]].title for step in steps if BY_NAME[step["op"]].moves)
    if request.aspect_ratio is not None:
        moving["crop"] = None
    problems = []
    if moving:
        message = f"cannot confine {' or '.join(moving)}: leave out the mask, or do that by itself"
        problems.append(Problem(path="/mask", message=message, code="rule"))
    size, other = (image.width, image.height), (mask.width, mask.height)
    # Which way up the picture stands is in its EXIF data, so the mask may be turned a quarter.
    if None not in (*size, *other) and other not in (size, size[::-1]):
        message = (
            f"is {mask.width} x {mask.height} pixels, the picture {image.width} x {image.height}: "
            "give a mask of the picture's size"
        )
        problems.append(Problem(path="/mask", message=message, code="same_size"))
    return problems
