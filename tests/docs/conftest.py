"""Lets the tests beside it import `pages`, which reads the documentation's pages."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
