"""The vendor's words, made fit to show, and its complaints about single fields."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..contract.model import Problem
from ..masking import Masker
from .places import MISSING, body_of, look

if TYPE_CHECKING:
    from ..contract.exchange import HttpResponse
    from ..contract.job import Job
    from .read import Manifest

_MOST_PROBLEMS = 20
_LONG_WORD = re.compile(r"\S{120,}")
_SPACE = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")
_SPLIT = re.compile(r"[/.\[\]#]+")
_SHORTEST_PROMPT = 12


def clean(text: str | None, job: Job | None, most: int = 500) -> str | None:
    """A vendor's text on one line, without the prompt, without data, and not too long."""
    if text is None:
        return None
    text = text[: most * 20]
    if job is not None:
        prompt = job.request.prompt.strip()
        if len(prompt) >= _SHORTEST_PROMPT:
            text = Masker([prompt], "<the prompt>").text(text)
    # Lone surrogates can stand in JSON but cannot be printed.
    text = text.encode("utf-8", "replace").decode("utf-8")
    text = _LONG_WORD.sub(lambda match: f"{match[0][:20]}…", _SPACE.sub(" ", text)).strip()
    return text if len(text) <= most else f"{text[:most].rstrip()}…"


def field_problems(
    manifest: Manifest, job: Job | None, response: HttpResponse
) -> tuple[Problem, ...]:
    """What the vendor says of single fields, under our pointers."""
    spec = manifest.errors.get("fields")
    if not spec:
        return ()
    found = look(body_of(response), spec["at"])
    names = _names(manifest, job, spec)
    problems: list[Problem] = []
    for name, reason in _pairs(found, spec):
        text = clean(_reason(reason), job, 300)
        if not text:
            continue
        path = _path(name, names)
        if path is None:
            told = clean(name, job, 60)
            path, text = "", f"{told}: {text}" if told else text
        problems.append(Problem(path=path, message=text, code="vendor"))
        if len(problems) >= _MOST_PROBLEMS:
            break
    return tuple(problems)


def _pairs(found: Any, spec: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    reason = spec.get("reason", "")
    if isinstance(found, Mapping) and _names_a_field(found, spec):
        found = [found]
    if isinstance(found, Mapping):
        for name, entry in found.items():
            yield str(name), look(entry, reason)
    elif isinstance(found, list):
        for entry in found:
            name = look(entry, spec.get("name", "/name"))
            if isinstance(name, list):  # a path in parts: ["body", "size"]
                name = "/".join(map(str, name))
            if not isinstance(entry, Mapping):
                continue
            yield name if isinstance(name, str) else "", look(entry, _reason_at(spec))


def _names_a_field(found: Mapping[str, Any], spec: Mapping[str, Any]) -> bool:
    """Whether an object is itself a complaint, as in a list, and not field → reason."""
    if "name" not in spec:
        return False
    name = look(found, spec["name"])
    return isinstance(name, str | list) and _reason(look(found, _reason_at(spec))) is not None


def _reason_at(spec: Mapping[str, Any]) -> str:
    """Where a complaint that names its field has its reason."""
    return str(spec.get("reason") or "/reason")


def _reason(value: Any) -> str | None:
    if isinstance(value, list):
        value = "; ".join(item for item in value if isinstance(item, str))
    return value if isinstance(value, str) and value and value is not MISSING else None


def _names(manifest: Manifest, job: Job | None, spec: Mapping[str, Any]) -> dict[str, str]:
    """Vendor field → our pointer: what the manifest says, behind it the inverse of `wire`."""
    wire: Mapping[str, Any] = manifest.raw.get("wire", {}) if job is None else job.model.wire
    limits: Mapping[str, Any] = manifest.raw.get("limits", {}) if job is None else job.model.limits
    names: dict[str, str] = {}
    for key in limits:
        if key.startswith("options.") and key not in wire:
            names[key.partition(".")[2]] = f"/{key.replace('.', '/', 1)}"
    for key, entry in wire.items():
        vendor = entry.get("as") if isinstance(entry, Mapping) else entry
        if isinstance(vendor, str):
            names[_normal(vendor)] = f"/{key.replace('.', '/', 1)}"
    return names | {_normal(vendor): ours for vendor, ours in spec.get("names", {}).items()}


def _normal(name: str) -> str:
    return "/".join(part for part in _SPLIT.split(name) if part)


def _path(name: str, names: Mapping[str, str]) -> str | None:
    """Our pointer for a vendor's field; the longest known end of its path counts."""
    parts = _normal(name).split("/")
    for start in range(len(parts)):
        for end in range(len(parts), start, -1):
            known = names.get("/".join(parts[start:end]))
            if known is not None:
                return known
    last = parts[-1]
    ends = [ours for vendor, ours in names.items() if vendor.rpartition("/")[2] == last]
    return ends[0] if len(ends) == 1 else None
