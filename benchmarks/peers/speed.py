"""The other clients beside the speed tables of `make bench`: the same server, the same baseline."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from edits import contenders
from measure import Child, least_cpu, take_turns, vendor
from memory import LARGE, SMALL, grown
from pictures import png
from work import EDITS, IN_FLIGHT, SECONDS

from .environments import child

HEAD = (
    "client",
    "first edit: CPU over raw",
    "one edit, 256 KiB: CPU over raw",
    f"{EDITS:,} edits, {IN_FLIGHT} in flight, {SECONDS * 1000:.0f} ms each: wall over raw",
    "over the ideal",
    "CPU over raw",
    "peak memory",
    "20 MiB picture: growth of peak memory",
)


def table(names: Iterable[str], scratch: Path) -> Iterator[str]:
    """In Markdown: a row for each client; "raw" is plain aiohttp."""
    names = tuple(names)
    with vendor(0) as base_url:
        first = least_cpu(_all("first", names, base_url, scratch), 4)
        runs = take_turns(_all("one", names, base_url, scratch), Child.figures, 2)
        one = {name: min(each["cpu"] for each in found) for name, found in runs.items()}
    with vendor(int(SECONDS * 1000)) as base_url:
        many = {
            name: each.figures() for name, each in _all("many", names, base_url, scratch).items()
        }
    growth = _growth(names, scratch) if sys.platform == "linux" else {}
    raw = many["aiohttp"]
    ideal = EDITS / IN_FLIGHT * SECONDS
    yield f"| {' | '.join(HEAD)} |"
    yield f"| --- |{' ---: |' * (len(HEAD) - 1)}"
    for name, found in many.items():
        cells = (
            "raw" if name == "aiohttp" else name,
            f"{first[name] / first['aiohttp']:.1f} ({first[name]:.0f} ms)",
            f"{one[name] / one['aiohttp']:.1f} ({one[name] * 1000:.2f} ms)",
            f"{found['wall'] / raw['wall']:.1f}",
            f"{found['wall'] / ideal:.1f}",
            f"{found['cpu'] / raw['cpu']:.1f}",
            f"{found['peak_mib']:.0f} MiB",
            f"{growth[name]:.1f} MiB" if name in growth else "Linux only",
        )
        yield f"| {' | '.join(cells)} |"


def _all(task: str, names: Iterable[str], base_url: str, scratch: Path) -> Mapping[str, Child]:
    """The contenders of `make bench`, and the others at the same task."""
    known = contenders(task, base_url, scratch)
    picture = known["aiohttp"].arguments[-1]
    others = {
        name: child(name, ["work.py", task, name, base_url, picture], scratch, {}) for name in names
    }
    return {**known, **others}


def _growth(names: Iterable[str], scratch: Path) -> dict[str, float]:
    """MiB that a large picture adds to a small one; imgedit's also writes the file."""
    small, large = scratch / "small.png", scratch / "large.png"
    small.write_bytes(png(SMALL))
    large.write_bytes(png(LARGE))
    with vendor(0) as base_url:
        ours = grown("json-download", base_url, small, large, scratch / "grown")
        found = {"imgedit": ours["grown_mib"]}
        for name in ("aiohttp", *names):
            arguments = ["work.py", "grown", name, base_url, str(small), str(large)]
            found[name] = child(name, arguments, scratch, {}).figures()["grown_mib"]
    return found
