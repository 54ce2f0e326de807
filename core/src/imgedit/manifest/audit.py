"""Everything that can be wrong with a manifest, for its author; slow, so never on a user's way."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..contract.model import Model, Problem
from .audit_prices import price_problems
from .fault import ManifestError
from .fragments import nearest
from .keys import escape
from .read import Manifest, read_manifest
from .schema import schema_problems

_PART = re.compile(r"\{([^}]*)\}")


def validate_manifest(raw: Any) -> list[Problem]:
    """All problems of a manifest given as parsed JSON; [] = it is right.

    First the published schema; when that is satisfied, what a schema cannot say: names that lead
    nowhere, fragments that are none, tables that do not fit the limits, facts without a source.
    """
    found = schema_problems(raw, "provider")
    if found:
        return found
    try:
        manifest = read_manifest(raw)
    except ManifestError as error:
        return [Problem(path=error.pointer, message=error.problem, code="manifest")]
    return [
        *_names(manifest),
        *_fragments(raw),
        *_fields(manifest),
        *_auth(manifest),
        *_wire(manifest),
        *price_problems(manifest),
    ]


def _problem(path: str, message: str, code: str) -> Problem:
    return Problem(path=path, message=message, code=code)


def _names(manifest: Manifest) -> Iterator[Problem]:
    ids = [model.id for model in manifest.models]
    for kind, pairs in (
        ("aliases", manifest.aliases.items()),
        ("retired", [(name, entry["use"]) for name, entry in manifest.retired.items()]),
    ):
        for name, target in pairs:
            at = f"/{kind}/{escape(name)}"
            if name in ids:
                yield _problem(at, f"{name!r} is the id of a model", "name")
            if target not in ids and not (kind == "aliases" and target in manifest.retired):
                close = nearest(target, ids)
                tail = f"; did you mean {close!r}?" if close else ""
                path = at if kind == "aliases" else f"{at}/use"
                yield _problem(path, f"there is no model {target!r}{tail}", "name")
    for name in manifest.aliases.keys() & manifest.retired.keys():
        yield _problem(f"/retired/{escape(name)}", f"{name!r} is an alias too", "name")
    for index, row in enumerate(manifest.raw["models"]):
        use = row.get("lifecycle", {}).get("use")
        if use is not None and use not in ids:
            path = f"/models/{index}/lifecycle/use"
            yield _problem(path, f"there is no model {use!r}", "name")
    for index, rate in enumerate(manifest.raw.get("rates", ())):
        if rate["source"] not in manifest.sources:
            path = f"/rates/{index}/source"
            yield _problem(path, f"there is no source {rate['source']!r}", "source")


def all_rows(raw: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The provider, its profiles and its models, with their pointers."""
    yield "", raw
    for name, profile in raw.get("profiles", {}).items():
        yield f"/profiles/{escape(name)}", profile
    for index, row in enumerate(raw["models"]):
        yield f"/models/{index}", row


