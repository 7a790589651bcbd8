"""Typed conditions and formulas: checked before anything runs, computed on whole columns.

Logic is three-valued: what rests on an unknown value is unknown, and a rule applies only where its condition is
certainly true. Numbers are fixed-point with four decimals; products and quotients are rounded halves away from
zero; what leaves the range of money becomes unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Protocol, TypeAlias

import numpy as np

from pricewatch.located import did_you_mean
from pricewatch.pricing import language
from pricewatch.pricing.exact import AMOUNT_LIMIT, ONE, half_up, known, only
from pricewatch.pricing.fields import CUSTOM, FIELDS, FUNCTIONS, Kind
from pricewatch.pricing.frame import Bools, Ints, Text
from pricewatch.pricing.language import ExpressionError, Node
from pricewatch.pricing.values import to_minor

NUMERIC = frozenset({Kind.MONEY, Kind.PERCENT, Kind.NUMBER})
TEXTUAL = frozenset({Kind.TEXT, Kind.PATH})


class Scope(Protocol):
    """The rows that an expression is computed on."""

    @property
    def exponent(self) -> int: ...
    @property
    def today(self) -> date: ...
    def __len__(self) -> int: ...
    def number(self, name: str) -> Ints:
        """An amount (minor units), percentage (basis points) or number (ten-thousandths) for each row."""
        ...

    def text(self, name: str) -> Text: ...
    def flag(self, name: str) -> Bools: ...


@dataclass(frozen=True, slots=True)
class Truth:
    """Three-valued logic for each row: certainly true, certainly false, else unknown."""

    yes: Bools
    no: Bools

    @classmethod
    def certain(cls, yes: Bools) -> Truth:
        return cls(yes, ~yes)


Logic: TypeAlias = Callable[[Scope], Truth]
Numeric: TypeAlias = Callable[[Scope], Ints]
Words: TypeAlias = Callable[[Scope], Text]


@dataclass(frozen=True, slots=True)
class Condition:
    """A checked condition; `names` are the fields that it reads and `amounts` the money it mentions."""

    text: str
    compute: Logic
    names: frozenset[str]
    amounts: tuple[Decimal, ...]

    @property
    def market(self) -> bool:
        """Whether it reads the landscape."""
        return any(name in FIELDS and FIELDS[name].market for name in self.names)

    def holds(self, scope: Scope) -> Bools:
        """Where the condition is certainly true."""
        return self.compute(scope).yes


@dataclass(frozen=True, slots=True)
class Formula:
    """A checked formula for a gross price."""

    text: str
    compute: Numeric
    names: frozenset[str]
    amounts: tuple[Decimal, ...]


def compile_condition(text: str, *, market: bool = True) -> Condition:
    """Check a condition; raises ExpressionError. Without `market`, market fields are refused."""
    checker = _Checker(market)
    compute = checker.logic(language.parse(text))
    return Condition(text, compute, frozenset(checker.names), tuple(checker.amounts))


def compile_formula(text: str) -> Formula:
    """Check a formula for an amount; raises ExpressionError."""
    checker = _Checker(market=True)
    tree = language.parse(text)
    kind = checker.kind(tree)
    if kind not in {Kind.MONEY, None}:
        raise ExpressionError(f"a price is an amount, and this is {kind}", tree.at)
    compute = checker.numeric(tree, Kind.MONEY)
    return Formula(text, compute, frozenset(checker.names), tuple(checker.amounts))


def fold(text: str) -> str:
    """How texts are compared: whatever the case, and without blanks around them."""
    return text.strip().casefold()


def category(path: str) -> str:
    """Write a category path in one way: parts separated by ` > `, whatever the case."""
    return " > ".join(fold(part) for part in path.split(">"))


class _Checker:
    """Types an expression and turns it into functions on columns."""

    def __init__(self, market: bool) -> None:
        self._market = market
        self.names: set[str] = set()
        self.amounts: list[Decimal] = []

    # --- types

    def kind(self, node: Node) -> Kind | None:
        """The type of a node; None for a bare number, which takes the type that is needed."""
        match node:
            case language.Number(percent=percent):
                return Kind.PERCENT if percent else None
            case language.String():
                return Kind.TEXT
            case language.Boolean():
                return Kind.TRUTH
            case language.Name():
                return self._field(node)
            case language.Unary(operator="-"):
                return self._signed(node)
            case language.Binary(operator="+" | "-" | "*" | "/"):
                return self._arithmetic(node)
            case language.Call():
                return self._call(node)
            case language.Items():
                raise ExpressionError("a list stands only right of `in`", node.at)
            case _:
                return Kind.TRUTH

    def _field(self, node: language.Name) -> Kind:
        self.names.add(node.name)
        if node.name.startswith(CUSTOM):
            return Kind.TEXT
        field = FIELDS.get(node.name)
        if field is None:
            near = did_you_mean(node.name, tuple(FIELDS))
            hint = f"did you mean `{near}`?" if near else f"further catalogue columns are written `{CUSTOM}NAME`"
            raise ExpressionError(f"unknown field `{node.name}`", node.at, hint)
        if field.market and not self._market:
            raise ExpressionError(
                f"`{node.name}` needs a landscape, which only rules have", node.at, "move this condition to a rule"
            )
        return field.kind

    def _signed(self, node: language.Unary) -> Kind | None:
        kind = self.kind(node.operand)
        if kind is not None and kind not in NUMERIC:
            raise ExpressionError(f"cannot negate {kind}", node.at)
        return kind

    def _arithmetic(self, node: language.Binary) -> Kind | None:
        left, right = self.kind(node.left), self.kind(node.right)
        for side, kind in ((node.left, left), (node.right, right)):
            if kind is not None and kind not in NUMERIC:
                raise ExpressionError(f"cannot calculate with {kind}", side.at)
        if left is None and right is None:
            raise ExpressionError("calculate this and write the result", node.at)
        if node.operator in "+-":
            return self._same(node, left, right)
        return self._scaling(node, left, right)

    def _same(self, node: language.Binary, left: Kind | None, right: Kind | None) -> Kind | None:
        if left is not None and right is not None and left is not right:
            raise ExpressionError(f"cannot combine {left} with {right} by {node.operator}", node.at)
        return left or right

    def _scaling(self, node: language.Binary, left: Kind | None, right: Kind | None) -> Kind:
        if left is Kind.MONEY and right is Kind.MONEY:
            if node.operator == "/":
                return Kind.NUMBER
            raise ExpressionError("cannot multiply two amounts", node.at)
        if right is Kind.MONEY:
            if node.operator == "*":
                return Kind.MONEY
            raise ExpressionError(f"cannot divide {left or Kind.NUMBER} by an amount", node.at)
        if node.operator == "/" and left is right and left is not None:
            return Kind.NUMBER
        if left is None and node.operator == "/":
            return Kind.NUMBER
        return left or right or Kind.NUMBER

    def _call(self, node: language.Call) -> Kind | None:
        if node.function not in FUNCTIONS:
            near = did_you_mean(node.function, tuple(FUNCTIONS))
            raise ExpressionError(
                f"unknown function `{node.function}`",
                node.at,
                f"did you mean `{near}`?" if near else f"the functions are {', '.join(FUNCTIONS)}",
            )
        if node.function in {"min", "max"}:
            return self._common(node.arguments, node.at)
        wanted = 2 if node.function in {"contains", "starts_with"} else 1
        if len(node.arguments) != wanted:
            raise ExpressionError(f"`{node.function}` takes {wanted} argument{'s' * (wanted > 1)}", node.at)
        return Kind.NUMBER if node.function in {"number", "days_since"} else Kind.TRUTH

    def _common(self, nodes: Sequence[Node], at: int) -> Kind | None:
        kinds = {kind for kind in map(self.kind, nodes) if kind is not None}
        if len(kinds) > 1 or not kinds <= NUMERIC:
            raise ExpressionError(f"cannot compare {' with '.join(sorted(kinds))}", at)
        return kinds.pop() if kinds else None

    # --- logic

    def logic(self, node: Node) -> Logic:
        """A function that says for each row whether the node is true."""
        match node:
            case language.Boolean(value=value):
                return lambda scope: Truth.certain(np.full(len(scope), value))
            case language.Name(name=name) if self._field(node) is Kind.TRUTH:
                return lambda scope: Truth.certain(scope.flag(name))
            case language.Unary(operator="not"):
                return _negated(self.logic(node.operand))
            case language.Binary(operator="and" | "or"):
                return _joined(self.logic(node.left), self.logic(node.right), both=node.operator == "and")
            case language.Binary(operator="in"):
                return self._membership(node)
            case language.Binary(operator="==" | "!=" | "<" | "<=" | ">" | ">="):
                return self._comparison(node)
            case language.Call() if self._call(node) is Kind.TRUTH:
                return self._predicate(node)
            case _:
                raise ExpressionError(f"expected a condition, and this is {self.kind(node) or Kind.NUMBER}", node.at)

    def _comparison(self, node: language.Binary) -> Logic:
        left, right = self.kind(node.left), self.kind(node.right)
        if left in TEXTUAL and right in TEXTUAL:
            return self._text_comparison(node)
        if Kind.TRUTH in {left, right}:
            raise ExpressionError("write the condition itself, or `not`, instead of comparing it", node.at)
        kind = self._compared(node, left, right)
        return _compared(self.numeric(node.left, kind), self.numeric(node.right, kind), node.operator)

    def _compared(self, node: language.Binary, left: Kind | None, right: Kind | None) -> Kind:
        if left is None and right is None:
            raise ExpressionError("this compares two numbers and no field", node.at)
        numeric = {left, right} <= NUMERIC | {None}
        percent_number = {left, right} == {Kind.NUMBER, Kind.PERCENT}
        if not numeric or (left is not right and left is not None and right is not None and not percent_number):
            names = f"{left or Kind.NUMBER} with {right or Kind.NUMBER}"
            raise ExpressionError(f"cannot compare {names}", node.at, _comparison_hint(left, right))
        return left or right or Kind.NUMBER

    def _text_comparison(self, node: language.Binary) -> Logic:
        left, right = node.left, node.right
        if isinstance(left, language.String):
            left, right = right, left
        if not isinstance(right, language.String) or isinstance(left, language.String):
            raise ExpressionError("a text field is compared with a text in quotes", node.at)
        kind = self.kind(left)
        words, wanted = self._words(left), right.value
        if node.operator in {"==", "!="}:
            test = (lambda t: category(t) == category(wanted)) if kind is Kind.PATH else _equals(wanted)
            found = _texts(words, test)
            return found if node.operator == "==" else _negated(found)
        if node.operator in {"<", ">", "<=", ">="} and kind is Kind.TEXT:
            swapped = isinstance(node.left, language.String)
            return _texts(words, _ordering(node.operator, wanted, swapped))
        raise ExpressionError("categories are compared with ==, != and in", node.at)

    def _membership(self, node: language.Binary) -> Logic:
        if self._is_tags(node.right):
            if not isinstance(node.left, language.String):
                raise ExpressionError("write the tag in quotes, as in 'sale' in tags", node.left.at)
            tag = f"|{fold(node.left.value)}|"
            return _texts(lambda scope: scope.text("tags"), lambda text: tag in text.casefold(), unknown_empty=False)
        kind = self.kind(node.left)
        if kind in NUMERIC and isinstance(node.right, language.Items):
            return self._number_in(node.left, node.right, kind or Kind.NUMBER)
        if kind not in TEXTUAL:
            raise ExpressionError(f"`in` looks for texts, and this is {kind or Kind.NUMBER}", node.left.at)
        options = self._options(node.right, single=kind is Kind.PATH)
        if kind is Kind.PATH:
            return _texts(self._words(node.left), _below(options))
        folded = frozenset(map(fold, options))
        return _texts(self._words(node.left), lambda text: fold(text) in folded)

    def _is_tags(self, node: Node) -> bool:
        return isinstance(node, language.Name) and self._field(node) is Kind.TAGS

    def _number_in(self, left: Node, right: language.Items, kind: Kind) -> Logic:
        column = self.numeric(left, kind)
        tests = [_compared(column, self.numeric(item, kind), "==") for item in right.items]
        logic = tests[0]
        for test in tests[1:]:
            logic = _joined(logic, test, both=False)
        return logic

    def _options(self, node: Node, *, single: bool) -> tuple[str, ...]:
        items = node.items if isinstance(node, language.Items) else (node,) if single else ()
        if not items:
            raise ExpressionError("`in` needs a list", node.at, "write == for one text, or ('a', 'b')")
        for item in items:
            if not isinstance(item, language.String):
                raise ExpressionError("this list takes texts in quotes", item.at)
        return tuple(item.value for item in items if isinstance(item, language.String))

    def _predicate(self, node: language.Call) -> Logic:
        if node.function == "known":
            return self._known(node.arguments[0])
        words, wanted = self._words(node.arguments[0]), node.arguments[1]
        if not isinstance(wanted, language.String):
            raise ExpressionError("the second argument is a text in quotes", wanted.at)
        part = wanted.value.casefold()
        if node.function == "contains":
            return _texts(words, lambda text: part in text.casefold())
        return _texts(words, lambda text: text.casefold().startswith(part))

    def _known(self, node: Node) -> Logic:
        kind = self.kind(node)
        if kind in NUMERIC:
            column = self.numeric(node, kind or Kind.NUMBER)
            return lambda scope: Truth.certain(known(column(scope)))
        if kind in TEXTUAL:
            words = self._words(node)
            return _texts(words, lambda text: bool(text.strip()), unknown_empty=False)
        raise ExpressionError(f"`known` takes a field, and this is {kind or Kind.NUMBER}", node.at)

    # --- texts and numbers

    def _words(self, node: Node) -> Words:
        if not isinstance(node, language.Name) or self._field(node) not in TEXTUAL:
            raise ExpressionError("expected a text field", node.at)
        name = node.name
        return lambda scope: scope.text(name)

    def numeric(self, node: Node, wanted: Kind) -> Numeric:
        """A function that gives an amount, percentage or number for each row."""
        match node:
            case language.Number():
                return self._literal(node, wanted)
            case language.Name(name=name):
                return lambda scope: scope.number(name)
            case language.Unary():
                return _minus(self.numeric(node.operand, wanted))
            case language.Binary(operator="+" | "-"):
                kind = self.kind(node) or wanted
                return _sum(self.numeric(node.left, kind), self.numeric(node.right, kind), node.operator)
            case language.Binary(operator="*" | "/"):
                return self._scaled(node, wanted)
            case language.Call(function="min" | "max"):
                kind = self.kind(node) or wanted
                return _extreme([self.numeric(each, kind) for each in node.arguments], node.function)
            case language.Call():
                return self._from_text(node)
            case _:
                raise ExpressionError(f"expected {wanted}", node.at)

    def _literal(self, node: language.Number, wanted: Kind) -> Numeric:
        value = node.value
        if abs(value) > 300_000_000:
            raise ExpressionError("this number is too large", node.at)
        if wanted is Kind.MONEY:
            if node.percent:
                raise ExpressionError("this needs an amount, not a percentage", node.at)
            self.amounts.append(value)
            return lambda scope: np.full(len(scope), to_minor(value, scope.exponent))
        fixed = value * (100 if wanted is Kind.PERCENT or node.percent else ONE)
        if fixed != fixed.to_integral_value():
            raise ExpressionError("this number has too many decimals", node.at)
        return lambda scope: np.full(len(scope), int(fixed))

    def _scaled(self, node: language.Binary, wanted: Kind) -> Numeric:
        left, right = self.kind(node.left), self.kind(node.right)
        if (left is Kind.MONEY and right is Kind.MONEY) or (node.operator == "/" and left is right):
            return _quotient(self.numeric(node.left, left or wanted), self.numeric(node.right, right or wanted))
        if right is Kind.MONEY or (left is None and node.operator == "*"):
            return _product(self.numeric(node.right, right or wanted), self.numeric(node.left, left or Kind.NUMBER))
        first = self.numeric(node.left, left or Kind.NUMBER)
        second = self.numeric(node.right, right or Kind.NUMBER)
        return _product(first, second) if node.operator == "*" else _quotient(first, second)

    def _from_text(self, node: language.Call) -> Numeric:
        if self._call(node) is not Kind.NUMBER:
            raise ExpressionError("expected a number", node.at)
        words = self._words(node.arguments[0])
        if node.function == "number":
            return lambda scope: _per_text(words(scope), _read_number)
        return lambda scope: _per_text(words(scope), _days_to(scope.today))


def _comparison_hint(left: Kind | None, right: Kind | None) -> str:
    if Kind.TEXT in {left, right}:
        return "write number(custom.NAME) to read a text as a number"
    return "percentages are written 20%, amounts 19.99" if Kind.PERCENT in {left, right} else ""


# --- columns ------------------------------------------------------------------------------------------------------


def _negated(logic: Logic) -> Logic:
    def compute(scope: Scope) -> Truth:
        truth = logic(scope)
        return Truth(truth.no, truth.yes)

    return compute


def _joined(left: Logic, right: Logic, *, both: bool) -> Logic:
    def compute(scope: Scope) -> Truth:
        a, b = left(scope), right(scope)
        return Truth(a.yes & b.yes, a.no | b.no) if both else Truth(a.yes | b.yes, a.no & b.no)

    return compute


_ORDER: dict[str, Callable[[Ints, Ints], Bools]] = {
    "==": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}


def _compared(left: Numeric, right: Numeric, operator: str) -> Logic:
    order = _ORDER[operator]

    def compute(scope: Scope) -> Truth:
        a, b = left(scope), right(scope)
        certain, holds = known(a, b), order(a, b)
        return Truth(certain & holds, certain & ~holds)

    return compute


def _equals(wanted: str) -> Callable[[str], bool]:
    folded = fold(wanted)
    return lambda text: fold(text) == folded


def _ordering(operator: str, wanted: str, swapped: bool) -> Callable[[str], bool]:
    symbol = operator.translate(str.maketrans("<>", "><")) if swapped else operator
    tests: dict[str, Callable[[str], bool]] = {
        "<": lambda text: text < wanted,
        "<=": lambda text: text <= wanted,
        ">": lambda text: text > wanted,
        ">=": lambda text: text >= wanted,
    }
    return tests[symbol]


def _below(paths: Sequence[str]) -> Callable[[str], bool]:
    wanted = tuple(map(category, paths))
    return lambda text: any(f"{category(text)} > ".startswith(f"{path} > ") for path in wanted)


def _texts(words: Words, test: Callable[[str], bool], *, unknown_empty: bool = True) -> Logic:
    """Try each distinct text once; an empty text is unknown."""

    def compute(scope: Scope) -> Truth:
        column = words(scope)
        used = _used(column)
        yes, no = np.zeros(len(column.values) + 1, bool), np.zeros(len(column.values) + 1, bool)
        for code in used:
            text = column.values[code]
            if text.strip() or not unknown_empty:
                holds = test(text)
                yes[code], no[code] = holds, not holds
        return Truth(yes[column.codes], no[column.codes])

    return compute


def _used(column: Text) -> Sequence[int]:
    if len(column.values) <= len(column.codes):
        return range(len(column.values))
    return [int(code) for code in np.unique(column.codes)]


def _per_text(column: Text, read: Callable[[str], int]) -> Ints:
    values = np.full(len(column.values) + 1, _UNKNOWN, dtype=np.int64)
    for code in _used(column):
        values[code] = read(column.values[code])
    return np.asarray(values[column.codes])


_UNKNOWN = int(np.iinfo(np.int64).min)


def _read_number(text: str) -> int:
    """Read a plain decimal with up to four decimals as ten-thousandths; anything else is unknown."""
    text = text.strip()
    digits = text.removeprefix("-")
    whole, _, decimals = digits.partition(".")
    if not (whole + decimals).isascii() or not (whole + decimals).isdigit() or len(whole) > 9 or len(decimals) > 4:
        return _UNKNOWN
    if not whole:
        return _UNKNOWN
    value = int(whole) * ONE + int(decimals.ljust(4, "0"))
    return -value if text.startswith("-") else value


def _days_to(today: date) -> Callable[[str], int]:
    def read(text: str) -> int:
        try:
            return (today - date.fromisoformat(text.strip()[:10])).days * ONE
        except ValueError:
            return _UNKNOWN

    return read


_RANGE = AMOUNT_LIMIT * ONE


def _bounded(mask: Bools, values: Ints) -> Ints:
    return only(mask & (np.abs(values) <= _RANGE), values)


def _minus(column: Numeric) -> Numeric:
    def compute(scope: Scope) -> Ints:
        values = column(scope)
        return only(known(values), -values)

    return compute


def _sum(left: Numeric, right: Numeric, operator: str) -> Numeric:
    def compute(scope: Scope) -> Ints:
        a, b = left(scope), right(scope)
        mask = known(a, b)
        a, b = np.where(mask, a, 0), np.where(mask, b, 0)
        return _bounded(mask, a + b if operator == "+" else a - b)

    return compute


def _product(left: Numeric, right: Numeric) -> Numeric:
    def compute(scope: Scope) -> Ints:
        a, b = left(scope), right(scope)
        mask = known(a, b) & (np.abs(a.astype(np.float64)) * np.abs(b.astype(np.float64)) < 2.0**61)
        return _bounded(mask, half_up(np.where(mask, a, 0) * np.where(mask, b, 0), ONE))

    return compute


def _quotient(left: Numeric, right: Numeric) -> Numeric:
    def compute(scope: Scope) -> Ints:
        a, b = left(scope), right(scope)
        mask = known(a, b) & (b != 0)
        top, bottom = np.where(mask, a, 0), np.where(mask, b, 1)
        mask &= np.abs(top) < 2**47
        return _bounded(mask, half_up(np.where(mask, top, 0) * ONE * np.sign(bottom), np.abs(bottom)))

    return compute


def _extreme(columns: Sequence[Numeric], function: str) -> Numeric:
    """The lowest or highest; unknown as soon as one of them is."""
    reduce = np.minimum if function == "min" else np.maximum

    def compute(scope: Scope) -> Ints:
        values = [column(scope) for column in columns]
        return only(known(*values), reduce.reduce(values))

    return compute
