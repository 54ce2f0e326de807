"""Every hook call on stderr, for authors of plugins: `IMGEDIT_TRACE_PLUGINS=1`."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

from ..contract.exchange import HttpResponse
from ..contract.image import ImageSource
from ..contract.model import Model

SWITCH = "IMGEDIT_TRACE_PLUGINS"

_LONGEST = 500  # characters of one text, and of a body that is no JSON
_BASE64 = re.compile(r"[A-Za-z0-9+/_=-]{100,}")
_WRAPPED = re.compile(r"(?:[A-Za-z0-9+/_=-]{40,}\s+){2,}[A-Za-z0-9+/_=-]*")


def wanted() -> bool:
    """Whether the hook calls of this process are to be shown."""
    return os.environ.get(SWITCH, "") not in ("", "0")


def traced(
    hook: str,
    arguments: Mapping[str, Any],
    call: Callable[[], Any],
    *,
    provider: str,
    by: str,
    around: Sequence[str] = (),
) -> Any:
    """What `call` returns or raises; before that, the call is written to stderr.

    Args:
        hook, arguments: what is called, with what.
        provider, by, around: the provider's name, its distribution, those of the add-ons that
            wrap the hook.
    """
    begun = time.perf_counter()
    try:
        answer = call()
    except BaseException as error:
        took = time.perf_counter() - begun
        said = f"raised {type(error).__name__}: {_text(str(error))}"
        _tell(hook, arguments, said, took, provider, by, around)
        raise
    took = time.perf_counter() - begun
    _tell(hook, arguments, f"-> {shown(answer)}", took, provider, by, around)
    return answer


def _tell(
    hook: str,
    arguments: Mapping[str, Any],
    came: str,
    took: float,
    provider: str,
    by: str,
    around: Sequence[str],
) -> None:
    from ..transport.credentials import mask_every

    who = f"{by}, wrapped by {' and '.join(around)}" if around else by
    lines = [f"{provider}: {hook} took {took * 1000:.1f} ms ({who})"]
    lines += [f"  {name} = {shown(value)}" for name, value in arguments.items()]
    lines.append(f"  {came}")
    if sys.stderr is not None:  # pythonw has none
        sys.stderr.write(mask_every("\n".join(lines)) + "\n")


def shown(value: Any) -> str:
    """A value of the contract in one line; pictures as facts, fields left at their default out."""
    if isinstance(value, ImageSource):
        return _image(value)
    if isinstance(value, Model):
        return f"Model({value.id!r})"
    if isinstance(value, HttpResponse):
        return _response(value)
    if isinstance(value, str):
        return repr(_text(value))
    if isinstance(value, bytes | bytearray | memoryview):
        return f"<{len(value)} bytes>"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key!r}: {shown(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(shown, value)) + "]"
    if isinstance(value, tuple):
        return "(" + ", ".join(map(shown, value)) + ("," if len(value) == 1 else "") + ")"
    if attrs.has(type(value)):
        return _fields(value)
    if isinstance(value, BaseException):
        return f"{type(value).__name__}({_text(str(value))!r})"
    return _text(repr(value))


def _fields(value: Any) -> str:
    said = []
    for one in attrs.fields(type(value)):
        if one.name.startswith("_"):
            continue
        held = getattr(value, one.name)
        if one.name == "base64" and isinstance(held, str):
            said.append(f"base64=<{len(held)} characters>")
        elif not _is_default(one.default, held):
            said.append(f"{one.name}={shown(held)}")
    return f"{type(value).__name__}({', '.join(said)})"


def _is_default(default: Any, held: Any) -> bool:
    if isinstance(default, attrs.Factory):  # type: ignore[arg-type]  # a class, for attrs a function
        return bool(not default.takes_self and held == default.factory())
    return bool(default is not attrs.NOTHING and held == default)


def _image(image: ImageSource) -> str:
    facts = [image.media_type or "a picture"]
    facts += [f"{image.width}x{image.height}"] if image.width else []
    facts += [f"{image.size} bytes"] if image.size is not None else []
    facts += [f"sha256 {image.sha256[:12]}"] if image.sha256 else []
    facts += [_text(image.url)] if image.url else []
    return f"<{', '.join(facts)}>"


def _response(response: HttpResponse) -> str:
    try:
        body = shown(response.json())
    except ValueError:
        kind = response.header("content-type") or ""
        readable = kind.startswith("text/") or "json" in kind or "xml" in kind
        text = response.body[: 4 * _LONGEST].decode("utf-8", "replace") if readable else ""
        body = repr(_text(text)) if text else f"<{len(response.body)} bytes>"
    said = [f"status={response.status}", f"purpose={response.purpose!r}"]
    said += [f"headers={shown({k: ', '.join(v) for k, v in response.headers.items()})}"]
    said += [f"body={body}"] if response.body else []
    said += [f"pictures={shown(response.pictures)}"] if response.pictures else []
    return f"HttpResponse({', '.join(said)})"


def _text(text: str) -> str:
    if text[:5].lower() == "data:":
        return f"<a data URI of {len(text)} characters>"
    text = _WRAPPED.sub(_hidden, _BASE64.sub(_hidden, text))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text)} characters)"


def _hidden(found: re.Match[str]) -> str:
    return f"<{len(found[0])} characters of base64>"
