"""What an edit costs beside plain aiohttp: the first one, one of many in a row, many at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from measure import ROUNDS, Child, Row, least_cpu, take_turns, vendor
from pictures import png
from work import EDITS, IN_FLIGHT, SECONDS

SIZE = 256 * 1024


def contenders(task: str, base_url: str, scratch: Path) -> dict[str, Child]:
    """The same task for plain aiohttp and for imgedit."""
    picture = scratch / "picture.png"
    picture.write_bytes(png(SIZE))
    environment = {
        "ACME_API_KEY": "key",
        "IMGEDIT_ACME_BASE_URL": base_url,
        "IMGEDIT_HOME": str(scratch / "home"),
    }
    return {
        name: Child(["work.py", task, name, base_url, str(picture)], environment)
        for name in ("aiohttp", "imgedit")
    }


def first(scratch: Path) -> Iterator[Row]:
    """From nothing to the first finished edit."""
    with vendor(0) as base_url:
        best = least_cpu(contenders("first", base_url, scratch), 3 * ROUNDS)  # the noisiest
    ratio = best["imgedit"] / best["aiohttp"]
    yield Row(
        what="start of Python to first finished edit (`imgedit.edit`), CPU over raw aiohttp",
        goal="≤ 1.5",
        measured=f"{ratio:.2f}",
        met=ratio <= 1.5,
        numbers=", ".join(f"{name} {ms:.0f} ms" for name, ms in best.items()),
    )


def one(scratch: Path) -> Iterator[Row]:
    """One edit after the other in a warm client."""
    with vendor(0) as base_url:
        found = take_turns(contenders("one", base_url, scratch), Child.figures, 4)
    best = {name: min(each["cpu"] for each in runs) * 1000 for name, runs in found.items()}
    ratio = best["imgedit"] / best["aiohttp"]
    yield Row(
        what="one edit in a warm client, 256 KiB as base64 JSON, everything on, journal off: "
        "CPU over raw aiohttp",
        goal="≤ 2",
        measured=f"{ratio:.2f}",
        met=ratio <= 2,
        numbers=", ".join(f"{name} {ms:.2f} ms" for name, ms in best.items()),
    )


def many(scratch: Path) -> Iterator[Row]:
    """Many edits at once."""
    with vendor(int(SECONDS * 1000)) as base_url:
        found = take_turns(contenders("many", base_url, scratch), Child.figures, 3)
    wall, cpu, peak = (
        {name: min(each[key] for each in runs) for name, runs in found.items()}
        for key in ("wall", "cpu", "peak_mib")
    )
    ideal = EDITS / IN_FLIGHT * SECONDS
    what = f"{EDITS:,} edits, {IN_FLIGHT} in flight, {SECONDS * 1000:.0f} ms each"
    slower, dearer = (figures["imgedit"] / figures["aiohttp"] for figures in (wall, cpu))
    larger = peak["imgedit"] - peak["aiohttp"]
    yield Row(
        what=f"{what}: wall time over raw aiohttp",
        goal="≤ 1.25",
        measured=f"{slower:.2f}",
        met=slower <= 1.25,
        numbers=", ".join(
            f"{name} {seconds:.2f} s = {seconds / ideal:.2f} x the ideal"
            for name, seconds in wall.items()
        ),
    )
    yield Row(
        what="the same: CPU",
        goal="≤ 2.5",
        measured=f"{dearer:.2f}",
        met=dearer <= 2.5,
        numbers=", ".join(f"{name} {seconds * EDITS:.2f} s" for name, seconds in cpu.items()),
    )
    yield Row(
        what="the same: memory",
        goal="≤ raw + 40 MiB",
        measured=f"{larger:+.0f} MiB",
        met=larger <= 40,
        numbers=", ".join(f"{name} {mib:.0f} MiB" for name, mib in peak.items()),
    )
