"""Standard tests of what is there before anything is edited: the manifest and the hooks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import PluginError
from ...manifest import validate_manifest
from .standard import skip, standard

if TYPE_CHECKING:
    from .subject import Subject

HEAVY = ("aiohttp", "asyncio", "jsonschema", "cattrs", "ssl", "numpy", "PIL", "cv2", "pandas")
"""What an installed plugin must not import before it edits."""

MANIFEST = "test_the_manifest_is_valid"
LOADS = "test_the_plugin_loads"


class LoadTests:
    """The manifest is right and the plugin loads."""

    level: int

    @standard()
    def test_the_manifest_is_valid(self, subject: Subject) -> None:
        """The manifest fits its schema, its names lead somewhere, its prices have sources.

        If this fails: each line points into provider.json; `schemas/provider.schema.json`
        describes every field.
        """
        try:
            raw = subject.manifest.raw
        except PluginError as error:
            raise AssertionError(error.message) from None
        problems = [str(problem) for problem in validate_manifest(raw)]
        assert not problems, "\n".join(problems)
        assert raw["name"] == subject.name, f"it is called {raw['name']!r}, not {subject.name!r}"

    @standard(needs=[MANIFEST])
    def test_the_plugin_loads(self, subject: Subject) -> None:
        """The entry point leads to a package whose hooks are there, marked, plain functions.

        If this fails: the sentence says what is missing or misspelt; docs/hooks.md has every
        hook with its parameters.
        """
        try:
            assert subject.module is not None
        except PluginError as error:
            raise AssertionError(error.message) from None

    @standard(needs=[LOADS])
    def test_importing_it_is_light(self, subject: Subject) -> None:
        """Importing the plugin imports nothing heavy: an installed plugin costs nothing.

        If this fails: import what is named inside of the function that needs it, or in a module
        that only a worker loads.
        """
        module: Any = subject.module
        if getattr(module, "__spec__", None) is None or not getattr(module, "__file__", None):
            skip("it was not imported from a file")
        place = Path(module.__file__).resolve().parent
        if getattr(module, "__path__", None) is not None:
            place = place.parent
        code = (
            "import sys, imgedit, importlib\n"
            "from imgedit import hookimpl, HttpRequest, Job\n"
            "before = set(sys.modules)\n"
            f"importlib.import_module({module.__name__!r})\n"
            "print(*sorted(set(sys.modules) - before))"
        )
        path = os.pathsep.join([str(place), *filter(None, sys.path)])
        ran = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ran.returncode == 0, f"it cannot be imported alone:\n{ran.stderr[-2000:]}"
        heavy = [name for name in ran.stdout.split() if name in HEAVY]
        assert not heavy, f"importing {module.__name__} imports {', '.join(heavy)}"
