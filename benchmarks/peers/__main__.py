"""Print what other clients do beside imgedit: `make bench-peers`.

ARGS="posts" or ARGS="speed" prints one of the two tables.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from . import posts, speed
from .environments import PEERS, versions


def main(arguments: Sequence[str] | None = None) -> None:
    """Print both tables, or one."""
    parser = argparse.ArgumentParser(prog="peers", description=__doc__)
    parser.add_argument("tables", nargs="*", metavar="posts|speed", default=["posts", "speed"])
    given = parser.parse_args(arguments).tables
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="imgedit-peers-") as scratch:
        for name in given:
            show = {"posts": print_posts, "speed": print_speed}.get(name)
            if show is None:
                parser.error(f"there is no table {name!r}")
            show(Path(scratch))
    pinned = ", ".join(f"{name} {version}" for name, version in versions().items())
    print(f"\n{pinned}; {time.monotonic() - begun:.0f} s in all")


def print_posts(scratch: Path) -> None:
    """How often one edit is sent."""
    faults = (*posts.LOST, *posts.UNPAID)
    columns = posts.others(("aiohttp", *PEERS), faults, scratch)
    columns.update((f"imgedit, {name}", column) for name, column in posts.ours(faults))
    print("\n## POSTs of one edit, when the vendor misbehaves every time\n")
    print(*posts.table(columns, faults), sep="\n")
    print(
        "\n(free): the provider's manifest says, with its source, that such an answer is not "
        "charged.\nEach client has its defaults, and a short time-out where no answer comes.",
        flush=True,
    )


def print_speed(scratch: Path) -> None:
    """What an edit costs."""
    print("\n## Speed and memory\n")
    print(*speed.table(PEERS, scratch), sep="\n")
    print(
        "\nraw: plain aiohttp with base64 JSON and a download, as imgedit and fal_client; openai "
        "and litellm send\nmultipart and get base64 JSON, huggingface_hub gets the picture itself. "
        "All but raw and imgedit hash nothing;\nonly imgedit checks and writes the picture."
    )


if __name__ == "__main__":
    main()
