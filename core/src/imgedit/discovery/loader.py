"""Import a plugin on first use, whatever happens in it."""

from __future__ import annotations

import importlib
import json
from typing import Any

from ..errors import ImgEditError
from .failure import Places, Refused
from .locate import gone
from .scan import Claim, one_line


def load_module(claim: Claim) -> Any:
    """Import the one package that a provider's entry point names.

    Raises:
        Refused: it cannot be imported; an exit that it asks for is caught as well.
    """
    return _import(claim, claim.value)


def load_object(claim: Claim) -> Any:
    """Load what an add-on's or a command's entry point names: "module" or "module:name".

    Raises:
        Refused: as `load_module`, or the module has no such name.
    """
    module_name, _, attributes = (part.strip() for part in claim.value.partition(":"))
    found = _import(claim, module_name)
    for attribute in filter(None, attributes.split(".")):
        try:
            found = getattr(found, attribute)
        except AttributeError:
            raise Refused(
                f"its entry point names {one_line(claim.value, 80)}, which does not exist"
            ) from None
    return found


def _import(claim: Claim, name: str) -> Any:
    before = dict(vars(json))
    try:
        found = _imported(claim, name)
    finally:
        changed = sorted(one for one, old in before.items() if vars(json).get(one) is not old)
        vars(json).update(before)  # else every plugin after it would be blamed for this one's deed
    if changed:
        raise Refused(f"importing it replaced json.{changed[0]}, which everything here uses")
    return found


def _imported(claim: Claim, name: str) -> Any:
    package = name.partition(".")[0]
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(f"{error.name}.")):
            raise gone(claim.owner, error.name) from error
        said = f"importing it needs {error.name or 'a module'}, which is not installed"
        raise Refused(
            said,
            hint=f"Install it again with all it needs: pip install -U {claim.owner.name}.",
            places=_places(error, package, said),
        ) from error
    except SystemExit as error:
        said = f"importing it ended the program (SystemExit: {one_line(error, 40)})"
        raise Refused(said, places=_places(error, package, said)) from error
    except ImgEditError as error:
        said = f"importing it raised {type(error).__name__}: {one_line(error.message)}"
        raise Refused(said, places=_places(error, package, said)) from error
    except Exception as error:
        said = f"importing it raised {_named(error)}"
        raise Refused(said, places=_places(error, package, said)) from error


def _places(error: BaseException, package: str, said: str) -> Places:
    from .places import of_exception  # only what is broken needs it

    found = of_exception(error, package, said)  # now: the exception is not kept
    return lambda: found


def _named(error: Exception) -> str:
    """The type of a foreign exception, and what it says when it can say it."""
    try:
        said = one_line(error)
    except Exception:
        said = ""
    return f"{type(error).__name__}: {said}" if said else type(error).__name__
