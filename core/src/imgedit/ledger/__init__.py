"""What edits cost: one row per job, budgets over the rows, and reports of them; pure values."""

from __future__ import annotations

from .budgets import Budget, Purse
from .entry import Entry, Source, entry_of
from .spend import Left, Spend

__all__ = ["Budget", "Entry", "Left", "Purse", "Source", "Spend", "entry_of"]
