"""Money: an amount with its unit, and the price of an edit before it is paid."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import (
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero,
    InvalidOperation,
    Overflow,
    localcontext,
)
from functools import wraps
from typing import Final, Literal, ParamSpec, TypeVar

from attrs import field, frozen

_P = ParamSpec("_P")
_R = TypeVar("_R")

Basis = Literal["exact", "at_least", "estimate", "unknown"]
_MOST_DIGITS = 30
BASES: tuple[Basis, ...] = ("exact", "at_least", "estimate", "unknown")


_OURS: Final = Context(
    prec=100,
    rounding=ROUND_HALF_EVEN,
    Emin=-999_999,
    Emax=999_999,
    capitals=1,
    clamp=0,
    flags=[],
    traps=[DivisionByZero, InvalidOperation, Overflow],
)


def exactly(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Money is calculated in functions under this.

    The context of `decimal` belongs to the application: it may round to two digits, or raise where
    something is rounded. Never over an await.
    """

    @wraps(function)
    def calculated(*arguments: _P.args, **options: _P.kwargs) -> _R:
        with localcontext(_OURS):
            return function(*arguments, **options)

    return calculated


def to_amount(value: Decimal | int | str | None) -> Decimal | None:
    """Take an amount as int, str or Decimal.

    Raises:
        ValueError: it is a float (already rounded), or not a finite number.
    """
    if value is None:
        return None
    if isinstance(value, bool | float) or not isinstance(value, Decimal | int | str):
        raise ValueError(f"an amount is an int, a str or a Decimal, not {type(value).__name__}")
    try:
        amount = Decimal(value)
    except InvalidOperation:
        raise ValueError(f"not an amount: {value!r}") from None
    if not amount.is_finite() or abs(amount.adjusted()) > _MOST_DIGITS:
        raise ValueError("not an amount: infinite, or with too many digits")
    return amount


def plain(amount: Decimal) -> str:
    """The amount as a decimal string without an exponent."""
    return f"{amount:f}"


def _or_nothing(value: Decimal | int | str | None) -> Decimal:
    return to_amount(value) or Decimal(0)


@frozen
class Money:
    """An amount and its unit: "USD", "EUR" or "<provider>:credits"."""

    amount: Decimal = field(converter=_or_nothing)
    unit: str

    def __str__(self) -> str:
        name = self.unit.partition(":")[2] or self.unit
        return f"{plain(self.amount)} {name}"


@frozen(kw_only=True)
class Part:
    """One line of a quote: what it is for, and its bounds in the quote's unit."""

    what: str
    amount: Decimal | None = field(converter=to_amount)
    at_most: Decimal | None = field(converter=to_amount)


def _parts(parts: Iterable[Part]) -> tuple[Part, ...]:
    return tuple(parts)


def _pointers(pointers: Iterable[str]) -> tuple[str, ...]:
    return tuple(pointers)


@frozen(kw_only=True)
class Quote:
    """What an edit will cost.

    Attributes:
        amount: the least it costs (the price, when `basis` is "exact"); None = unknown.
        at_most: the most it can cost; None = no upper bound is known.
        unit: "USD", "EUR" or "<provider>:credits".
        basis: "exact", "at_least", "estimate" or "unknown".
        reason: why the price is unknown, or not exact.
        parts: how the amount is made up.
        source, as_of: where the price was read, and when (ISO date).
        unchecked: pointers into the request document of what could not be checked.

    Raises:
        ValueError: the fields contradict each other.
    """

    amount: Decimal | None = field(default=None, converter=to_amount)
    at_most: Decimal | None = field(default=None, converter=to_amount)
    unit: str
    basis: Basis
    reason: str | None = None
    parts: tuple[Part, ...] = field(default=(), converter=_parts)
    source: str | None = None
    as_of: str | None = None
    unchecked: tuple[str, ...] = field(default=(), converter=_pointers)

    def __attrs_post_init__(self) -> None:
        if self.basis not in BASES:
            raise ValueError(f"basis is one of {', '.join(BASES)}, not {self.basis!r}")
        if (self.basis == "unknown") != (self.amount is None):
            raise ValueError("an amount is None exactly when its basis is 'unknown'")
        if any(bound is not None and bound < 0 for bound in (self.amount, self.at_most)):
            raise ValueError("a price is never negative")
        if self.at_most == 0 and self.amount is None:
            raise ValueError("what costs nothing at most has the amount 0")
        if self.at_most is not None and self.amount is not None and self.at_most < self.amount:
            raise ValueError("at_most is below amount")
        if self.basis == "exact" and self.amount != self.at_most:
            raise ValueError("an exact quote has amount = at_most")
