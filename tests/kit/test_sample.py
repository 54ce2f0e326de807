"""The good sample passes every standard test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from acme_tests import AcmeTests

from imgedit.testing.kit.subject import Subject


class TestAcme(AcmeTests):
    @pytest.fixture(scope="class")
    @classmethod
    def subject(cls, installed: None) -> Iterator[Subject]:
        with Subject(cls()).in_place() as subject:
            yield subject
