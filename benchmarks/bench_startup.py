"""What starting costs: the import, and every further plugin that is installed.

CPU time of a child process, the minimum of several, with the contenders taking turns, so that a
busy machine slows all of them alike. Only the ratios are meant to be compared between machines.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROUNDS = int(os.environ.get("ROUNDS", "15"))
PLUGINS = 25
IMPORT = "import imgedit; from imgedit import hookimpl, HttpRequest, Job"
HEAVY = ("aiohttp", "jsonschema", "cattrs", "asyncio")


def cpu_ms(command: list[str], path: Path) -> float:
    """Milliseconds of CPU that one child took, with ``path`` on its import path."""
    environment = {**os.environ, "PYTHONPATH": str(path), "IMGEDIT_HOME": str(path / "home")}
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as child:
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{' '.join(command)} exited {child.returncode}")
    return (usage.ru_utime + usage.ru_stime) * 1000


def fastest(contenders: dict[str, tuple[list[str], Path]]) -> dict[str, float]:
    """The least CPU that each contender took, after one run to warm the caches."""
    for command, path in contenders.values():
        cpu_ms(command, path)
    best = dict.fromkeys(contenders, float("inf"))
    for _ in range(ROUNDS):
        for name, (command, path) in contenders.items():
            best[name] = min(best[name], cpu_ms(command, path))
    return best


def install_plugins(folder: Path, count: int) -> None:
    """Lay out ``count`` installed plugins as pip would; every fifth is broken."""
    for number in range(count):
        name = f"acme{chr(97 + number)}"
        broken = number // 5 if number % 5 == 4 else None
        package = folder / f"imgedit_{name}"
        package.mkdir()
        code = {
            0: "raise RuntimeError('broken')\n",
            1: "raise SystemExit(3)\n",
            2: "import nowhere\n",
        }
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


def bench_import(empty: Path) -> None:
    """Print the table of the import."""
    best = fastest(
        {
            name: ([sys.executable, "-c", code], empty)
            for name, code in (("bare", ""), ("aiohttp", "import aiohttp"), ("imgedit", IMPORT))
        }
    )
    ratio = (best["imgedit"] - best["bare"]) / (best["aiohttp"] - best["bare"])
    check = f"import sys; {IMPORT}; print(*(m for m in {HEAVY} if m in sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", check], capture_output=True, text=True, check=True
    ).stdout.split()
    print(f"{IMPORT}\n")
    print("| what | CPU ms |\n| --- | ---: |")
    for name, milliseconds in best.items():
        print(f"| {name} | {milliseconds:.0f} |")
    print(f"\nimgedit over aiohttp, both net of the bare interpreter: {ratio:.2f} (goal: 0.40)")
    print(f"heavy modules loaded: {', '.join(loaded) or 'none'} (goal: none)\n")


def bench_plugins(empty: Path, full: Path) -> None:
    """Print the table of what further plugins cost."""
    commands = {
        "import imgedit": [sys.executable, "-c", "import imgedit"],
        "imgedit --help": [sys.executable, "-m", "imgedit", "--help"],
        "imgedit providers": [sys.executable, "-m", "imgedit", "providers"],
    }
    best = fastest(
        {
            f"{name}|{path.name}": (command, path)
            for name, command in commands.items()
            for path in (empty, full)
        }
    )
    print(f"{PLUGINS} further plugins, every fifth of them broken (goal: at most +10 %)\n")
    print("| what | without, CPU ms | with, CPU ms | more |\n| --- | ---: | ---: | ---: |")
    for name in commands:
        without, with_them = best[f"{name}|{empty.name}"], best[f"{name}|{full.name}"]
        print(f"| {name} | {without:.0f} | {with_them:.0f} | {with_them / without - 1:+.0%} |")


def main() -> None:
    """Print both tables."""
    with tempfile.TemporaryDirectory() as scratch:
        empty, full = Path(scratch, "empty"), Path(scratch, "full")
        empty.mkdir()
        full.mkdir()
        install_plugins(full, PLUGINS)
        bench_import(empty)
        bench_plugins(empty, full)


if __name__ == "__main__":
    main()
