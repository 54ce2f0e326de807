"""What Tab offers on a command line: from metadata and manifests, no plugin is imported."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

Offered = list["CompletionItem"]


def files(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> Offered:
    """The shell's own completion of file names."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]


def provider_names(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> Offered:
    """The installed providers; after a comma the next one of several."""
    from click.shell_completion import CompletionItem

    from ..discovery import registry

    before, comma, begun = incomplete.rpartition(",")
    return [
        CompletionItem(f"{before}{comma}{name}")
        for name in registry().names()
        if name.startswith(begun) and name not in before.split(",")
    ]


def model_ids(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> Offered:
    """The models of the provider that is named, else of all; a broken one offers none."""
    from click.shell_completion import CompletionItem

    from ..discovery import registry
    from ..errors import ImgEditError

    known = registry()
    asked = ctx.params.get("provider") or os.environ.get("IMGEDIT_PROVIDER") or ""
    names = [name for name in asked.split(",") if name in known.names()] or known.names()
    found: dict[str, str | None] = {}
    for name in names:
        try:
            models = known.manifest(name).models
        except ImgEditError:
            continue
        for model in models:
            if model.id.startswith(incomplete):
                found.setdefault(model.id, model.title)
    return [CompletionItem(one, help=title) for one, title in found.items()]
