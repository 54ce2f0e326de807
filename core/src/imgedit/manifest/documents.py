"""The request document: the request as JSON, with the facts of its pictures in their place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .keys import TEXTS

if TYPE_CHECKING:
    from ..contract.image import ImageSource
    from ..contract.request import EditRequest


def document(request: EditRequest) -> dict[str, Any]:
    """The request document of a request.

    Unset fields are absent; `n` is always there. A picture is {"media_type", "bytes", "width",
    "height", "pixels", "url"}, of which only what is known is there; never the picture itself.
    """
    found: dict[str, Any] = {"image": facts_of(request.image), "prompt": request.prompt}
    if request.model is not None:
        found["model"] = request.model
    found["n"] = request.n
    for name in (*TEXTS, "seed", "label"):
        value = getattr(request, name)
        if value is not None:
            found[name] = value
    if request.mask is not None:
        found["mask"] = facts_of(request.mask)
    if request.references:
        found["references"] = [
            {"image": facts_of(reference.image)}
            if reference.description is None
            else {"image": facts_of(reference.image), "description": reference.description}
            for reference in request.references
        ]
    if request.options:
        found["options"] = _plain(request.options)
    return found


def facts_of(image: ImageSource) -> dict[str, Any]:
    """What is known of a picture, as the request document has it."""
    pixels = None
    if image.width is not None and image.height is not None:
        pixels = image.width * image.height
    facts = {
        "media_type": image.media_type,
        "bytes": image.size,
        "width": image.width,
        "height": image.height,
        "pixels": pixels,
        "url": image.url,
    }
    return {name: value for name, value in facts.items() if value is not None}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
