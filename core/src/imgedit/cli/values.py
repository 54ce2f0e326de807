"""What stands behind `--option` and `--reference`, read from text."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import ImgEditError, UsageError

if TYPE_CHECKING:
    from ..contract.model import Model

_URLS = ("http://", "https://", "data:")
_KINDS: Mapping[str, tuple[type, ...]] = {
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "array": (list,),
    "object": (dict,),
}


def read_options(texts: Sequence[str], models: Iterable[Model]) -> dict[str, Any]:
    """KEY=VALUE texts as a request's options, each value of the type that `models` expect.

    Raises:
        UsageError: one is not KEY=VALUE, or a key is given twice.
    """
    found: dict[str, Any] = {}
    models = list(models) if texts else []
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise UsageError(f"{text!r} is not KEY=VALUE", hint="Write: --option KEY=VALUE")
        if name in found:
            raise UsageError(f"the option {name!r} is given twice", hint="Give it once.")
        fragments = (model.limits.get(f"options.{name}") for model in models)
        found[name] = read_value(value, [fragment for fragment in fragments if fragment])
    return found


def read_value(text: str, fragments: Iterable[Mapping[str, Any]]) -> Any:
    """The text as the JSON value that a fragment of JSON Schema expects, else as text."""
    kinds = {kind for fragment in fragments for kind in _kinds(fragment)}
    try:
        value = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return text
    for kind in kinds:
        if isinstance(value, _KINDS.get(kind, ())) and (
            kind == "boolean" or not isinstance(value, bool)
        ):
            return value
    return text


def _refuse(name: str) -> Any:
    raise ValueError(name)


def _kinds(fragment: Mapping[str, Any]) -> Iterator[str]:
    said = fragment.get("type")
    if said is not None:
        yield from [said] if isinstance(said, str) else said
        return
    values = [fragment["const"]] if "const" in fragment else fragment.get("enum", ())
    for value in values:
        if isinstance(value, bool):
            yield "boolean"
        elif isinstance(value, int | float) or hasattr(value, "as_tuple"):
            yield "number"


def models_for(provider: str | None, model: str | None, *, all_providers: bool) -> list[Model]:
    """The models that an edit may go to, as far as that can be told; errors are the engine's."""
    from ..config import Paths, load_config
    from ..discovery import choose, registry
    from ..engine.lists import Lists

    try:
        paths = Paths.from_environment()
        config = load_config(paths.config_file)
        known = Lists(registry(), config, paths.cache)
        if provider == "cheapest" or (provider is None and all_providers):
            names, all_providers = known.names(), True
        elif "," in (provider or ""):
            names = [name.strip() for name in (provider or "").split(",")]
        else:
            names = [choose(known, provider, configured=config.provider).name]
    except ImgEditError:
        return []
    found: list[Model] = []
    for name in names:
        try:
            manifest = known.manifest(name)
            found += (
                manifest.models if all_providers and model is None else [manifest.pick(model).model]
            )
        except ImgEditError:
            continue
    return found


def read_reference(text: str) -> tuple[str, str | None]:
    """FILE[=TEXT] as a picture and its description; a file may have `=` in its name.

    An address has `=` signs of its own, so it is always the whole text.
    """
    if text.lower().startswith(_URLS) or "=" not in text or os.path.exists(text):
        return text, None
    places = [place for place, character in enumerate(text) if character == "="]
    place = next((one for one in places if os.path.exists(text[:one])), places[0])
    return text[:place], text[place + 1 :] or None
