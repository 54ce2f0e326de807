"""Venice.ai as a provider of imgedit; what is a fact of the vendor's stands in provider.json.

https://docs.venice.ai/api-reference/endpoint/image/edit, read 2026-11-20.
"""

from __future__ import annotations

from typing import Any, Final

from imgedit import (
    DataURI,
    Done,
    Facts,
    FilePart,
    HttpRequest,
    HttpResponse,
    ImageSource,
    Job,
    Json,
    Multipart,
    Output,
    UnexpectedResponse,
    hookimpl,
)

from ._models import list_models as list_models
from ._models import parse_models as parse_models

_FLAGS: Final = {
    "x-venice-is-content-violation": (
        "Venice.ai says that this edit goes against its content policy: look at the picture"
    ),
    "x-venice-is-blurred": "Venice.ai blurred the picture (see options.safe_mode)",
}


@hookimpl
def build_request(job: Job) -> HttpRequest:
    """The one exchange of an edit: everything goes out with it, the picture comes back."""
    request = job.request
    fields = job.wire()
    pictures = [request.image, *(reference.image for reference in request.references)]
    if len(pictures) == 1 and request.quality is None:
        body = _edit(fields, request.image)
        return HttpRequest(method="POST", url="/image/edit", purpose="submit", body=body)
    # Only here `quality` is taken, and only here the model is called modelId.
    fields["modelId"] = fields.pop("model")
    body = _multi_edit(fields, pictures)
    return HttpRequest(method="POST", url="/image/multi-edit", purpose="submit", body=body)


@hookimpl
def parse_response(job: Job, response: HttpResponse) -> Done:
    """The answer is the picture; what else is known stands in its headers."""
    picture = response.picture
    if picture is None:
        kind = response.header("content-type") or (
            "something unnamed" if response.body else "nothing"
        )
        kind = kind.partition(";")[0]
        raise UnexpectedResponse(
            f"Venice.ai answered {response.status} with {kind} instead of a picture",
            status=response.status,
            request_id=response.header("cf-ray"),
        )
    return Done([Output(image=picture, media_type=picture.media_type)], facts=_facts(job, response))


def _edit(fields: dict[str, Any], image: ImageSource) -> Json | Multipart:
    if image.url is not None:
        return Json({**fields, "image": image.url})
    return Multipart([("image", FilePart(image)), *fields.items()])


def _multi_edit(fields: dict[str, Any], pictures: list[ImageSource]) -> Json | Multipart:
    if any(image.url is not None for image in pictures):
        # A form cannot hold a URL; a file beside one goes as a data URI, which only here is taken.
        return Json({**fields, "images": [image.url or DataURI(image) for image in pictures]})
    return Multipart([*(("images", FilePart(image)) for image in pictures), *fields.items()])


def _facts(job: Job, response: HttpResponse) -> Facts:
    # x-venice-balance-usd is what there was *before* this request: it is no balance to report.
    ray, used = response.header("cf-ray"), response.header("x-venice-model-id")
    warnings = [text for name, text in _FLAGS.items() if _is_true(response.header(name))]
    if used is not None and used != job.model.send:
        warnings.append(f"Venice.ai used {used} in place of {job.model.send}: its price may differ")
    if response.header("x-venice-enhanced-prompt") is not None:
        warnings.append("Venice.ai rewrote the prompt, for which it charges extra")
    if (ending := response.header("x-venice-model-deprecation-warning")) is not None:
        date = response.header("x-venice-model-deprecation-date")
        warnings.append(f"Venice.ai: {ending}" + (f" ({date})" if date else ""))
    return Facts(vendor_ids={"cf-ray": ray} if ray else {}, model=used, warnings=warnings)


def _is_true(text: str | None) -> bool:
    return text is not None and text.strip().lower() == "true"
