"""`imgedit models`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click

from ..errors import PluginError
from .options import common
from .screen import Screen

if TYPE_CHECKING:
    from ..manifest import Manifest

_FIRST = ("n", "aspect_ratio", "resolution", "quality", "output_format")
_MOST_VALUES = 8


@click.command(epilog="Example: imgedit models local")
@click.argument("provider", required=False)
@common
@click.pass_obj
def models(screen: Screen, as_json: bool, provider: str | None) -> None:
    """What each model takes and what it costs; of one PROVIDER, or of all.

    The price is that of a plain edit; `imgedit quote` tells that of yours.
    """
    manifests = dict(_manifests(screen, provider))
    if as_json:
        from ..manifest import model_row, retired_rows

        screen.document(
            {
                "models": [
                    row
                    for name, manifest in manifests.items()
                    for row in (
                        *(model_row(name, model, manifest) for model in manifest.models),
                        *retired_rows(name, manifest),
                    )
                ]
            }
        )
    elif manifests:
        _show(screen, manifests)
    elif provider is None:
        from ..discovery.catalog import NOTHING_INSTALLED

        screen.line(f"No provider is installed that works. {NOTHING_INSTALLED}")


def _manifests(screen: Screen, provider: str | None) -> Iterator[tuple[str, Manifest]]:
    from ..discovery import registry

    known = registry()
    for name in known.names() if provider is None else [provider]:
        try:
            yield name, known.manifest(name)
        except PluginError as error:
            if provider is not None:
                raise
            screen.warn(f"{name} is left out: {error.message}")


def _show(screen: Screen, manifests: Mapping[str, Manifest]) -> None:
    from ..manifest.pick import price_line
    from .tables import table

    rows = [
        (
            name,
            f"{model.id} (default)" if model.id == manifest.default_model else model.id,
            "free" if (price := price_line(model, manifest)).split()[0] == "0" else price,
            "; ".join(say_limits(model.limits, in_full=len(manifests) == 1)),
        )
        for name, manifest in manifests.items()
        for model in manifest.models
    ]
    screen.show(table(screen, ("provider", "model", "plain edit", "takes"), rows))
    for name, manifest in manifests.items():
        for old, entry in manifest.retired.items():
            screen.line(f"{name}: {old} is retired, {entry['use']} is used instead")


def say_limits(
    limits: Mapping[str, Mapping[str, Any] | None], *, in_full: bool = True
) -> Iterator[str]:
    """What a model takes, a few words for each field; the options by name only `in_full`."""
    taken = {key: fragment for key, fragment in limits.items() if fragment is not None}
    for key in _FIRST:
        if key in taken:
            yield _say_field(key, taken[key])
    if "references" in taken:
        most = taken["references"].get("maxItems")
        yield "references" if most is None else f"up to {most} references"
    yield from (key for key in ("mask", "seed") if key in taken)
    options = [key.partition(".")[2] for key in taken if key.startswith("options.")]
    if options:
        yield f"options {', '.join(options)}" if in_full else f"{len(options)} options"
    prompt = taken.get("prompt", {}).get("maxLength")
    if prompt is not None and in_full:
        yield f"prompt to {prompt:,} characters"


def _say_field(key: str, fragment: Mapping[str, Any]) -> str:
    name = "format" if key == "output_format" else key.replace("_", " ")
    if "enum" in fragment:
        values = [str(value) for value in fragment["enum"]]
        more = f" … ({len(values)})" if len(values) > _MOST_VALUES else ""
        return f"{name} {', '.join(values[:_MOST_VALUES])}{more}"
    if "maximum" in fragment:
        return f"{name} to {fragment['maximum']}"
    examples = fragment.get("examples")
    return f"{name} like {', '.join(map(str, examples[:3]))}" if examples else name
