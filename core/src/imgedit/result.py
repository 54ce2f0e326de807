"""What an edit gives: the pictures as they came, and every fact about them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from .contract.money import Money, Quote

if TYPE_CHECKING:
    from .engine.held import Held


@frozen(kw_only=True)
class Tried:
    """A provider that was passed over, and why; nothing was charged there."""

    provider: str
    model: str | None
    type: str
    message: str


@frozen(kw_only=True)
class Variant:
    """The same picture in another format, as the vendor offers it; it is not fetched."""

    url: str | None = None
    media_type: str | None = None
    size: int | None = None
    sha256: str | None = None
    expires_at: datetime | None = None


@frozen(kw_only=True)
class ResultImage:
    """One picture of a result, byte for byte as the vendor gave it.

    Attributes:
        path: where it lies; without `out` a file that ends with the client: `save` it. A small
            picture of a client without a journal is in memory, and written when this is read.
        url: where the vendor keeps it, or None; expires_at: until when.
        media_type, width, height, size (bytes), sha256: of the bytes on the disk.
        c2pa: whether the file carries content credentials; they are never broken.
        variants: the same picture in other formats, by name, where the vendor offers any.
    """

    _path: Path
    url: str | None = None
    media_type: str
    width: int | None
    height: int | None
    size: int
    sha256: str
    expires_at: datetime | None = None
    c2pa: bool = False
    variants: Mapping[str, Variant] = field(factory=dict)
    _held: Held | None = field(default=None, eq=False, repr=False)

    @property
    def path(self) -> Path:
        """Where it lies; raises OutputError when a file that is wanted now cannot be written."""
        if self._held is not None:
            self._held.write()
        return self._path

    def read(self) -> bytes:
        """The bytes of the picture."""
        return self._path.read_bytes() if self._held is None else self._held.data

    def save(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Copy the picture to `path`, whole or not at all.

        Raises:
            OutputError: it cannot be written there, or a file is in the way.
        """
        from .engine.output import check_free, check_place, place

        target = check_place(path)
        check_free(target, overwrite=overwrite)
        source = self._path if self._held is None else self._held.data
        place(source, target, overwrite=overwrite)
        return target

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        """The picture itself, for a notebook."""
        from base64 import b64encode

        if self.media_type not in ("image/png", "image/jpeg"):
            return {"text/plain": repr(self)}
        return {
            self.media_type: b64encode(self.read()).decode(),
            "text/plain": repr(self),
        }


@frozen(kw_only=True)
class EditResult:
    """A finished edit; made by the core alone.

    Attributes:
        job_id, provider, model: whose it is.
        images: the pictures, in the vendor's order.
        cost: what the vendor said it cost, None when it did not say.
        quote: the price before paying; balance: what is left, when the vendor said so.
        vendor_ids: the vendor's names for the job.
        ai_generated: what the vendor says of the picture, None when it does not say.
        adaptations: what the core changed in the request, each {"field", "from", "to", "why"}.
        warnings: sentences for the user; unchecked: what could not be checked beforehand.
        tried: providers that were passed over before, and why.
        reused: whether this is the stored result of an earlier job, the same edit; it cost nothing
            now, and `job_id` and `quote` are that job's.
        attempts: how many submits were tried; seconds: {"total": ...}.
        raw: the vendor's last JSON answer, None when it sent the picture itself.
    """

    job_id: str
    provider: str
    model: str
    images: tuple[ResultImage, ...]
    cost: Money | None = None
    quote: Quote | None = None
    balance: Money | None = None
    vendor_ids: Mapping[str, str] = field(factory=dict)
    ai_generated: bool | None = None
    adaptations: tuple[Mapping[str, Any], ...] = ()
    warnings: tuple[str, ...] = ()
    unchecked: tuple[str, ...] = ()
    tried: tuple[Tried, ...] = ()
    reused: bool = False
    attempts: int = 1
    seconds: Mapping[str, float] = field(factory=dict)
    raw: Any = field(default=None, repr=False)

    @property
    def image(self) -> ResultImage:
        """The first picture."""
        return self.images[0]

    def to_dict(self) -> dict[str, Any]:
        """The document of `schemas/edit-result.schema.json`."""
        from .render import result_document

        return result_document(self)

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        """The first picture, for a notebook."""
        return self.image._repr_mimebundle_(**options)
