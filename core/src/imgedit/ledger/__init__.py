"""What edits cost: one row per job, budgets over the rows, and reports of them; pure values."""

from __future__ import annotations

from .budgets import Budget, Purse
from .entry import Entry, Source, entry_of

__all__ = ["Budget", "Entry", "Purse", "Source", "entry_of"]
