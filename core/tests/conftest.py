"""A system keyring to use, in the place of the machine's own."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest


class NoKeyringError(RuntimeError):
    """As keyring raises it where there is none."""


class Keyring(ModuleType):
    """What imgedit uses of the package keyring; `wrong` is raised by everything."""

    def __init__(self) -> None:
        super().__init__("keyring")
        self.errors = ModuleType("keyring.errors")
        self.errors.NoKeyringError = NoKeyringError  # type: ignore[attr-defined]
        self.kept: dict[tuple[str, str], str] = {}
        self.wrong: Exception | None = None
        self.forgets = False

    def get_password(self, service: str, user: str) -> str | None:
        self._check()
        return self.kept.get((service, user))

    def set_password(self, service: str, user: str, value: str) -> None:
        self._check()
        if not self.forgets:
            self.kept[service, user] = value

    def delete_password(self, service: str, user: str) -> None:
        self._check()
        del self.kept[service, user]

    def _check(self) -> None:
        if self.wrong is not None:
            raise self.wrong


@pytest.fixture
def keyring(monkeypatch: pytest.MonkeyPatch) -> Keyring:
    """An empty keyring."""
    made = Keyring()
    monkeypatch.setitem(sys.modules, "keyring", made)
    monkeypatch.setitem(sys.modules, "keyring.errors", made.errors)
    return made


@pytest.fixture
def no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    """The package keyring is not installed."""
    monkeypatch.setitem(sys.modules, "keyring", None)
