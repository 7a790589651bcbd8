"""The expression language of rules: text to a syntax tree of a few frozen node types, nothing else.

There are no attributes, no indexing, no calls but the listed functions, and nothing is ever evaluated by Python.
Length and nesting are bounded.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple, TypeAlias

MAX_LENGTH = 4_000
MAX_DEPTH = 40
MAX_TOKENS = 400  # also bounds the depth of a long chain of `and`
KEYWORDS = frozenset({"and", "or", "not", "in", "true", "false"})

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<number>\d+(?:\.\d+)?\s*%?)
      | (?P<string>'[^'\n]*'|"[^"\n]*")
      | (?P<name>[^\W\d]\w*(?:\.(?:\w+|'[^'\n]+'|"[^"\n]+"))?)
      | (?P<symbol>==|!=|<=|>=|<|>|\+|-|\*|/|\(|\)|\[|\]|,)
    )""",
    re.VERBOSE,
)


class ExpressionError(ValueError):
    """The expression is wrong at character `at` (counted from 0)."""

    def __init__(self, message: str, at: int, hint: str = "") -> None:
        self.message = message
        self.at = at
        self.hint = hint
        super().__init__(message)


class Token(NamedTuple):
    """One word of an expression."""

    kind: str  # number, string, name, symbol, keyword, end
    text: str
    at: int


@dataclass(frozen=True, slots=True)
class Number:
    """A literal number; it takes the type of what it is compared or combined with."""

    value: Decimal
    percent: bool
    at: int


@dataclass(frozen=True, slots=True)
class String:
    """A literal text."""

    value: str
    at: int


@dataclass(frozen=True, slots=True)
class Boolean:
    """`true` or `false`."""

    value: bool
    at: int


@dataclass(frozen=True, slots=True)
class Name:
    """A catalogue or market field."""

    name: str
    at: int


@dataclass(frozen=True, slots=True)
class Items:
    """A list of options, only right of `in`."""

    items: tuple[Node, ...]
    at: int


@dataclass(frozen=True, slots=True)
class Unary:
    """`not x` or `-x`."""

    operator: str
    operand: Node
    at: int


@dataclass(frozen=True, slots=True)
class Binary:
    """Arithmetic, comparison, membership or a logical operator."""

    operator: str
    left: Node
    right: Node
    at: int


@dataclass(frozen=True, slots=True)
class Call:
    """One of the listed functions."""

    function: str
    arguments: tuple[Node, ...]
    at: int


Node: TypeAlias = Number | String | Boolean | Name | Items | Unary | Binary | Call

_COMPARISONS = ("==", "!=", "<=", ">=", "<", ">", "in")


def parse(text: str) -> Node:
    """Parse an expression; raises ExpressionError with the place of the first mistake."""
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"the expression is longer than {MAX_LENGTH} characters", 0, "split it into cases")
    tokens = _tokens(text)
    if len(tokens) > MAX_TOKENS:
        raise ExpressionError(f"the expression has more than {MAX_TOKENS} words", tokens[MAX_TOKENS].at, "use cases")
    reader = _Reader(tokens)
    tree = reader.expression(0)
    reader.expect_end()
    return tree


def _tokens(text: str) -> list[Token]:
    tokens: list[Token] = []
    at = 0
    while at < len(text.rstrip()):
        found = _TOKEN.match(text, at)
        if found is None or found.lastgroup is None:
            raise _unreadable(text, at)
        word = found[found.lastgroup]
        kind = "keyword" if word in KEYWORDS else found.lastgroup
        tokens.append(Token(kind, word, found.start(found.lastgroup)))
        at = found.end()
    return [*tokens, Token("end", "", len(text))]


def _unreadable(text: str, at: int) -> ExpressionError:
    at += len(text[at:]) - len(text[at:].lstrip())
    hints = {"=": "compare with ==", "&": "write `and`", "|": "write `or`", "!": "write `not`", "'": "close the quote"}
    return ExpressionError(f"cannot read {text[at]!r}", at, hints.get(text[at], ""))


_BEHIND = {
    ",": "decimals are written with a point, as in 10.5",
    "name": "a column's name with spaces stands in quotes, as in custom.'main colour'",
}


