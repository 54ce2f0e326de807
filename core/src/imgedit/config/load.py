"""`config.toml`: what the user has set once and for all."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from attrs import field, frozen

from ..errors import ConfigError

_NAME = re.compile(r"[a-z][a-z0-9_]*")


@frozen(kw_only=True)
class ProviderConfig:
    """`[providers.<name>]`.

    Attributes:
        base_url: replaces the manifest's whole; None = the manifest's.
        allow_insecure: whether it may be `http://` to another machine.
        api_key_command: part of the key → the program that prints it, with its arguments.
        rate: what a credit costs: the name of one of the manifest's rates, or "0.0012 USD".
    """

    base_url: str | None = None
    allow_insecure: bool = False
    api_key_command: Mapping[str, tuple[str, ...]] = field(factory=dict, repr=False)
    rate: str | None = None


@frozen(kw_only=True)
class Config:
    """The settings; an empty file and no file at all mean the same.

    Attributes:
        provider: the one to use when none is named.
        journal: True = the usual file, False = none, or the file.
        proxy: the URL of an HTTP proxy for every request; it may hold a password.
        providers: by name.
        file: where they were read, None = nowhere.
    """

    provider: str | None = None
    journal: Path | bool = True
    proxy: str | None = field(default=None, repr=False)
    providers: Mapping[str, ProviderConfig] = field(factory=dict)
    file: Path | None = None

    def of(self, provider: str) -> ProviderConfig:
        """The settings of one provider, the defaults when there are none."""
        return self.providers.get(provider) or ProviderConfig()


def load_config(file: Path) -> Config:
    """Read a `config.toml`; a file that is not there gives the defaults.

    Raises:
        ConfigError: it cannot be read, is not TOML (with the line), or holds an unknown key or
            a value of a wrong type; the file is named, values that may be secret are not shown.
    """
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return Config()
    except UnicodeDecodeError:
        raise ConfigError(f"{file} is not UTF-8 text", hint="Save it as UTF-8.") from None
    except OSError as error:
        raise ConfigError(
            f"{file} cannot be read: {error.strerror}", hint="Look at its rights."
        ) from None
    document, wrong = _parsed(text)
    # Raised out here: the parser's own exception may hold the whole text, a proxy's password too.
    if wrong is not None:
        raise ConfigError(f"{file} is not TOML: {wrong}", hint="Correct that line.")
    table = _Table(document, "", file)
    readers: Mapping[str, Callable[[_Table, str], Any]] = {
        "provider": _provider,
        "journal": _journal,
        "proxy": _proxy,
        "providers": _providers,
    }
    return Config(**table.read(readers), file=file)


def _parsed(text: str) -> tuple[dict[str, Any], str | None]:
    """The document, or what is wrong with it, with the line."""
    import tomllib

    try:
        return tomllib.loads(text), None
    except tomllib.TOMLDecodeError as error:
        return {}, str(error)
    except RecursionError:
        return {}, "nested too deeply"


@frozen
class _Table:
    values: Mapping[str, Any]
    at: str
    file: Path

    def read(self, readers: Mapping[str, Callable[[_Table, str], Any]]) -> dict[str, Any]:
        for key in self.values:
            if key not in readers:
                raise self.unknown(key, tuple(readers))
        return {key: readers[key](self, key) for key in self.values}

    def unknown(self, key: str, known: tuple[str, ...]) -> ConfigError:
        from difflib import get_close_matches

        near = get_close_matches(key.lower(), known, 1, 0.5)
        hint = f"Did you mean {near[0]}?" if near else f"Known are: {', '.join(known)}."
        return ConfigError(f"{self.file}: there is no setting {self.at + key!r}", hint=hint)

    def wrong(self, key: str, what: str) -> ConfigError:
        return ConfigError(f"{self.file}: {self.at}{key} is not {what}", hint="Correct that line.")


def _text(table: _Table, key: str) -> str:
    value = table.values[key]
    if not isinstance(value, str) or not value.strip():
        raise table.wrong(key, "a text in quotes")
    return value


def _flag(table: _Table, key: str) -> bool:
    value = table.values[key]
    if not isinstance(value, bool):
        raise table.wrong(key, "true or false")
    return value


def _name(table: _Table, key: str, value: str) -> str:
    if not _NAME.fullmatch(value):
        raise table.wrong(key, "the name of a provider (small letters and digits)")
    return value


def _provider(table: _Table, key: str) -> str:
    return _name(table, key, _text(table, key))


def _journal(table: _Table, key: str) -> Path | bool:
    value = table.values[key]
    if isinstance(value, bool):
        return value
    if not isinstance(value, str) or not value.strip():
        raise table.wrong(key, "false, or the path of a file in quotes")
    try:
        return table.file.parent.absolute() / Path(value).expanduser()
    except RuntimeError:
        raise table.wrong(key, "a path: there is no such home folder") from None


def _proxy(table: _Table, key: str) -> str:
    from urllib.parse import urlsplit

    value = _text(table, key)
    try:
        parts = urlsplit(value)
        port_is_fine = parts.port != 0
    except ValueError:
        port_is_fine = False
    if not port_is_fine or parts.scheme not in ("http", "https") or not parts.hostname:
        raise table.wrong(key, "the URL of a proxy (http://host:port)")
    return value


def _providers(table: _Table, key: str) -> dict[str, ProviderConfig]:
    value = table.values[key]
    if not isinstance(value, dict):
        raise table.wrong(key, "a table: write [providers.<name>]")
    found: dict[str, ProviderConfig] = {}
    for name, settings in value.items():
        inner = f"{table.at}{key}."
        if not isinstance(settings, dict):
            raise table.wrong(f"{key}.{name}", f"a table: write [{inner}<name>]")
        _name(table, f"{key}.{name}", name)
        rows = _Table(settings, f"{inner}{name}.", table.file)
        found[name] = ProviderConfig(**rows.read(_PROVIDER))
    return found


def _command(table: _Table, key: str) -> dict[str, tuple[str, ...]]:
    value = table.values[key]
    parts = value if isinstance(value, dict) else {"key": value}
    for words in parts.values():
        texts = isinstance(words, list) and all(isinstance(word, str) for word in words)
        if not texts or not words:
            raise table.wrong(key, 'a list of texts: ["program", "argument"]')
        if not words[0].strip():
            raise table.wrong(key, "a list that begins with a program")
    return {part: tuple(words) for part, words in parts.items()}


_PROVIDER: Mapping[str, Callable[[_Table, str], Any]] = {
    "base_url": _text,
    "allow_insecure": _flag,
    "api_key_command": _command,
    "rate": _text,
}
