"""Proofs of what `docs/money.md` promises, at any size: `make bench-money` runs the full one."""
