"""Requests drawn from a provider's own manifest; this module needs Hypothesis."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from attrs import evolve, frozen
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ...contract.image import ImageSource
from ...contract.model import Model
from ...contract.request import EditRequest, Reference
from ...manifest import Manifest
from ...manifest.fragments import fits
from ...manifest.keys import TEXTS

Draw = Callable[[st.SearchStrategy[Any]], Any]

_LETTERS: Final = st.characters(codec="utf-8", exclude_categories=("Cs", "Cc"))
_SIDE: Final = (1, 4096)
_BYTES: Final = (100, 2_000_000)
_DEFAULT_TYPES: Final = ("image/png", "image/jpeg", "image/webp")


def run_drawn(test: Callable[[Draw], None], examples: int) -> None:
    """Run a function with Hypothesis, as often as said; the same values each time."""

    def one(data: Any) -> None:
        test(data.draw)

    profile = settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        report_multiple_bugs=False,
        print_blob=False,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.explicit, Phase.generate, Phase.shrink),
    )
    profile(given(st.data())(one))()


def groups(manifest: Manifest) -> list[Model]:
    """One model for each distinct set of limits, rules and wire names."""
    found: dict[str, Model] = {}
    for model in manifest.models:
        key = json.dumps([model.limits, model.rules, model.wire], sort_keys=True, default=str)
        found.setdefault(key, model)
    return list(found.values())


def fields_of(model: Model) -> list[str]:
    """The fields that a model takes beside picture and prompt, as keys of its limits."""
    taken = [key for key, fragment in model.limits.items() if fragment is not None]
    known = ["n", *TEXTS, "seed", "mask", "references"]
    if "references" in taken:
        known.append("references.description")
    return [key for key in taken if key in known or key.startswith("options.")]


@frozen(kw_only=True)
class Drawer:
    """Draws requests for one provider.

    Attributes:
        manifest: what it takes.
        prompts: what to draw prompts from; () = any text.
        url: the good request's picture, when that is a URL: the drawn ones are URLs like it then,
            because the vendor may take no other.
    """

    manifest: Manifest
    prompts: Sequence[str] = ()
    url: str | None = None

    def request(self, draw: Draw, model: Model, fields: Sequence[str]) -> EditRequest:
        """A request with these fields set, each within its limit; rules are not looked at."""
        limits = model.limits
        values: dict[str, Any] = {}
        options = {}
        for key in fields:
            if key in ("mask", "references", "references.description"):
                continue
            value = draw(values_of(limits[key] or {}, key))
            if key.startswith("options."):
                options[key.partition(".")[2]] = value
            else:
                values[key] = value
        image = self.picture(draw, model, "image", 0)
        if "mask" in fields:
            values["mask"] = self._mask(draw, model, image)
        if "references" in fields:
            described = "references.description" in fields
            values["references"] = self._references(draw, model, described=described)
        return EditRequest(
            image=image, prompt=self.prompt(draw, model), model=model.id, options=options, **values
        )

    def prompt(self, draw: Draw, model: Model) -> str:
        """A prompt within its limit."""
        fragment = model.limits.get("prompt") or {}
        if self.prompts:
            return str(draw(st.sampled_from(list(self.prompts))))
        least, most = fragment.get("minLength", 1), fragment.get("maxLength", 2000)
        text = st.text(_LETTERS, min_size=max(1, least), max_size=min(most, max(least, 60)))
        if shown := fragment.get("examples"):
            text = st.one_of(text, st.sampled_from(shown))
        return str(draw(text.filter(lambda value: fits(fragment, value))))

    def picture(self, draw: Draw, model: Model, kind: str, index: int) -> ImageSource:
        """The facts of a picture within the limits; there are no bytes behind it."""
        if self.url is not None:
            return ImageSource(url=self.url)
        bound = _Bounds(model, kind)
        width, height = draw(bound.sides())
        return ImageSource(
            media_type=draw(st.sampled_from(bound.types())),
            width=width,
            height=height,
            size=draw(st.integers(*bound.of("bytes", *_BYTES))),
            sha256=hashlib.sha256(f"{kind} {index}".encode()).hexdigest(),
        )

    def _mask(self, draw: Draw, model: Model, image: ImageSource) -> ImageSource:
        mask = self.picture(draw, model, "mask", 0)
        return evolve(mask, width=image.width, height=image.height)

    def _references(self, draw: Draw, model: Model, *, described: bool) -> list[Reference]:
        fragment = model.limits.get("references") or {}
        least, most = max(1, fragment.get("minItems", 1)), fragment.get("maxItems", 2)
        count = draw(st.integers(least, max(least, min(most, 3))))
        text = values_of(model.limits.get("references.description") or {}, "description")
        return [
            Reference(
                self.picture(draw, model, "references", index), draw(text) if described else None
            )
            for index in range(count)
        ]


class _Bounds:
    """What a model's limits say of one kind of picture."""

    def __init__(self, model: Model, kind: str) -> None:
        self._fragments: dict[str, list[Mapping[str, Any]]] = {}
        for key, fragment in model.limits.items():
            of, _, fact = key.partition(".")
            if fragment is not None and of in ("picture", kind) and fact:
                self._fragments.setdefault(fact, []).append(fragment)

    def of(self, fact: str, least: int, most: int) -> tuple[int, int]:
        """The least and the most of a number, within the usual ones where that is possible."""
        low, high = -math.inf, math.inf
        for fragment in self._fragments.get(fact, ()):
            one_low, one_high = _range(fragment)
            low, high = max(low, one_low), min(high, one_high)
        found_high = min(high, max(most, low if low > -math.inf else most))
        found_low = max(low, min(least, found_high))
        return int(found_low), int(found_high)

    def types(self) -> list[str]:
        """The media types that are taken."""
        found = list(_DEFAULT_TYPES)
        for fragment in self._fragments.get("media_type", ()):
            found = [*fragment.get("enum", ()), *found]
        return [
            kind
            for kind in dict.fromkeys(found)
            if all(fits(one, kind) for one in self._fragments.get("media_type", ()))
        ] or ["image/png"]

    def sides(self) -> st.SearchStrategy[tuple[int, int]]:
        """Width and height whose product fits, too."""
        (wide, widest), (high, highest) = self.of("width", *_SIDE), self.of("height", *_SIDE)
        fewest, most = self.of("pixels", 1, 16_000_000)
        first = max(wide, math.ceil(fewest / highest))
        last = max(first, min(widest, most // high))

        def heights(width: int) -> st.SearchStrategy[tuple[int, int]]:
            low = max(high, math.ceil(fewest / width))
            top = max(low, min(highest, most // width))
            return st.tuples(st.just(width), st.integers(low, top))

        return st.integers(first, last).flatmap(heights)


def _range(fragment: Mapping[str, Any]) -> tuple[float, float]:
    low = fragment.get("minimum", -math.inf)
    high = fragment.get("maximum", math.inf)
    if "exclusiveMinimum" in fragment:
        low = max(low, math.floor(fragment["exclusiveMinimum"]) + 1)
    if "exclusiveMaximum" in fragment:
        high = min(high, math.ceil(fragment["exclusiveMaximum"]) - 1)
    return low, high


def values_of(fragment: Mapping[str, Any], key: str) -> st.SearchStrategy[Any]:
    """Values that fit a fragment; what it leaves open is what the field usually holds."""
    return _values(fragment, key).filter(lambda value: fits(fragment, value))


def _values(fragment: Mapping[str, Any], key: str) -> st.SearchStrategy[Any]:
    if "const" in fragment:
        return st.just(fragment["const"])
    if "enum" in fragment:
        return st.sampled_from(fragment["enum"])
    for several in ("anyOf", "oneOf"):
        if several in fragment:
            return st.one_of(*(_values(one, key) for one in fragment[several]))
    kind = fragment.get("type") or _kind(fragment, key)
    if isinstance(kind, list):
        rest = {name: value for name, value in fragment.items() if name != "type"}
        every = (_values({**rest, "type": one}, key) for one in kind if one != "null")
        return st.one_of(*every)
    match kind:
        case "boolean":
            return st.booleans()
        case "integer" | "number":
            return _numbers(fragment, kind)
        case "array":
            inner = _values(fragment.get("items", {}), "")
            least = fragment.get("minItems", 1)
            most = fragment.get("maxItems", least + 2)
            unique = bool(fragment.get("uniqueItems"))
            return st.lists(
                inner, min_size=least, max_size=most, unique_by=repr if unique else None
            )
        case "object":
            known = fragment.get("properties", {})
            needed = {
                name: _values(known.get(name, {}), "") for name in fragment.get("required", ())
            }
            other = {n: _values(one, "") for n, one in known.items() if n not in needed}
            return st.fixed_dictionaries(needed, optional=other)
    return _texts(fragment)


def _kind(fragment: Mapping[str, Any], key: str) -> str:
    if key in ("n", "seed"):
        return "integer"
    if {"minimum", "maximum", "multipleOf", "exclusiveMinimum"} & set(fragment):
        return "integer"
    return "string"


def _numbers(fragment: Mapping[str, Any], kind: str) -> st.SearchStrategy[Any]:
    low, high = _range(fragment)
    low = max(low, 0 if high > 0 else high - 1000)
    high = min(high, low + 1_000_000)
    step = fragment.get("multipleOf", 1 if kind == "integer" else None)
    if step:
        count = st.integers(math.ceil(low / step), math.floor(high / step))
        return count.map(lambda number: number * step)
    return st.floats(low, high, allow_nan=False).map(lambda value: round(value, 3))


def _texts(fragment: Mapping[str, Any]) -> st.SearchStrategy[str]:
    pattern = fragment.get("pattern")
    if pattern is not None:
        examples = st.from_regex(re.compile(pattern, re.ASCII))
        shown = [one for one in fragment.get("examples", ()) if isinstance(one, str)]
        return st.one_of(st.sampled_from(shown), examples) if shown else examples
    least = max(1, fragment.get("minLength", 1))
    most = fragment.get("maxLength", least + 20)
    return st.text(_LETTERS, min_size=least, max_size=min(most, least + 20))


def other_value(value: Any, fragment: Mapping[str, Any], key: str) -> Any:
    """A value unlike this one that fits too, None when there is none at hand."""
    candidates: list[Any] = [*fragment.get("enum", ())]
    if isinstance(value, bool):
        candidates.append(not value)
    elif isinstance(value, int | float):
        candidates += [value + 1, value - 1, value + (fragment.get("multipleOf") or 2)]
    elif isinstance(value, str) and "enum" not in fragment:
        candidates += [*fragment.get("examples", ()), value + "x", value[:-1] + "y"]
    for candidate in candidates:
        if candidate != value and fits(fragment, candidate):
            return candidate
    return None


def anything(draw: Draw, manifest: Manifest, model: Model) -> EditRequest:
    """A request as careless as a user's: any field, any value of its type, any picture."""
    texts = st.one_of(st.none(), st.text(_LETTERS, max_size=12), st.sampled_from(_words(manifest)))
    prompt = st.one_of(st.just(""), st.text(max_size=80), st.just("x" * 70_000))
    values: dict[str, Any] = {name: draw(texts) for name in TEXTS}
    values["n"] = draw(st.one_of(st.integers(-2, 20), st.just(10**9)))
    values["seed"] = draw(st.one_of(st.none(), st.integers(-(2**70), 2**70)))
    values["mask"] = draw(st.one_of(st.none(), _pictures()))
    references = st.builds(Reference, _pictures(), st.one_of(st.none(), st.text(max_size=20)))
    values["references"] = draw(st.lists(references, max_size=4))
    names = [key.partition(".")[2] for key in model.limits if key.startswith("options.")]
    plain = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8))
    values["options"] = draw(
        st.dictionaries(st.sampled_from([*names, "unheard_of"]), plain, max_size=3)
    )
    return EditRequest(image=draw(_pictures()), prompt=draw(prompt), model=model.id, **values)


def _words(manifest: Manifest) -> list[str]:
    words = {"auto", "1:1", "0:0"}
    for model in manifest.models[:40]:
        for name in TEXTS:
            words.update((model.limits.get(name) or {}).get("enum", ()))
    return sorted(map(str, words))


def _pictures() -> st.SearchStrategy[ImageSource]:
    known = st.builds(
        ImageSource,
        media_type=st.sampled_from(["image/png", "image/gif", "image/x-strange"]),
        width=st.one_of(st.none(), st.integers(1, 100_000)),
        height=st.one_of(st.none(), st.integers(1, 100_000)),
        size=st.integers(0, 10**9),
        sha256=st.sampled_from(["a" * 64, "b" * 64]),
        animated=st.booleans(),
    )
    return st.one_of(known, st.just(ImageSource(url="https://pictures.acme.example/a.png")))
