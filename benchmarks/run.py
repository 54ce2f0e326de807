"""Print what imgedit costs, as ratios: `make bench`.

Two contenders of a ratio take turns, each in child processes of its own, and the least of several
figures counts: a busy machine then slows both alike. CPU is that of a child and of its children.
Everything stays on this machine; a goal that is missed is printed, and changes no exit code.
"""

from __future__ import annotations

import platform
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import crowd
import edits
import memory
import startup
from measure import Row

TABLES: dict[str, tuple[Callable[[Path], Iterable[Row]], ...]] = {
    "Start": (startup.imports, startup.plugins),
    "Many providers": (crowd.crowd,),
    "Speed and memory": (edits.first, edits.one, edits.many, memory.large),
}


def main() -> None:
    """Print both tables."""
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="imgedit-bench-") as scratch:
        for title, benches in TABLES.items():
            print(f"\n## {title}\n\n| what | goal | measured | met | in numbers |")
            print("| --- | --- | --- | --- | --- |", flush=True)
            for bench in benches:
                for row in bench(Path(scratch)):
                    print(row, flush=True)
    print(
        f"\nPython {platform.python_version()}, {platform.system()}; "
        f"{time.monotonic() - begun:.0f} s in all"
    )


if __name__ == "__main__":
    main()
