"""A key that is missing, and the unknown one that stands in its place."""

from __future__ import annotations

from typing import Any

import pytest

from imgedit.manifest import read_manifest
from imgedit.manifest.fault import ManifestError


def manifest(**changes: Any) -> dict[str, Any]:
    return {
        "manifest": 1,
        "name": "acme",
        "title": "Acme",
        "base_url": "https://api.acme.example",
        "unit": "USD",
        "models": [{"id": "one"}],
        **changes,
    }


@pytest.mark.parametrize(
    ("changes", "said"),
    (
        (
            {"wire": {"n": {"name": "count", "values": {}}}},
            "/wire/n/as: is missing; 'name' is not known here",
        ),
        ({"wire": {"n": {"values": {}}}}, "/wire/n/as: is missing"),
        (
            {"errors": {"rows": [{"status": [429], "class": "RateLimited"}]}},
            "/errors/rows/0/is: is missing; 'class' is not known here",
        ),
        (
            {"errors": {"rows": [{"is": "Conflikt"}]}},
            (
                "/errors/rows/0/is: 'Conflikt' is not an error that a vendor can give; "
                "did you mean 'Conflict'?"
            ),
        ),
        (
            {"errors": {"rows": [{"is": "Zzz"}]}},
            "/errors/rows/0/is: 'Zzz' is not an error that a vendor can give",
        ),
    ),
)
def test_what_is_missing_is_told_with_what_is_there(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ManifestError) as caught:
        read_manifest(manifest(**changes))
    assert str(caught.value) == said
