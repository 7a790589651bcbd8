"""Rule files become one frozen, checked rule book."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from pathlib import PurePath

from pricewatch.domain.errors import ConfigError, Problem
from pricewatch.located import Document, Path, build
from pricewatch.pricing.conditions import Condition, Formula, compile_condition, compile_formula
from pricewatch.pricing.language import ExpressionError
from pricewatch.pricing.lint import contradictions, warnings
from pricewatch.pricing.rulefile import (
    Case,
    EndingBand,
    Guardrails,
    GuardrailSet,
    Landscape,
    Rule,
    RuleFile,
    Situations,
    Target,
)
from pricewatch.pricing.values import Measure

__all__ = ["Branch", "RuleBook", "RuleFile", "Scoped", "compile_rulebook"]


@dataclass(frozen=True, slots=True)
class Scoped:
    """Guardrails of one [[guardrails]] table or of one rule; `places` holds file:line of each key that is set."""

    name: str
    place: str
    when: Condition | None
    limits: Guardrails
    places: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Branch:
    """One way to a price: a rule without cases, or one case of a rule.

    `landscape` is a place in the book's landscapes. `when` holds all conditions on the way here, outermost first.
    """

    rule: str
    place: str
    when: tuple[Condition, ...]
    target: Target
    formula: Formula | None
    adjust: Measure | None
    situations: Situations
    landscape: int
    guardrails: Scoped
    starts: date | None
    ends: date | None

    @property
    def market(self) -> bool:
        """Whether its conditions read the landscape."""
        return any(condition.market for condition in self.when)


@dataclass(frozen=True, slots=True)
class RuleBook:
    """All rules in the order in which they are tried, and all guardrails in the order of their files.

    `hash` names the content: equal rules have equal hashes, wherever the files are. `amounts` are the amounts of
    money in the rules, with the place of each; `warnings` what is suspicious but allowed.
    """

    branches: tuple[Branch, ...]
    guardrails: tuple[Scoped, ...]
    landscapes: tuple[Landscape, ...]
    hash: str
    amounts: tuple[tuple[Decimal, Problem], ...] = ()
    warnings: tuple[Problem, ...] = ()

    def check_currency(self, code: str, exponent: int) -> None:
        """Raise ConfigError with every amount in the rules that the currency cannot express."""
        finer = [
            replace(place, message=f"{amount:f} has more decimals than {code} ({exponent})")
            for amount, place in self.amounts
            if amount.scaleb(exponent) != amount.scaleb(exponent).to_integral_value()
        ]
        if finer:
            raise ConfigError(list(dict.fromkeys(finer)))


def compile_rulebook(documents: Sequence[Document]) -> RuleBook:
    """Check all rule files together; raises ConfigError with every mistake in all of them at its place.

    Rules are tried by falling priority, equal ones in the order of file names and lines; the first that holds wins.
    """
    compiler = _Compiler()
    for document in sorted(documents, key=lambda document: (PurePath(document.file).name, document.file)):
        compiler.read(document)
    return compiler.finish()


_WITHOUT_MONEY = frozenset({"quiet_hours", "rounding"})


@dataclass(slots=True)
class _Compiler:
    problems: list[Problem] = field(default_factory=list)
    entries: list[tuple[int, Branch]] = field(default_factory=list)
    guardrails: list[Scoped] = field(default_factory=list)
    landscapes: list[Landscape] = field(default_factory=list)
    amounts: list[tuple[Decimal, Problem]] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    content: list[list[object]] = field(default_factory=list)

    def read(self, document: Document) -> None:
        try:
            model = build(RuleFile, document)
        except ConfigError as error:
            self.problems += error.problems
            self._raw_conditions(document)
            return
        self.content.append([PurePath(document.file).name, document.data])
        self.problems += contradictions(document, model)
        self.warnings += warnings(document, model)
        for index, limits in enumerate(model.guardrails):
            self._guardrails(document, ("guardrails", index), limits)
        for index, rule in enumerate(model.rule):
            self._rule(document, ("rule", index), rule, model.landscape)

    def _raw_conditions(self, document: Document) -> None:
        """Check the conditions of a file whose values are wrong, so that nothing waits for a second try."""
        for table in ("guardrails", "rule"):
            entries = document.data.get(table)
            for index, entry in enumerate(entries if isinstance(entries, list) else ()):
                text = entry.get("when") if isinstance(entry, dict) else None
                if isinstance(text, str):
                    self._condition(document, (table, index, "when"), text, market=table == "rule")

    def finish(self) -> RuleBook:
        if self.problems:
            raise ConfigError(sorted(self.problems, key=lambda p: (p.file, p.line, p.column)))
        ordered = sorted(self.entries, key=lambda entry: -entry[0])
        return RuleBook(
            branches=tuple(branch for _, branch in ordered),
            guardrails=tuple(self.guardrails),
            landscapes=tuple(self.landscapes),
            hash=hashlib.sha256(json.dumps(self.content, sort_keys=True, default=str).encode()).hexdigest(),
            amounts=tuple(self.amounts),
            warnings=tuple(self.warnings),
        )

    def _guardrails(self, document: Document, path: Path, limits: GuardrailSet) -> None:
        when = self._condition(document, (*path, "when"), limits.when, market=False)
        self.guardrails.append(self._scoped(document, path, limits.name, when[0] if when else None, limits))

    def _scoped(self, document: Document, path: Path, name: str, when: Condition | None, limits: Guardrails) -> Scoped:
        given = sorted(limits.model_fields_set & set(Guardrails.model_fields))
        for key in (each for each in given if each not in _WITHOUT_MONEY):
            for amount in _amounts(getattr(limits, key)):
                self.amounts.append((amount, document.problem((*path, key), "")))
        places = {key: document.place((*path, key)) for key in given}
        place = document.place(path)
        return Scoped(name or place, place, when, limits, places)

    def _rule(self, document: Document, path: Path, rule: Rule, default: Landscape) -> None:
        self._unique(document, path, rule.name)
        when = self._condition(document, (*path, "when"), rule.when)
        limits = self._scoped(document, (*path, "guardrails"), rule.name, None, rule.guardrails)
        number = self._landscape(document, path, _merged(default, rule.landscape))
        for branch in self._branches(document, path, rule, when, number, limits):
            if rule.enabled:
                self.entries.append((rule.priority, branch))

    def _unique(self, document: Document, path: Path, name: str) -> None:
        first = self.names.setdefault(name, document.place(path))
        if first != document.place(path):
            message = f"there is another rule called {name!r} at {first}"
            self.problems.append(document.problem((*path, "name"), message, "give every rule a name of its own"))

    def _landscape(self, document: Document, path: Path, landscape: Landscape) -> int:
        at = (*path, "landscape") if "landscape" in _keys(document, path) else ("landscape",)
        for amount in (landscape.own_shipping, landscape.assume_shipping):
            if amount:
                self.amounts.append((amount, document.problem(at, "")))
        if landscape not in self.landscapes:
            self.landscapes.append(landscape)
        return self.landscapes.index(landscape)

    def _branches(
        self,
        document: Document,
        path: Path,
        rule: Rule,
        when: tuple[Condition, ...],
        landscape: int,
        limits: Scoped,
    ) -> Iterator[Branch]:
        for at, case in _cases(path, rule):
            own = self._condition(document, (*at, "when"), case.when) if rule.case else ()
            if case.adjust is not None and case.adjust.amount is not None:
                self.amounts.append((case.adjust.amount, document.problem((*at, "adjust"), "")))
            yield Branch(
                rule=rule.name,
                place=document.place(at),
                when=when + own,
                target=case.target,
                formula=self._formula(document, (*at, "target", "price"), case.target),
                adjust=case.adjust,
                situations=case.situations or rule.situations,
                landscape=landscape,
                guardrails=limits,
                starts=rule.starts,
                ends=rule.ends,
            )

    def _condition(self, document: Document, path: Path, text: str, *, market: bool = True) -> tuple[Condition, ...]:
        if not text.strip():
            return ()
        try:
            condition = compile_condition(text, market=market)
        except ExpressionError as error:
            self.problems.append(_expression_problem(document, path, text, error))
            return ()
        self.amounts += [(amount, document.problem(path, "")) for amount in condition.amounts]
        return (condition,)

    def _formula(self, document: Document, path: Path, target: Target) -> Formula | None:
        if target.kind != "formula" or not target.price.strip():
            return None
        try:
            formula = compile_formula(target.price)
        except ExpressionError as error:
            self.problems.append(_expression_problem(document, path, target.price, error))
            return None
        self.amounts += [(amount, document.problem(path, "")) for amount in formula.amounts]
        return formula


def _cases(path: Path, rule: Rule) -> Iterator[tuple[Path, Case]]:
    for index, case in enumerate(rule.case):
        yield (*path, "case", index), case
    if not rule.case and rule.target is not None:
        yield path, Case.model_construct(target=rule.target, adjust=rule.adjust, situations=None)


def _merged(default: Landscape, own: Landscape | None) -> Landscape:
    if own is None:
        return default
    return default.model_copy(update={key: getattr(own, key) for key in own.model_fields_set})


def _keys(document: Document, path: Path) -> Mapping[str, object]:
    table = document.data
    for part in path:
        table = table[part]  # type: ignore[index]
    return table


def _amounts(value: object) -> Iterator[Decimal]:
    if isinstance(value, Decimal):
        yield value
    elif isinstance(value, Measure) and value.amount is not None:
        yield value.amount
    elif isinstance(value, str):  # a price ending
        yield Decimal(f"0{value}") if value.startswith(".") else Decimal(value)
    elif isinstance(value, EndingBand):
        yield from _amounts(value.endings)
        yield from _amounts(value.below)
    elif isinstance(value, tuple):
        for each in value:
            yield from _amounts(each)


def _expression_problem(document: Document, path: Path, text: str, error: ExpressionError) -> Problem:
    """Point at the character inside the expression where it stands on one line of the file."""
    problem = document.problem(path, error.message, error.hint)
    start = problem.source_line.find(text)
    if start < 0 or "\n" in text:
        excerpt = text[error.at : error.at + 20].partition("\n")[0]
        return replace(problem, message=f"{error.message} (at {excerpt!r})" if excerpt else error.message)
    return replace(problem, column=start + error.at + 1)