def _unquoted(name: str) -> str:
    """The name of a field; of a catalogue column as the catalogue has it, without the quotes around it."""
    space, dot, column = name.partition(".")
    return space + dot + (column[1:-1] if column.startswith(("'", '"')) else column)


class _Reader:
    """Recursive descent over the tokens; the depth is bounded."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._next = 0

    @property
    def _token(self) -> Token:
        return self._tokens[self._next]

    def _take(self) -> Token:
        token = self._token
        self._next += token.kind != "end"
        return token

    def _accept(self, *words: str) -> Token | None:
        token = self._token
        return self._take() if token.kind in {"symbol", "keyword"} and token.text in words else None

    def _expect(self, word: str) -> None:
        if self._accept(word) is None:
            raise ExpressionError(f"expected {word!r} before {self._here()}", self._token.at)

    def _here(self) -> str:
        return repr(self._token.text) if self._token.text else "the end"

    def expect_end(self) -> None:
        if self._token.kind != "end":
            hint = _BEHIND.get(self._token.text if self._token.kind == "symbol" else self._token.kind, "")
            raise ExpressionError(f"expected the end or an operator before {self._here()}", self._token.at, hint)

    def expression(self, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise ExpressionError("too deeply nested", self._token.at, "split the condition into cases")
        return self._chain(("or",), self._conjunction, depth)

    def _conjunction(self, depth: int) -> Node:
        return self._chain(("and",), self._negation, depth)

    def _negation(self, depth: int) -> Node:
        negations = list(iter(lambda: self._accept("not"), None))
        node = self._comparison(depth)
        return Unary("not", node, negations[0].at) if len(negations) % 2 else node

    def _comparison(self, depth: int) -> Node:
        left = self._sum(depth)
        negated = self._accept("not")
        operator = self._accept("in") if negated else self._accept(*_COMPARISONS)
        if operator is None:
            if negated:
                raise ExpressionError(f"expected 'in' before {self._here()}", self._token.at)
            return left
        node = Binary(operator.text, left, self._sum(depth), operator.at)
        if follower := self._accept(*_COMPARISONS):
            raise ExpressionError(f"comparisons do not chain at {follower.text!r}", follower.at, "join two with `and`")
        return Unary("not", node, negated.at) if negated else node

    def _sum(self, depth: int) -> Node:
        return self._chain(("+", "-"), self._product, depth)

    def _product(self, depth: int) -> Node:
        return self._chain(("*", "/"), self._signed, depth)

    def _chain(self, operators: tuple[str, ...], operand: Callable[[int], Node], depth: int) -> Node:
        node = operand(depth)
        while token := self._accept(*operators):
            node = Binary(token.text, node, operand(depth), token.at)
        return node

    def _signed(self, depth: int) -> Node:
        minus = self._accept("-")
        if minus is None:
            return self._primary(depth)
        if depth > MAX_DEPTH:
            raise ExpressionError("too deeply nested", minus.at)
        return Unary("-", self._signed(depth + 1), minus.at)

    def _primary(self, depth: int) -> Node:
        token = self._take()
        if token.kind == "number":
            digits = token.text.rstrip("% \t")
            return Number(Decimal(digits), token.text.endswith("%"), token.at)
        if token.kind == "string":
            return String(token.text[1:-1], token.at)
        if token.text in {"true", "false"}:
            return Boolean(token.text == "true", token.at)
        if token.kind == "name":
            return self._call(token, depth) if self._accept("(") else Name(_unquoted(token.text), token.at)
        if token.text in {"(", "["} and token.kind == "symbol":
            return self._bracket(token, depth)
        found = repr(token.text) if token.text else "the end"
        raise ExpressionError(f"expected a name, a number or a text instead of {found}", token.at)

    def _call(self, token: Token, depth: int) -> Node:
        return Call(token.text, self._listed(")", depth), token.at)

    def _bracket(self, token: Token, depth: int) -> Node:
        if token.text == "[":
            return Items(self._listed("]", depth), token.at)
        items = self._listed(")", depth)
        return items[0] if len(items) == 1 else Items(items, token.at)

    def _listed(self, end: str, depth: int) -> tuple[Node, ...]:
        items = [self.expression(depth + 1)]
        while self._accept(","):
            items.append(self.expression(depth + 1))
        self._expect(end)
        return tuple(items)
