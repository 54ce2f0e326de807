"""Other outcomes of the same prompt, for n > 1: the same steps, stronger, weaker or otherwise.

What a step says exactly is kept: a crop to 16:9 stays one. The choice follows from the picture, the
prompt, the number of the variation and the seed alone, so the same request gives the same pictures.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from .limits import Step
from .operations import BY_NAME, Operation, Reads

# Weaker, stronger, or far weaker: bands that do not meet, so that no two variations are alike.
_BANDS = ((0.45, 0.6), (1.5, 1.75), (0.2, 0.3))
_INSTEAD = (0.72, 0.82)  # of "stronger" where there is no room above
_FILTERS = ("red", "blue", "green", "yellow")
_SHADES = ((-0.75, -0.55), (0.55, 0.75), (-0.4, -0.32))


def can_vary(steps: Sequence[Step]) -> bool:
    """Whether any of these steps has more than one outcome."""
    return any(_varied(step, 0, 0.5) != step for step in steps)


def variation(steps: Sequence[Step], index: int, key: str) -> list[Step]:
    """The steps of picture `index` (0 = as the prompt says); `key` stands for the request."""
    result = []
    for place, step in enumerate(steps):
        lot = hashlib.sha256(f"{key}/{index}/{place}".encode()).digest()
        chance = int.from_bytes(lot[:4]) / 2**32
        # Several steps go different ways, or every variation would be more or less of it all.
        new = _varied(step, (index - 1 + place) % 3, chance) if index else dict(step)
        if BY_NAME[step["op"]].random:
            new["seed"] = int.from_bytes(lot[4:8])
        result.append(new)
    return result


def _varied(step: Step, way: int, chance: float) -> Step:
    operation = BY_NAME[step["op"]]
    low, high = _BANDS[way]
    factor = low + (high - low) * chance
    if "amount" in step:
        amount = step["amount"]
        most = operation.most if amount > 0 else operation.least
        if abs(amount * factor) > abs(most):
            factor = _INSTEAD[0] + (_INSTEAD[1] - _INSTEAD[0]) * chance
        return {**step, "amount": round(amount * factor, 6)}
    if "levels" in step:
        return {**step, "levels": _other_count(step["levels"], operation, way)}
    if "pixels" in step and operation.reads is Reads.AMOUNT:
        pixels = step["pixels"]
        if operation.fewest:
            return {**step, "pixels": float(_other_count(int(pixels), operation, way))}
        if pixels * factor > operation.largest:
            factor = _INSTEAD[0] + (_INSTEAD[1] - _INSTEAD[0]) * chance
        return {**step, "pixels": round(pixels * factor, 3)}
    if step["op"] == "grayscale":
        return {**step, "filter": _FILTERS[way]}
    if step["op"] == "recolour":
        low, high = _SHADES[way]
        return {**step, "shade": round(low + (high - low) * chance, 4)}
    return dict(step)


def _other_count(count: int, operation: Operation, way: int) -> int:
    """Another whole number that the operation takes, for every way a different one."""
    wished = [round(count * factor) for factor in (0.6, 1.7, 2.6, 0.35, 0.8)]
    wished += [count + step for step in (1, 2, 3, -1, -2, -3)]
    low, high = operation.fewest, operation.largest
    fitting = [other for other in dict.fromkeys(wished) if low <= other <= high and other != count]
    return fitting[way]
