"""What a measured child does: ``python work.py TASK ARGUMENTS``; figures as JSON.

Imports stand where they are needed: starting is part of what is measured.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from typing import Any

PROMPT = "make the sky a sunrise"
FIELDS: dict[str, Any] = {"provider": "acme", "aspect_ratio": "16:9", "output_format": "png"}
EDITS, IN_FLIGHT, SECONDS = 2000, 200, 0.2


def first(contender: str, base_url: str, picture: str) -> None:
    """One edit and the end; the parent measures all of it."""
    if contender == "imgedit":
        import imgedit

        _register()
        imgedit.edit(picture, PROMPT, **FIELDS)
        return
    import asyncio

    async def edit() -> None:
        async with driver(contender, base_url, picture) as client:
            await client.edit(picture)

    asyncio.run(edit())


def one(contender: str, base_url: str, picture: str) -> None:
    """One edit after the other."""
    _measure(contender, base_url, picture, count=60, width=1, rounds=5)


def many(contender: str, base_url: str, picture: str) -> None:
    """Many edits at once."""
    _measure(contender, base_url, picture, count=EDITS, width=IN_FLIGHT, rounds=1)


def large(model: str, small_file: str, large_file: str, folder: str) -> None:
    """A small picture, then a large one, through the command line."""
    import contextlib
    import os

    from imgedit.cli import main

    _register()
    peaks = []
    for name in (small_file, large_file):
        out = os.path.join(folder, f"out-{os.path.basename(name)}")
        with contextlib.redirect_stdout(sys.stderr):
            code = main(["edit", name, PROMPT, "-p", "acme", "-m", model, "-o", out])
        if code or os.path.getsize(out) < 0.9 * os.path.getsize(name):
            sys.exit(f"the edit failed: {code}")
        peaks.append(_peak_mib())
    _print(grown_mib=peaks[1] - peaks[0], peak_mib=peaks[1])


def grown(contender: str, base_url: str, small_file: str, large_file: str) -> None:
    """A small picture, then a large one, with another client than imgedit."""
    peaks = []
    for picture in (small_file, large_file):
        first(contender, base_url, picture)
        peaks.append(_peak_mib())
    _print(grown_mib=peaks[1] - peaks[0], peak_mib=peaks[1])


def driver(contender: str, base_url: str, picture: str, timeout: float | None = None) -> Any:
    """Another client than imgedit: an async context manager with `edit(picture)`."""
    if contender == "aiohttp":
        from raw import Raw

        return Raw(base_url, timeout)
    import importlib
    import os

    module = importlib.import_module(f"peers.use_{contender}")
    url = f"{base_url}/edit/{module.ANSWER}/{os.path.getsize(picture)}"
    return module.Client(url, timeout)


def _register() -> None:
    import acme

    import imgedit

    imgedit.register("acme", acme, acme.MANIFEST)


def _client(
    contender: str, base_url: str, picture: str, width: int
) -> tuple[Any, Callable[[], Awaitable[Any]]]:
    """A client, and one edit with it."""
    if contender != "imgedit":
        plain = driver(contender, base_url, picture)
        return plain, lambda: plain.edit(picture)
    import imgedit

    _register()
    client = imgedit.Client(concurrency=width)
    return client, lambda: client.edit(picture, PROMPT, max_cost="1 USD", **FIELDS)


def _measure(
    contender: str, base_url: str, picture: str, *, count: int, width: int, rounds: int
) -> None:
    """Print the seconds of CPU for one edit, the seconds for all, and the most memory in use."""
    import asyncio
    import time

    async def work() -> None:
        client, edit = _client(contender, base_url, picture, width)
        async with client:
            for _ in range(20):
                await edit()
            cpu, wall = [], []
            for _ in range(rounds):
                turns = iter(range(count))
                cpu_before, wall_before = time.process_time(), time.perf_counter()
                await asyncio.gather(*(some(turns, edit) for _ in range(width)))
                cpu.append((time.process_time() - cpu_before) / count)
                wall.append(time.perf_counter() - wall_before)
            _print(cpu=min(cpu), wall=min(wall), peak_mib=_peak_mib())

    async def some(turns: Any, edit: Callable[[], Awaitable[Any]]) -> None:
        for _ in turns:
            await edit()

    asyncio.run(work())


def _peak_mib() -> float:
    """The most memory that this process ever had in use."""
    if sys.platform == "linux":
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1024**2 if sys.platform == "darwin" else peak / 1024


def _print(**figures: float) -> None:
    import json

    print(json.dumps(figures))


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
