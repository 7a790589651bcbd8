"""Typed conditions and formulas: checked before anything runs, computed on whole columns.

Logic is three-valued: what rests on an unknown value is unknown, and a rule applies only where its condition is
certainly true. Numbers are fixed-point with four decimals; products and quotients are rounded halves away from
zero; what leaves the range of money becomes unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from pricewatch.located import did_you_mean
from pricewatch.pricing import language
from pricewatch.pricing.columns import (
    Logic,
    Numeric,
    Scope,
    Truth,
    Words,
    at_or_below,
    category,
    compared,
    days_to,
    equals,
    extreme,
    fold,
    joined,
    minus,
    negated,
    ordering,
    per_text,
    product,
    quotient,
    read_amount,
    read_number,
    total,
    tried,
)
from pricewatch.pricing.exact import ONE, known
from pricewatch.pricing.fields import CUSTOM, FIELDS, FUNCTIONS, Kind
from pricewatch.pricing.frame import Bools
from pricewatch.pricing.language import ExpressionError, Node
from pricewatch.pricing.values import to_minor

NUMERIC = frozenset({Kind.MONEY, Kind.PERCENT, Kind.NUMBER})
TEXTUAL = frozenset({Kind.TEXT, Kind.PATH})


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
    """A checked formula for a gross price or a number."""

    text: str
    compute: Numeric
    names: frozenset[str]
    amounts: tuple[Decimal, ...]

    @property
    def market(self) -> bool:
        """Whether it reads the landscape."""
        return any(name in FIELDS and FIELDS[name].market for name in self.names)


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


def compile_number(text: str) -> Formula:
    """Check an expression for a number on catalogue fields; raises ExpressionError."""
    checker = _Checker(market=False)
    tree = language.parse(text)
    kind = checker.kind(tree)
    if kind not in {Kind.NUMBER, None}:
        raise ExpressionError(f"expected a number, and this is {kind}", tree.at)
    compute = checker.numeric(tree, Kind.NUMBER)
    return Formula(text, compute, frozenset(checker.names), tuple(checker.amounts))


def text_field(text: str) -> str:
    """Check that an expression is the name of a catalogue text field; raises ExpressionError."""
    tree = language.parse(text)
    checker = _Checker(market=False)
    if not isinstance(tree, language.Name) or checker.kind(tree) not in TEXTUAL:
        raise ExpressionError("expected a text field", tree.at, "such as custom.model")
    return tree.name


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
            case language.Name():
                found: Kind | None = self._field(node)
            case language.Unary(operator="-"):
                found = self._signed(node)
            case language.Binary(operator="+" | "-" | "*" | "/"):
                found = self._arithmetic(node)
            case language.Call():
                found = self._call(node)
            case language.Items():
                raise ExpressionError("a list stands only right of `in`", node.at)
            case language.Number():
                found = Kind.PERCENT if node.percent else None
            case _:
                found = Kind.TEXT if isinstance(node, language.String) else Kind.TRUTH
        return found

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
        if node.function == "amount":
            return Kind.MONEY
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
            case language.Boolean():
                found = _constant(node.value)
            case language.Name() if self._field(node) is Kind.TRUTH:
                found = _flag(node.name)
            case language.Unary(operator="not"):
                found = negated(self.logic(node.operand))
            case language.Binary(operator="and" | "or"):
                found = joined(self.logic(node.left), self.logic(node.right), both=node.operator == "and")
            case language.Binary(operator="in"):
                found = self._membership(node)
            case language.Binary(operator="==" | "!=" | "<" | "<=" | ">" | ">="):
                found = self._comparison(node)
            case language.Call() if self._call(node) is Kind.TRUTH:
                found = self._predicate(node)
            case _:
                raise ExpressionError(f"expected a condition, and this is {self.kind(node) or Kind.NUMBER}", node.at)
        return found

    def _comparison(self, node: language.Binary) -> Logic:
        left, right = self.kind(node.left), self.kind(node.right)
        if left in TEXTUAL and right in TEXTUAL:
            return self._text_comparison(node)
        if Kind.TRUTH in {left, right}:
            raise ExpressionError("write the condition itself, or `not`, instead of comparing it", node.at)
        kind = self._common_kind(node, left, right)
        return compared(self.numeric(node.left, kind), self.numeric(node.right, kind), node.operator)

    def _common_kind(self, node: language.Binary, left: Kind | None, right: Kind | None) -> Kind:
        if left is None and right is None:
            raise ExpressionError("this compares two numbers and no field", node.at)
        numeric = {left, right} <= NUMERIC | {None}
        percent_number = {left, right} == {Kind.NUMBER, Kind.PERCENT}
        if not numeric or (left is not right and left is not None and right is not None and not percent_number):
            names = f"{left or Kind.NUMBER} with {right or Kind.NUMBER}"
            raise ExpressionError(f"cannot compare {names}", node.at, _comparison_hint(node, left, right))
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
            test = (lambda t: category(t) == category(wanted)) if kind is Kind.PATH else equals(wanted)
            found = tried(words, test)
            return found if node.operator == "==" else negated(found)
        if node.operator in {"<", ">", "<=", ">="} and kind is Kind.TEXT:
            swapped = isinstance(node.left, language.String)
            return tried(words, ordering(node.operator, wanted, swapped))
        raise ExpressionError("categories are compared with ==, != and in", node.at)

    def _membership(self, node: language.Binary) -> Logic:
        if self._is_tags(node.right):
            if not isinstance(node.left, language.String):
                raise ExpressionError("write the tag in quotes, as in 'sale' in tags", node.left.at)
            tag = f"|{fold(node.left.value)}|"
            return tried(lambda scope: scope.text("tags"), lambda text: tag in text.casefold(), unknown_empty=False)
        kind = self.kind(node.left)
        if kind in NUMERIC and isinstance(node.right, language.Items):
            return self._number_in(node.left, node.right, kind or Kind.NUMBER)
        if kind not in TEXTUAL:
            raise ExpressionError(f"`in` looks for texts, and this is {kind or Kind.NUMBER}", node.left.at)
        options = self._options(node.right, single=kind is Kind.PATH)
        if kind is Kind.PATH:
            return tried(self._words(node.left), at_or_below(options))
        folded = frozenset(map(fold, options))
        return tried(self._words(node.left), lambda text: fold(text) in folded)

    def _is_tags(self, node: Node) -> bool:
        return isinstance(node, language.Name) and self._field(node) is Kind.TAGS

    def _number_in(self, left: Node, right: language.Items, kind: Kind) -> Logic:
        column = self.numeric(left, kind)
        tests = [compared(column, self.numeric(item, kind), "==") for item in right.items]
        logic = tests[0]
        for test in tests[1:]:
            logic = joined(logic, test, both=False)
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
            return tried(words, lambda text: part in text.casefold())
        return tried(words, lambda text: text.casefold().startswith(part))

    def _known(self, node: Node) -> Logic:
        kind = self.kind(node)
        if kind in NUMERIC:
            column = self.numeric(node, kind or Kind.NUMBER)
            return lambda scope: Truth.certain(known(column(scope)))
        if kind in TEXTUAL:
            words = self._words(node)
            return tried(words, lambda text: bool(text.strip()), unknown_empty=False)
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
                found = self._literal(node, wanted)
            case language.Name():
                found = _column(node.name)
            case language.Unary(operator="-"):
                found = minus(self.numeric(node.operand, wanted))
            case language.Binary(operator="+" | "-"):
                kind = self.kind(node) or wanted
                found = total(self.numeric(node.left, kind), self.numeric(node.right, kind), node.operator)
            case language.Binary(operator="*" | "/"):
                found = self._scaled(node, wanted)
            case language.Call(function="min" | "max"):
                kind = self.kind(node) or wanted
                found = extreme([self.numeric(each, kind) for each in node.arguments], node.function)
            case language.Call():
                found = self._from_text(node)
            case _:
                raise ExpressionError(f"expected {wanted}", node.at)
        return found

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
        if node.operator == "/" and isinstance(node.right, language.Number) and not node.right.value:
            raise ExpressionError("nothing can be divided by zero", node.right.at)
        left, right = self.kind(node.left), self.kind(node.right)
        if (left is Kind.MONEY and right is Kind.MONEY) or (node.operator == "/" and left is right):
            return quotient(self.numeric(node.left, left or wanted), self.numeric(node.right, right or wanted))
        if right is Kind.MONEY or (left is None and node.operator == "*"):
            return product(self.numeric(node.right, right or wanted), self.numeric(node.left, left or Kind.NUMBER))
        first = self.numeric(node.left, left or Kind.NUMBER)
        second = self.numeric(node.right, right or Kind.NUMBER)
        return product(first, second) if node.operator == "*" else quotient(first, second)

    def _from_text(self, node: language.Call) -> Numeric:
        if self._call(node) not in {Kind.NUMBER, Kind.MONEY}:
            raise ExpressionError("expected a number", node.at)
        words = self._words(node.arguments[0])
        if node.function == "amount":
            return lambda scope: per_text(words(scope), read_amount(scope.exponent))
        if node.function == "number":
            return lambda scope: per_text(words(scope), read_number)
        return lambda scope: per_text(words(scope), days_to(scope.today))


def _comparison_hint(node: language.Binary, left: Kind | None, right: Kind | None) -> str:
    quoted = next((side.value for side in (node.left, node.right) if isinstance(side, language.String)), None)
    if quoted is not None and quoted[:1].isdecimal():
        return f"numbers stand without quotes: {quoted}"
    if Kind.TEXT in {left, right}:
        return "write number(custom.NAME) to read a text as a number"
    return "percentages are written 20%, amounts 19.99" if Kind.PERCENT in {left, right} else ""


def _constant(value: bool) -> Logic:
    return lambda scope: Truth.certain(np.full(len(scope), value))


def _flag(name: str) -> Logic:
    return lambda scope: Truth.certain(scope.flag(name))


def _column(name: str) -> Numeric:
    return lambda scope: scope.number(name)
