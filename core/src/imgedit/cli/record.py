"""`imgedit record`."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import ImgEditError, OutputError, UsageError, ValidationError
from .completing import files
from .options import common, request_of_one, timeout_option
from .screen import Screen, is_terminal

if TYPE_CHECKING:
    from ..contract.exchange import HttpResponse
    from ..contract.money import Quote
    from ..recording.files import Recorded
    from ..result import EditResult

Written = Sequence[tuple["Recorded", Path]]


@click.command(
    epilog='Example: imgedit record acme photo.jpg "make it warmer" --max-cost "0.10 USD"'
)
@request_of_one
@click.option(
    "-o",
    "--out",
    metavar="FILE",
    shell_complete=files,
    help="Where the picture goes.  [default: <name>-edited here]",
)
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("tests", "data"),
    metavar="DIR",
    help="Where the answers go.  [default: tests/data]",
)
@click.option("--max-cost", metavar='"0.10 USD"', help="Refuse an edit that may cost more.")
@click.option("--yes", is_flag=True, help="Do not ask whether to pay.")
@timeout_option
@common
@click.pass_obj
def record(
    screen: Screen,
    /,
    as_json: bool,
    provider: str,
    image: str,
    prompt: str,
    out: str | None,
    data: Path,
    yes: bool,
    options: tuple[str, ...],
    references: tuple[str, ...],
    **fields: Any,
) -> None:
    """Do one real edit with your key, and keep what the service NAME answers for its tests.

    It costs what an edit costs: you are told the price and asked, or say --yes. The answers go to
    new files, real-submit.json and so on, which a test class names in `answers`.

    Taken out of them: your key in every form; headers but those that a plugin may read; cookies;
    the values of URLs' query strings (signatures); what is called token, secret, password or
    signature; e-mail and IP addresses; names and ids of users, accounts and teams. A small picture
    stands for each picture. What remains can still tell who you are: read the files before you
    publish them.
    """
    from ..engine.output import check_writable
    from ..recording.files import check_folder
    from .naming import check_image_name, default_out, shown
    from .values import models_for, read_options, read_reference

    manifest = _manifest(provider)
    models = models_for(provider, fields["model"], all_providers=False) if options else []
    fields |= {
        "provider": provider,
        "options": read_options(options, models),
        "references": [read_reference(text) for text in references],
    }
    check_image_name(image)
    fields["out"] = default_out(image) if out is None else out
    check_writable(fields["out"], max(fields["n"], 1), overwrite=False)
    check_folder(data)
    if not yes and not _agreed(screen, image, prompt, fields):
        screen.note("Nothing was sent.")
        return
    answers: list[HttpResponse] = []
    try:
        result = _edit(screen, image, prompt, fields, answers)
    except ImgEditError as error:
        try:
            _show_failed(screen, _write(answers, manifest, data))
        except OutputError as trouble:
            error.add_note(trouble.message)  # what is to be said is how the edit ended
        raise
    try:
        written = _write(answers, manifest, data)
    except OutputError as error:
        error.charged = "yes"
        error.fill(
            job_id=result.job_id,
            provider=provider,
            hint=f"The picture is there: {shown(result.image.path, out)}",
        )
        raise
    if as_json:
        screen.document(_document(provider, written, result))
    else:
        _show(screen, written, result, prompt, fields, out)


def _manifest(provider: str) -> dict[str, Any]:
    """The manifest as JSON.

    Raises:
        UsageError: it is reached over no network.
    """
    from ..discovery import registry

    manifest = registry().manifest(provider)
    if manifest.local:
        raise UsageError(
            f"{provider} works on this machine, so there are no answers to record",
            hint="Name a provider that is reached over the network.",
        )
    return dict(manifest.raw)


def _agreed(screen: Screen, image: str, prompt: str, fields: dict[str, Any]) -> bool:
    """Tell the price, and ask whether to pay it.

    Raises:
        UsageError: there is nobody to ask.
        ValidationError: the provider cannot do this edit.
    """
    from .words import say_amount

    model, quote = _quote(screen, image, prompt, fields)
    price = f"{fields['provider']} {model} asks for this edit: {say_amount(quote)}"
    if screen.as_json or not (is_terminal(sys.stdin) and is_terminal(sys.stderr)):
        raise UsageError(
            f"{price}, and there is nobody to ask whether to pay it",
            hint='Say --yes, and --max-cost "..." to bound it.',
        )
    return click.confirm(f"{price}. Send it and pay?", err=True)


def _quote(screen: Screen, image: str, prompt: str, fields: dict[str, Any]) -> tuple[str, Quote]:
    from ..client import Client
    from ..engine.plan import FIELDS
    from .progress import following
    from .tasks import run_task

    asked = {name: fields[name] for name in ("provider", *FIELDS)}

    async def work() -> tuple[str, Quote]:
        async with Client.from_config(journal=False) as client:
            manifest = client.runtime.registry.manifest(fields["provider"])
            model = manifest.pick(fields["model"]).model.id
            quotes = await client.quote(image, prompt, **{**asked, "model": model})
        for offer in quotes.quotes:
            return model, offer.quote
        raise ValidationError(problems=[one for row in quotes.unable for one in row.problems])

    with following(screen):
        return run_task(work(), screen.watch)


def _edit(
    screen: Screen,
    image: str,
    prompt: str,
    fields: dict[str, Any],
    answers: list[HttpResponse],
) -> EditResult:
    """The edit; `answers` grows with what comes."""
    from ..client import Client
    from ..recording.keep import keep_answers
    from .progress import following
    from .tasks import run_task

    async def work() -> EditResult:
        async with Client.from_config() as client:
            keep_answers(client, answers)
            return await client.edit(image, prompt, on_event=follower, **fields)

    with following(screen) as follower:
        return run_task(work(), screen.watch)


def _write(answers: list[HttpResponse], manifest: dict[str, Any], folder: Path) -> Written:
    from ..recording.files import scrubbed, write

    return write(scrubbed(answers, manifest), folder)


def _document(provider: str, written: Written, result: EditResult) -> dict[str, Any]:
    from ..recording.files import answers_of

    return {
        "recorded": {
            "provider": provider,
            "files": [
                {"path": str(path), "purpose": one.purpose, "status": one.status}
                for one, path in written
            ],
            "answers": answers_of(written),
        },
        "result": result.to_dict(),
    }


def _show_failed(screen: Screen, written: Written) -> None:
    if not screen.as_json:
        for _, path in written:
            screen.note(f"Recorded: {path}")


def _show(
    screen: Screen,
    written: Written,
    result: EditResult,
    prompt: str,
    fields: dict[str, Any],
    out: str | None,
) -> None:
    from ..recording.files import answers_of
    from .naming import shown
    from .result import show_result

    show_result(screen, result, lambda path: shown(path, out))
    for one, path in written:
        screen.line(f"{path}  {one.purpose}, status {one.status}")
    request = {"prompt": prompt, **_said(fields)}
    screen.line("Read them before you publish them. In the test class:")
    screen.line()
    screen.line(f"    request = {request!r}")
    screen.line("    answers = {")
    for purpose, names in answers_of(written).items():
        screen.line(f'        "{purpose}": {json.dumps(names)},')
    screen.line("    }")
    if result.cost is not None:
        screen.line(f'    cost = "{result.cost.amount:f}"')


def _said(fields: dict[str, Any]) -> dict[str, Any]:
    """What was asked for beyond the prompt; pictures are the author's to add."""
    names = ("model", "n", "aspect_ratio", "resolution", "quality", "output_format", "seed")
    said = {name: fields[name] for name in (*names, "options") if fields[name]}
    return {name: value for name, value in said.items() if (name, value) != ("n", 1)}
