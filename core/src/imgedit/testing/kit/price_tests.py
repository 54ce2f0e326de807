"""Standard tests of prices."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from attrs import evolve

from ...contract.model import Model
from ...contract.money import Quote
from ...contract.request import EditRequest
from ...manifest import document, quote, read_manifest
from ...manifest.bounds import parse_bounds
from ...manifest.fragments import fits
from .load_tests import LOADS
from .request_tests import NEVER_RAISE, Kind, kinds, some_request
from .standard import skip, standard

if TYPE_CHECKING:
    from .draw import Draw
    from .subject import Subject

TOGETHER = "test_prices_hold_together"
NOT_ZERO = "test_an_unknown_price_is_not_zero"


class PriceTests:
    """A price is never invented, and follows the manifest."""

    level: int

    @standard(needs=[LOADS, NEVER_RAISE])
    def test_prices_hold_together(self, subject: Subject) -> None:
        """A price has the manifest's unit, is not negative, within `at_most`, and grows with n.

        If this fails: look at the hook `price`, or at the amounts of the table by n.
        """
        for kind in kinds(subject):
            kind.run(lambda draw, kind: _holds_together(subject, draw, kind), share=2)

    @standard(needs=[LOADS, NEVER_RAISE])
    def test_an_unknown_price_is_not_zero(self, subject: Subject) -> None:
        """What the manifest does not know costs an unknown amount, and nothing costs 0 by mistake.

        If this fails: return None (the manifest answers) or a Quote with the basis "unknown" and
        a reason. Models that really are free are listed in `free`.
        """
        manifest = subject.manifest
        request = evolve(subject.request, mask=None, references=(), options={}, n=1)
        for model in manifest.models:
            asked = evolve(request, model=model.id)
            table = quote(document(asked), model, manifest)
            found = _price(subject, asked, model)
            if table.amount is None:
                assert found.amount is None or found.amount > 0, (
                    f"{model.id}: the manifest does not know the price, and it is quoted as 0"
                )
            paid = manifest.auth is not None and not manifest.local
            if paid and model.id not in subject.tests.free:
                assert found.at_most != 0, f"{model.id} is quoted as free of charge"

    @standard(needs=[LOADS, NEVER_RAISE, TOGETHER, NOT_ZERO])
    def test_prices_come_from_the_manifest(self, subject: Subject) -> None:
        """Other amounts in provider.json give other quotes: no price stands in the code.

        If this fails: move the number into the manifest's price table; `model.price` shows it to
        the hook `price`.
        """
        raw = json.loads(json.dumps(subject.manifest.raw))
        dearer = read_manifest({**raw, **_tripled(raw)})
        request = evolve(subject.request, mask=None, references=(), options={}, n=1)
        tried = 0
        for model in subject.manifest.models:
            before = _price(subject, evolve(request, model=model.id), model)
            if not before.amount:
                continue
            tried += 1
            other = dearer.model(model.id)
            assert other is not None
            hooks = subject.fresh_hooks(dearer)
            after = hooks.provider.price(evolve(request, model=model.id), other)
            assert after.amount != before.amount, (
                f"{model.id} costs {before.amount} whatever the manifest says"
            )
        if not tried:
            skip("no price is known")


def _price(subject: Subject, request: EditRequest, model: Model) -> Quote:
    return subject.hooks.provider.price(request, model)


def _holds_together(subject: Subject, draw: Draw, kind: Kind) -> None:
    request = some_request(subject, draw, kind)
    if request is None:
        return
    unit, found = subject.manifest.unit, _price(subject, request, kind.model)
    assert found.unit == unit, f"the unit is {found.unit}, the manifest's is {unit}"
    _monotone(subject, request, kind.model)


def _monotone(subject: Subject, request: EditRequest, model: Model) -> None:
    fragment = model.limits.get("n")
    if fragment is None:
        return
    counts = [n for n in (*range(1, 11), 16, *fragment.get("enum", ())) if fits(fragment, n)]
    before: tuple[int, Quote] | None = None
    for n in sorted(set(counts)):
        found = _price(subject, evolve(request, n=n), model)
        if found.amount is None:
            continue
        if before is not None:
            fewer, cheaper = before
            assert cheaper.amount is not None
            assert found.amount >= cheaper.amount, (
                f"{model.id}: {n} pictures cost {found.amount}, {fewer} cost {cheaper.amount}"
            )
        before = n, found


def _tripled(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The rows with prices, every amount three times as high."""
    found = {name: raw[name] for name in ("price", "profiles", "models") if name in raw}
    return {name: _dearer(value) for name, value in found.items()}


def _dearer(value: Any, inside: bool = False) -> Any:
    if isinstance(value, Mapping):
        return {
            name: _dearer(item, inside or name in ("amounts", "amount"))
            if name not in ("limits", "wire", "rules", "by")
            else item
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [_dearer(item, inside) for item in value]
    if inside and isinstance(value, str):
        return _times_three(value)
    return value


def _times_three(text: str) -> str:
    bounds = parse_bounds(text)
    if bounds.low is None:
        return text
    low = f"{bounds.low * Decimal(3):f}"
    mark = "~" if text.startswith("~") else ""
    if ".." in text and bounds.high is not None:
        return f"{mark}{low}..{bounds.high * Decimal(3):f}"
    return f"{mark}{low}{'+' if text.endswith('+') else ''}"
