"""Coordinated instructions share a direction or a strength: "slightly brighter and warmer"."""

from __future__ import annotations

from itertools import pairwise

from .clauses import Clause, Refused
from .operations import Form, Reads
from .tokens import Kind

_VERBS = frozenset({Kind.MAKE, Kind.TURN, Kind.ADD, Kind.RAISE})


def share(clauses: list[Clause]) -> None:
    """Let coordinated words share a direction and a strength.

    Only where the second has no verb of its own: "slightly brighter and warmer", "increase
    brightness and contrast by 20%", "more contrast, saturation".
    """
    for first, second in pairwise(clauses):
        if not (_shares(first) and _shares(second)) or _has_verb(second):
            continue
        if second.word.form is Form.BASE and _lessens(first) and not _compares(second):
            raise Refused("say less before each word that it belongs to")
        if second.word.form is Form.QUANTITY and not second.sign and first.sign:
            if first.word.form is not Form.QUANTITY or _written_sign_of(first):
                continue
            second.sign = first.sign
        elif second.joined is not Kind.AND:
            continue
        if (
            second.amount is None
            and first.amount is not None
            and first.after(first.word, first.amount)
        ):
            second.amount = first.amount
    for first, second in reversed(list(pairwise(clauses))):
        if not (_shares(first) and _shares(second)) or _has_verb(second):
            continue
        if first.amount is None and second.amount is not None and second.joined is Kind.AND:
            own = any(item is second.amount for item in second.items)
            if not own or second.after(second.amount, second.word):
                first.amount = second.amount


def _shares(clause: Clause) -> bool:
    return clause.operation.reads in (Reads.CHANGE, Reads.AMOUNT) and clause.word.form in (
        Form.QUANTITY,
        Form.BASE,
        Form.COMPARATIVE,
    )


def _has_verb(clause: Clause) -> bool:
    return any(item.kind in _VERBS for item in clause.items)


def _compares(clause: Clause) -> bool:
    return any(item.kind is Kind.COMPARE for item in clause.items)


def _lessens(clause: Clause) -> bool:
    return any(item.kind is Kind.COMPARE and item.number < 0 for item in clause.items)


def _written_sign_of(clause: Clause) -> bool:
    return clause.amount is not None and clause.amount.signed
