"""A provider's key: where it is looked for, in which order, and what cannot be one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal

from attrs import define, frozen

from ..errors import ConfigError
from . import vault
from .command import ask_command
from .keyfile import read_keys

Source = Literal["given", "environment", "command", "keyring", "file"]
_NOTHING: Final = object()


class Secrets(dict[str, str]):
    """Part ("key", "project") → value; shows the parts, never the values."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<Secrets: {', '.join(self)}>"

    __str__ = __repr__


@frozen(kw_only=True)
class KeyOrigin:
    """Where one part of a provider's key comes from; never the key.

    Attributes:
        provider, part: whose, and which ("key" when there is only one).
        variables: the environment variables that may hold it.
        source: "environment", "command", "keyring" or "file"; None = it is nowhere.
        where: the variable, the program or the file.
        problem: why what is there cannot be used, or None.
    """

    provider: str
    part: str
    variables: tuple[str, ...]
    source: Source | None = None
    where: str | None = None
    problem: str | None = None


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
    command: Mapping[str, Sequence[str]] | None = None,
    keyring: bool = False,
    file: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> Secrets:
    """Every part of a provider's key; the first place that has a part counts.

    The order is `explicit` (a text is the part "key"), the environment (see `key_variables`; an
    empty variable counts as not set), `command` (part → program), the system's keyring, `file`:
    a JSON object of provider → text or {part: text}, which only its owner may read.

    Raises:
        ConfigError: a part is nowhere, a value cannot be a key (blank, a line break, spaces
            around it), the program fails, or the file cannot be used. No message holds a value.
    """
    search = _Search(name, env, explicit, command, keyring, file, environ)
    found = Secrets()
    for part, names in search.variables.items():
        for place in search.places(part):
            value = place.read()
            if value is not _NOTHING:
                found[part] = check_key(value, place.what)
                break
        else:
            raise _missing(part, names, search)
    return found


def find_origins(
    env: Sequence[str] | Mapping[str, str | Sequence[str]] | str | None,
    name: str,
    *,
    command: Mapping[str, Sequence[str]] | None = None,
    keyring: bool = False,
    file: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> list[KeyOrigin]:
    """Where each part of a provider's key comes from, as `find_key` would take it.

    A program is not run to find out: it counts as having the key.
    """
    search = _Search(name, env, None, command, keyring, file, environ)
    return [_origin(search, part) for part in search.variables]


def _origin(search: _Search, part: str) -> KeyOrigin:
    facts: dict[str, Any] = {
        "provider": search.name, "part": part, "variables": search.variables[part],
    }  # fmt: skip
    place: _Place | None = None
    try:
        for place in search.places(part):
            if place.source == "command":
                return KeyOrigin(**facts, source="command", where=place.where)
            value = place.read()
            if value is not _NOTHING:
                check_key(value, place.what)
                return KeyOrigin(**facts, source=place.source, where=place.where)
    except ConfigError as error:
        if place is not None:
            facts |= {"source": place.source, "where": place.where}
        return KeyOrigin(**facts, problem=error.message)
    return KeyOrigin(**facts)


@frozen
class _Place:
    """One place that may hold one part; `what` names the value there, for messages."""

    source: Source
    where: str | None
    what: str
    read: Callable[[], Any]


@define(slots=False)
class _Search:
    name: str
    env: Any
    explicit: Any
    command: Mapping[str, Sequence[str]] | None
    keyring: bool
    file: Path | None
    _environ: Mapping[str, str] | None

    @cached_property
    def variables(self) -> dict[str, tuple[str, ...]]:
        return key_variables(self.env, self.name)

    @cached_property
    def environ(self) -> Mapping[str, str]:
        return os.environ if self._environ is None else self._environ

    @cached_property
    def given(self) -> Mapping[str, Any]:
        return self._parts(self.explicit, f"the key given for {self.name}")

    @cached_property
    def commands(self) -> Mapping[str, Sequence[str]]:
        return self._parts(self.command or None, f"api_key_command of {self.name}")

    @cached_property
    def stored(self) -> Mapping[str, Any]:
        entry = None if self.file is None else read_keys(self.file).get(self.name)
        return self._parts(entry, f"the entry for {self.name} in {self.file}")

    def places(self, part: str) -> Iterator[_Place]:
        """In the order in which they count."""
        name = self.name
        whose = f"the {part} of {name}"
        given = self.given
        yield _Place(
            "given", None, f"the {part} given for {name}", lambda: given.get(part, _NOTHING)
        )
        for variable in self.variables[part]:
            if value := self.environ.get(variable):
                yield _Place(
                    "environment",
                    variable,
                    f"the environment variable {variable}",
                    lambda value=value: value,  # type: ignore[misc]
                )
        if command := self.commands.get(part):
            what = f"what {command[0]} printed for {whose}"
            yield _Place("command", command[0], what, lambda: ask_command(command, whose))
        if self.keyring:
            yield _Place(
                "keyring",
                None,
                f"{whose} in the system keyring",
                lambda: _NOTHING if (kept := vault.read(name, part)) is None else kept,
            )
        if self.file is not None:
            yield _Place(
                "file",
                str(self.file),
                f"{whose} in {self.file}",
                lambda: self.stored.get(part, _NOTHING),
            )

    def _parts(self, value: Any, what: str) -> Mapping[str, Any]:
        if value is None:
            return {}
        parts = value if isinstance(value, Mapping) else {"key": value}
        for part in parts:
            if part not in self.variables:
                raise ConfigError(
                    f"{what} has a part {part!r} that {self.name} does not take",
                    hint=f"Its parts are: {', '.join(self.variables)}.",
                )
        return parts


def check_key(value: Any, what: str) -> str:
    """The value as it is; nothing is stripped in silence.

    Raises:
        ConfigError: it cannot be a key. `what` names it in the message, which does not hold it.
    """
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
    elif any(ord(character) > 0xFF for character in value):
        wrong = "holds a character that a header cannot carry"
    else:
        return value
    raise ConfigError(f"{what} {wrong}", hint="Copy the key again, without anything around it.")


def _names(names: Sequence[str] | str | None) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names or ())


def _missing(part: str, names: tuple[str, ...], search: _Search) -> ConfigError:
    variables = " or ".join(names)
    empty = " (it is set, but empty)" if any(one in search.environ for one in names) else ""
    hint = f"Set the environment variable {variables}{empty}"
    if search.file is not None:
        option = "" if part == "key" else f" --part {part}"
        hint += f", or run: imgedit keys set {search.name}{option}"
    name = search.name
    return ConfigError(f"there is no {part} for {name}", hint=hint + ".", provider=name)
