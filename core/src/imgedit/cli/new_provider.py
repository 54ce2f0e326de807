"""`imgedit new-provider`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ..errors import UsageError
from ..scaffold import (
    ANSWERS,
    AUTHS,
    PICTURES,
    Description,
    check,
    check_free,
    check_new,
    defaults,
    render,
    write,
)
from .options import common
from .screen import Screen, is_terminal

_QUESTIONS = {
    "title": "The vendor's name",
    "base_url": "The base URL of its API",
    "auth": f"How is the key sent? {', '.join(AUTHS)}",
    "picture": f"How is a picture supplied? {', '.join(PICTURES)}",
    "answer": f"What does an edit answer? {', '.join(ANSWERS)}",
    "unit": "The unit of its prices",
}


@click.command(
    name="new-provider",
    epilog="Example: imgedit new-provider acme --picture upload --answer job",
)
@click.argument("name")
@click.option("--title", metavar="TEXT", help="The vendor's name as people write it.")
@click.option("--base-url", metavar="URL", help="What the paths of its API are appended to.")
@click.option(
    "--auth",
    type=click.Choice(AUTHS),
    help="How the key is sent: in a header, or with a user's name (basic).  [default: bearer]",
)
@click.option(
    "--picture",
    type=click.Choice(PICTURES),
    help="How a picture is supplied; upload = before the edit.  [default: data-uri]",
)
@click.option(
    "--answer",
    type=click.Choice(ANSWERS),
    help="What an edit answers: the picture, JSON with URLs or base64, or a job to ask after."
    "  [default: urls]",
)
@click.option("--unit", metavar="UNIT", help="Of its prices.  [default: USD]")
@click.option("--out", type=Path, metavar="DIR", help="A new folder.  [default: imgedit-NAME]")
@click.option("--yes", is_flag=True, help="Ask nothing, take the defaults.")
@common
@click.pass_obj
def new_provider(
    screen: Screen, /, as_json: bool, name: str, out: Path | None, yes: bool, **given: str | None
) -> None:
    """Begin a plugin for the service NAME: a project of its own that passes the kit's tests.

    What was not given is asked for on a terminal. Nothing is overwritten.
    """
    check("name", name)
    check_free(name)
    folder = out if out is not None else Path(f"imgedit-{name}")
    check_new(folder)
    known = {what: check(what, value) for what, value in given.items() if value is not None}
    asking = not yes and not as_json and is_terminal(sys.stdin) and is_terminal(sys.stderr)
    for what, default in defaults(name).items():
        if what not in known:
            known[what] = _ask(what, default) if asking else default
    files = render(Description(name=name, **known))
    write(files, folder)
    if as_json:
        project = {"name": name, **known, "folder": str(folder), "files": list(files)}
        screen.document({"project": project})
        return
    screen.line(f"{folder}  {len(files)} files. It passes its tests, on facts that are made up.")
    screen.line(f"Next: cd {folder}; pip install -e '.[test]'; pytest")
    screen.line("Then put in the vendor's facts: README.md says where.")


def _ask(what: str, default: str) -> str:
    """An answer that can be; a wrong one is asked for again."""

    def checked(value: str) -> str:
        try:
            return check(what, value)
        except UsageError as error:
            raise click.BadParameter(f"{error.message}. {error.hint}") from None

    answer: str = click.prompt(_QUESTIONS[what], default=default, value_proc=checked, err=True)
    return answer
