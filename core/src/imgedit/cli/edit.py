"""`imgedit edit`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .completing import files
from .options import common, request_options, timeout_option
from .screen import Screen

if TYPE_CHECKING:
    from ..result import EditResult


@click.command(epilog='Example: imgedit edit photo.jpg "make it warmer" -p local -o warm.png')
@request_options
@click.option(
    "-o",
    "--out",
    metavar="FILE",
    shell_complete=files,
    help="Where the picture goes; FILE-1, FILE-2 ... with -n.  [default: <name>-edited here]",
)
@click.option("--max-cost", metavar='"0.10 USD"', help="Refuse an edit that may cost more.")
@timeout_option
@click.option("--overwrite", is_flag=True, help="Replace files that exist.")
@click.option("--keep-metadata", is_flag=True, help="Send EXIF data (the place, too) along.")
@click.option("--sidecar", is_flag=True, help="Write a record beside each picture, FILE.json.")
@click.option("--reuse", is_flag=True, help="Take the result of the same edit, if there is one.")
@click.option("--next-on-refusal", is_flag=True,
              help="With -p a,b: ask b, too, when a refuses the content.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Show what would be sent, and send nothing.")
@click.option(
    "--preview/--no-preview",
    default=None,
    help="Draw before and after, small.  [default: on a terminal with colours]",
)
@common
@click.pass_obj
def edit(
    screen: Screen,
    /,
    as_json: bool,
    image: str,
    out: str | None,
    overwrite: bool,
    dry_run: bool,
    preview: bool | None,
    provider: str | None,
    model: str | None,
    options: tuple[str, ...],
    references: tuple[str, ...],
    **fields: Any,
) -> None:
    """Edit IMAGE (a file or an http(s) address) as PROMPT says.

    Progress and warnings go to stderr; the result's place, size and cost to stdout.
    """
    from .naming import check_image_name, default_out
    from .values import models_for, read_options, read_reference

    if as_json and preview:
        raise click.UsageError("--json and --preview exclude each other")
    models = models_for(provider, model, all_providers=False) if options else []
    fields |= {
        "provider": provider,
        "model": model,
        "options": read_options(options, models),
        "references": [read_reference(text) for text in references],
        "overwrite": overwrite or (dry_run and out is None),
    }
    check_image_name(image)
    fields["out"] = default_out(image) if out is None else out
    if dry_run:
        from .dry import show_requests

        show_requests(screen, image, fields)
        return
    _show(screen, _edit(screen, image, fields), image, out, preview)


def _edit(screen: Screen, image: str, fields: dict[str, Any]) -> EditResult:
    from ..client import Client
    from .progress import following
    from .tasks import run_task

    async def work() -> EditResult:
        async with Client.from_config() as client:
            screen.watch.durable = client.runtime.durable
            return await client.edit(image, on_event=follower, **fields)

    with following(screen) as follower:
        return run_task(work(), screen.watch)


def _show(
    screen: Screen, result: EditResult, image: str, out: str | None, preview: bool | None
) -> None:
    from .naming import shown
    from .result import show_result

    show_result(screen, result, lambda path: shown(path, out))
    if preview or (preview is None and not screen.as_json):
        from .preview import show_preview

        show_preview(screen, image, result.image, forced=bool(preview))
