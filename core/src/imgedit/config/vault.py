"""The system's keyring, through the package `keyring` (the extra `[keyring]`).

Machines without a desktop often have none, so everything here may find nothing; what it finds
wrong is said in words and never raised.
"""

from __future__ import annotations

import importlib
import logging
from typing import Any

logger = logging.getLogger("imgedit.config")

SERVICE = "imgedit"
"""Under which name keys lie in the keyring; the user name is the provider's."""


def read(provider: str, part: str) -> str | None:
    """One part of a provider's key, None when it is not there."""
    keyring = _keyring()
    if isinstance(keyring, str):
        return None
    try:
        value = keyring.get_password(SERVICE, _user(provider, part))
    except Exception as error:  # backends raise what they like
        if not isinstance(error, keyring.errors.NoKeyringError):
            logger.warning("The system keyring cannot be read (%s).", type(error).__name__)
        return None
    return value if isinstance(value, str) else None


def store(provider: str, part: str, value: str) -> str | None:
    """Put one part of a key there; returns why that was not possible, None = it is there."""
    keyring = _keyring()
    if isinstance(keyring, str):
        return keyring
    try:
        keyring.set_password(SERVICE, _user(provider, part), value)
    except keyring.errors.NoKeyringError:
        return "this system has no keyring"
    except Exception as error:
        return f"the system keyring did not take it ({type(error).__name__})"
    # A backend that is switched off takes everything and keeps nothing.
    return None if read(provider, part) == value else "the system keyring is switched off"


def remove(provider: str, part: str) -> bool:
    """Take one part of a key out; whether there was one."""
    keyring = _keyring()
    if isinstance(keyring, str) or read(provider, part) is None:
        return False
    try:
        keyring.delete_password(SERVICE, _user(provider, part))
    except Exception as error:
        logger.warning(
            "The key cannot be taken out of the system keyring (%s).", type(error).__name__
        )
        return False
    return True


def _keyring() -> Any:
    """The package, or why there is none."""
    try:
        package = importlib.import_module("keyring")
        importlib.import_module("keyring.errors")
    except ImportError:
        return "the package keyring is not installed (imgedit-core[keyring] brings it)"
    except Exception as error:
        return f"the package keyring does not work ({type(error).__name__})"
    return package


def _user(provider: str, part: str) -> str:
    return provider if part == "key" else f"{provider}/{part}"
