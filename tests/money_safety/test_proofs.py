"""What `make bench-money` proves at full size, at the size of the suite."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from money.contest import budget, rate
from money.kills import kills

posix = pytest.mark.skipif(os.name != "posix", reason="sends POSIX signals")


@posix
@pytest.mark.timeout(400)
@pytest.mark.parametrize("seed", range(4))
def test_killed_at_random_moments_nothing_is_paid_twice_and_nothing_is_lost(
    tmp_path: Path, seed: int
) -> None:
    found = kills(25, tmp_path, seed=seed)
    print(found)
    assert found.kills == 25
    assert (found.duplicates, found.lost, found.unlisted) == (0, 0, 0)
    assert found.unknown <= found.edits // 2, "the dice mean something"


def test_a_budget_holds_to_the_cent_across_processes(tmp_path: Path) -> None:
    found = budget(8, 1000, "20.37", tmp_path)
    print(found.budget())
    assert found.overshoot == 0
    assert found.duplicates == 0
    assert found.done + found.failed + found.refused == 1000
    assert found.refused > 100
    assert found.counted >= found.cap - 1, "and it was used up"


def test_a_rate_holds_across_processes(tmp_path: Path) -> None:
    found = rate(4, 80, 10, 5, tmp_path)
    print(found.rate())
    assert 8 <= found.fullest <= found.most == 15
