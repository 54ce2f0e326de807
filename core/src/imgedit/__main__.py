"""`python -m imgedit`, and what the console script `imgedit` calls."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line; before that, say what is wrong with the installation, if anything."""
    trouble = _foreign() or _without_extra()
    if trouble is not None:
        sys.stderr.write(f"Error: {trouble}\n")
        return 2
    from imgedit.cli import main as run

    return run()


def _foreign() -> str | None:
    """Another distribution whose files lie over ours, or took ours along when it was removed."""
    from importlib import util

    import imgedit

    ours = hasattr(imgedit, "__version__") and "hookimpl" in getattr(imgedit, "__all__", ())
    if ours and all(util.find_spec(f"imgedit.{name}") for name in ("cli", "errors", "hookspecs")):
        return None
    from importlib import metadata

    try:
        stranger = f"the package imgedit {metadata.version('imgedit')}, by other people, has"
    except metadata.PackageNotFoundError:
        stranger = "a package of the same name has"
    return (
        f"{stranger} overwritten files of imgedit-core. "
        "Run: pip uninstall -y imgedit imgedit-core; "
        'then: pip install "imgedit-core[cli]" (never "pip install imgedit").'
    )


def _without_extra() -> str | None:
    from importlib.util import find_spec

    missing = [name for name in ("click", "rich") if find_spec(name) is None]
    if not missing:
        return None
    return (
        f"the command line needs {' and '.join(missing)}, not installed here. "
        'Run: pip install "imgedit-core[cli]"'
    )


if __name__ == "__main__":
    sys.exit(main())
