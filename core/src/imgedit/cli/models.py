"""`imgedit models`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click
from attrs import asdict, frozen

from ..errors import PluginError
from .completing import provider_names
from .options import common
from .screen import Screen

if TYPE_CHECKING:
    from ..engine.live import LiveModels
    from ..manifest import Change, Manifest

_FIRST = ("n", "aspect_ratio", "resolution", "quality", "output_format")
_MOST_VALUES = 8


@click.command(epilog="Example: imgedit models local")
@click.argument("provider", required=False, shell_complete=provider_names)
@click.option(
    "--live",
    is_flag=True,
    help="Ask PROVIDER itself, free, and say what has changed; its answer counts for 7 days.",
)
@common
@click.pass_obj
def models(screen: Screen, as_json: bool, provider: str | None, live: bool) -> None:
    """What each model takes and what it costs; of one PROVIDER, or of all.

    The price is that of a plain edit; `imgedit quote` tells that of yours.
    """
    if live and provider is None:
        raise click.UsageError("--live needs a provider: imgedit models PROVIDER --live")
    told: list[Told] = []
    if live and provider is not None:
        told.append(_ask(screen, provider))
    else:
        told.extend(_known(screen, provider))
    if as_json:
        screen.document(_document(told))
    elif told:
        _show(screen, {one.name: one.manifest for one in told})
        for one in told:
            _show_source(screen, one, in_full=live or provider is not None)
    elif provider is None:
        from ..discovery.catalog import NOTHING_INSTALLED

        screen.line(f"No provider is installed that works. {NOTHING_INSTALLED}")


@frozen(kw_only=True)
class Told:
    """The models of one provider; the last three when the vendor itself has told of them."""

    name: str
    manifest: Manifest
    as_of: datetime | None = None
    source: str | None = None
    changes: tuple[Change, ...] = ()


def _ask(screen: Screen, provider: str) -> Told:
    from ..client import Client
    from .tasks import run_task

    async def work() -> LiveModels:
        async with Client.from_config(journal=False) as client:
            return await client.live_models(provider)

    found = run_task(work(), screen.watch)
    return Told(
        name=provider,
        manifest=found.manifest,
        as_of=found.as_of,
        source=found.source,
        changes=found.changes,
    )


def _known(screen: Screen, provider: str | None) -> Iterator[Told]:
    from ..config import Paths, load_config
    from ..discovery import registry
    from ..engine.lists import Lists
    from ..manifest import changes

    known = registry()
    paths = Paths.from_environment()
    lists = Lists(known, load_config(paths.config_file), paths.cache)
    for name in known.names() if provider is None else [provider]:
        try:
            shipped, manifest = known.manifest(name), lists.manifest(name)
        except PluginError as error:
            if provider is not None:
                raise
            screen.warn(f"{name} is left out: {error.message}")
            continue
        kept = lists.kept(name)
        if kept is None or manifest is shipped:
            yield Told(name=name, manifest=manifest)
        else:
            yield Told(
                name=name,
                manifest=manifest,
                as_of=kept.as_of,
                source=kept.source,
                changes=changes(shipped, manifest, [row["id"] for row in kept.rows]),
            )


def _document(told: Iterable[Told]) -> dict[str, Any]:
    """With what the vendors themselves told: when, and how it differs from the manifests."""
    from ..manifest import model_row, retired_rows

    document: dict[str, Any] = {"models": [], "live": [], "changes": []}
    for one in told:
        rows = [model_row(one.name, model, one.manifest) for model in one.manifest.models]
        document["models"] += [*rows, *retired_rows(one.name, one.manifest)]
        if one.as_of is not None:
            as_of = one.as_of.isoformat()
            row = {"provider": one.name, "as_of": as_of, "source": one.source}
            document["live"].append(row)
        document["changes"] += [
            {"provider": one.name, **asdict(change, recurse=False)} for change in one.changes
        ]
    return document


def _show_source(screen: Screen, told: Told, *, in_full: bool) -> None:
    if told.as_of is None:
        return
    title = told.manifest.title
    moment = told.as_of.astimezone(UTC)
    screen.line()
    screen.line(f"As {title} itself said on {moment:%Y-%m-%d at %H:%M} UTC ({told.source}).")
    if not in_full:
        return
    if told.changes:
        screen.line("Changed since the plugin was written:")
    else:
        screen.line("Nothing has changed since the plugin was written.")
    for change in told.changes:
        screen.line(f"  {change.says}")


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
        plural = "" if most == 1 else "s"
        yield "references" if most is None else f"up to {most} reference{plural}"
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
