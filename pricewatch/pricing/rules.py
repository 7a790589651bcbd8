"""Rule files become one frozen, checked rule book."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import PurePath
from zoneinfo import ZoneInfo

from pricewatch.domain.errors import ConfigError, Problem
from pricewatch.located import Document, Path, salvage
from pricewatch.pricing.conditions import (
    Condition,
    Formula,
    compile_condition,
    compile_formula,
    compile_number,
    text_field,
)
from pricewatch.pricing.examples import Example
from pricewatch.pricing.language import ExpressionError
from pricewatch.pricing.lint import contradictions, warnings
from pricewatch.pricing.reach import Facts, specificity
from pricewatch.pricing.rulefile import (
    Case,
    EndingBand,
    Guardrails,
    GuardrailSet,
    Landscape,
    Parity,
    Part,
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


OWN = frozenset(
    {"cost_plus", "margin", "rrp", "map", "prior", "floor", "ceiling", "optimal", "markdown", "formula", "keep"}
)


@dataclass(frozen=True, slots=True)
class Aimed:
    """One target with its compiled expressions, and the adjustment of its own that a part of a comparison has."""

    target: Target
    formula: Formula | None = None
    age: Formula | None = None
    adjust: Measure | None = None

    @property
    def market(self) -> bool:
        """Whether it comes from the landscape."""
        return self.target.kind not in OWN or (self.formula is not None and self.formula.market)


@dataclass(frozen=True, slots=True)
class Branch:
    """One way to a price: a rule without cases, or one case of a rule.

    `landscape` is a place in the book's landscapes. `when` holds all conditions on the way here, outermost first.
    `parts` are the targets that are compared, or the one that there is. `starts` and `ends` are the first moment and
    the first one after it, on the clock of the group; `span` is both as they are written.
    """

    rule: str
    place: str
    when: tuple[Condition, ...]
    target: Target
    parts: tuple[Aimed, ...]
    adjust: Measure | None
    situations: Situations
    landscape: int
    guardrails: Scoped
    starts: datetime | None
    ends: datetime | None
    announced: bool = False
    perishable: bool = False
    span: tuple[str, str] = ("", "")

    def active(self, now: datetime) -> bool:
        """Whether it is used at this moment, which is given in the group's time zone."""
        instant = now.astimezone(UTC)  # two times of one zone would be compared by what a clock on the wall shows
        return (self.starts is None or _on(self.starts, now) <= instant) and (
            self.ends is None or instant < _on(self.ends, now)
        )

    @property
    def names(self) -> frozenset[str]:
        """All fields that it reads."""
        formulas = [each for part in self.parts for each in (part.formula, part.age) if each is not None]
        return frozenset().union(*(each.names for each in self.when), *(each.names for each in formulas))

    @property
    def reads_optimal(self) -> bool:
        """Whether it asks for the price of the demand model."""
        return (
            "optimal" in self.names
            or any(part.target.kind == "optimal" for part in self.parts)
            or "optimal" in {getattr(self.situations, each) for each in type(self.situations).model_fields}
        )


