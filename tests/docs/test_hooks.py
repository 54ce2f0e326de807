"""Every hook is documented in docs/hooks.md, with its exact signature and its own words."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import pytest

from imgedit import hookspecs
from imgedit.hookspecs import ADDON_HOOKS, PROVIDER_HOOKS, REQUIRED_HOOKS

PAGE = Path(__file__).parents[2] / "docs" / "hooks.md"


def spec(hook: str) -> Any:
    return getattr(hookspecs.Addon if hook in ADDON_HOOKS else hookspecs, hook)


def signature(hook: str) -> str:
    """`def hook(argument: Type) -> Type`, as the spec writes it."""
    found = inspect.signature(spec(hook))
    parameters = [one for one in found.parameters.values() if one.name != "self"]
    texts = [f"{one.name}: {one.annotation}" for one in parameters]
    return f"def {hook}({', '.join(texts)}) -> {found.return_annotation}"


def section(hook: str) -> str:
    """What the page must say of a hook, made from the spec's docstring."""
    text = inspect.getdoc(spec(hook)) or ""
    text, _, added = text.partition("\n\n.. versionadded:: ")
    text, _, example = text.partition("\n\nExample::\n\n")
    summary, *facts = text.split("\n\n")
    lines = []
    for line in "\n".join(facts).splitlines():
        label = re.match(r"(When|Arguments|Returns|Raises): ", line)
        lines.append(f"- **{label[1]}**: {line[label.end() :]}" if label else f"  {line}")
    return "\n".join(
        [
            f"## {hook}",
            "",
            "```python",
            signature(hook),
            "```",
            "",
            summary,
            "",
            *lines,
            "",
            "```python",
            inspect.cleandoc(example),
            "```",
            "",
            f"Added in hook API {added.strip()}.",
        ]
    )


def documented() -> dict[str, str]:
    parts = re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    return {part.split("\n", 1)[0]: f"## {part}".strip() for part in parts}


@pytest.mark.parametrize("hook", (*PROVIDER_HOOKS, *ADDON_HOOKS))
def test_a_hook_has_its_section(hook: str) -> None:
    found = documented().get(hook)
    assert found == section(hook), f"docs/hooks.md should say:\n\n{section(hook)}"


def test_the_page_and_the_specs_name_the_same_hooks() -> None:
    specs = {
        name
        for holder in (hookspecs, hookspecs.Addon)
        for name, value in vars(holder).items()
        if hasattr(value, "imgedit_spec")
    }
    assert specs == {*PROVIDER_HOOKS, *ADDON_HOOKS}
    assert specs <= set(documented())


def test_the_page_says_which_hooks_are_required() -> None:
    introduction = PAGE.read_text(encoding="utf-8").partition("\n## ")[0]
    for hook in REQUIRED_HOOKS:
        assert f"`{hook}`" in introduction


@pytest.mark.parametrize("hook", (*PROVIDER_HOOKS, *ADDON_HOOKS))
def test_every_example_is_an_implementation_that_loads(hook: str) -> None:
    import imgedit
    from imgedit.discovery.checks import addon_complaints, provider_findings

    example = (
        (inspect.getdoc(spec(hook)) or "").partition("Example::\n\n")[2].partition("\n\n..")[0]
    )
    module = type(inspect)("example")
    vars(module).update({name: getattr(imgedit, name) for name in imgedit.__all__})
    exec(inspect.cleandoc(example), vars(module))
    if hook in ADDON_HOOKS:
        assert addon_complaints(module) == []
    else:
        others = [f"it has no {name}, which every provider must have" for name in REQUIRED_HOOKS]
        assert {found.says for found in provider_findings(module)} <= set(others)


def test_the_wrapper_that_is_shown_is_one() -> None:
    import attrs

    import imgedit
    from imgedit.discovery.checks import addon_complaints

    introduction = PAGE.read_text(encoding="utf-8").partition("\n## ")[0]
    (example,) = re.findall(r"```python\n(.*?)```", introduction, re.DOTALL)
    module = type(inspect)("example")
    vars(module).update({name: getattr(imgedit, name) for name in imgedit.__all__}, attrs=attrs)
    exec(example, vars(module))
    assert addon_complaints(module) == []


def test_a_page_names_all_that_the_values_hold() -> None:
    import imgedit

    page = PAGE.with_name("values.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (.*) \|$", page, re.MULTILINE)
    assert len(rows) > 10
    for name, text in rows:
        named = set(re.findall(r"\w+", text))
        assert set(inspect.signature(getattr(imgedit, name)).parameters) - named == set(), name


@pytest.mark.parametrize("hook", PROVIDER_HOOKS)
def test_errors_lead_to_pages_that_exist(hook: str) -> None:
    from imgedit.discovery import guide

    for said in (guide.HOOKS, guide.MANIFEST, guide.of_hook(hook)):
        path, _, anchor = said.removeprefix("(see ").removesuffix(")").partition("#")
        assert (PAGE.parents[1] / path).is_file()
        assert not anchor or anchor in documented()
