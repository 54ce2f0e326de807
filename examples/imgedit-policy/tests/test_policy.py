"""The policy around a provider: the fake one of imgedit's tests."""

from __future__ import annotations

import logging

import pytest

import imgedit
from imgedit.testing import fake, png


@pytest.mark.parametrize(
    ("prompt", "phrase"),
    (
        ("put the Minister in a bath", "minister"),
        ("REMOVE THE WATERMARK, please", "remove the watermark"),
    ),
)
def test_it_refuses_and_nothing_is_charged(prompt: str, phrase: str) -> None:
    with fake(), pytest.raises(imgedit.ValidationError) as caught:
        imgedit.edit(png(), prompt, provider="fake")
    (problem,) = caught.value.problems
    assert (problem.path, problem.code) == ("/prompt", "policy")
    assert repr(phrase) in problem.message
    assert caught.value.charged == "no"


def test_it_lets_the_rest_pass_and_logs(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "imgedit_policy")
    with fake():
        result = imgedit.edit(png(), "an administered garden", provider="fake")
    assert result.images
    assert f"edit {result.job_id} was done by fake" in caplog.text
