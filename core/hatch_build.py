"""Bring the published JSON Schemas into the built files.

They live once, in ``schemas/`` at the root of the repository, outside this folder. A source
distribution takes them in as ``src/imgedit/schemas``, so that a wheel built from it needs nothing
from the repository. An editable install takes nothing: the package then reads the checkout.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class SchemasHook(BuildHookInterface[Any]):
    """Add ``schemas/`` to the wheel and to the source distribution."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name the folder to include, before hatchling collects the files."""
        if version == "editable":
            return
        folder = Path(self.root)
        if (folder / "src" / "imgedit" / "schemas").is_dir():
            return  # building from a source distribution: they are part of the package already
        schemas = folder.parent / "schemas"
        if not schemas.is_dir():
            raise FileNotFoundError(
                "The JSON Schemas are missing: neither src/imgedit/schemas nor ../schemas exists."
            )
        target = "src/imgedit/schemas" if self.target_name == "sdist" else "imgedit/schemas"
        for schema in sorted(schemas.glob("*.json")):
            build_data["force_include"][str(schema)] = f"{target}/{schema.name}"
