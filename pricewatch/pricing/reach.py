"""Which rules can ever price anything: conditions read as facts on single fields, and compared.

Only conjunctions of plain facts are understood (`stock > 5 and brand == 'Bosch'`); everything else is a fact of its
own, equal only to the very same words. So what is reported is certain, and not all that could be is reported.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from pricewatch.pricing import language
from pricewatch.pricing.columns import category, fold
from pricewatch.pricing.fields import FIELDS, Kind
from pricewatch.pricing.language import Node
from pricewatch.pricing.scope import WEEKDAYS

_NUMERIC = frozenset({Kind.MONEY, Kind.PERCENT, Kind.NUMBER})
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}


@dataclass(frozen=True, slots=True)
class Span:
    """Numbers from `low` to `high`; an open end is not part of it, None is no end."""

    low: Decimal | None = None
    low_open: bool = False
    high: Decimal | None = None
    high_open: bool = False

    @property
    def empty(self) -> bool:
        """Whether no number is in it."""
        if self.low is None or self.high is None:
            return False
        return self.low > self.high or (self.low == self.high and (self.low_open or self.high_open))

    def cut(self, other: Span) -> Span:
        """What is in both."""
        low, low_open = max((self._start, other._start))
        high, high_closed = min((self._end, other._end))
        return Span(None if low.is_infinite() else low, low_open, None if high.is_infinite() else high, not high_closed)

    def within(self, other: Span) -> bool:
        """Whether all of it is in the other one."""
        return self._start >= other._start and self._end <= other._end

    @property
    def _start(self) -> tuple[Decimal, bool]:
        return (Decimal("-Infinity") if self.low is None else self.low), self.low_open

    @property
    def _end(self) -> tuple[Decimal, bool]:
        return (Decimal("Infinity") if self.high is None else self.high), not self.high_open


# What these fields can be at all.
_RANGES = {
    "hour": Span(Decimal(0), high=Decimal(23)),
    "month": Span(Decimal(1), high=Decimal(12)),
    "day": Span(Decimal(1), high=Decimal(31)),
    "offers": Span(Decimal(0)),
    "rank": Span(Decimal(1)),
    "changes_today": Span(Decimal(0)),
    "velocity": Span(Decimal(0)),
    "days_of_stock": Span(Decimal(0)),
}
_TEXTS = {"weekday": frozenset(WEEKDAYS)}


@dataclass(slots=True)
class Facts:
    """What holds for every product that a conjunction is certainly true for."""

    spans: dict[str, Span] = field(default_factory=dict)
    texts: dict[str, frozenset[str]] = field(default_factory=dict)
    others: set[str] = field(default_factory=set)
    never: bool = False

    @classmethod
    def of(cls, conditions: Sequence[str]) -> Facts:
        """Read conditions that all must hold; they have been checked before."""
        facts = cls()
        for text in conditions:
            for node, positive in _conjuncts(language.parse(text), positive=True):
                facts._add(node, positive)
        return facts

    @property
    def impossible(self) -> bool:
        """Whether nothing can ever fulfil them."""
        opposed = any(f"not {each}" in self.others for each in self.others)
        empty = any(span.empty for span in self.spans.values()) or not all(self.texts.values())
        return self.never or opposed or empty

    def imply(self, other: Facts) -> bool:
        """Whether whatever fulfils these fulfils the others, too."""
        return (
            not other.never
            and other.others <= self.others
            and all(name in self.spans and self.spans[name].within(span) for name, span in other.spans.items())
            and all(name in self.texts and self._inside(name, texts) for name, texts in other.texts.items())
        )

    def _inside(self, name: str, texts: frozenset[str]) -> bool:
        if name != "category":
            return self.texts[name] <= texts
        return all(_below(mine, texts) for mine in self.texts[name])

    def _add(self, node: Node, positive: bool) -> None:
        match node:
            case language.Boolean():
                self.never |= node.value is not positive
            case language.Binary(operator="==" | "!=" | "<" | "<=" | ">" | ">="):
                self._comparison(node, positive)
            case language.Binary(operator="in", left=language.Name(name=name)) if positive:
                self._membership(node, name)
            case _:
                self.others.add(written(node) if positive else f"not {written(node)}")

    def _comparison(self, node: language.Binary, positive: bool) -> None:
        operator = node.operator if positive else _OPPOSITE[node.operator]
        left, right = node.left, node.right
        if not isinstance(left, language.Name):
            left, right, operator = right, left, _MIRRORED[operator]
        plain = isinstance(left, language.Name) and left.name != "category" and operator == "=="
        if plain and isinstance(left, language.Name) and isinstance(right, language.String):
            self._text(left.name, frozenset({fold(right.value)}))
        elif isinstance(left, language.Name) and isinstance(right, language.Number) and operator != "!=":
            self._span(left.name, operator, right)
        else:
            self.others.add(written(node) if positive else f"not {written(node)}")

    def _span(self, name: str, operator: str, number: language.Number) -> None:
        kind = FIELDS[name].kind if name in FIELDS else Kind.TEXT
        if kind not in _NUMERIC:
            return
        value = number.value / 100 if number.percent and kind is not Kind.PERCENT else number.value
        low = (value, operator == ">") if operator in {">", ">=", "=="} else (None, False)
        high = (value, operator == "<") if operator in {"<", "<=", "=="} else (None, False)
        start = self.spans.get(name, _RANGES.get(name, Span()))
        self.spans[name] = start.cut(Span(low[0], low[1], high[0], high[1]))

    def _membership(self, node: language.Binary, name: str) -> None:
        items = node.right.items if isinstance(node.right, language.Items) else (node.right,)
        texts = [item.value for item in items if isinstance(item, language.String)]
        kind = FIELDS[name].kind if name in FIELDS else Kind.TEXT
        if len(texts) == len(items) and kind in {Kind.TEXT, Kind.PATH}:
            self._text(name, frozenset(map(category if kind is Kind.PATH else fold, texts)))
        else:
            self.others.add(written(node))

    def _text(self, name: str, texts: frozenset[str]) -> None:
        known = self.texts.get(name, _TEXTS.get(name))
        if known is None:
            self.texts[name] = texts
        elif name == "category":
            self.texts[name] = frozenset(
                {each for each in known if _below(each, texts)} | {each for each in texts if _below(each, known)}
            )
        else:
            self.texts[name] = known & texts


def _below(path: str, paths: frozenset[str]) -> bool:
    return any(f"{path} > ".startswith(f"{each} > ") for each in paths)


def _conjuncts(node: Node, *, positive: bool) -> Iterator[tuple[Node, bool]]:
    if isinstance(node, language.Unary) and node.operator == "not":
        yield from _conjuncts(node.operand, positive=not positive)
    elif isinstance(node, language.Binary) and node.operator == ("and" if positive else "or"):
        yield from _conjuncts(node.left, positive=positive)
        yield from _conjuncts(node.right, positive=positive)
    else:
        yield node, positive


def written(node: Node) -> str:
    """Write an expression in one way, so that equal ones are equal texts."""
    match node:
        case language.Number():
            return f"{node.value.normalize():f}{'%' * node.percent}"
        case language.String():
            return repr(fold(node.value))
        case language.Boolean():
            return str(node.value).lower()
        case language.Name():
            return node.name
        case language.Unary():
            return f"{node.operator} {written(node.operand)}"
        case language.Binary():
            return f"({written(node.left)} {node.operator} {written(node.right)})"
        case language.Call():
            return f"{node.function}({', '.join(map(written, node.arguments))})"
        case language.Items():
            return f"[{', '.join(sorted(map(written, node.items)))}]"


_WEIGHTS: Mapping[str, int] = {"sku": 1_000, "brand": 10, "supplier": 10, "tags": 10, "name": 10}


def specificity(conditions: Sequence[str]) -> int:
    """How specific conditions are: a SKU counts 1000, a brand, supplier, tag, name, column and each level of a category
    10, anything else 1; all parts joined by `and` add up, of parts joined by `or` the least specific one counts.
    """
    return sum(_specific(language.parse(text)) for text in conditions)


def _specific(node: Node) -> int:
    if isinstance(node, language.Binary) and node.operator == "and":
        return _specific(node.left) + _specific(node.right)
    if isinstance(node, language.Binary) and node.operator == "or":
        return min(_specific(node.left), _specific(node.right))
    found = 1
    for part in _walk(node):
        if isinstance(part, language.Name):
            weight = 10 if part.name.startswith("custom.") else _WEIGHTS.get(part.name, 1)
            found = max(found, 10 * _levels(node) if part.name == "category" else weight)
    return found


def _levels(node: Node) -> int:
    return min((part.value.count(">") + 1 for part in _walk(node) if isinstance(part, language.String)), default=1)


def _walk(node: Node) -> Iterator[Node]:
    yield node
    match node:
        case language.Unary():
            yield from _walk(node.operand)
        case language.Binary():
            yield from _walk(node.left)
            yield from _walk(node.right)
        case language.Call(arguments=children) | language.Items(items=children):
            for child in children:
                yield from _walk(child)
        case _:
            pass
