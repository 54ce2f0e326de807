"""What the user asks for, the same for every provider."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from attrs import field, frozen

from .convert import as_tuple
from .image import ImageSource


def _frozen_copy(options: Mapping[str, Any] | None) -> Mapping[str, Any]:
    return MappingProxyType(dict(options or {}))


def _length(prompt: str) -> str:
    return f"<{len(prompt)} characters>"


@frozen
class Reference:
    """A further picture, and what it is for."""

    image: ImageSource
    description: str | None = None


@frozen(kw_only=True)
class EditRequest:
    """One edit.

    Attributes:
        image: the picture to edit.
        prompt: what to do, in words.
        model: a model's id; None = the provider's default.
        n: how many pictures.
        aspect_ratio: "16:9", "auto", ...
        resolution: "640px", "1k", "2k", "4k": each model lists its own values.
        quality: "low", "medium", "high": likewise.
        output_format: "png", "jpeg", "webp".
        mask: a picture; white = change, black = keep.
        references: further pictures.
        seed: for repeatable results.
        options: fields that only one vendor has, by their own name.
        label: the user's own word for it; never sent.
    """

    image: ImageSource
    prompt: str = field(repr=_length)
    model: str | None = None
    n: int = 1
    aspect_ratio: str | None = None
    resolution: str | None = None
    quality: str | None = None
    output_format: str | None = None
    mask: ImageSource | None = None
    references: tuple[Reference, ...] = field(default=(), converter=as_tuple)
    seed: int | None = None
    options: Mapping[str, Any] = field(factory=dict, converter=_frozen_copy)
    label: str | None = None

    @property
    def pictures(self) -> tuple[ImageSource, ...]:
        """Every input picture: the image, the references, the mask."""
        found = [self.image, *(reference.image for reference in self.references)]
        if self.mask is not None:
            found.append(self.mask)
        return tuple(found)
