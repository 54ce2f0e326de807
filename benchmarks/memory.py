"""How much memory a large picture adds to a small one."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from measure import Child, Row, vendor
from pictures import png

LARGE = 20 * 1024 * 1024
SMALL = 64 * 1024


def large(scratch: Path) -> Iterator[Row]:
    """Each way there with each way back."""
    small_file, large_file = scratch / "small.png", scratch / "large.png"
    small_file.write_bytes(png(SMALL))
    large_file.write_bytes(png(LARGE))
    for sent in ("json", "multipart"):
        for received in ("binary", "download"):
            model = f"{sent}-{received}"
            found = None
            if sys.platform == "linux":
                with vendor(0) as base_url:
                    found = grown(model, base_url, small_file, large_file, scratch / model)
            how = "base64 JSON" if sent == "json" else "multipart"
            back = "a binary answer" if received == "binary" else "a download"
            yield Row(
                what=f"a 20 MiB picture after a small one through `imgedit.cli`, as {how}, "
                f"back as {back}: growth of VmHWM",
                goal="≤ 4 MiB",
                measured="Linux only" if found is None else f"{found['grown_mib']:.1f} MiB",
                met=None if found is None else found["grown_mib"] <= 4,
                numbers="" if found is None else f"peak {found['peak_mib']:.0f} MiB",
            )


def grown(model: str, base_url: str, small: Path, large: Path, folder: Path) -> dict[str, float]:
    """What imgedit's command line says of its memory, in MiB."""
    folder.mkdir()
    environment = {
        "ACME_API_KEY": "key",
        "IMGEDIT_ACME_BASE_URL": base_url,
        "IMGEDIT_HOME": str(folder / "home"),
    }
    arguments = ["work.py", "large", model, str(small), str(large), str(folder)]
    found: dict[str, float] = Child(arguments, environment).figures()
    return found
