"""The cheap checks of a manifest: what would make reading or using it crash.

Listing many plugins must be quick, so nothing here needs the schema. `validate_manifest` does the
whole work.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NoReturn

from .fault import ManifestError
from .keys import escape

NAME: Final = re.compile(r"[a-z][a-z0-9]*", re.ASCII)

_OBJECTS: Final = (
    "sources",
    "auth",
    "hosts",
    "timeouts",
    "poll",
    "wire",
    "limits",
    "price",
    "profiles",
    "aliases",
    "retired",
    "errors",
    "balance",
    "idempotency",
    "mask",
)
_MAY_BE_NULL: Final = ("auth", "balance", "idempotency", "mask")
_TEXTS: Final = ("homepage", "base_url", "accepts_url", "default_model")
_PLACES: Final = ("code", "message", "request_id", "retry_after")
_ERROR_KEYS: Final = ("status", "code", "message", "purpose", "charged", "retryable")


def check_structure(raw: Any, name: str | None) -> None:
    """Refuse a manifest that cannot be read.

    Raises:
        ManifestError: with a pointer to the first thing that is wrong.
    """
    _object(raw, "")
    version = raw.get("manifest")
    if isinstance(version, int) and not isinstance(version, bool) and version > 1:
        _refuse("/manifest", f"version {version} needs a newer imgedit-core: upgrade it")
    if version != 1 or isinstance(version, bool):
        _refuse("/manifest", "must be 1")
    for key in ("name", "title", "unit"):
        _text(raw.get(key), f"/{key}")
    if not NAME.fullmatch(raw["name"]):
        _refuse("/name", f"{raw['name']!r} is not a name: a-z, then a-z and 0-9")
    if name is not None and raw["name"] != name:
        _refuse("/name", f"is {raw['name']!r}, but the entry point is called {name!r}")
    if not isinstance(raw.get("local", False), bool):
        _refuse("/local", "must be true or false")
    for key in _TEXTS:
        if raw.get(key) is not None:
            _text(raw[key], f"/{key}")
    if raw.get("hook_api") is not None:
        _text(raw["hook_api"], "/hook_api")
        if not re.fullmatch(r"\d+\.\d+", raw["hook_api"], re.ASCII):
            _refuse("/hook_api", 'must be "major.minor", such as "1.0"')
    for key in _OBJECTS:
        if key in raw and not (raw[key] is None and key in _MAY_BE_NULL):
            _object(raw[key], f"/{key}")
    if "base_url" not in raw and not raw.get("local"):
        _refuse("/base_url", 'is missing (a provider without a network says "local": true)')
    _row(raw, "")
    for key, profile in raw.get("profiles", {}).items():
        _object(profile, f"/profiles/{escape(key)}")
        _row(profile, f"/profiles/{escape(key)}")
    _models(raw)
    _sources(raw)
    _names(raw)
    _doings(raw)
    if raw.get("errors"):
        _errors(raw["errors"])


def check_row(row: Any, at: str) -> None:
    """Refuse a model's row (of the manifest, or a live one) that cannot be merged."""
    _object(row, at)
    _text(row.get("id"), f"{at}/id")
    for key in ("title", "like"):
        if key in row:
            _text(row[key], f"{at}/{key}")
    if row.get("send") is not None:
        _text(row["send"], f"{at}/send")
    if "lifecycle" in row:
        _object(row["lifecycle"], f"{at}/lifecycle")
    _row(row, at)


def _models(raw: Mapping[str, Any]) -> None:
    models = _list(raw.get("models"), "/models")
    if not models:
        _refuse("/models", "must have at least one model")
    seen = set()
    for index, row in enumerate(models):
        at = f"/models/{index}"
        check_row(row, at)
        if row["id"] in seen:
            _refuse(f"{at}/id", f"{row['id']!r} is there twice")
        seen.add(row["id"])
        if "like" in row and row["like"] not in raw.get("profiles", {}):
            _refuse(f"{at}/like", f"there is no profile {row['like']!r}")
    default = raw.get("default_model")
    if default is not None and default not in seen:
        _refuse("/default_model", f"there is no model {default!r}")


