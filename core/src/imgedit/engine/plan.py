"""From what the user asks to a job that is ready to go: provider, model, checks, price."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import evolve, field, frozen

from ..contract.event import Event, Kind
from ..contract.image import ImageSource
from ..contract.job import Job
from ..contract.model import Model, Problem
from ..contract.money import Money
from ..contract.request import EditRequest, Reference
from ..discovery import choose
from ..errors import ImgEditError, UsageError, ValidationError
from ..images.sniff import media_type_for
from .advice import advice
from .ceiling import check_cost
from .output import check_writable
from .prepare import prepare
from .record import JobRecord, Wish, new_id
from .same import fingerprint, note_of_none, note_of_same

if TYPE_CHECKING:
    from ..discovery import Provider
    from .runtime import Runtime

FIELDS = (
    "model",
    "n",
    "aspect_ratio",
    "resolution",
    "quality",
    "output_format",
    "mask",
    "references",
    "seed",
    "options",
    "label",
)
_FORMATS = {"image/png": "png", "image/jpeg": "jpeg", "image/webp": "webp"}
_LARGE = 1 << 20


@frozen(kw_only=True)
class Ask:
    """One call of `edit`: the request, and what the user wants of the way."""

    request: EditRequest
    provider: str | None = None
    out: str | None = None
    overwrite: bool = False
    sidecar: bool = False
    reuse: bool = False
    next_on_refusal: bool = False
    max_cost: Money | None = None
    keep_metadata: bool = False
    warnings: tuple[str, ...] = field(default=())

    @property
    def wish(self) -> Wish:
        """Where the pictures go."""
        out = None if self.out is None else str(Path(self.out).absolute())
        return Wish(out=out, overwrite=self.overwrite, sidecar=self.sidecar)


@frozen(kw_only=True)
class Picked:
    """Who is asked for what: an ask with its provider and its model.

    Attributes:
        how: why this provider.
        request: with the model's id, and the format that the name of the output asks for.
        fingerprint: the same for the same edit; None = that cannot be told.
    """

    provider: Provider
    how: str
    model: Model
    request: EditRequest
    base_url: str | None
    fingerprint: str | None
    warnings: tuple[str, ...]


def unknown_keyword(name: str, known: Sequence[str]) -> TypeError:
    """The error for a keyword that does not exist, with the nearest one that does."""
    import difflib

    near = difflib.get_close_matches(name, known, 1, 0.5)
    hint = f", did you mean {near[0]!r}?" if near else f"; there are: {', '.join(known)}"
    return TypeError(f"edit() has no keyword {name!r}{hint}")


async def make_request(image: Any, prompt: str, fields: Mapping[str, Any]) -> EditRequest:
    """Take what a caller gives and read the pictures, large ones off the event loop.

    Raises:
        ValidationError: every picture that cannot be used.
    """
    if not isinstance(prompt, str):
        raise TypeError(f"the prompt is a string, not {type(prompt).__name__}")
    given = {name: value for name, value in fields.items() if value is not None}
    problems: list[Problem] = []

    async def picture(value: Any, at: str) -> ImageSource | None:
        try:
            if _is_small(value):
                return ImageSource.of(value, at=at)
            return await asyncio.to_thread(ImageSource.of, value, at=at)
        except ValidationError as error:
            problems.extend(error.problems)
            return None

    source = await picture(image, "/image")
    if "mask" in given:
        given["mask"] = await picture(given["mask"], "/mask")
    references = []
    for index, value in enumerate(given.pop("references", ())):
        item, text = _reference(value)
        found = await picture(item, f"/references/{index}/image")
        if found is not None:
            references.append(Reference(found, text))
    if problems or source is None:
        raise ValidationError(problems=problems, hint=advice(problems))
    return EditRequest(image=source, prompt=prompt, references=references, **given)


def _is_small(value: Any) -> bool:
    if isinstance(value, bytes):
        return len(value) <= _LARGE
    if isinstance(value, str | Path):
        try:
            return Path(value).stat().st_size <= _LARGE
        except (OSError, ValueError):
            return True
    return isinstance(value, ImageSource)


def _reference(value: Any) -> tuple[Any, str | None]:
    if isinstance(value, Reference):
        return value.image, value.description
    if isinstance(value, tuple | list) and len(value) == 2:
        return value[0], value[1]
    return value, None


def pick(runtime: Runtime, ask: Ask) -> Picked:
    """Choose the provider and the model; no picture is read.

    Raises:
        UsageError, PluginError: no such provider, or it does not load.
        ValidationError: it has no such model; ConfigError: its base URL cannot be used.
    """
    chosen = choose(runtime.registry, ask.provider, configured=runtime.config.provider)
    provider = runtime.registry.provider(chosen.name)
    found = provider.manifest.pick(ask.request.model)
    request = follow_name(evolve(ask.request, model=found.model.id), found.model, ask.out)
    base_url = runtime.base_url(provider)
    # Also without a journal: its JSON may go on in one, where it is the same edit, too.
    keep = ask.keep_metadata
    mark = fingerprint(request, provider=provider.name, base_url=base_url, keep_metadata=keep)
    return Picked(
        provider=provider,
        how=chosen.how,
        model=found.model,
        request=request,
        base_url=base_url,
        fingerprint=mark,
        warnings=tuple(found.warnings),
    )


def check_places(wish: Ask | Wish, count: int, since: datetime | None = None) -> None:
    """Refuse an output that cannot work, before anything is spent; `since` as `check_writable`.

    Raises:
        OutputError: it could not be written; UsageError: a sidecar has no picture beside it.
    """
    if wish.out is not None:
        check_writable(wish.out, count, overwrite=wish.overwrite, sidecar=wish.sidecar, since=since)
    elif wish.sidecar:
        raise UsageError("a sidecar needs a place", hint="Say where the picture goes: out=.")


async def plan(
    runtime: Runtime, ask: Ask, on_event: Callable[[Event], object] | None = None
) -> tuple[Provider, JobRecord]:
    """Choose, prepare, validate and price; nothing is sent but the fetch of a URL picture.

    Raises:
        UsageError, PluginError: no such provider, or it does not load.
        ValidationError: all problems at once.
        OutputError: the result could not be written.
        BudgetExceeded: the price may be over `max_cost`.
    """
    picked = pick(runtime, ask)
    provider, model = picked.provider, picked.model
    job_id = new_id()

    def tell(kind: Kind, text: str) -> None:
        runtime.tell(
            Event(kind=kind, job_id=job_id, provider=provider.name, model=model.id, text=text),
            on_event,
        )

    tell("chosen", f"{provider.name} {model.id} ({picked.how})")
    check_places(ask, ask.request.n)
    try:
        request, notes = await prepare(
            runtime, provider, picked.request, job_id, keep_metadata=ask.keep_metadata
        )
        checked = provider.validate(request, model)
        if checked.problems:
            # Not the format that only the output's name asks for: another would do without.
            wanted = evolve(request, model=None, output_format=ask.request.output_format)
            raise _refused(runtime, provider, wanted, checked.problems)
        request, adaptations = await _with_mask(runtime, provider, request, job_id)
        quote = provider.price(request, model)
        if ask.max_cost is not None:
            check_cost(quote, ask.max_cost, runtime, provider)
        earlier = _earlier(runtime, ask, picked)
        if earlier is not None:
            tell("warning", earlier)
            notes = (*notes, earlier)
        record = JobRecord(
            job=Job(id=job_id, provider=provider.name, request=request, model=model),
            distribution=provider.distribution,
            version=provider.version,
            base_url=picked.base_url,
            quote=quote,
            max_cost=ask.max_cost,
            wish=ask.wish,
            adaptations=adaptations,
            warnings=tuple(dict.fromkeys((*ask.warnings, *picked.warnings, *notes))),
            unchecked=checked.unchecked,
            fingerprint=picked.fingerprint,
        )
        return provider, record
    except ImgEditError:
        runtime.drop(job_id)
        raise


def _earlier(runtime: Runtime, ask: Ask, picked: Picked) -> str | None:
    """What there is to tell of the same edit done before; of one that costs nothing, nothing."""
    if ask.reuse:
        return note_of_none(runtime, picked.fingerprint)
    mark, local = picked.fingerprint, picked.provider.manifest.local
    if mark is None or local or not runtime.durable:
        return None
    return note_of_same(runtime, mark)


def follow_name(request: EditRequest, model: Model, out: str | None) -> EditRequest:
    """`-o x.png` asks for png where the model can."""
    wanted = _FORMATS.get(media_type_for(Path(out).suffix) or "") if out else None
    limit = model.limits.get("output_format")
    if wanted is None or request.output_format is not None or not limit:
        return request
    if wanted not in limit.get("enum", ()) or wanted == limit.get("default"):
        return request
    return evolve(request, output_format=wanted)


async def _with_mask(
    runtime: Runtime, provider: Provider, request: EditRequest, job_id: str
) -> tuple[EditRequest, tuple[Mapping[str, Any], ...]]:
    """The request with its mask as the vendor wants it, and what was changed for that."""
    change = (provider.manifest.mask or {}).get("change", "white")
    if request.mask is None or change == "white" or request.mask.url is not None:
        return request, ()
    from .masks import convert

    target = runtime.folder(job_id) / "mask.png"
    mask = await asyncio.to_thread(convert, request.mask, change, target)
    why = f"{provider.manifest.title} changes what is {change} in a mask"
    row = {"field": "mask", "from": "white = change", "to": f"{change} = change", "why": why}
    return evolve(request, mask=mask), (row,)


def _refused(
    runtime: Runtime, provider: Provider, request: EditRequest, problems: Sequence[Problem]
) -> ValidationError:
    """Every problem, and for a provider of this machine who could do it instead."""
    hint = advice(problems)
    if provider.manifest.local:
        able = able_providers(runtime, request, without=provider.name)
        if able:
            hint = f"A provider that could take it: {', '.join(f'-p {name}' for name in able)}."
    return ValidationError(
        problems=problems,
        hint=hint,
        provider=provider.name,
        distribution=provider.label,
    )


def able_providers(runtime: Runtime, request: EditRequest, *, without: str) -> list[str]:
    """The other installed providers that have a model for this request, by their manifests."""
    from ..manifest import check, document

    sheet = document(request)
    return [
        row.name
        for row in runtime.registry.rows()
        if row.name != without
        and row.status == "ok"
        and not row.local
        and any(
            not check(sheet, model).problems for model in runtime.registry.manifest(row.name).models
        )
    ]
