"""Writes the reference in docs/manifest.md from schemas/provider.schema.json.

`python docs/generate.py` puts it between the two marks; a test says when that was forgotten.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "manifest.md"
BEGIN = "<!-- reference: made from schemas/provider.schema.json by docs/generate.py -->"
END = "<!-- end of reference -->"

Schema = dict[str, Any]

# Shared parts of the schema that have a section of their own, by their name in it.
PARTS = {
    "limits": ("limits", "Field of the request document → fragment of JSON Schema, or `null`."),
    "rules": ("rules", "A list; each entry:"),
    "price": ("price", "A price table:"),
    "wire": ("wire", "Our field → the vendor's name, `null` (not sent), or an object:"),
}
WORDS = {
    "amounts": "an amount, a table of amounts, or `null`",
    "conditions": "field → fragment",
    "pointer": "a JSON pointer",
    "place": "a place",
    "places": "a list of places",
    "table": "a table: our value → theirs",
    "variables": "a name or names",
    "wait_place": "a place of a wait",
    "vendor_name": "the vendor's field, with `/` for nesting",
}
FORMS = ("bounds", "place", "wait_place", "pointer", "key", "unit")
PLAIN = {
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "`true` or `false`",
    "object": "an object",
    "array": "a list",
}


def reference(schema: Schema) -> str:
    """The whole reference, as Markdown."""
    return "\n".join(_Reference(schema).lines()).strip() + "\n"


class _Reference:
    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._defs: Schema = schema["$defs"]

    def lines(self) -> Iterator[str]:
        yield from self._section("The file", self._schema, "")
        for part, (title, says) in PARTS.items():
            yield from ["", f"### {title}", "", says]
            keys = self._keys_of(self._defs[part])
            yield from self._rows(keys, title)
            yield from self._sections_inside(keys, title)
        yield from ["", "### Forms of values", ""]
        for name in FORMS:
            yield f"- {_cell(self._defs[name]['title'])}: `{self._defs[name]['pattern']}`"

    def _section(self, title: str, schema: Schema, path: str) -> Iterator[str]:
        yield from ["", f"### {title}"]
        yield from self._rows(schema, path)
        yield from self._sections_inside(schema, path)

    def _sections_inside(self, schema: Schema, path: str) -> Iterator[str]:
        for name, inner in schema["properties"].items():
            place = f"{path}.{name}" if path else name
            found = self._inner(inner)
            if found is not None:
                suffix, keys = found
                yield from self._section(f"`{place}{suffix}`", keys, f"{place}{suffix}")

    def _rows(self, schema: Schema, path: str) -> Iterator[str]:
        required = schema.get("required", ())
        yield from ["", "| key | is | |", "| --- | --- | --- |"]
        for name, inner in schema["properties"].items():
            must = " **Required.**" if name in required else ""
            found = self._inner(inner)
            kind = _cell(self._kind(inner))
            if found is not None:
                place = f"{path}.{name}{found[0]}" if path else f"{name}{found[0]}"
                kind = f"[{kind}](#{_slug(place)})"
            yield f"| `{name}` | {kind} | {_cell(inner.get('description', ''))}{must} |"

    def _inner(self, schema: Schema) -> tuple[str, Schema] | None:
        """The object with keys of its own that a key holds, and how one gets there."""
        if "$ref" in schema:
            return None
        if "properties" in schema:
            return "", schema
        for key, suffix in (("items", "[]"), ("additionalProperties", ".<name>")):
            inner = schema.get(key)
            if isinstance(inner, dict) and "properties" in inner:
                return suffix, inner
        return None

    def _keys_of(self, schema: Schema) -> Schema:
        """The object with properties somewhere inside a shared part."""
        waiting = [schema]
        while waiting:
            one = waiting.pop(0)
            if "properties" in one:
                return one
            waiting += one.get("anyOf", [])
            waiting += [one[key] for key in ("items", "additionalProperties") if key in one]
        raise ValueError("a shared part without keys")

    def _kind(self, schema: Schema) -> str:
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            if name in PARTS:
                return f"see [{name}](#{name})"
            if name in WORDS:
                return WORDS[name]
            target = self._defs[name]
            return _short(target["title"]) if "title" in target else self._kind(target)
        if "title" in schema:
            return _short(schema["title"])
        if "const" in schema:
            return f"`{json.dumps(schema['const'])}`"
        if "enum" in schema:
            return "one of " + ", ".join(f"`{value}`" for value in schema["enum"])
        if "anyOf" in schema:
            return ", or ".join(dict.fromkeys(self._kind(one) for one in schema["anyOf"]))
        kind = schema.get("type")
        if kind == "array" and isinstance(schema.get("items"), dict):
            inner = self._kind(schema["items"])
            return "a list of objects" if inner == "an object" else f"a list of {_many(inner)}"
        if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
            inner = schema["additionalProperties"]
            return "an object" if "properties" in inner else f"name → {self._kind(inner)}"
        if isinstance(kind, list):
            return " or ".join("`null`" if one == "null" else PLAIN[one] for one in kind)
        return PLAIN.get(kind or "", "any JSON")


def _short(title: str) -> str:
    return title.partition(", such as")[0].partition(": ")[0]


def _many(kind: str) -> str:
    """Some of what is named as one."""
    kind = kind.removeprefix("a ")
    kind = kind.removeprefix("one of ")
    plural = {
        "number": "numbers",
        "whole number": "whole numbers",
        "text": "texts",
        "text or a whole number": "texts or whole numbers",
    }
    return plural.get(kind, kind.replace("field of", "fields of", 1).replace("place", "places", 1))


def _cell(text: str) -> str:
    """Text that means itself inside a Markdown table."""
    return text.replace("<", "&lt;").replace("|", "\\|").replace("*", "\\*")


def _slug(place: str) -> str:
    return "".join(sign for sign in place.lower() if sign.isalnum() or sign in "_-")


def generated(page: str) -> str:
    """The page with a fresh reference."""
    schema = json.loads((ROOT / "schemas" / "provider.schema.json").read_text(encoding="utf-8"))
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n\n{reference(schema)}\n{END}{tail}"


if __name__ == "__main__":
    PAGE.write_text(generated(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
