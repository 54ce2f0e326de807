from __future__ import annotations

import sys
from pathlib import Path

# The proofs lie where `make bench-money` runs them at full size.
sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))
