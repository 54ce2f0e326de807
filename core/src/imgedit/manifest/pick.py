"""Which model a name means."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NoReturn

from ..contract.model import Model, Problem
from ..contract.money import Money, plain
from ..errors import ValidationError
from .fragments import nearest
from .prices import quote

if TYPE_CHECKING:
    from .read import Manifest, Picked

_MOST_LISTED = 25


def pick(manifest: Manifest, name: str | None) -> Picked:
    """See `Manifest.pick`."""
    from .read import Picked

    asked = name
    warnings = []
    wanted = manifest.default_model if name is None else name
    if wanted is None:
        _refuse(f"{manifest.title} has no default model: name one of {_priced(manifest)}")
    seen: set[str] = set()
    model = manifest.model(wanted)
    while model is None and wanted not in seen:
        seen.add(wanted)
        if wanted in manifest.retired:
            entry = manifest.retired[wanted]
            since = f" since {entry['since']}" if entry.get("since") else ""
            warnings.append(
                f"{manifest.title} has retired {wanted}{since}: {entry['use']} is used instead"
            )
            wanted = entry["use"]
        else:
            wanted = manifest.aliases.get(wanted, wanted)
        model = manifest.model(wanted)
    if model is None:
        close = nearest(
            asked, [*(one.id for one in manifest.models), *manifest.aliases, *manifest.retired]
        )
        hint = f"did you mean {close}? " if close else ""
        _refuse(f"{manifest.title} has no such model; {hint}its models are {_priced(manifest)}")
    warnings += _ending(manifest, model)
    return Picked(model=model, asked=asked, warnings=tuple(warnings))


def _refuse(message: str) -> NoReturn:
    raise ValidationError(problems=[Problem(path="/model", message=message, code="enum")])


def _ending(manifest: Manifest, model: Model) -> Iterator[str]:
    dates = manifest.lifecycle.get(model.id, {})
    if not dates.get("deprecated") and not dates.get("ends"):
        return
    said = []
    if dates.get("deprecated"):
        said.append(f"deprecated since {dates['deprecated']}")
    if dates.get("ends"):
        said.append(f"there until {dates['ends']}")
    text = f"{manifest.title} says of {model.id}: {', '.join(said)}"
    yield f"{text}: use {dates['use']}" if dates.get("use") else text


def _priced(manifest: Manifest) -> str:
    shown = [f"{model.id} ({price_line(model, manifest)})" for model in manifest.models]
    if len(shown) > _MOST_LISTED:
        shown = [*shown[:_MOST_LISTED], f"… {len(shown)} in all"]
    return ", ".join(shown)


def price_line(model: Model, manifest: Manifest) -> str:
    """The price of a plain edit in a few words: "240 credits", "from 4 credits", "unknown"."""
    found = quote({"image": {}, "prompt": "", "n": 1}, model, manifest)
    if found.amount is None:
        return "price unknown"
    least = str(Money(found.amount, found.unit))
    if found.basis == "exact":
        return least
    if found.basis == "estimate":
        return f"about {least}"
    if found.at_most is None:
        return f"from {least}"
    return f"{plain(found.amount)} to {Money(found.at_most, found.unit)}"
