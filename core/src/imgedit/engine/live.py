"""A vendor's own list of models, and what is left on an account there."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from ..contract.convert import as_tuple, json_number
from ..contract.exchange import HttpRequest
from ..contract.money import Money
from ..errors import ImgEditError, UnexpectedResponse, UsageError
from .ask import ask, free
from .lists import Kept, fingerprint
from .record import now

if TYPE_CHECKING:
    from ..discovery import Provider
    from ..manifest import Change, Manifest
    from .runtime import Runtime

logger = logging.getLogger("imgedit")


@frozen(kw_only=True)
class LiveModels:
    """What a vendor says of its models.

    Attributes:
        provider: who was asked.
        rows: the models as the plugin understood them, in the manifest's row language.
        as_of: when it was asked; source: the URL that was asked.
        changes: what differs from the manifest that the plugin came with.
        manifest: that manifest with the rows laid over it.
    """

    provider: str
    rows: tuple[Mapping[str, Any], ...] = field(converter=as_tuple)
    as_of: datetime
    source: str
    changes: tuple[Change, ...] = field(converter=as_tuple)
    manifest: Manifest = field(repr=False)


@frozen(kw_only=True)
class Balance:
    """What is left on an account; one amount for each unit that the vendor keeps."""

    provider: str
    amounts: tuple[Money, ...] = field(converter=as_tuple)
    as_of: datetime


async def ask_models(runtime: Runtime, name: str) -> LiveModels:
    """Ask a vendor for its models and keep the answer; free.

    Raises:
        UsageError: it has no list of models.
        PluginError: the provider does not load; ConfigError: there is no key.
        ProviderError: the vendor refused or failed, or its answer cannot be read.
    """
    from ..manifest import changes

    provider = runtime.registry.shipped(name)
    manifest = provider.manifest
    request = provider.list_models()
    if request is None:
        raise UsageError(
            f"{manifest.title} has no list of models to ask for",
            hint=f"What the plugin knows of them: imgedit models {name}",
            provider=name,
        )
    response = await ask(runtime, provider, request)
    try:
        found = provider.parse_models(response)
        if found is None:
            raise UnexpectedResponse(
                f"the answer of {manifest.title} lists no models", status=response.status
            )
        every = _plain(found)
        rows = _sound(manifest, every, provider)
    except ImgEditError as error:
        free(error, provider)
        raise
    base_url = runtime.base_url(provider)
    site = await runtime.reach(provider)
    kept = Kept(
        provider=name,
        base_url=base_url or "",
        source=site.credentials.mask(site.target(request).url),
        as_of=now().replace(microsecond=0),
        rows=rows,
        manifest=fingerprint(manifest),
    )
    runtime.registry.keep(kept)
    laid = kept.over(manifest)
    return LiveModels(
        provider=name,
        rows=rows,
        as_of=kept.as_of,
        source=kept.source,
        changes=changes(manifest, laid, [row["id"] for row in every]),
        manifest=laid,
    )


async def ask_balance(runtime: Runtime, name: str) -> Balance:
    """Ask a vendor what is left; free.

    Raises:
        UsageError: it does not tell.
        PluginError: the provider does not load; ConfigError: there is no key.
        ProviderError: the vendor refused or failed, or its answer names no amount.
    """
    from ..manifest import read_balance

    provider = runtime.registry.shipped(name)
    spec = provider.manifest.balance
    if not spec:
        if provider.manifest.local:
            raise UsageError(f"{name} costs nothing: there is no account", provider=name)
        raise UsageError(
            f"{provider.manifest.title} does not tell programs what is left",
            hint="Look in your account there.",
            provider=name,
        )
    request = HttpRequest(method="GET", url=spec["path"], purpose="balance")
    response = await ask(runtime, provider, request)
    amounts = read_balance(provider.manifest, response)
    if not amounts:
        error = UnexpectedResponse(
            f"the answer of {provider.manifest.title} names no balance", status=response.status
        )
        free(error, provider)
        raise error
    return Balance(provider=name, amounts=amounts, as_of=now().replace(microsecond=0))


def _plain(rows: list[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
    """The rows as a file gives them back."""
    try:
        text = json.dumps(rows, default=_number, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        raise UnexpectedResponse("the rows that parse_models returned are not JSON") from None
    return tuple(json.loads(text))


def _number(value: Any) -> int | float | str:
    if isinstance(value, Decimal) and value.is_finite():
        return json_number(value)
    raise TypeError(type(value).__name__)


def _sound(
    manifest: Manifest, rows: tuple[dict[str, Any], ...], provider: Provider
) -> tuple[dict[str, Any], ...]:
    """The rows that can be used; the others would break a later quote, and are warned of.

    Raises:
        UnexpectedResponse: there are rows, and none can be used.
    """
    own = _problems(manifest, ())
    if _problems(manifest, rows) <= own:
        return rows
    wrong = {
        index: min(found)
        for index, row in enumerate(rows)
        if (found := _problems(manifest, [row]) - own)
    }
    good = tuple(row for index, row in enumerate(rows) if index not in wrong)
    told = [f"{rows[index]['id']}: {problem}" for index, problem in wrong.items()]
    if not good:
        raise UnexpectedResponse(
            f"the list of models of {manifest.title} as {provider.label} reads it is wrong: "
            f"{told[0] if told else 'its rows do not go together'}"
        )
    logger.warning("Left out, for %s reads it wrongly: %s.", provider.label, "; ".join(told))
    return good


def _problems(manifest: Manifest, rows: Sequence[Mapping[str, Any]]) -> set[str]:
    """What is wrong with the manifest when these rows lie over it."""
    from ..manifest import ManifestError, validate_manifest, with_live_rows

    try:
        return {str(problem) for problem in validate_manifest(with_live_rows(manifest, rows).raw)}
    except ManifestError as error:
        return {str(error)}
