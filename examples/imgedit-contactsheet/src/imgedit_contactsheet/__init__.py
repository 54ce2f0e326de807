"""`imgedit contact-sheet`: pictures side by side in one."""

from __future__ import annotations

import json
from pathlib import Path

import click

from imgedit import OutputError, UsageError


@click.command(epilog="Example: imgedit contact-sheet before.png after.png -o sheet.png")
@click.argument("pictures", nargs=-1, required=True, metavar="PICTURE...")
@click.option("-o", "out", required=True, metavar="FILE", help="Where the sheet goes.")
@click.option("--columns", type=click.IntRange(1), default=4, help="Pictures in a row.")
@click.option("--cell", type=click.IntRange(16, 4096), default=256, help="Pixels of a cell.")
@click.option("--overwrite", is_flag=True, help="Replace the file.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def command(
    pictures: tuple[str, ...], out: str, columns: int, cell: int, overwrite: bool, as_json: bool
) -> None:
    """Put pictures side by side in one."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    if Path(out).exists() and not overwrite:
        raise OutputError(f"{out} is there already", hint="Add --overwrite to replace it.")
    columns = min(columns, len(pictures))
    rows = -(-len(pictures) // columns)
    sheet = Image.new("RGB", (columns * cell, rows * cell), "white")
    for index, name in enumerate(pictures):
        try:
            with Image.open(name) as picture:
                small = ImageOps.contain(
                    ImageOps.exif_transpose(picture).convert("RGBA"), (cell, cell)
                )
        except (OSError, UnidentifiedImageError) as error:
            raise UsageError(f"{name} cannot be read as a picture") from error
        left = index % columns * cell + (cell - small.width) // 2
        top = index // columns * cell + (cell - small.height) // 2
        sheet.paste(small, (left, top), small)
    try:
        sheet.save(out)
    except (OSError, ValueError) as error:
        raise OutputError(f"{out} cannot be written: {error}") from error
    facts = {"path": out, "width": sheet.width, "height": sheet.height, "pictures": len(pictures)}
    click.echo(json.dumps(facts) if as_json else f"{out}: {len(pictures)} pictures")
