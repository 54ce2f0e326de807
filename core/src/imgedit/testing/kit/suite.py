"""`ProviderTests`: what a plugin's own test file subclasses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from .answers import ErrorAnswer
from .checks import Checks
from .subject import Subject


class ProviderTests(Checks):
    """The proof that a provider is right; subclass it in a file of pytest.

    ::

        class TestAcme(ProviderTests):
            provider = "acme"
            request = {"prompt": "make it warmer", "n": 2}
            answers = {
                "upload": {"handle": "h-1"},
                "submit": {"id": "7"},
                "poll": [{"state": "busy"}, "done.json"],       # tests/data/done.json
            }
            errors = (
                ErrorAnswer((401, {"error": "bad key"}), "AuthenticationError"),
                ErrorAnswer((200, {"state": "failed"}), "JobFailed", purpose="poll"),
            )

    Every test is one that any provider must pass; what the manifest or the recorded answers do not
    have is skipped. A test that cannot hold for a vendor is overridden with its reason::

            @pytest.mark.xfail(reason="Acme sends the price as a float", strict=True)
            def test_the_cost_is_what_the_vendor_says(self, subject):
                super().test_the_cost_is_what_the_vendor_says(subject)

    Attributes:
        provider: the entry point's name.
        level: which tests count; a newer kit's tests of a higher level only warn until it is
            raised. `imgedit.testing.kit.standard.LEVEL` is the newest.
        request: fields of a good `EditRequest`; `image` and `mask` as a path or bytes. Left out:
            a PNG of 512 x 384 pixels, "make it warmer", the default model.
        answers: purpose → the vendor's recorded answer, or a list of them in their order; the last
            one repeats. An answer is a dict (JSON), bytes, the name of a file in `data`, an
            `Answer`, (status, body), or a function of the request (`Received`) that gives one of
            these. `PICTURE` stands for a picture.
        data: the folder of recorded answers; None = `data` beside the test file.
        errors: what the vendor's errors look like and mean.
        sends: purpose → the JSON body (or form) of the good request as the vendor's page shows it;
            "{image}", "{mask}" and "{reference}" stand for a picture's bytes.
        cost: what the recorded answers say that the good request cost.
        pictures: how many pictures the recorded answers hold; None = as many as the request asks.
        free: the ids of models that really cost nothing.
        prompts: prompts that it understands, when it does not take any text.
        examples: how many requests are drawn for a test.
    """

    provider: ClassVar[str] = ""
    level = 1
    request: ClassVar[Mapping[str, Any]] = {}
    answers: ClassVar[Mapping[str, Any]] = {}
    data: ClassVar[Path | str | None] = None
    errors: ClassVar[Sequence[ErrorAnswer]] = ()
    sends: ClassVar[Mapping[str, Any]] = {}
    cost: ClassVar[str | int | None] = None
    pictures: ClassVar[int | None] = None
    free: ClassVar[Sequence[str]] = ()
    prompts: ClassVar[Sequence[str]] = ()
    examples: ClassVar[int] = 25

    @pytest.fixture(scope="class")
    @classmethod
    def subject(cls) -> Iterator[Subject]:
        """The provider, loaded once for all tests of the class."""
        with Subject(cls()).in_place() as subject:
            yield subject
