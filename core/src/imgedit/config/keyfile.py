"""`keys.json`: keys in a file that only its owner may read."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import ConfigError


def read_keys(file: Path) -> dict[str, Any]:
    """Provider → key, or → {part: value}; {} when there is no file.

    Raises:
        ConfigError: others may read it, or it is not a JSON object. No message holds a value.
    """
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


def store_key(file: Path, provider: str, part: str, value: str) -> None:
    """Write one part of a provider's key; the others stay.

    Raises:
        ConfigError: the file cannot be used as it is, or not be written.
    """
    document = read_keys(file)
    parts = {**_parts(document.get(provider)), part: value}
    document[provider] = value if set(parts) == {"key"} else parts
    _write(file, document)


def remove_key(file: Path, provider: str, part: str | None = None) -> tuple[str, ...]:
    """Take one part of a provider's key, or all of it, out of the file; the parts that were there.

    Raises:
        ConfigError: as `store_key`.
    """
    document = read_keys(file)
    parts = _parts(document.get(provider))
    gone = tuple(parts) if part is None else (part,) * (part in parts)
    if gone:
        left = {name: value for name, value in parts.items() if name not in gone}
        if left:
            document[provider] = left
        else:
            del document[provider]
        _write(file, document)
    return gone


def _parts(entry: Any) -> Mapping[str, Any]:
    if entry is None:
        return {}
    return entry if isinstance(entry, Mapping) else {"key": entry}


def _write(file: Path, document: Mapping[str, Any]) -> None:
    """Replace the file in one step; at no moment can others read it."""
    from ..files import write_private

    target = Path(os.path.realpath(file))  # a link stays a link
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(target, text.encode())
    except OSError as error:
        raise ConfigError(
            f"{file} cannot be written: {error.strerror or error}", hint="Look at its rights."
        ) from None


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
