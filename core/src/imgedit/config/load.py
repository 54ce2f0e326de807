"""`config.toml`: what the user has set once and for all."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from ..errors import ConfigError, UsageError
from ..ledger.budgets import Budget

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_WHOLE = re.compile(r"[0-9]{1,9}")
_CENTURY = 36_500  # days; a span before there were dates at all could not be subtracted
_DISTRIBUTION = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")


@frozen(kw_only=True)
class ProviderConfig:
    """`[providers.<name>]`.

    Attributes:
        base_url: replaces the manifest's whole; None = the manifest's.
        allow_insecure: whether it may be `http://` to another machine.
        api_key_command: part of the key → the program that prints it, with its arguments.
        rate: what a credit costs: the name of one of the manifest's rates, or "0.0012 USD".
        concurrency: how many edits run at once; limit: the seconds from one to the next ("20/min"
            in the file); burst: how many may be sent at once after a pause. All processes with
            the same journal share them. None = no limit.
    """

    base_url: str | None = None
    allow_insecure: bool = False
    api_key_command: Mapping[str, tuple[str, ...]] = field(factory=dict, repr=False)
    rate: str | None = None
    concurrency: int | None = None
    limit: float | None = None
    burst: int = 1


_DEFAULTS = ProviderConfig()


@frozen(kw_only=True)
class AddonsConfig:
    """`[addons]`.

    Attributes:
        required: distributions whose add-ons must work; without one of them nothing is edited.
    """

    required: tuple[str, ...] = ()


@frozen(kw_only=True)
class Config:
    """The settings; an empty file and no file at all mean the same.

    Attributes:
        provider: the one to use when none is named.
        journal: True = the usual file, False = none, or the file.
        proxy: the URL of an HTTP proxy for every request; it may hold a password.
        providers: by name.
        addons: which of them must be there.
        budgets: what may be spent; timezone: in which days and months begin, None = UTC.
        retention: days after which finished jobs are forgotten, None = never.
        keep_prompts: whether finished jobs keep what the user wrote.
        file: where they were read, None = nowhere.
    """

    provider: str | None = None
    journal: Path | bool = True
    proxy: str | None = field(default=None, repr=False)
    providers: Mapping[str, ProviderConfig] = field(factory=dict)
    addons: AddonsConfig = field(factory=AddonsConfig)
    budgets: tuple[Budget, ...] = ()
    timezone: ZoneInfo | None = None
    retention: float | None = None
    keep_prompts: bool = True
    file: Path | None = None

    def of(self, provider: str) -> ProviderConfig:
        """The settings of one provider, the defaults when there are none."""
        return self.providers.get(provider, _DEFAULTS)


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
        "addons": _addons,
        "budgets": _budgets,
        "timezone": _timezone,
        "retention": _retention,
        "keep_prompts": _flag,
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


def _label(table: _Table, key: str) -> str:
    return "" if table.values[key] == "" else _text(table, key)


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


def _addons(table: _Table, key: str) -> AddonsConfig:
    value = table.values[key]
    if not isinstance(value, dict):
        raise table.wrong(key, f"a table: write [{key}]")
    rows = _Table(value, f"{table.at}{key}.", table.file)
    return AddonsConfig(**rows.read({"required": _distributions}))


def _distributions(table: _Table, key: str) -> tuple[str, ...]:
    value = table.values[key]
    texts = isinstance(value, list) and all(isinstance(one, str) for one in value)
    if not texts or not all(map(_DISTRIBUTION.fullmatch, value)):
        raise table.wrong(key, 'a list of distributions: ["imgedit-policy"]')
    return tuple(value)


def _count(table: _Table, key: str) -> int:
    value = table.values[key]
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise table.wrong(key, "a whole number, 1 or more")
    return value


def _interval(table: _Table, key: str) -> float:
    """Seconds from one edit to the next, from so many per second, minute, hour or day."""
    many, _, unit = _text(table, key).partition("/")
    seconds = _SPANS.get(unit.strip())
    if seconds is None or not _WHOLE.fullmatch(many.strip()) or int(many) < 1:
        raise table.wrong(key, 'a number per time: "20/min", "2/s", "500/h" or "1000/d"')
    return seconds / int(many)


def _retention(table: _Table, key: str) -> float:
    """Days."""
    days = read_days(_text(table, key))
    if days is None:
        raise table.wrong(key, 'a time: "30d", "12h"')
    return days


def read_days(text: str) -> float | None:
    """A span of time like "30d" or "12h" in days, a century at most; None = it is none."""
    number, unit = text.strip()[:-1], text.strip()[-1:]
    if not _WHOLE.fullmatch(number) or unit not in ("d", "h"):
        return None
    days = int(number) if unit == "d" else int(number) / 24
    return days if days <= _CENTURY else None


def _timezone(table: _Table, key: str) -> ZoneInfo:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(_text(table, key))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise table.wrong(key, 'the name of a time zone, like "Europe/Berlin"') from None


def _budgets(table: _Table, key: str) -> tuple[Budget, ...]:
    value = table.values[key]
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise table.wrong(key, f"a list of tables: write [[{key}]]")
    found = []
    for number, settings in enumerate(value, 1):
        inner = _Table(settings, f"{key}[{number}].", table.file)
        given = inner.read(_BUDGET)
        if "amount" not in given:
            raise inner.wrong("amount", "there; it says how much may be spent")
        try:
            found.append(Budget(**given))
        except UsageError as error:
            raise ConfigError(
                f"{table.file}: {key}[{number}]: {error.message}", hint="Correct that line."
            ) from None
    return tuple(found)


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


_SPANS: Mapping[str, float] = {"s": 1, "sec": 1, "min": 60, "h": 3600, "d": 86400}
_BUDGET: Mapping[str, Callable[[_Table, str], Any]] = {
    "amount": _text,
    "per": _text,
    "provider": _provider,
    "label": _label,
    "allow_unknown": _flag,
}
_PROVIDER: Mapping[str, Callable[[_Table, str], Any]] = {
    "base_url": _text,
    "allow_insecure": _flag,
    "api_key_command": _command,
    "rate": _text,
    "concurrency": _count,
    "limit": _interval,
    "burst": _count,
}
