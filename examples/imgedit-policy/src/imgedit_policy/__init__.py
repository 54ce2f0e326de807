"""An add-on that refuses prompts, for every provider, and logs the edits that are done."""

from __future__ import annotations

import logging
import re
from collections.abc import Generator
from importlib.resources import files

from imgedit import EditRequest, Event, Problem, hookimpl

log = logging.getLogger("imgedit_policy")

_LINES = (files(__package__) / "refused.txt").read_text(encoding="utf-8").splitlines()
_PHRASES = [line.strip() for line in _LINES if line.strip() and not line.startswith("#")]
_REFUSED = re.compile(rf"\b({'|'.join(map(re.escape, _PHRASES))})\b", re.IGNORECASE)


@hookimpl(wrapper=True)
def validate(
    request: EditRequest,
) -> Generator[None, list[list[Problem]], list[list[Problem]]]:
    found = yield
    if refused := _REFUSED.search(request.prompt):
        said = f"the policy of this machine refuses {refused[0].lower()!r}"
        found = [*found, [Problem(path="/prompt", message=said, code="policy")]]
    return found


@hookimpl
def on_event(event: Event) -> None:
    if event.kind == "done":
        log.info("edit %s was done by %s", event.job_id, event.provider)
