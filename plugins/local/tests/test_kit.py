"""The conformance kit's proof of this provider; it needs no answers, it makes the pictures."""

from __future__ import annotations

from imgedit.testing import ProviderTests


class TestLocal(ProviderTests):
    provider = "local"
    request = {"prompt": "make it warmer, add a vignette and crop to 16:9", "n": 2, "seed": 4}
    prompts = (
        "make it warmer",
        "brighter",
        "much more contrast",
        "black and white",
        "blur",
        "sharpen slightly",
        "add a vignette",
        "pencil sketch",
    )
