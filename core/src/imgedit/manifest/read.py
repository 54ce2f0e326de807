"""Read a manifest and merge its rows."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Protocol

from attrs import field, frozen

from ..contract.model import Model
from .fault import ManifestError
from .merge import lay_live_row, merge_model
from .structure import check_row, check_structure

_LIVE = "the vendor's list"


class _Readable(Protocol):
    def read_bytes(self) -> bytes: ...


@frozen(kw_only=True)
class Rate:
    """What one unit costs in another: one `unit` is `amount` of `to`.

    Attributes:
        name: which of several ("creator"); source, as_of: where and when it was read.
    """

    unit: str
    to: str
    amount: Decimal
    name: str | None = None
    source: str | None = None
    as_of: str | None = None


@frozen(kw_only=True)
class Picked:
    """The model that a name leads to.

    Attributes:
        asked: the name that was given; None when none was.
        warnings: sentences for the user (the name is retired, the model will end).
    """

    model: Model
    asked: str | None = None
    warnings: tuple[str, ...] = ()


@frozen(kw_only=True)
class Manifest:
    """A vendor as `provider.json` describes it; what the file leaves out has its default here.

    Attributes:
        name, title, homepage, base_url, unit: as in the file; base_url is None for local ones.
        hook_api: the lowest version of the hook API that the plugin needs.
        local: needs no network.
        sources: name → {"url", "read"}; rates: conversions of the unit.
        auth: {"env", "header", "value"} or {"env", "basic"}; None = no key.
        hosts: name → base URL of further hosts that take credentials.
        timeouts: purpose → seconds; poll: {"seconds", "deadline", "after"}.
        accepts_url: pattern of the picture URLs that the vendor fetches itself; None = none.
        models: merged, in the file's order.
        default_model, aliases, retired: names of models; lifecycle: id → dates.
        errors, balance, idempotency, mask: as in the file.
        raw: the file.
    """

    name: str
    title: str
    unit: str
    homepage: str | None = None
    base_url: str | None = None
    hook_api: str = "1.0"
    local: bool = False
    sources: Mapping[str, Mapping[str, Any]] = field(factory=dict)
    rates: tuple[Rate, ...] = ()
    auth: Mapping[str, Any] | None = None
    hosts: Mapping[str, str] = field(factory=dict)
    timeouts: Mapping[str, float] = field(factory=dict)
    poll: Mapping[str, Any] = field(factory=dict)
    accepts_url: str | None = None
    models: tuple[Model, ...] = field(repr=lambda models: f"<{len(models)} models>")
    default_model: str | None = None
    aliases: Mapping[str, str] = field(factory=dict)
    retired: Mapping[str, Mapping[str, Any]] = field(factory=dict)
    lifecycle: Mapping[str, Mapping[str, Any]] = field(factory=dict)
    errors: Mapping[str, Any] = field(factory=dict)
    balance: Mapping[str, Any] | None = None
    idempotency: Mapping[str, Any] | None = None
    mask: Mapping[str, Any] | None = None
    raw: Mapping[str, Any] = field(factory=dict, repr=False)
    _takers: dict[str, tuple[str, ...]] = field(factory=dict, init=False, eq=False, repr=False)

    def model(self, model_id: str) -> Model | None:
        """The model with this very id, or None."""
        return next((model for model in self.models if model.id == model_id), None)

    def takers(self, key: str) -> tuple[str, ...]:
        """The ids of the models that take a field (a key of the limits); asked often, kept."""
        if key not in self._takers:
            self._takers[key] = tuple(
                model.id for model in self.models if model.limits.get(key) is not None
            )
        return self._takers[key]

    def pick(self, name: str | None) -> Picked:
        """The model that a name (an id, an alias, a retired name) leads to; None = the default.

        Raises:
            ValidationError: there is none; its problem at /model lists the models with prices.
        """
        from .pick import pick

        return pick(self, name)


def read_manifest(
    source: str | os.PathLike[str] | Mapping[str, Any] | _Readable, *, name: str | None = None
) -> Manifest:
    """Read a manifest from a path (or something with `read_bytes`), or take one as a dict.

    Only what would make its use crash is checked here; `validate_manifest` checks everything.
    `name` is what the entry point says it is called.

    Raises:
        ManifestError: it cannot be read, with a pointer and a sentence.
    """
    raw = source if isinstance(source, Mapping) else _load(source)
    check_structure(raw, name)
    return _build(raw)


def with_live_rows(
    manifest: Manifest,
    rows: Iterable[Mapping[str, Any]],
    *,
    source: str | None = None,
    read: str | None = None,
) -> Manifest:
    """The manifest with the vendor's live rows laid over its own; unknown ids are added.

    With `source` and `read`, prices of these rows say that they are from there and of that date.

    Raises:
        ManifestError: a row is not in the manifest's row language.
    """
    own: dict[str, Mapping[str, Any]] = {row["id"]: row for row in manifest.raw["models"]}
    sources = dict(manifest.raw.get("sources", {}))
    if source is not None:
        sources[_LIVE] = {"url": source, "read": read}
    for index, live in enumerate(rows):
        check_row(live, f"/{index}")
        if live.get("like") is not None and live["like"] not in manifest.raw.get("profiles", {}):
            raise ManifestError(f"there is no profile {live['like']!r}", f"/{index}/like")
        laid = lay_live_row(own.get(live["id"], {}), live)
        if source is not None and "price" in live:
            laid["price"] = {**live["price"], "source": _LIVE}
        own[live["id"]] = laid
    return _build({**manifest.raw, "sources": sources, "models": list(own.values())})


def _load(source: str | os.PathLike[str] | _Readable) -> Any:
    try:
        if isinstance(source, str | os.PathLike):
            with open(source, "rb") as file:
                data = file.read()
        else:
            data = source.read_bytes()
    except OSError as error:
        raise ManifestError(f"cannot be read: {error.strerror or error}") from None
    try:
        return json.loads(data.decode("utf-8-sig"), object_pairs_hook=_once)
    except UnicodeDecodeError:
        raise ManifestError("is not UTF-8 text") from None
    except json.JSONDecodeError as error:
        raise ManifestError(
            f"is not JSON: {error.msg} (line {error.lineno}, column {error.colno})"
        ) from None
    except RecursionError:
        raise ManifestError("is nested too deeply") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ManifestError(f"the key {twice!r} is there twice in one object")
    return found


def _build(raw: Mapping[str, Any]) -> Manifest:
    profiles = raw.get("profiles", {})
    sources = raw.get("sources", {})
    return Manifest(
        name=raw["name"],
        title=raw["title"],
        unit=raw["unit"],
        homepage=raw.get("homepage"),
        base_url=raw.get("base_url"),
        hook_api=raw.get("hook_api") or "1.0",
        local=raw.get("local", False),
        sources=sources,
        rates=tuple(_rate(row, raw["unit"], sources) for row in raw.get("rates", ())),
        auth=raw.get("auth"),
        hosts=raw.get("hosts") or {},
        timeouts=raw.get("timeouts") or {},
        poll=raw.get("poll") or {},
        accepts_url=raw.get("accepts_url"),
        models=tuple(
            merge_model(raw, profiles.get(row.get("like", ""), {}), row) for row in raw["models"]
        ),
        default_model=raw.get("default_model"),
        aliases=raw.get("aliases", {}),
        retired=raw.get("retired", {}),
        lifecycle={row["id"]: row["lifecycle"] for row in raw["models"] if row.get("lifecycle")},
        errors=raw.get("errors") or {},
        balance=raw.get("balance"),
        idempotency=raw.get("idempotency"),
        mask=raw.get("mask"),
        raw=raw,
    )


def _rate(row: Mapping[str, Any], unit: str, sources: Mapping[str, Any]) -> Rate:
    source = sources.get(row.get("source", ""), {})
    return Rate(
        unit=row.get("from", unit),
        to=row["to"],
        amount=Decimal(row["amount"]),
        name=row.get("name"),
        source=source.get("url"),
        as_of=source.get("read"),
    )
