"""A provider's key on its way into a header, and out of every text."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn
from urllib.parse import quote, quote_plus

from ..errors import ConfigError

MASK = "***"
_PLACE = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_SHORTEST = 4  # a shorter secret would blank out parts of ordinary words


class Credentials:
    """Headers that prove who we are; without arguments there are none.

    It never shows a key: `repr` says which headers it sets. `mask` takes every form of the key
    out of a text.

    Args:
        headers: name → value, as they go out.
        values: the keys themselves.
    """

    __slots__ = ("_headers", "_secrets")

    def __init__(
        self, headers: Mapping[str, str] | None = None, values: Sequence[str] = ()
    ) -> None:
        self._headers = dict(headers or {})
        found: set[str] = set()
        for value in (*values, *self._headers.values()):
            found |= _forms(value)
            found |= _forms(value.partition(" ")[2])
        self._secrets = tuple(
            sorted((form for form in found if len(form) >= _SHORTEST), key=len, reverse=True)
        )

    @classmethod
    def from_manifest(
        cls,
        auth: Mapping[str, Any] | None,
        keys: str | Mapping[str, str] | None = None,
        environ: Mapping[str, str] | None = None,
        *,
        provider: str = "",
    ) -> Credentials:
        """Make them from the manifest's `auth` block.

        `auth` holds `env` (a list of variables, the first that is set wins, or part → variable)
        and either `header` with `value` ("Bearer {key}") or `basic` ("{user}", "{password}").
        None = the provider needs no key.

        Args:
            auth: the block.
            keys: the key itself, or part → value; these win over the environment.
            environ: the environment's variables.
            provider: its name, for messages.

        Raises:
            ConfigError: a key is missing, or cannot stand in a header. The variable is named,
                the value is not.
        """
        if not auth:
            return cls()
        env = auth.get("env", ())
        if isinstance(env, str):
            env = [env]
        parts = env if isinstance(env, Mapping) else {"key": env}
        given = {"key": keys} if isinstance(keys, str) else dict(keys or {})
        values = {
            part: _value(part, names, given, environ or {}, provider)
            for part, names in parts.items()
        }
        if "basic" in auth:
            user, password = (_fill(text, values, provider) for text in auth["basic"])
            token = b64encode(f"{user}:{password}".encode()).decode()
            return cls({"Authorization": f"Basic {token}"}, [*values.values()])
        header = auth.get("header", "Authorization")
        return cls({header: _fill(auth["value"], values, provider)}, [*values.values()])

    def headers(self) -> dict[str, str]:
        """The headers as they go out."""
        return dict(self._headers)

    def masked(self) -> dict[str, str]:
        """The headers to show: the scheme ("Bearer") stays, the rest is masked."""
        return {
            name: f"{value.split(' ')[0]} {MASK}" if " " in value else MASK
            for name, value in self._headers.items()
        }

    def secrets(self) -> tuple[str, ...]:
        """Every form in which a key may turn up in a text, the longest first."""
        return self._secrets

    def mask(self, text: str) -> str:
        """The text without any form of a key."""
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        return text

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._headers)

    def __eq__(self, other: object) -> bool:
        """Equal when the same headers go out."""
        return isinstance(other, Credentials) and self._headers == other._headers

    def __hash__(self) -> int:
        return hash(tuple(sorted(self._headers.items())))

    def __repr__(self) -> str:
        return f"Credentials({', '.join(f'{name}: {MASK}' for name in self._headers)})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("credentials are not pickled")


def _forms(value: str) -> set[str]:
    if not value:
        return set()
    raw = value.encode()
    encoded = b64encode(raw).decode()
    return {
        value,
        quote(value),
        quote(value, safe=""),
        quote_plus(value),
        json.dumps(value)[1:-1],
        repr(value)[1:-1],
        encoded,
        encoded.rstrip("="),
        encoded.rstrip("=").replace("+", "-").replace("/", "_"),
    }


def _value(
    part: str,
    names: str | Sequence[str],
    given: Mapping[str, str],
    environ: Mapping[str, str],
    provider: str,
) -> str:
    names = [names] if isinstance(names, str) else list(names)
    whose = f" of {provider}" if provider else ""
    what = "the key" if part == "key" else f"{part!r}"
    if part in given:
        return _checked(given[part], f"{what}{whose}", names)
    for name in names:
        if name in environ:
            return _checked(environ[name], name, names)
    raise ConfigError(
        f"{what}{whose} is not set",
        hint=f"Set {' or '.join(names)}." if names else "Give it to the client.",
    )


def _checked(value: Any, where: str, names: Sequence[str]) -> str:
    wrong = None
    if not isinstance(value, str):
        wrong = "is not text"
    elif not value.strip():
        wrong = "is empty"
    elif "\n" in value or "\r" in value:
        wrong = "holds a line break"
    elif value != value.strip():
        wrong = "begins or ends with a blank"
    elif any(ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0 for character in value):
        wrong = "holds a control character"
    elif any(ord(character) > 0xFF for character in value):
        wrong = "holds a character that a key cannot have"
    if wrong:
        hint = f"Set {' or '.join(names)} to the key alone." if names else None
        raise ConfigError(f"{where} {wrong}", hint=hint) from None
    return str(value)


def _fill(template: str, values: Mapping[str, str], provider: str) -> str:
    def part(match: re.Match[str]) -> str:
        if match[1] not in values:
            raise ConfigError(f"the manifest of {provider} names no part {match[1]!r} of the key")
        return values[match[1]]

    return _PLACE.sub(part, template)
