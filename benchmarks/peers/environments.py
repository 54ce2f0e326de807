"""The environments of the other clients, which `make bench-peers` makes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from measure import Child

PEERS = ("openai", "litellm", "huggingface_hub", "fal_client")
PINS = Path(__file__).parent / "constraints"
_ENVIRONMENTS = Path(__file__).parents[2] / "build" / "peers"


def child(name: str, arguments: Sequence[str], home: Path, more: Mapping[str, str]) -> Child:
    """A process with this contender's Python; plain aiohttp and imgedit have ours."""
    if name not in PEERS:
        return Child(arguments, more)
    alone = {
        # Nothing of the user's is read, and nobody is asked for anything.
        "HOME": str(home),
        "HF_HOME": str(home),
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "NO_PROXY": "*",
    }
    # Not resolved: the link is what makes it the environment's Python.
    python = _ENVIRONMENTS / name / "bin" / "python"
    return Child(arguments, {**alone, **more}, str(python))


def versions() -> dict[str, str]:
    """What is pinned of each."""
    found = {}
    for name in PEERS:
        lines = (PINS / f"{name}.txt").read_text(encoding="utf-8").splitlines()
        found[name] = dict(line.split("==") for line in lines)[name]
    return found
