"""What starting costs: the import, and every further plugin that is installed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from measure import ROUNDS, Child, Row, least_cpu

PLUGINS = 25
IMPORT = "import imgedit; from imgedit import hookimpl, HttpRequest, Job"
HEAVY = ("aiohttp", "jsonschema", "cattrs", "asyncio")


def imports(_scratch: Path) -> Iterator[Row]:
    """The import that every plugin makes."""
    best = least_cpu(
        {
            "bare": Child(["-c", ""]),
            "aiohttp": Child(["-c", "import aiohttp"]),
            "imgedit": Child(["-c", IMPORT]),
        }
    )
    ratio = (best["imgedit"] - best["bare"]) / (best["aiohttp"] - best["bare"])
    look = (
        f"import json, sys; {IMPORT}; print(json.dumps([m for m in {HEAVY} if m in sys.modules]))"
    )
    loaded = Child(["-c", look]).figures()
    yield Row(
        what=f"`{IMPORT}` over `import aiohttp`, both net of a bare interpreter",
        goal="≤ 0.4; none of " + ", ".join(HEAVY),
        measured=f"{ratio:.2f}; {', '.join(loaded) or 'none'}",
        met=ratio <= 0.4 and not loaded,
        numbers=", ".join(f"{name} {ms:.0f} ms" for name, ms in best.items()),
    )


def plugins(scratch: Path) -> Iterator[Row]:
    """The same commands among few plugins and among many."""
    few, many = scratch / "few", scratch / "many"
    few.mkdir()
    many.mkdir()
    install_plugins(many, PLUGINS)
    commands = {
        "import imgedit": ["-c", "import imgedit"],
        "imgedit --help": ["-m", "imgedit", "--help"],
        "imgedit providers": ["-m", "imgedit", "providers"],
    }
    for name, command in commands.items():
        best = least_cpu(
            {
                folder.name: Child(
                    command,
                    {"PYTHONPATH": str(folder), "IMGEDIT_HOME": str(scratch / "home")},
                )
                for folder in (few, many)
            },
            3 * ROUNDS,
        )
        more = best["many"] / best["few"] - 1
        yield Row(
            what=f"`{name}` with {PLUGINS} further plugins installed, every fifth broken",
            goal="≤ +10 %",
            measured=f"{more:+.0%}",
            met=more <= 0.1,
            numbers=f"without {best['few']:.0f} ms, with {best['many']:.0f} ms",
        )


def install_plugins(folder: Path, count: int) -> None:
    """Lay out ``count`` installed plugins as pip would; every fifth is broken."""
    code: dict[int | None, str] = {
        0: "raise RuntimeError('broken')\n",
        1: "raise SystemExit(3)\n",
        2: "import nowhere\n",
    }
    for number in range(count):
        name = f"acme{chr(97 + number)}"
        broken = number // 5 if number % 5 == 4 else None
        package = folder / f"imgedit_{name}"
        package.mkdir()
        (package / "__init__.py").write_text(code.get(broken, ""))
        manifest = {
            "name": name,
            "title": name,
            "hook_api": "99.0" if broken == 3 else "1.0",
            "base_url": f"https://api.{name}.example",
            "unit": "USD",
            "models": [{"id": "one", "title": "One"}],
        }
        text = "{" if broken == 4 else json.dumps(manifest)
        (package / "provider.json").write_text(text)
        info = folder / f"imgedit_{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.4\nName: imgedit-{name}\nVersion: 1.0\n"
        )
        (info / "entry_points.txt").write_text(f"[imgedit.providers]\n{name} = imgedit_{name}\n")
