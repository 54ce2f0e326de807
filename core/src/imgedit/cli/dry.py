"""`imgedit edit --dry-run`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .screen import Screen


def show_requests(screen: Screen, image: str, fields: Mapping[str, Any]) -> None:
    """Print what `edit` would send; nothing is sent, no key is needed."""
    from ..client import Client
    from .progress import following
    from .tasks import run_task

    async def work() -> list[dict[str, Any]]:
        async with Client.from_config(journal=False) as client:
            return await client.preview(image, on_event=follower, **fields)

    with following(screen) as follower:
        rows = run_task(work(), screen.watch)
    if screen.as_json:
        screen.document({"requests": rows})
        return
    for row in rows:
        for line in _lines(row):
            screen.line(line)
    screen.line("Nothing was sent.")


def _lines(row: Mapping[str, Any]) -> list[str]:
    marks = [row["purpose"]]
    if row["spends"]:
        marks.append("costs money")
    if row.get("placeholder"):
        marks.append("with placeholders for what earlier answers will say")
    method = row["method"] or "run on this machine:"
    lines = [f"{method} {row['url']}  ({', '.join(marks)})"]
    lines += [f"  {name}: {value}" for name, value in row["headers"].items()]
    if row["body"] is not None:
        body = json.dumps(row["body"], indent=2, ensure_ascii=False)
        lines += ["", *(f"  {line}" for line in body.splitlines())]
    return [*lines, ""]
