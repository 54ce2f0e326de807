"""Run every proof at its full size: `make bench-money`."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

from . import bombs
from .contest import budget, rate
from .cost import MOST_COMMITS, MOST_MS, cost
from .kills import many_kills
from .matrix import cells, said_of


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a line for each proof; 1 when one failed."""
    parser = argparse.ArgumentParser(prog="money", description=__doc__)
    parser.add_argument("--kills", type=int, default=2000)
    parser.add_argument("--attempts", type=int, default=10_000)
    parser.add_argument("--edits", type=int, default=2000)
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="imgedit-money-") as scratch:
        folder = Path(scratch)
        for name in ("budget", "rate", "cost", "kills"):
            (folder / name).mkdir()
        spent = budget(8, given.attempts, f"{given.attempts // 50}.37", folder / "budget")
        print(f"Budget: {spent.budget()}", flush=True)
        paced = rate(4, given.edits, 100, 10, folder / "rate")
        print(f"Rate: {paced.rate()}", flush=True)
        kept = cost(folder / "cost")
        print(f"Journal: {kept}", flush=True)
        killed = many_kills(given.kills, given.workers, folder / "kills")
        print(f"Kills: {killed}", flush=True)
    met = list(cells())
    print(f"Faults: {said_of(met)}", flush=True)
    tried = bombs.trials()
    print(f"Bombs: {bombs.words(tried)}", flush=True)
    good = (
        not spent.overshoot
        and not spent.duplicates
        and paced.fullest <= paced.most
        and not (killed.duplicates or killed.lost or killed.unlisted)
        and all(cell.chargeable <= 1 for cell in met)
        and kept.commits <= MOST_COMMITS
        and bombs.good(tried)
    )
    print("All of it held." if good else "SOMETHING DID NOT HOLD.")
    for where, spent_ms in (("alone", kept.own), ("inside an edit", kept.inside)):
        if spent_ms > MOST_MS:
            print(f"The journal takes more CPU than its goal {where}.")
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
