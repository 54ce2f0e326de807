"""The good sample passes every standard test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from acme_tests import AcmeTests

from imgedit.testing.kit.subject import Subject


class TestAcme(AcmeTests):
    @pytest.fixture
    def subject(self, install: Callable[..., Path]) -> Iterator[Subject]:
        install()
        with Subject(self).in_place() as subject:
            yield subject
