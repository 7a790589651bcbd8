"""The engine's promise, written again plainly: one product at a time, whole numbers and fractions, no columns.

It is written from the documented order and shares no code with the engine but the models of rule files and the
domain's own `divide` and `PriceEnding`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from zoneinfo import ZoneInfo

from pricewatch.domain.money import PriceEnding, divide
from pricewatch.pricing.rulefile import Case, Guardrails, Landscape, Rule, RuleFile, Situations, Target
from pricewatch.pricing.settings import PricingSettings
from pricewatch.pricing.values import Measure

from .market import HOUR, NOW, Ours, Theirs

TOP = 2**35 - 1
CENTS = 100


@dataclass(frozen=True)
class Answer:
    """What becomes of one product."""

    outcome: str
    price: int | None
    hold: str
    steps: tuple[tuple[str, int | None, int | None], ...]
    floor: int | None
    ceiling: int | None
    ranks: tuple[int | None, int | None]
    margins: tuple[int | None, int | None]
    competitors: int


@dataclass(frozen=True)
class Seen:
    """What a rule sees of the market: the counting prices, lowest first."""

    prices: tuple[int, ...]
    stale: bool
    unstocked: bool

    @property
    def empty(self) -> bool:
        return not self.prices

    def nth(self, n: int) -> int:
        return self.prices[min(n, len(self.prices)) - 1]

    @property
    def median(self) -> int:
        return self.prices[(len(self.prices) - 1) // 2]

    @property
    def average(self) -> int:
        return divide(sum(self.prices), len(self.prices))


Meaning = Callable[[Ours, Seen | None], bool | None]


def minor(amount: Decimal) -> int:
    return int(amount * CENTS)


def amount(value: int | None) -> int | None:
    """Zero or less is a blank."""
    return value if value is not None and 0 < value <= TOP else None


# --- the landscape


def look(theirs: Sequence[Theirs], view: Landscape, settings: PricingSettings) -> Seen:
    age = settings.max_age if view.max_age is None else min(settings.max_age, view.max_age)
    fit: list[tuple[int, str, int]] = []
    stale = unstocked = False
    for number, each in enumerate(theirs):
        price = comparable(each, view)
        if price is None or not acceptable(each, view):
            continue
        fresh = each.seen_at is not None and each.seen_at >= NOW - age
        stocked = each.availability in view.availability
        stale |= stocked and not fresh
        unstocked |= fresh and not stocked
        if fresh and stocked:
            fit.append((price, each.seller.casefold(), number))
    if view.one_per_seller:
        fit = [min(each for each in fit if each[1] == seller) for seller in {each[1] for each in fit}]
    prices = sorted(each[0] for each in fit)
    if prices and view.max_distance is not None:
        middle = prices[(len(prices) - 1) // 2]
        prices = [each for each in prices if abs(each - middle) * 10_000 <= view.max_distance * middle]
    return Seen(tuple(prices), stale and not prices, unstocked and not prices)


def comparable(each: Theirs, view: Landscape) -> int | None:
    if each.price is None or not 0 < each.price <= TOP:
        return None
    price = each.price
    if view.basis == "landed":
        shipping = each.shipping
        if shipping is None:
            shipping = None if view.assume_shipping is None else minor(view.assume_shipping)
        if shipping is None or not 0 <= shipping <= TOP:
            return None
        price += shipping - minor(view.own_shipping)
    if view.packs:
        if each.factor <= 0 or price <= 0:
            return None
        price = divide(price, each.factor)
    return price if 0 < price <= TOP else None


def acceptable(each: Theirs, view: Landscape) -> bool:
    sellers = {name.casefold() for name in view.sellers}
    checks = [
        not each.own,
        each.role in view.roles,
        each.condition in view.conditions,
        each.kind in view.kinds,
        view.packs or each.factor == 1,
        not view.sites or each.site in view.sites,
        each.site not in view.without_sites,
        not sellers or each.seller.casefold() in sellers,
        each.seller.casefold() not in {name.casefold() for name in view.without_sellers},
        view.min_rating is None or (each.rating is not None and each.rating >= view.min_rating),
        each.seen_at is None or each.seen_at <= NOW + HOUR,
    ]
    return all(checks)


# --- limits


@dataclass(frozen=True)
class Fences:
    floor: int | None
    ceiling: int | None
    low: int | None
    high: int | None
    allowed: Allowed


@dataclass(frozen=True)
class Allowed:
    """Which prices may be shown: rungs of (from, below, ending)."""

    rungs: tuple[tuple[int, int, PriceEnding], ...]
    rounding: str

    def at_most(self, price: int) -> int | None:
        found = [ending.at_most(min(price, below - 1)) for start, below, ending in self.rungs if price >= start]
        found = [each for each in found if self.fits(each) and each <= price]
        return max(found) if found else None

    def at_least(self, price: int) -> int:
        found = [ending.at_least(max(price, start)) for start, below, ending in self.rungs if price < below]
        return min(each for each in found if self.fits(each) and each >= price)

    def fits(self, price: int) -> bool:
        return any(start <= price < below and ending.allows(price) for start, below, ending in self.rungs)

    def rounded(self, price: int) -> int:
        below, above = self.at_most(price), self.at_least(price)
        if below is None or self.rounding == "up":
            return above
        if self.rounding == "down" or price - below <= above - price:
            return below
        return above


def allowed_of(sets: Sequence[Guardrails]) -> Allowed:
    chosen = Allowed(((1, 4 * TOP, PriceEnding(1, (0,))),), "nearest")
    for each in sets:
        if each.multiple_of is not None:
            chosen = Allowed(((1, 4 * TOP, PriceEnding(minor(each.multiple_of), (0,))),), each.rounding)
        elif each.endings:
            chosen = Allowed(((1, 4 * TOP, ending_of(each.endings)),), each.rounding)
        elif each.ending_ladder:
            rungs, start = [], 1
            for band in each.ending_ladder:
                below = 4 * TOP if band.below is None else minor(band.below)
                rungs.append((start, below, ending_of(band.endings)))
                start = below
            chosen = Allowed(tuple(rungs), each.rounding)
    return chosen


def ending_of(texts: Sequence[str]) -> PriceEnding:
    """All prices below 100,000.00 tried one by one: those whose text ends with one of the endings."""
    if not texts:
        return PriceEnding(1, (0,))
    whole = max(len(text.partition(".")[0]) for text in texts)
    modulus = CENTS * 10**whole
    ends = [text if "." in text else f"{text}.00" for text in texts]
    fits = {n for n in range(modulus) if any(f"{n // CENTS:0{whole or 1}d}.{n % CENTS:02d}".endswith(e) for e in ends)}
    return PriceEnding(modulus, tuple(fits))


def gross_floor(net: int | Fraction, margin: int, fee: int, vat: int) -> int:
    """The lowest gross price that leaves `net` after VAT and commission, and the margin of the net price."""
    rate = 1 + Fraction(vat, 10_000)
    left = 1 - Fraction(margin, 10_000) - Fraction(fee, 10_000) * rate
    if left <= 0 or net > TOP:
        return TOP + 1
    return min(max(ceil(max(net, 0) * rate / left), 1), TOP + 1)


def floor_of(ours: Ours, sets: Sequence[Guardrails]) -> int | None:
    found = [each for each in (amount(ours.floor),) if each is not None]
    found += [minor(each.floor) for each in sets if each.floor is not None]
    cost = amount(ours.cost)
    if cost is not None:
        fee = max((each.fee for each in sets if each.fee is not None), default=0)
        fixed = max((minor(each.fixed_fee) for each in sets if each.fixed_fee is not None), default=0)
        margins = [each.min_margin for each in sets if each.min_margin is not None]
        markups = [each.min_markup for each in sets if each.min_markup is not None]
        profits = [minor(each.min_profit) for each in sets if each.min_profit is not None]
        if not margins + markups + profits:
            margins = [0]
        if margins:
            found.append(gross_floor(cost + fixed, max(margins), fee, ours.vat))
        if markups:
            share = ceil(Fraction(cost * max(markups), 10_000))
            found.append(gross_floor(cost + fixed + share, 0, fee, ours.vat))
        if profits:
            found.append(gross_floor(cost + fixed + max(profits), 0, fee, ours.vat))
    return max(found, default=None)


def ceiling_of(ours: Ours, sets: Sequence[Guardrails]) -> int | None:
    found = [each for each in (amount(ours.ceiling),) if each is not None]
    found += [minor(each.ceiling) for each in sets if each.ceiling is not None]
    cost, rrp = amount(ours.cost), amount(ours.rrp)
    for each in sets:
        if each.max_markup is not None and cost is not None:
            net = floor(Fraction(cost * (10_000 + each.max_markup), 10_000))
            found.append(floor(Fraction(net * (10_000 + ours.vat), 10_000)))
        if each.max_above_rrp is not None and rrp is not None:
            found.append(floor(Fraction(rrp * (10_000 + each.max_above_rrp), 10_000)))
    return min(found, default=None)


def step_of(ours: Ours, sets: Sequence[Guardrails], way: str) -> int | None:
    """How far the price may go in one direction; the current price is always inside."""
    found = []
    sign = 1 if way == "max_raise" else -1
    for each in sets:
        for measure, base in (
            (getattr(each, way), ours.current),
            (getattr(each, f"{way}_day"), ours.current if ours.day_start is None else ours.day_start),
        ):
            if measure is not None:
                found.append(bound(base, measure, sign, ours.current))
    if not found:
        return None
    return min(found) if sign > 0 else max(found)


def bound(base: int, measure: Measure, sign: int, current: int) -> int:
    if measure.amount is not None:
        room = minor(measure.amount)
    else:
        room = floor(Fraction(base * (measure.basis_points or 0), 10_000))
    if sign > 0:
        return max(base + room, current)
    return min(max(base - room, 1), current)


def least_of(current: int, sets: Sequence[Guardrails]) -> int | None:
    found = []
    for each in sets:
        measure = each.min_change
        if measure is not None and measure.amount is not None:
            found.append(minor(measure.amount))
        elif measure is not None:
            found.append(ceil(Fraction(current * (measure.basis_points or 0), 10_000)))
    return max(found, default=None)


# --- targets


def target_of(target: Target, ours: Ours, seen: Seen, named: Seen, formula: Callable[..., int | None]) -> int | None:
    cost = amount(ours.cost)
    share = target.percent or 0
    if target.kind in {"keep", "rrp", "map"}:
        return {"keep": ours.current, "rrp": amount(ours.rrp), "map": amount(ours.map_price)}[target.kind]
    if target.kind in {"cost_plus", "margin"}:
        top, bottom = (10_000 + share, 10_000) if target.kind == "cost_plus" else (10_000, 10_000 - share)
        return None if cost is None else divide(cost * top, bottom)
    if target.kind == "formula":
        return formula(ours, seen)
    looked = named if target.kind == "seller" else seen
    if looked.empty:
        return None
    if target.kind == "seller":
        return {"lowest": named.prices[0], "highest": named.prices[-1], "average": named.average}[target.pick]
    low, high = seen.prices[0], seen.prices[-1]
    rank = max(ceil(Fraction(len(seen.prices) * share, 10_000)), 1)
    return {
        "lowest": low,
        "highest": high,
        "median": seen.median,
        "average": seen.average,
        "nth_lowest": seen.nth(target.n),
        "percentile": seen.prices[rank - 1] if rank <= len(seen.prices) else high,
        "between": low + divide((high - low) * share, 10_000),
    }[target.kind]


OWN = {"cost_plus", "margin", "rrp", "map", "keep"}


def situation_of(
    table: Situations, ours: Ours, target: int | None, seen: Seen, named: Seen, enough: int, low: int
) -> tuple[str, str]:
    """The first special situation whose action is not `follow`."""
    tests = [
        ("stale", named.stale),
        ("alone_in_stock", named.unstocked),
        ("no_competition", len(named.prices) < enough),
        ("lowest", not seen.empty and ours.current < seen.prices[0]),
        ("below_floor", target is not None and target < low),
        ("at_floor", target is not None and target == low),
    ]
    for name, there in tests:
        if there and getattr(table, name) != "follow":
            return name, getattr(table, name)
    return "", "follow"


# --- one product


@dataclass(frozen=True)
class Oracle:
    """A rule file with what its conditions mean, by their text."""

    model: RuleFile
    tests: dict[str, Meaning]
    formulas: dict[str, Callable[..., int | None]]
    settings: PricingSettings

    def answer(self, ours: Ours, theirs: Sequence[Theirs]) -> Answer:
        return _Answering(self, ours, theirs).run()


@dataclass
class _Answering:
    book: Oracle
    ours: Ours
    theirs: Sequence[Theirs]

    def __post_init__(self) -> None:
        self.steps: list[tuple[str, int | None, int | None]] = []
        self.low: int | None = None
        self.high: int | None = None
        self.seen: Seen | None = None
        self.before: int | None = None

    def run(self) -> Answer:
        ours = self.ours
        self.before = self.margin(amount(ours.current))
        if ours.frozen:
            return self.first("frozen", "freeze")
        absurd = ours.vat is None or not 0 <= ours.vat <= 10_000
        for value in (ours.current, ours.cost, ours.floor, ours.ceiling):
            absurd |= value is not None and not 0 <= value <= TOP
        if absurd:
            return self.first("input", "hold")
        if amount(ours.current) is None:
            return self.first("no_price", "hold")
        found = self.choose()
        if found is None:
            return self.first("no_rule", "rule")
        return self.price(*found)

    def first(self, hold: str, step: str) -> Answer:
        """Held before any rule."""
        sets = self.sets(None)
        if self.ours.vat is not None:
            self.low, self.high = floor_of(self.ours, sets), ceiling_of(self.ours, sets)
        self.steps.append((step, None, None))
        return self.held(hold)

    def held(self, hold: str) -> Answer:
        return self.done("hold", None, hold)

    def done(self, outcome: str, price: int | None, hold: str = "none") -> Answer:
        current = amount(self.ours.current)
        final = price if outcome in {"raise", "cut"} else current
        seen = self.seen
        ranks = (None, None) if seen is None else (self.rank(seen, current), self.rank(seen, final))
        low = self.low if self.low is not None and self.low <= TOP else None
        high = self.high if self.high is not None and 0 < self.high <= TOP else None
        margins = (self.before, self.margin(final))
        count = 0 if seen is None else len(seen.prices)
        return Answer(outcome, price, hold, tuple(self.steps), low, high, ranks, margins, count)

    def rank(self, seen: Seen, price: int | None) -> int | None:
        return None if seen.empty or price is None else 1 + sum(each < price for each in seen.prices)

    def margin(self, price: int | None) -> int | None:
        cost, vat = amount(self.ours.cost), self.ours.vat
        if price is None or cost is None or vat is None or not 0 <= vat <= 10_000:
            return None
        net = divide(price * 10_000, 10_000 + vat)
        return divide((net - cost) * 10_000, net) if net > 0 else None

    def sets(self, rule: Rule | None) -> list[Guardrails]:
        """The guardrails that apply, in their order, the rule's own last."""
        tests = self.book.tests
        found: list[Guardrails] = [
            each for each in self.book.model.guardrails if not each.when or tests[each.when](self.ours, None) is True
        ]
        return found if rule is None else [*found, rule.guardrails]

    def view(self, rule: Rule) -> Landscape:
        own = rule.landscape
        base = self.book.model.landscape
        if own is None:
            return base
        return base.model_copy(update={key: getattr(own, key) for key in own.model_fields_set})

    def choose(self) -> tuple[Rule, Case] | None:
        today = datetime.fromtimestamp(NOW, UTC).astimezone(ZoneInfo("Europe/Warsaw")).date()
        for rule in sorted(self.book.model.rule, key=lambda each: -each.priority):
            inside = (rule.starts is None or rule.starts <= today) and (rule.ends is None or today <= rule.ends)
            if not rule.enabled or not inside:
                continue
            seen = look(self.theirs, self.view(rule), self.book.settings)
            if not self.holds(rule.when, seen):
                continue
            if rule.target is not None:
                return rule, Case.model_construct(target=rule.target, adjust=rule.adjust, situations=None)
            for case in rule.case:
                if self.holds(case.when, seen):
                    return rule, case
        return None

    def holds(self, when: str, seen: Seen) -> bool:
        return not when or self.book.tests[when](self.ours, seen) is True

    def price(self, rule: Rule, case: Case) -> Answer:
        ours, view = self.ours, self.view(rule)
        sets = self.sets(rule)
        self.seen = seen = look(self.theirs, view, self.book.settings)
        self.low, self.high = floor_of(ours, sets), ceiling_of(ours, sets)
        formula = self.book.formulas.get(case.target.price, lambda *_: None)
        market = case.target.kind not in OWN and getattr(formula, "market", True)
        if any(each.freeze for each in sets):
            self.steps.append(("freeze", None, None))
            return self.held("frozen")
        if self.theirs or market:
            self.steps.append(("landscape", None, None))
        self.steps.append(("rule", None, None))
        for hold, there in (
            ("no_floor", self.low is None),
            ("no_cost", amount(ours.cost) is None and not self.book.settings.explicit_floor_is_enough),
            ("contradiction", self.low is not None and self.low > TOP),
        ):
            if there:
                self.steps.append(("hold", None, None))
                return self.held(hold)
        return self.aimed(case, market, seen, view, sets, rule, formula)

    def aimed(
        self,
        case: Case,
        market: bool,
        seen: Seen,
        view: Landscape,
        sets: list[Guardrails],
        rule: Rule,
        formula: Callable[..., int | None],
    ) -> Answer:
        ours, low = self.ours, self.low
        assert low is not None
        sellers = case.target.sellers
        narrow = view.model_copy(update={"sellers": sellers}) if sellers else view
        named = look(self.theirs, narrow, self.book.settings)
        target = target_of(case.target, ours, seen, named, formula)
        situation, action = "", "follow"
        if market:
            table = case.situations or rule.situations
            situation, action = situation_of(table, ours, target, seen, named, view.min_offers, low)
        plain = action == "keep" or (action == "follow" and case.target.kind == "keep")
        adjustable = action in {"follow", "next"} and not plain
        if action == "next":
            above = [each for each in seen.prices if each > low]
            target, adjustable = (above[0], True) if above else (low, False)
        elif action != "follow":
            prices = {"keep": ours.current, "floor": low, "ceiling": self.high, "rrp": amount(ours.rrp), "hold": None}
            target = prices[action]
        if target is None:
            if situation:
                self.steps.append(("hold" if action == "hold" else "target", None, None))
            if action != "hold":
                self.steps.append(("hold", None, None))
            return self.held("situation" if action == "hold" else "target")
        adjusted = self.adjusted(target, case.adjust) if adjustable else target
        net = action == "follow" and case.target.kind in {"cost_plus", "margin"}
        gross = divide(adjusted * (10_000 + ours.vat), 10_000) if net else adjusted
        self.steps.append(("target", ours.current, target))
        self.say("adjust", target, adjusted)
        self.say("tax", adjusted, gross)
        if not 0 < gross <= TOP:
            self.steps.append(("hold", None, None))
            return self.held("target")
        return self.clamped(gross, plain, sets)

    def say(self, step: str, before: int, after: int) -> None:
        if before != after:
            self.steps.append((step, before, after))

    def adjusted(self, target: int, adjust: Measure | None) -> int:
        if adjust is None:
            return target
        if adjust.amount is not None:
            return target + minor(adjust.amount)
        return divide(target * (10_000 + (adjust.basis_points or 0)), 10_000)

    def clamped(self, gross: int, plain: bool, sets: list[Guardrails]) -> Answer:
        current, low, high = self.ours.current, self.low, self.high
        assert low is not None
        allowed = allowed_of(sets)
        down, up = step_of(self.ours, sets, "max_cut"), step_of(self.ours, sets, "max_raise")
        ended = gross if plain else allowed.rounded(gross)
        stepped: int | None = ended
        if up is not None and ended > up:
            stepped = allowed.at_most(up)
            stepped = None if stepped is None or (down is not None and stepped < down) else stepped
        elif down is not None and ended < down:
            stepped = allowed.at_least(down)
            stepped = None if up is not None and stepped > up else stepped
        blocked = stepped is None
        stepped = current if stepped is None else stepped
        capped = stepped
        if high is not None and stepped > high:
            capped = allowed.at_most(high) or 0
        price = allowed.at_least(low) if capped < low else capped
        self.say("ending", gross, ended)
        hold = "none"
        if price <= 0 or price > TOP or (high is not None and price > high):
            hold = "contradiction"
        elif blocked and price == current:
            hold = "step"
        if blocked or stepped != ended:
            self.say_step(ended, stepped, forced=hold == "step")
        self.say("ceiling", stepped, capped)
        self.say("floor", capped, price)
        if hold != "none":
            self.steps.append(("hold", price, current))
            return self.held(hold)
        return self.braked(price, sets)

    def say_step(self, before: int, after: int, *, forced: bool) -> None:
        if forced or before != after:
            self.steps.append(("step", before, after))

    def braked(self, price: int, sets: list[Guardrails]) -> Answer:
        ours, current, low, high = self.ours, self.ours.current, self.low, self.high
        assert low is not None
        outside = current < low or (high is not None and current > high)
        if price == current:
            return self.done("keep", current)
        if not outside:
            least = least_of(current, sets)
            if least is not None and abs(price - current) < least:
                self.steps.append(("min_change", price, current))
                return self.done("keep", current)
            hold = self.brake(sets)
            if hold:
                self.steps.append(("hold", price, current))
                return self.held(hold)
        factor = self.book.settings.jump_factor
        if price >= current * factor or price * factor <= current:
            self.steps.append(("hold", price, current))
            return self.held("jump")
        if ours.prior is not None and price < ours.prior:
            self.steps.append(("prior_price", ours.prior, price))
        advertised = ours.map_price
        if any(each.map_report for each in sets) and advertised is not None and price < advertised:
            self.steps.append(("map", current, price))
        return self.done("raise" if price > current else "cut", price)

    def brake(self, sets: list[Guardrails]) -> str:
        ours = self.ours
        dwell = max((each.dwell for each in sets if each.dwell is not None), default=None)
        if dwell is not None and ours.changed_at is not None and NOW - ours.changed_at < dwell:
            return "dwell"
        most = min((each.max_changes_a_day for each in sets if each.max_changes_a_day is not None), default=None)
        if most is not None and (ours.changes_today is None or ours.changes_today >= most):
            return "changes"
        minute = 13 * 60
        for each in sets:
            if each.quiet_hours is not None:
                start, end = each.quiet_hours
                if (start <= minute < end) if start < end else (minute >= start or minute < end):
                    return "quiet"
        return ""
