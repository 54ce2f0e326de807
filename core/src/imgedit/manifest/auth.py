"""Keys: which environment variables hold them, and what they become on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .read import Manifest


def key_names(manifest: Manifest) -> dict[str, tuple[str, ...]]:
    """Each part of the credentials and the environment variables that may hold it, in order.

    The usual single part is called "key". {} = the provider needs no key. Where the vendor names
    no variable it is <NAME>_API_KEY.
    """
    if manifest.auth is None:
        return {}
    from ..config.keys import key_variables

    return key_variables(manifest.auth.get("env"), manifest.name)


def auth_headers(manifest: Manifest, keys: Mapping[str, str]) -> dict[str, str]:
    """The headers that carry the credentials; `keys` has a value for each part.

    Raises:
        KeyError: a part is missing.
    """
    auth = manifest.auth
    if auth is None:
        return {}
    if "basic" in auth:
        return {"Authorization": f"Basic {_token(auth['basic'], keys)}"}
    return {auth["header"]: _fill(auth["value"], keys)}


def _token(halves: list[str], keys: Mapping[str, str]) -> str:
    from base64 import b64encode

    return b64encode(":".join(_fill(half, keys) for half in halves).encode()).decode()


def _fill(template: str, keys: Mapping[str, str]) -> str:
    # One pass, so that a key that holds "{key}" is not filled again.
    import re

    return re.sub(r"\{([a-z][a-z0-9_]*)\}", lambda match: keys[match[1]], template)