def _row(row: Mapping[str, Any], at: str) -> None:
    for key, fragment in _object(row.get("limits", {}), f"{at}/limits").items():
        if fragment is not None:
            _object(fragment, f"{at}/limits/{escape(key)}")
    for index, rule in enumerate(_list(row.get("rules", []), f"{at}/rules")):
        where = f"{at}/rules/{index}"
        _object(rule, where)
        _text(rule.get("says"), f"{where}/says")
        _fragments(rule.get("when", {}), f"{where}/when")
        if not _fragments(rule.get("need"), f"{where}/need"):
            _refuse(f"{where}/need", "must name at least one field")
    if "price" in row:
        _price(row["price"], f"{at}/price")
    for key, spec in _object(row.get("wire", {}), f"{at}/wire").items():
        _wire(spec, f"{at}/wire/{escape(key)}")


def _fragments(value: Any, at: str) -> Mapping[str, Any]:
    for key, fragment in _object(value, at).items():
        _object(fragment, f"{at}/{escape(key)}")
    found: Mapping[str, Any] = value
    return found


def _price(price: Any, at: str) -> None:
    _object(price, at)
    for key in ("by", "of"):
        for index, axis in enumerate(_list(price.get(key, []), f"{at}/{key}")):
            _text(axis, f"{at}/{key}/{index}")
    if "unknown" in price:
        _text(price["unknown"], f"{at}/unknown")
    if "scale" in price:
        _scale(price["scale"], f"{at}/scale")
    for index, item in enumerate(_list(price.get("add", []), f"{at}/add")):
        where = f"{at}/add/{index}"
        _object(item, where)
        _text(item.get("amount"), f"{where}/amount")
        _fragments(item.get("when", {}), f"{where}/when")
        beyond = item.get("per_picture_beyond", 0)
        if isinstance(beyond, bool) or not isinstance(beyond, int):
            _refuse(f"{where}/per_picture_beyond", "must be a whole number")


def _wire(spec: Any, at: str) -> None:
    if spec is None or isinstance(spec, str):
        return
    _object(spec, at)
    if "by" in spec:
        axes = _list(spec["by"], f"{at}/by")
        if not axes:
            _refuse(f"{at}/by", "must name at least one field")
        for index, axis in enumerate(axes):
            _text(axis, f"{at}/by/{index}")
        _object(spec.get("values"), f"{at}/values")
        if "as" in spec:
            _text(spec["as"], f"{at}/as")
    else:
        _need(spec, "as", at, ("values", "by"))
        _text(spec["as"], f"{at}/as")
        _object(spec.get("values", {}), f"{at}/values")


def _sources(raw: Mapping[str, Any]) -> None:
    for key, source in raw.get("sources", {}).items():
        _object(source, f"/sources/{escape(key)}")
    for index, rate in enumerate(_list(raw.get("rates", []), "/rates")):
        at = f"/rates/{index}"
        _object(rate, at)
        for key in ("from", "to", "name"):
            if key in rate or key == "to":
                _text(rate.get(key), f"{at}/{key}")
        _scale(rate.get("amount"), f"{at}/amount")


def _names(raw: Mapping[str, Any]) -> None:
    for key, target in raw.get("aliases", {}).items():
        _text(target, f"/aliases/{escape(key)}")
    for key, entry in raw.get("retired", {}).items():
        _object(entry, f"/retired/{escape(key)}")
        _text(entry.get("use"), f"/retired/{escape(key)}/use")
    for key, host in raw.get("hosts", {}).items():
        _text(host, f"/hosts/{escape(key)}")


