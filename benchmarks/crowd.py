"""What listing and quoting cost with 100 providers installed that offer 2,000 models."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from measure import Child, Row, least_cpu

PROVIDERS = 100
MODELS = 20
LONGEST_MS = 150
COMMANDS = {
    "--help": [],
    "providers": [],
    "models": ["--json"],
    "quote": ["photo.png", "make it warmer", "--resolution", "2k", "--json"],
}

CODE = """
import os
from imgedit import Done, HttpRequest, Json, Output, hookimpl

with open(os.environ["CROWD_LOADED"], "a") as file:
    print(__name__, file=file)


@hookimpl
def build_request(job):
    return HttpRequest(method="POST", url="/edit", purpose="submit", body=Json(job.wire()))


@hookimpl
def parse_response(job, response):
    return Done([Output(url=response.at("/url"))])
"""

QUOTING = """
import json, sys, time
import imgedit
from imgedit.discovery import registry

known = registry()
for name in known.names():
    known.provider(name)
took = []
with imgedit.SyncClient() as client:
    for _ in range(7):
        begun = time.process_time()
        found = client.quote(sys.argv[1], "make it warmer", resolution="2k", n=2)
        took.append((time.process_time() - begun) * 1000)
print(json.dumps({"took": took, "models": len(found.quotes) + len(found.unable)}))
"""


def crowd(scratch: Path) -> Iterator[Row]:
    """The commands, and a quote inside one process."""
    from imgedit.testing.pictures import png

    folder = scratch / "crowd"
    folder.mkdir()
    install(folder)
    photo = scratch / "photo.png"
    photo.write_bytes(png())
    loaded = scratch / "loaded"
    environment = {
        "PYTHONPATH": str(folder),
        "IMGEDIT_HOME": str(scratch / "crowd-home"),
        "IMGEDIT_PLUGINS": ",".join(names()),
        "CROWD_LOADED": str(loaded),
    }
    bare = least_cpu({"bare": Child(["-c", "import imgedit, aiohttp, click, rich"])}, 3)["bare"]
    for command, more in COMMANDS.items():
        given = [str(photo) if word == "photo.png" else word for word in more]
        child = Child(["-m", "imgedit", command, *given], environment)
        loaded.write_text("")
        child.cpu_ms()
        count = len(loaded.read_text().split())
        best = least_cpu({command: child}, 3)[command]
        listing = command != "quote"
        yield Row(
            what=f"`imgedit {command}` with {PROVIDERS} providers of {MODELS} models",
            goal="imports no plugin" if listing else "-",
            measured=f"imports {count or 'none'}",
            met=count == 0 if listing else None,
            numbers=f"{best:.0f} ms; what it is made of imports in {bare:.0f} ms",
        )
    figures = Child(["-c", QUOTING, str(photo)], environment).figures()
    best = min(figures["took"])
    yield Row(
        what=f"a quote over {figures['models']} models inside one process, all imported",
        goal=f"≤ {LONGEST_MS} ms of CPU",
        measured=f"{best:.0f} ms",
        met=best <= LONGEST_MS and figures["models"] == PROVIDERS * MODELS,
        numbers=f"the first time {figures['took'][0]:.0f} ms",
    )


def names() -> list[str]:
    """Of the providers."""
    return [f"acme{number}" for number in range(PROVIDERS)]


def install(folder: Path) -> None:
    """Lay the providers out as pip would."""
    for number, name in enumerate(names()):
        package = folder / f"imgedit_{name}"
        package.mkdir()
        (package / "__init__.py").write_text(CODE)
        (package / "provider.json").write_text(json.dumps(manifest(number, name)))
        info = folder / f"imgedit_{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.4\nName: imgedit-{name}\nVersion: 1.0\n"
        )
        (info / "entry_points.txt").write_text(f"[imgedit.providers]\n{name} = imgedit_{name}\n")


def manifest(number: int, name: str) -> dict[str, object]:
    """Models that differ as a vendor's do: prices, sizes, how long a prompt may be."""
    sizes = ["640px", "1k", "2k", "4k"]
    models = [
        {
            "id": f"{name}-{row}",
            "title": f"Model {row} of {name}",
            "limits": {
                "prompt": {"maxLength": 500 + 100 * (row % 10)},
                "resolution": {"enum": sizes[: 2 + row % 3], "default": "1k"},
                "n": {"maximum": 1 + row % 4},
                "picture.pixels": {"maximum": 10_000_000 + 1_000_000 * (row % 5)},
            },
            "price": {
                "by": ["resolution"],
                "amounts": {
                    size: f"0.{number + row + 10 * place + 1:04}"
                    for place, size in enumerate(sizes[: 2 + row % 3])
                },
                "source": "docs",
            },
        }
        for row in range(MODELS)
    ]
    return {
        "manifest": 1,
        "name": name,
        "title": name.title(),
        "base_url": f"https://api.{name}.example",
        "unit": "USD",
        "sources": {"docs": {"url": f"https://{name}.example/docs", "read": "2026-11-20"}},
        "wire": {"model": "model", "prompt": "prompt", "resolution": "size", "n": "n"},
        "models": models,
    }
