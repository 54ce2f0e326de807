"""Pictures before they are sent: fetched where the vendor cannot, stripped of private metadata."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

from attrs import evolve

from ..contract.image import ImageSource
from ..contract.model import Problem
from ..contract.request import EditRequest
from ..errors import ImgEditError, NetworkError, ValidationError
from ..images.strip import CannotStrip, Stripped, Unchanged, can_strip, plan_strip, stripped_chunks
from .collect import MOST_BYTES
from .exchange import TIMEOUTS
from .output import cannot_write

if TYPE_CHECKING:
    from ..discovery import Provider
    from .runtime import Runtime

_LARGE = 1 << 20


async def prepare(
    runtime: Runtime,
    provider: Provider,
    request: EditRequest,
    job_id: str,
    *,
    keep_metadata: bool,
) -> tuple[EditRequest, tuple[str, ...]]:
    """The request with its pictures as they will be sent, and what the user should know of that.

    Raises:
        ValidationError: a picture that had to be fetched is none, or one cannot be read.
        NetworkError: a picture could not be fetched.
        OutputError: there is no room for one in the spool.
    """
    notes: list[str] = []

    async def one(image: ImageSource, at: str) -> ImageSource:
        image = await _fetched(runtime, provider, image, job_id, at)
        if image.url is not None or provider.manifest.local:
            return image
        try:
            if keep_metadata:
                notes.extend(await _sent_along(image))
            else:
                image, note = await _stripped(runtime, image, job_id, at)
                notes.extend(note)
        except OSError as error:
            message = f"the picture cannot be read: {error.strerror or type(error).__name__}"
            problem = Problem(path=at, message=message, code="not_found")
            raise ValidationError(problems=[problem]) from None
        return runtime.kept(image, job_id)

    changes: dict[str, Any] = {"image": await one(request.image, "/image")}
    if request.mask is not None:
        changes["mask"] = await one(request.mask, "/mask")
    if request.references:
        changes["references"] = [
            evolve(reference, image=await one(reference.image, f"/references/{index}/image"))
            for index, reference in enumerate(request.references)
        ]
    return evolve(request, **changes), tuple(dict.fromkeys(notes))


async def _fetched(
    runtime: Runtime, provider: Provider, image: ImageSource, job_id: str, at: str
) -> ImageSource:
    if image.url is None:
        return image
    accepts = provider.manifest.accepts_url
    if accepts and not provider.manifest.local and re.search(accepts, image.url):
        return image
    from ..transport.errors import BadDownload

    target = runtime.folder(job_id) / f"input-{at.strip('/').replace('/', '-')}"
    target.unlink(missing_ok=True)
    try:
        await runtime.transport.download(
            image.url,
            target,
            site=None,
            max_bytes=MOST_BYTES,
            timeout=TIMEOUTS["download"],
            sha256=None,
            size=None,
            allow_http=True,
        )
    except BadDownload as bad:
        raise NetworkError(
            f"the picture at {at} could not be fetched: {bad.reason}",
            hint="Check the URL, or give the picture as a file.",
            retryable=bad.retryable,
        ) from None
    try:
        return ImageSource.stored(target)
    except ImgEditError as error:
        problem = Problem(path=at, message=f"the URL leads to no picture: {error}", code="url")
        raise ValidationError(problems=[problem]) from None


async def _sent_along(image: ImageSource) -> list[str]:
    """What to tell of a picture that is sent with its metadata."""

    def look() -> bool:
        with image.open() as file:
            plan = plan_strip(file)
        return isinstance(plan, Stripped) and "c2pa" in plan.removed

    large = (image.size or 0) > _LARGE
    found = await asyncio.to_thread(look) if large else look()
    return ["the input holds content credentials (C2PA), which are sent along"] if found else []


async def _stripped(
    runtime: Runtime, image: ImageSource, job_id: str, at: str
) -> tuple[ImageSource, list[str]]:
    if not can_strip(image.media_type or ""):
        return image, [
            f"metadata cannot be removed from {image.media_type} pictures, it is sent as it is"
        ]
    if (image.size or 0) > _LARGE:
        return await asyncio.to_thread(_strip, runtime, image, job_id, at)
    return _strip(runtime, image, job_id, at)


def _strip(
    runtime: Runtime, image: ImageSource, job_id: str, at: str
) -> tuple[ImageSource, list[str]]:
    with image.open() as file:
        plan = plan_strip(file)
        if isinstance(plan, Unchanged):
            return image, []
        if isinstance(plan, CannotStrip):
            return image, [f"its metadata could not be removed: {plan.reason}"]
        notes = []
        if "c2pa" in plan.removed:
            notes.append("the input's content credentials (C2PA) were removed with its metadata")
        if (image.size or 0) <= _LARGE:
            stripped = ImageSource.of(b"".join(stripped_chunks(file, plan)))
        else:
            name = at.strip("/").replace("/", "-")
            target = runtime.folder(job_id) / f"stripped-{name}.{image.extension}"
            try:
                with open(target, "wb") as out:
                    for chunk in stripped_chunks(file, plan):
                        out.write(chunk)
            except OSError as error:
                raise cannot_write(target, error) from None
            stripped = ImageSource.stored(target)
        return stripped, notes