def _doings(raw: Mapping[str, Any]) -> None:
    """What only the transport acts on."""
    for key, seconds in raw.get("timeouts", {}).items():
        _above_zero(seconds, f"/timeouts/{escape(key)}")
    poll = raw.get("poll", {})
    for index, seconds in enumerate(_list(poll.get("seconds", []), "/poll/seconds")):
        _above_zero(seconds, f"/poll/seconds/{index}")
    _above_zero(poll.get("deadline", 1), "/poll/deadline")
    after = poll.get("after", [])
    for place in [after] if isinstance(after, str) else _list(after, "/poll/after"):
        _text(place, "/poll/after")
    auth = raw.get("auth") or {}
    if auth and "basic" not in auth:
        for key in ("header", "value"):
            _text(auth.get(key), f"/auth/{key}")
    if "basic" in auth:
        halves = _list(auth["basic"], "/auth/basic")
        for index, half in enumerate(halves):
            _text(half, f"/auth/basic/{index}", empty=True)
        if len(halves) != 2:
            _refuse("/auth/basic", "must be a user and a password")
    if raw.get("idempotency"):
        _text(raw["idempotency"].get("header"), "/idempotency/header")
        _above_zero(raw["idempotency"].get("hours"), "/idempotency/hours")
    if raw.get("mask") and raw["mask"].get("change") not in ("white", "black", "transparent"):
        _refuse("/mask/change", "must be white, black or transparent")
    if raw.get("balance"):
        _text(raw["balance"].get("path"), "/balance/path")
        for index, row in enumerate(_list(raw["balance"].get("amounts"), "/balance/amounts")):
            at = f"/balance/amounts/{index}"
            _text(_object(row, at).get("at"), f"{at}/at", empty=True)
            if "scale" in row:
                _scale(row["scale"], f"{at}/scale")


def _above_zero(value: Any, at: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        _refuse(at, "must be a number above 0")


def _errors(errors: Mapping[str, Any]) -> None:
    from ..errors import provider_errors

    known = provider_errors()
    for key in _PLACES:
        for index, place in enumerate(_list(errors.get(key, []), f"/errors/{key}")):
            _text(place, f"/errors/{key}/{index}", empty=True)
    _fragments(errors.get("fails_when", {}), "/errors/fails_when")
    for key in ("fields", "cost"):
        if key in errors:
            _text(_object(errors[key], f"/errors/{key}").get("at"), f"/errors/{key}/at", empty=True)
    if "scale" in errors.get("cost", {}):
        _scale(errors["cost"]["scale"], "/errors/cost/scale")
    _object(errors.get("fields", {}).get("names", {}), "/errors/fields/names")
    for index, row in enumerate(_list(errors.get("rows", []), "/errors/rows")):
        at = f"/errors/rows/{index}"
        _object(row, at)
        _need(row, "is", at, _ERROR_KEYS)
        if row["is"] not in known:
            near = _near(str(row["is"]), known)
            _refuse(f"{at}/is", f"{row['is']!r} is not an error that a vendor can give{near}")
        if row.get("charged", "no") not in ("yes", "no", "unknown"):
            _refuse(f"{at}/charged", 'must be "yes", "no" or "unknown"')
        if "message" in row:
            _text(row["message"], f"{at}/message")
        for key in ("status", "code", "purpose"):
            _list(row.get(key, []), f"{at}/{key}")


def _scale(value: Any, at: str) -> None:
    if not isinstance(value, str) or not re.fullmatch(r"\d+(\.\d+)?", value, re.ASCII):
        _refuse(at, 'must be a decimal number in quotes, such as "0.01"')


def _object(value: Any, at: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        _refuse(at, "must be an object" if value is not None else "is missing")
    return value


def _list(value: Any, at: str) -> list[Any]:
    if not isinstance(value, list):
        _refuse(at, "must be a list" if value is not None else "is missing")
    return value


def _need(row: Mapping[str, Any], key: str, at: str, others: Sequence[str]) -> None:
    """Refuse a row without a key; one that it has and nobody knows is often what was meant."""
    if row.get(key) is None:
        strangers = [repr(one) for one in row if one != key and one not in others]
        said = f"; {' and '.join(strangers)} is not known here" if strangers else ""
        _refuse(f"{at}/{key}", f"is missing{said}")


def _near(name: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches

    found = get_close_matches(name, list(known), 1)
    return f"; did you mean {found[0]!r}?" if found else ""


def _text(value: Any, at: str, *, empty: bool = False) -> None:
    if value is None:
        _refuse(at, "is missing")
    if not isinstance(value, str) or not (value or empty):
        _refuse(at, "must be text")


def _refuse(at: str, problem: str) -> NoReturn:
    raise ManifestError(problem, at)
