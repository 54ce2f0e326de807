"""Where things lie, what the user has set, and the keys.

`Client()` reads its arguments and environment variables only; `Client.from_config()` and the
command line read the file too.
"""

from __future__ import annotations

from .base_url import base_url_for
from .keys import Secrets, find_key, key_variables
from .load import Config, ProviderConfig, load_config
from .paths import Paths

__all__ = [
    "Config",
    "Paths",
    "ProviderConfig",
    "Secrets",
    "base_url_for",
    "find_key",
    "key_variables",
    "load_config",
]