def _on(moment: datetime, clock: datetime) -> datetime:
    """The instant of a rule file's moment; one without a time zone is when this clock first shows it."""
    meant = moment if moment.tzinfo is not None else moment.replace(tzinfo=clock.tzinfo)
    try:
        return meant.astimezone(UTC)
    except OverflowError:  # at either end of all years hours do not matter
        return meant.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Family:
    """Products that share the text of a field: all cost the same, or a bigger pack is not dearer per unit."""

    name: str
    place: str
    when: Condition | None
    field: str
    size: Formula | None
    allow: int


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
    families: tuple[Family, ...] = ()
    examples: tuple[tuple[Example, str], ...] = ()  # each with its place

    @property
    def reads_trend(self) -> bool:
        """Whether any rule asks where the market went: only then the offers of a week ago are needed."""
        return any(
            "trend" in branch.names or {branch.situations.rising, branch.situations.falling} != {"follow"}
            for branch in self.branches
        )

    @property
    def reads_equivalents(self) -> bool:
        """Whether any rule counts offers of equivalents: only then they are read."""
        return any(landscape.equivalents for landscape in self.landscapes)

    @property
    def reads_optimal(self) -> bool:
        """Whether any rule asks for the price of the demand model: only then it is computed."""
        return any(branch.reads_optimal for branch in self.branches)

    def moments(self, timezone: str) -> tuple[datetime, ...]:
        """When rules start or end, in UTC and in order, so that a plan can be made right then."""
        clock = datetime.now(ZoneInfo(timezone))
        found = (_on(each, clock) for branch in self.branches for each in (branch.starts, branch.ends) if each)
        return tuple(sorted({moment.astimezone(UTC) for moment in found}))

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

    Rules are tried by falling priority, equal ones in the order of file names and lines (or, where a file says so, the
    most specific one first); the first that holds wins.
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
    families: list[Family] = field(default_factory=list)
    spots: dict[str, Problem] = field(default_factory=dict)
    order: tuple[str, str] = ("", "")
    examples: list[tuple[Example, str]] = field(default_factory=list)

    def read(self, document: Document) -> None:
        found = salvage(RuleFile, document)
        self.problems += found.problems
        self._conditions_left_out(document, found.document)
        if found.value is not None:
            self._compile(found.document, found.value)

    def _compile(self, document: Document, model: RuleFile) -> None:
        said = {key: value for key, value in document.data.items() if key != "example"}
        self.content.append([PurePath(document.file).name, said])
        self.problems += contradictions(document, model)
        self.warnings += warnings(document, model)
        for index, limits in enumerate(model.guardrails):
            self._guardrails(document, ("guardrails", index), limits)
        for index, rule in enumerate(model.rule):
            self._rule(document, ("rule", index), rule, model.landscape)
        for index, parity in enumerate(model.parity):
            self._parity(document, ("parity", index), parity)
        if model.order is not None:
            self._order(document, model.order)
        self.examples += [(example, document.place(("example", index))) for index, example in enumerate(model.example)]

    def _order(self, document: Document, order: str) -> None:
        known, place = self.order
        if known and known != order:
            message = f"{place} says {known!r}"
            self.problems.append(document.problem(("order",), message, "the order holds for all files: say it once"))
        self.order = (known or order, place or document.place(("order",)))

    def _parity(self, document: Document, path: Path, parity: Parity) -> None:
        when = self._condition(document, (*path, "when"), parity.when, market=False)
        place = document.place(path)
        try:
            field = text_field(parity.family)
        except ExpressionError as error:
            self.problems.append(_expression_problem(document, (*path, "family"), parity.family, error))
            return
        size = self._number(document, (*path, "size"), parity.size)
        self.families.append(Family(parity.name or place, place, when[0] if when else None, field, size, parity.allow))

    def _conditions_left_out(self, whole: Document, right: Document) -> None:
        """Check the conditions of tables in which something else is wrong, so that nothing waits for a second try."""
        for table in ("guardrails", "rule"):
            entries, compiled = whole.data.get(table), right.data.get(table, ())
            for index, entry in enumerate(entries if isinstance(entries, list) else ()):
                text = entry.get("when") if isinstance(entry, dict) else None
                if isinstance(text, str) and not any(entry is one for one in compiled):
                    self._condition(whole, (table, index, "when"), text, market=table == "rule")

    def finish(self) -> RuleBook:
        if self.problems:
            raise ConfigError(sorted(self.problems, key=lambda p: (p.file, p.line, p.column)))
        specific = self.order[0] == "most_specific"
        ordered = sorted(self.entries, key=lambda entry: (-entry[0], -_specificity(entry[1]) if specific else 0))
        branches = tuple(branch for _, branch in ordered)
        return RuleBook(
            branches=branches,
            guardrails=tuple(self.guardrails),
            landscapes=tuple(self.landscapes),
            hash=hashlib.sha256(json.dumps(self.content, sort_keys=True, default=str).encode()).hexdigest(),
            amounts=tuple(self.amounts),
            warnings=(*self.warnings, *_unreached(branches, self.spots)),
            families=tuple(self.families),
            examples=tuple(self.examples),
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
            branch = Branch(
                rule=rule.name,
                place=document.place(at),
                when=when + own,
                target=case.target,
                parts=self._parts(document, (*at, "target"), case.target),
                adjust=case.adjust,
                situations=case.situations or rule.situations,
                landscape=landscape,
                guardrails=limits,
                starts=_first_moment(rule.starts),
                ends=_moment_after(rule.ends),
                announced=rule.announced,
                perishable=rule.perishable,
                span=(_written(rule.starts), _written(rule.ends)),
            )
            self.spots[branch.place] = document.problem(at, "", key=True)
            yield branch

    def _parts(self, document: Document, path: Path, target: Target) -> tuple[Aimed, ...]:
        if not target.of:
            return (self._aimed(document, path, target),)
        return tuple(self._aimed(document, (*path, "of", index), part) for index, part in enumerate(target.of))

    def _aimed(self, document: Document, path: Path, target: Target) -> Aimed:
        adjust = target.adjust if isinstance(target, Part) else None
        if adjust is not None and adjust.amount is not None:
            self.amounts.append((adjust.amount, document.problem((*path, "adjust"), "")))
        formula = self._formula(document, (*path, "price"), target)
        return Aimed(target, formula, self._number(document, (*path, "age"), target.age), adjust)

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
        text = target.price.strip() or ("rrp" if target.kind == "markdown" else "")
        if target.kind not in {"formula", "markdown"} or not text:
            return None
        try:
            formula = compile_formula(text)
        except ExpressionError as error:
            self.problems.append(_expression_problem(document, path, target.price, error))
            return None
        self.amounts += [(amount, document.problem(path, "")) for amount in formula.amounts]
        return formula

    def _number(self, document: Document, path: Path, text: str) -> Formula | None:
        if not text.strip():
            return None
        try:
            return compile_number(text)
        except ExpressionError as error:
            self.problems.append(_expression_problem(document, path, text, error))
            return None


def _written(day: date | None) -> str:
    return day.isoformat() if day else ""


def _first_moment(day: date | None) -> datetime | None:
    return day if day is None or isinstance(day, datetime) else datetime.combine(day, time())


def _moment_after(day: date | None) -> datetime | None:
    """The first moment that is no longer part: the moment itself, or the midnight after a day."""
    if day is None or isinstance(day, datetime):
        return day
    return datetime.combine(day + timedelta(days=1), time()) if day < date.max else None


def _specificity(branch: Branch) -> int:
    return specificity([condition.text for condition in branch.when])


def _unreached(branches: Sequence[Branch], spots: Mapping[str, Problem]) -> Iterator[Problem]:
    """Branches whose conditions exclude each other, and those that an earlier one leaves nothing to."""
    before: list[tuple[Branch, Facts]] = []
    for branch in branches:
        facts = Facts.of([condition.text for condition in branch.when])
        spot = spots[branch.place]
        if facts.impossible:
            message = f"rule {branch.rule!r} can never apply: its conditions exclude each other"
            yield replace(spot, message=message, hint="look at the limits and texts that are compared")
            continue
        earlier = next((each for each, taken in before if _same_view(each, branch) and facts.imply(taken)), None)
        if earlier is not None:
            message = f"this rule is never reached: {earlier.rule!r} ({earlier.place}) takes all its products"
            yield replace(spot, message=message, hint="move it up, or narrow the condition of the other one")
        if branch.starts is None and branch.ends is None:
            before.append((branch, facts))


def _same_view(earlier: Branch, later: Branch) -> bool:
    """Whether the conditions of the earlier one mean the same in the later one's landscape."""
    return earlier.landscape == later.landscape or not any(condition.market for condition in earlier.when)


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
    elif isinstance(value, dict):
        for fees in value.values():
            yield from _amounts(fees.fixed_fee)


def _expression_problem(document: Document, path: Path, text: str, error: ExpressionError) -> Problem:
    """Point at the character inside the expression where it stands on one line of the file."""
    problem = document.problem(path, error.message, error.hint)
    start = problem.source_line.find(text)
    if start < 0 or "\n" in text:
        excerpt = text[error.at : error.at + 20].partition("\n")[0]
        return replace(problem, message=f"{error.message} (at {excerpt!r})" if excerpt else error.message)
    return replace(problem, column=start + error.at + 1)