def _all_fragments(raw: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for at, row in all_rows(raw):
        groups = [(f"{at}/limits", row.get("limits", {}))]
        for index, rule in enumerate(row.get("rules", ())):
            groups += [
                (f"{at}/rules/{index}/{part}", rule.get(part, {})) for part in ("when", "need")
            ]
        for index, item in enumerate(row.get("price", {}).get("add", ())):
            groups.append((f"{at}/price/add/{index}/when", item.get("when", {})))
        for where, group in groups:
            for key, fragment in group.items():
                if fragment is not None:
                    yield f"{where}/{escape(key)}", fragment
    for pointer, fragment in raw.get("errors", {}).get("fails_when", {}).items():
        yield f"/errors/fails_when/{escape(pointer)}", fragment


def _fragments(raw: Mapping[str, Any]) -> Iterator[Problem]:
    from jsonschema import Draft202012Validator, FormatChecker
    from jsonschema.exceptions import SchemaError, best_match

    meta = Draft202012Validator(Draft202012Validator.META_SCHEMA, format_checker=FormatChecker())
    for at, fragment in _all_fragments(raw):
        error: SchemaError | Any = best_match(meta.iter_errors(fragment))
        if error is not None:
            where = "".join(f"/{escape(str(step))}" for step in error.absolute_path)
            message = f"is not a JSON Schema fragment ({error.validator})"
            yield _problem(f"{at}{where}", message, "fragment")
            continue
        pattern = fragment.get("pattern")
        if pattern is not None and not _compiles(pattern):
            yield _problem(f"{at}/pattern", "is not a regular expression", "format")
        default_fits = Draft202012Validator(fragment).is_valid(fragment.get("default"))
        if "default" in fragment and not default_fits:
            yield _problem(f"{at}/default", "is not a value that is taken", "default")


def _compiles(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True


def _fields(manifest: Manifest) -> Iterator[Problem]:
    """Fields that rules and surcharges name and no model takes."""
    taken = {"prompt", "n", "image"}
    for model in manifest.models:
        taken |= {key for key, fragment in model.limits.items() if fragment is not None}
    for at, row in all_rows(manifest.raw):
        groups = []
        for index, rule in enumerate(row.get("rules", ())):
            groups += [(f"{at}/rules/{index}/{part}", rule.get(part, {})) for part in rule]
        for index, item in enumerate(row.get("price", {}).get("add", ())):
            groups.append((f"{at}/price/add/{index}/when", item.get("when", {})))
        for where, group in groups:
            if isinstance(group, Mapping):
                for key in group:
                    if not is_taken(key, taken):
                        close = nearest(key, taken)
                        tail = f"; did you mean {close!r}?" if close else ""
                        path = f"{where}/{escape(key)}"
                        yield _problem(path, f"no model takes {key!r}{tail}", "unsupported")


def is_taken(key: str, taken: set[str]) -> bool:
    """Whether a field needs no limit, or has one."""
    kind, dot, name = key.partition(".")
    if dot and kind in ("picture", "image"):
        return True
    if dot and kind in ("mask", "references") and name != "description":
        return kind in taken
    return key in taken


def _auth(manifest: Manifest) -> Iterator[Problem]:
    auth = manifest.auth
    if auth is None:
        return
    env = auth.get("env")
    parts = set(env) if isinstance(env, Mapping) else {"key"}
    texts = {"/auth/value": auth.get("value", "")}
    texts |= {f"/auth/basic/{index}": text for index, text in enumerate(auth.get("basic", ()))}
    used = set()
    for path, text in texts.items():
        for part in _PART.findall(text):
            used.add(part)
            if part not in parts:
                yield _problem(path, f"{{{part}}} is not a part that env names", "auth")
    for part in sorted(parts - used):
        yield _problem("/auth", f"{{{part}}} is never sent", "auth")


def _wire(manifest: Manifest) -> Iterator[Problem]:
    for at, row in all_rows(manifest.raw):
        for key, spec in row.get("wire", {}).items():
            path = f"{at}/wire/{escape(key)}"
            if not isinstance(spec, Mapping):
                continue
            axes = spec.get("by", [key])
            if "values" in spec:
                yield from _table(manifest, spec["values"], axes, f"{path}/values", "by" in spec)


def _table(
    manifest: Manifest, table: Any, axes: list[str], path: str, joint: bool
) -> Iterator[Problem]:
    """Keys of a table that no model's limit has."""
    if not axes or not isinstance(table, Mapping):
        return
    known = _values_of(manifest.models, axes[0])
    for key, entry in table.items():
        where = f"{path}/{escape(key)}"
        if known is not None and key not in known and not (joint and key == "*"):
            close = nearest(key, known)
            tail = f"; did you mean {close!r}?" if close else ""
            yield _problem(where, f"{key!r} is not a value of {axes[0]}{tail}", "wire")
        if joint:
            if axes[1:]:
                yield from _table(manifest, entry, axes[1:], where, joint)
        elif isinstance(entry, Mapping):
            yield _problem(where, "must be text, a number, true, false or null", "wire")


def _values_of(models: tuple[Model, ...], key: str) -> set[str] | None:
    """All values that any model lists for a field, as keys; None = the list is open."""
    from .keys import as_key

    values: set[str] = set()
    for model in models:
        fragment = model.limits.get(key)
        if fragment is None:
            continue
        if fragment.get("type") == "boolean":
            values |= {"true", "false"}
        elif "enum" in fragment:
            values |= {as_key(value) for value in fragment["enum"]}
        else:
            return None
    return values if key != "model" else None
