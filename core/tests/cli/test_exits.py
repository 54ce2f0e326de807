"""Which exit code a failure has."""

from __future__ import annotations

import pytest

from imgedit import errors
from imgedit.cli.exits import InternalError, Interrupted, exit_code

CODES = {
    "UsageError": 2,
    "ConfigError": 2,
    "ValidationError": 2,
    "UnknownProvider": 2,
    "AuthenticationError": 3,
    "PermissionDenied": 3,
    "BudgetExceeded": 4,
    "InsufficientCredits": 4,
    "ContentRejected": 5,
    "LegallyUnavailable": 5,
    "RateLimited": 6,
    "QuotaExhausted": 6,
    "ProviderError": 7,
    "NotFound": 7,
    "InvalidRequest": 7,
    "ImageRejected": 7,
    "ModelUnavailable": 7,
    "Conflict": 7,
    "ProviderUnavailable": 7,
    "NetworkError": 7,
    "DeadlineExceeded": 7,
    "JobFailed": 7,
    "UnexpectedResponse": 7,
    "DownloadFailed": 7,
    "OutcomeUnknown": 7,
    "PluginError": 9,
    "BrokenPlugin": 9,
    "IncompatiblePlugin": 9,
    "AmbiguousProvider": 9,
    "OutputError": 10,
    "JournalError": 10,
    "ImgEditError": 70,
}
CLASSES = {
    name: value
    for name, value in vars(errors).items()
    if isinstance(value, type) and issubclass(value, errors.ImgEditError)
}


def test_every_class_of_the_tree_has_a_code():
    assert CLASSES.keys() == CODES.keys()


@pytest.mark.parametrize(("name", "code"), CODES.items())
def test_the_class_decides_and_unknown_money_before_it(name, code):
    assert exit_code(CLASSES[name]("it broke", charged="no")) == code
    assert exit_code(CLASSES[name]("it broke", charged="yes")) == code
    assert exit_code(CLASSES[name]("it broke", charged="unknown")) == 8


def test_a_lost_answer_is_unknown_by_itself():
    assert exit_code(errors.OutcomeUnknown("the answer was lost")) == 8
    assert exit_code(errors.UnexpectedResponse("half a JSON")) == 8


def test_interruptions_and_bugs():
    for charged in ("no", "yes", "unknown"):
        assert exit_code(Interrupted("interrupted", charged=charged)) == 130
    assert exit_code(InternalError("a bug")) == 70
    assert exit_code(InternalError("a bug", charged="unknown")) == 8
