"""Where a provider's API is reached."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import urlsplit

from ..errors import ConfigError
from .load import Config

_NOTHING_SET = Config()
_HIDDEN = re.compile(r"%2e|%2f|%5c", re.IGNORECASE)


def base_url_for(
    name: str,
    manifest_base_url: str | None,
    *,
    environ: Mapping[str, str] | None = None,
    config: Config | None = None,
    allow_insecure: bool = False,
) -> str | None:
    """The base URL of a provider, without a slash at its end; paths are added to it as they are.

    `IMGEDIT_<NAME>_BASE_URL` goes before the configuration's, that before the manifest's; each
    replaces the next one whole. None = this provider needs no network.

    Raises:
        ConfigError: it is no URL for this, or it is `http://` to another machine and neither
            `allow_insecure` nor the provider's setting of that name permits it.
    """
    variable = f"IMGEDIT_{name.upper()}_BASE_URL"
    config = config or _NOTHING_SET
    own = config.of(name)
    from_environ = (os.environ if environ is None else environ).get(variable)
    if from_environ:
        url, where = from_environ, variable
    elif own.base_url is not None:
        url, where = own.base_url, f"base_url of [providers.{name}] in {config.file}"
    elif manifest_base_url is not None:
        url, where = manifest_base_url, f"the base_url of {name}'s manifest"
    else:
        return None
    return _checked(url, where, insecure=allow_insecure or own.allow_insecure)


@lru_cache(maxsize=64)
def _checked(url: str, where: str, *, insecure: bool) -> str:
    # The URL itself is not shown: what makes it wrong may be a password in it.
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise _wrong(where, "holds a space, a line break or another character no URL has")
    try:
        parts = urlsplit(url)
        port_is_fine = parts.port != 0
    except ValueError:
        raise _wrong(where, "is not a URL") from None
    host = parts.hostname
    if parts.scheme not in ("http", "https") or not host or not port_is_fine:
        raise _wrong(where, "is not a URL that begins with https://")
    if "@" in parts.netloc:
        raise _wrong(where, "holds a user name or a password")
    if "?" in url or "#" in url:
        raise _wrong(where, "holds a query or a fragment")
    path = parts.path.removesuffix("/")
    steps = path.split("/")[1:]
    if any(step in ("", ".", "..") for step in steps) or _HIDDEN.search(path):
        raise _wrong(where, "holds an empty step, '.' or '..' in its path")
    if parts.scheme == "http" and not insecure and not _is_this_machine(host):
        raise ConfigError(
            f"{where} is http:// to {host}: key and picture would go unencrypted",
            hint="Use https://, or set allow_insecure = true for this provider in config.toml.",
        )
    return f"{parts.scheme}://{parts.netloc}{path}"


def _wrong(where: str, what: str) -> ConfigError:
    return ConfigError(f"{where} {what}", hint="Give it as https://host or https://host/path.")


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    from ipaddress import ip_address

    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
