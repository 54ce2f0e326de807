"""Where things lie, what the user has set, and the keys.

`Client()` reads its arguments and environment variables only; `Client.from_config()` and the
command line add the file, `api_key_command` and the system's keyring.
"""

from __future__ import annotations

from .base_url import base_url_for
from .keys import KeyOrigin, Secrets, check_key, find_key, find_origins, key_variables
from .load import AddonsConfig, Config, ProviderConfig, load_config
from .paths import Paths

__all__ = [
    "AddonsConfig",
    "Config",
    "KeyOrigin",
    "Paths",
    "ProviderConfig",
    "Secrets",
    "base_url_for",
    "check_key",
    "find_key",
    "find_origins",
    "key_variables",
    "load_config",
]
