"""A provider's key: where it is looked for, and what is wrong with one that cannot work."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import ConfigError


class Secrets(dict[str, str]):
    """Part ("key", "project") → value; shows the parts, never the values."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<Secrets: {', '.join(self)}>"

    __str__ = __repr__


def key_variables(
    env: Sequence[str] | Mapping[str, str | Sequence[str]] | str | None, name: str
) -> dict[str, tuple[str, ...]]:
    """The parts of a provider's key, each with the environment variables that may hold it.

    `env` is the manifest's `auth.env`: a list of names for the one part "key", or an object
    part → name. When it names none, the variable is `<NAME>_API_KEY`.
    """
    if isinstance(env, Mapping):
        return {part: _names(names) for part, names in env.items()}
    return {"key": _names(env) or (f"{name.upper()}_API_KEY",)}


def find_key(
    env: Sequence[str] | Mapping[str, str | Sequence[str]] | str | None,
    name: str,
    *,
    explicit: Mapping[str, str] | str | None = None,
    file: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> Secrets:
    """Every part of a provider's key.

    Each part is taken from `explicit` (a text is the part "key"), else from the environment
    (see `key_variables`; an empty variable counts as not set), else from `file`: a JSON object
    of provider → text or {part: text}, which only its owner may read.

    Raises:
        ConfigError: a part is nowhere, a value cannot be a key (blank, a line break, spaces
            around it), or the file cannot be used. No message holds a value.
    """
    variables = key_variables(env, name)
    environ = os.environ if environ is None else environ
    given = _parts(explicit, variables, name, f"the key given for {name}")
    stored: Mapping[str, str] | None = None
    found = Secrets()
    for part, names in variables.items():
        if part in given:
            found[part] = _sound(given[part], f"the {part} given for {name}")
            continue
        variable = next((one for one in names if environ.get(one)), None)
        if variable is not None:
            found[part] = _sound(environ[variable], f"the environment variable {variable}")
            continue
        if stored is None:
            entry = None if file is None else _read(file).get(name)
            stored = _parts(entry, variables, name, f"the entry for {name} in {file}")
        if part not in stored:
            raise _missing(part, names, name, environ, file)
        found[part] = _sound(stored[part], f"the {part} of {name} in {file}")
    return found


def _names(names: Sequence[str] | str | None) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names or ())


def _parts(
    value: Any, variables: Mapping[str, tuple[str, ...]], name: str, what: str
) -> Mapping[str, str]:
    if value is None:
        return {}
    parts = value if isinstance(value, Mapping) else {"key": value}
    for part in parts:
        if part not in variables:
            raise ConfigError(
                f"{what} has a part {part!r} that {name} does not take",
                hint=f"Its parts are: {', '.join(variables)}.",
            )
    return parts


def _sound(value: Any, what: str) -> str:
    """The value as it is; nothing is stripped in silence."""
    if not isinstance(value, str):
        raise ConfigError(f"{what} is not a text", hint="Give the key as a text.")
    if not value.strip():
        wrong = "is blank"
    elif value.endswith(("\n", "\r")):
        wrong = "ends with a line break"
    elif "\n" in value or "\r" in value:
        wrong = "holds a line break"
    elif value != value.strip():
        wrong = "begins or ends with a space"
    elif not value.isprintable():
        wrong = "holds a character that cannot be printed"
    else:
        return value
    raise ConfigError(f"{what} {wrong}", hint="Copy the key again, without anything around it.")


def _missing(
    part: str,
    names: tuple[str, ...],
    name: str,
    environ: Mapping[str, str],
    file: Path | None,
) -> ConfigError:
    variables = " or ".join(names)
    empty = " (it is set, but empty)" if any(one in environ for one in names) else ""
    hint = f"Set the environment variable {variables}{empty}"
    if file is not None:
        hint += f", or put it in {file}"
    return ConfigError(f"there is no {part} for {name}", hint=hint + ".", provider=name)


def _read(file: Path) -> Mapping[str, Any]:
    try:
        with file.open("rb") as opened:
            mode = os.fstat(opened.fileno()).st_mode
            if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
                raise ConfigError(
                    f"others can read the keys in {file}", hint=f"Run: chmod 600 {_quoted(file)}"
                )
            content = opened.read()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConfigError(
            f"{file} cannot be read: {error.strerror}", hint="Look at its rights."
        ) from None
    document, wrong = _parsed(content)
    # Raised out here: the parser's own exceptions hold the whole text, keys and all.
    if wrong is not None:
        raise ConfigError(f"{file} is not JSON ({wrong})", hint="Correct it.")
    if not isinstance(document, dict):
        raise ConfigError(
            f"{file} is not a JSON object", hint='Write {"<provider>": "<key>"} into it.'
        )
    return document


def _parsed(content: bytes) -> tuple[Any, str | None]:
    """The JSON value, or what is wrong with it."""
    try:
        return json.loads(content.decode("utf-8-sig")), None
    except UnicodeDecodeError:
        return None, "not UTF-8 text"
    except json.JSONDecodeError as error:
        return None, f"line {error.lineno}, column {error.colno}"
    except RecursionError:
        return None, "nested too deeply"


def _quoted(file: Path) -> str:
    from shlex import quote

    return quote(str(file))
