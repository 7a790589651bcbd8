"""The engine's promise, written again plainly: one product at a time, whole numbers and fractions, no columns.

It is written from the documented order and shares no code with the engine but the models of rule files and the
domain's own `divide` and `PriceEnding`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from functools import cache
from math import ceil, floor
from zoneinfo import ZoneInfo

from pricewatch.domain.money import PriceEnding, divide
from pricewatch.located import Document
from pricewatch.pricing.rulefile import Case, Guardrails, Landscape, Part, Rule, RuleFile, Situations, Target
from pricewatch.pricing.settings import PricingSettings
from pricewatch.pricing.values import Measure

from .market import HOUR, NOW, Ours, Theirs

TOP = 2**35 - 1
CENTS = 100
SHOWN = 20
Path = tuple[str | int, ...]
Step = tuple[str, int | None, int | None, str, tuple[int, ...]]


@dataclass(frozen=True)
class Answer:
    """What becomes of one product."""

    outcome: str
    price: int | None
    hold: str
    steps: tuple[Step, ...]  # step, before, after, place in the rule file, readings
    floor: int | None
    ceiling: int | None
    ranks: tuple[int | None, int | None]
    margins: tuple[int | None, int | None]
    competitors: int
    announced: int | None


@dataclass(frozen=True)
class Seen:
    """What a rule sees of the market: the counting prices, lowest first, and the offers behind them."""

    prices: tuple[int, ...]
    readings: tuple[int, ...]
    offers: tuple[Theirs, ...]
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

    def weighted(self, weights: dict[str, int]) -> int | None:
        each = [weights.get(offer.seller.casefold(), 1) for offer in self.offers]
        total = sum(weight * price for weight, price in zip(each, self.prices, strict=True))
        return divide(total, sum(each)) if sum(each) else None

    @property
    def buy_box(self) -> int | None:
        found = [price for price, offer in zip(self.prices, self.offers, strict=True) if offer.featured]
        return min(found, default=None)

    @property
    def trend(self) -> int | None:
        pairs = [(each.price or 0, each.before) for each in self.offers if amount(each.before) is not None]
        base, moved = sum(before for _, before in pairs), sum(now - before for now, before in pairs)
        return divide(moved * 10_000, base) if base else None


Meaning = Callable[[Ours, Seen | None], bool | None]


def minor(amount: Decimal) -> int:
    return int(amount * CENTS)


def amount(value: int | None) -> int | None:
    """Zero or less is a blank."""
    return value if value is not None and 0 < value <= TOP else None


# --- the landscape


def look(ours: Ours, theirs: Sequence[Theirs], view: Landscape, settings: PricingSettings) -> Seen:
    age = settings.max_age if view.max_age is None else min(settings.max_age, view.max_age)
    fit: list[tuple[int, int, Theirs]] = []
    stale = unstocked = False
    for each in theirs:
        price = comparable(ours, each, view)
        if price is None or not acceptable(each, view):
            continue
        fresh = each.seen_at is not None and each.seen_at >= NOW - age
        stocked = each.availability in view.availability
        stale |= stocked and not fresh
        unstocked |= fresh and not stocked
        if fresh and stocked:
            fit.append((price, each.observation or 0, each))
    fit.sort(key=lambda one: one[:2])
    if view.one_per_seller:
        first: dict[str, tuple[int, int, Theirs]] = {}
        for one in fit:
            first.setdefault(one[2].seller.casefold(), one)
        fit = sorted(first.values(), key=lambda one: one[:2])
    if fit and view.max_distance is not None:
        middle = fit[(len(fit) - 1) // 2][0]
        fit = [one for one in fit if abs(one[0] - middle) * 10_000 <= view.max_distance * middle]
    prices, readings, offers = zip(*fit, strict=True) if fit else ((), (), ())
    return Seen(prices, readings, offers, stale and not prices, unstocked and not prices)


def comparable(ours: Ours, each: Theirs, view: Landscape) -> int | None:
    if each.price is None or not 0 < each.price <= TOP:
        return None
    price = each.price
    if each.site.casefold() in {site.casefold() for site in view.net_sites}:
        if ours.vat is None or not 0 <= ours.vat <= 10_000:
            return None
        price = divide(price * (10_000 + ours.vat), 10_000)
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
class Held:
    """A set of guardrails and where it stands."""

    limits: Guardrails
    path: Path
    document: Document

    def place(self, key: str) -> str:
        return self.document.place((*self.path, key))

    def has(self, key: str) -> bool:
        return key in self.limits.model_fields_set and getattr(self.limits, key) is not None


Sets = Sequence[Held]
Limit = tuple[int, str] | None  # how much, and the place that says so


def given(sets: Sets, key: str) -> list[tuple[object, str]]:
    """All values of a key, with their places."""
    return [(getattr(each.limits, key), each.place(key)) for each in sets if each.has(key)]


def strictest(found: list[tuple[int, str]], *, lower: bool) -> Limit:
    """The first of the strictest."""
    best: Limit = None
    for each in found:
        if best is None or (each[0] < best[0] if lower else each[0] > best[0]):
            best = each
    return best


@dataclass(frozen=True)
class Allowed:
    """Which prices may be shown: rungs of (from, below, ending)."""

    rungs: tuple[tuple[int, int, PriceEnding], ...]
    rounding: str
    place: str

    def at_most(self, price: int) -> int | None:
        found = [ending.at_most(min(price, below - 1)) for start, below, ending in self.rungs if price >= start]
        found = [each for each in found if self.fits(each) and each <= price]
        return max(found) if found else None

    def at_least(self, price: int) -> int:
        found = [ending.at_least(max(price, start)) for start, below, ending in self.rungs if price < below]
        return min(each for each in found if self.fits(each) and each >= price)

    def fits(self, price: int) -> bool:
        return any(start <= price < below and ending.allows(price) for start, below, ending in self.rungs)

    def rounded(self, price: int, beside: int) -> int:
        way = {-1: "down", 0: self.rounding, 1: "up"}[beside]
        below, above = self.at_most(price), self.at_least(price)
        if below is None or way == "up":
            return above
        if way == "down" or price - below <= above - price:
            return below
        return above


def allowed_of(sets: Sets) -> Allowed:
    top = 4 * TOP
    rungs, place = [(1, top, PriceEnding(1, (0,)))], ""
    for each in sets:
        limits = each.limits
        if limits.multiple_of is not None:
            rungs, place = [(1, top, PriceEnding(minor(limits.multiple_of), (0,)))], each.place("multiple_of")
        elif limits.endings:
            rungs, place = [(1, top, ending_of(limits.endings))], each.place("endings")
        elif limits.ending_ladder:
            rungs, start, place = [], 1, each.place("ending_ladder")
            for band in limits.ending_ladder:
                below = top if band.below is None else minor(band.below)
                rungs.append((start, below, ending_of(band.endings)))
                start = below
    rounding = [each.limits.rounding for each in sets if each.has("rounding")]
    return Allowed(tuple(rungs), rounding[-1] if rounding else "nearest", place)


@cache
def ending_of(texts: tuple[str, ...]) -> PriceEnding:
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


def floor_of(ours: Ours, sets: Sets) -> Limit:
    own = amount(ours.floor)
    found = [] if own is None else [(own, "")]
    found += [(minor(value), place) for value, place in given(sets, "floor")]
    cost = amount(ours.cost)
    if cost is not None:
        fee = max((value for value, _ in given(sets, "fee")), default=0)
        fixed = max((minor(value) for value, _ in given(sets, "fixed_fee")), default=0)
        found += floors_with(ours, cost, sets, fee, fixed)
        for name in sorted({name for channels, _ in given(sets, "channels") for name in channels}):
            mine = [(channels[name], place) for channels, place in given(sets, "channels") if name in channels]
            dearest = strictest([(each.fee, place) for each, place in mine], lower=False)
            more = max(minor(each.fixed_fee) for each, _ in mine)
            raised = floors_with(ours, cost, sets, max(fee, dearest[0]), max(fixed, more))
            found += [(value, dearest[1]) for value, _ in raised]
    return strictest(found, lower=False)


def floors_with(ours: Ours, cost: int, sets: Sets, fee: int, fixed: int) -> list[tuple[int, str]]:
    """The floors that the cost makes with certain fees."""
    margin = strictest(given(sets, "min_margin"), lower=False)
    markup = strictest(given(sets, "min_markup"), lower=False)
    profit = strictest([(minor(value), place) for value, place in given(sets, "min_profit")], lower=False)
    if not margin and not markup and not profit:
        margin = (0, "")
    found = []
    if margin:
        found.append((gross_floor(cost + fixed, margin[0], fee, ours.vat), margin[1]))
    if markup:
        share = ceil(Fraction(cost * markup[0], 10_000))
        found.append((gross_floor(cost + fixed + share, 0, fee, ours.vat), markup[1]))
    if profit:
        found.append((gross_floor(cost + fixed + profit[0], 0, fee, ours.vat), profit[1]))
    return found


def ceiling_of(ours: Ours, sets: Sets) -> Limit:
    own = amount(ours.ceiling)
    found = [] if own is None else [(own, "")]
    found += [(minor(value), place) for value, place in given(sets, "ceiling")]
    cost, rrp = amount(ours.cost), amount(ours.rrp)
    markup = strictest(given(sets, "max_markup"), lower=True)
    above = strictest(given(sets, "max_above_rrp"), lower=True)
    if markup and cost is not None:
        net = floor(Fraction(cost * (10_000 + markup[0]), 10_000))
        found.append((floor(Fraction(net * (10_000 + ours.vat), 10_000)), markup[1]))
    if above and rrp is not None:
        found.append((floor(Fraction(rrp * (10_000 + above[0]), 10_000)), above[1]))
    return strictest(found, lower=True)


def step_of(ours: Ours, sets: Sets, way: str, base: int | None) -> Limit:
    """How far the price may go in one direction from a base, which is always inside; no base, no limit."""
    if base is None:
        return None
    sign = 1 if way == "max_raise" else -1
    start = base if ours.day_start is None or base != ours.current else ours.day_start
    found = [(bound(base, measure, sign, base), place) for measure, place in given(sets, way)]
    found += [(bound(start, measure, sign, base), place) for measure, place in given(sets, f"{way}_day")]
    return strictest(found, lower=sign > 0)


def bound(base: int, measure: Measure, sign: int, current: int) -> int:
    if measure.amount is not None:
        room = minor(measure.amount)
    else:
        room = floor(Fraction(base * (measure.basis_points or 0), 10_000))
    if sign > 0:
        return max(base + room, current)
    return min(max(base - room, 1), current)


def least_of(current: int, sets: Sets) -> Limit:
    found = []
    for measure, place in given(sets, "min_change"):
        if measure.amount is not None:
            found.append((minor(measure.amount), place))
        else:
            found.append((ceil(Fraction(current * (measure.basis_points or 0), 10_000)), place))
    return strictest(found, lower=False)


# --- targets


OWN = {"cost_plus", "margin", "rrp", "map", "prior", "floor", "ceiling", "optimal", "markdown", "formula", "keep"}
WHOLE = {"average", "weighted", "percentile", "between", "formula", "index"}
NET = {"cost_plus", "margin"}


@dataclass(frozen=True)
class Way:
    """Where a branch's target comes from, before any situation."""

    price: int | None
    market: bool
    plain: bool = False
    beside: int = 0
    part: Target | None = None


def situation_of(
    table: Situations, ours: Ours, way: Way, seen: Seen, named: Seen, view: Landscape, low: int
) -> tuple[str, str]:
    """The first special situation whose action is not `follow`."""
    target, trend = way.price, seen.trend
    tests = [
        ("stale", named.stale),
        ("alone_in_stock", named.unstocked),
        ("no_competition", len(named.prices) < view.min_offers),
        ("rising", trend is not None and trend >= view.trend),
        ("falling", trend is not None and trend <= -view.trend),
        ("lowest", not seen.empty and ours.current < seen.prices[0]),
        ("below_floor", target is not None and target < low),
        ("at_floor", target is not None and target == low),
    ]
    for name, there in tests:
        if way.market and there and getattr(table, name) != "follow":
            return name, getattr(table, name)
    return "", "follow"


# --- one product


@dataclass(frozen=True)
class Oracle:
    """A rule file with what its conditions, formulas and ages mean, by their text."""

    document: Document
    model: RuleFile
    tests: dict[str, Meaning]
    formulas: dict[str, Callable[..., int | None]]
    ages: dict[str, Callable[[Ours], int | None]]
    settings: PricingSettings
    country: str

    def answer(self, ours: Ours, theirs: Sequence[Theirs]) -> Answer:
        return Answering(self, ours, theirs).run()


@dataclass
class Answering:
    """The way to one answer, and where it ended."""

    book: Oracle
    ours: Ours
    theirs: Sequence[Theirs]

    def __post_init__(self) -> None:
        self.steps: list[Step] = []
        self.low: Limit = None
        self.high: Limit = None
        self.top: Limit = None
        self.seen: Seen | None = None
        self.place = ""
        self.before: int | None = None
        self.reference: int | None = None
        self.deepened: int | None = None
        self.anchor = self.ours.current
        self.prior: int | None = None
        self.announcing = self.free = self.bare = self.floored = self.on_floor = False
        self.before_it = self.ours
        self.announced = False  # whether the rule announces
        self.kept: int | None = None  # the prior price that a dearer price would name
        self.guarded: int | None = None
        self.applied: list[Held] = []
        self.allowed = Allowed((), "", "")

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

    def say(self, step: str, before: int | None = None, after: int | None = None, place: str = "", *used: int) -> None:
        self.steps.append((step, before, after, place, used))

    def first(self, hold: str, step: str) -> Answer:
        """Held before any rule."""
        sets = self.sets(None, ())
        place = ""
        if self.ours.vat is not None:
            self.low, self.high = floor_of(self.ours, sets), ceiling_of(self.ours, sets)
        freezes = [place for value, place in given(sets, "freeze") if value]
        if hold == "frozen" and freezes:
            place = freezes[0]
        self.say(step, place=place)
        return self.held(hold)

    def held(self, hold: str) -> Answer:
        return self.done("hold", None, hold)

    def done(self, outcome: str, price: int | None, hold: str = "none") -> Answer:
        current = amount(self.ours.current)
        final = price if outcome in {"raise", "cut"} else current
        seen = self.seen
        ranks = (None, None) if seen is None else (self.rank(seen, current), self.rank(seen, final))
        low = self.low[0] if self.low is not None and self.low[0] <= TOP else None
        high = self.high[0] if self.high is not None and 0 < self.high[0] <= TOP else None
        margins = (self.before, self.margin(final))
        count = 0 if seen is None else len(seen.prices)
        told = self.reference if outcome in {"raise", "cut"} and self.announcing else None
        return Answer(outcome, price, hold, tuple(self.steps), low, high, ranks, margins, count, told)

    def rank(self, seen: Seen, price: int | None) -> int | None:
        return None if seen.empty or price is None else 1 + sum(each < price for each in seen.prices)

    def margin(self, price: int | None) -> int | None:
        cost, vat = amount(self.ours.cost), self.ours.vat
        if price is None or cost is None or vat is None or not 0 <= vat <= 10_000:
            return None
        net = divide(price * 10_000, 10_000 + vat)
        return divide((net - cost) * 10_000, net) if net > 0 else None

    def sets(self, rule: Rule | None, path: Path) -> list[Held]:
        """The guardrails that apply, in their order, the rule's own last."""
        tests, document = self.book.tests, self.book.document
        found = [
            Held(each, ("guardrails", number), document)
            for number, each in enumerate(self.book.model.guardrails)
            if not each.when or tests[each.when](self.ours, None) is True
        ]
        return found if rule is None else [*found, Held(rule.guardrails, (*path, "guardrails"), document)]

    def view(self, rule: Rule) -> Landscape:
        own = rule.landscape
        base = self.book.model.landscape
        if own is None:
            return base
        return base.model_copy(update={key: getattr(own, key) for key in own.model_fields_set})

    def look(self, view: Landscape) -> Seen:
        return look(self.ours, self.theirs, view, self.book.settings)

    def choose(self) -> tuple[Rule, Case, Path, Path] | None:
        clock = datetime.fromtimestamp(NOW, UTC).astimezone(ZoneInfo("Europe/Warsaw")).replace(tzinfo=None)
        numbered = list(enumerate(self.book.model.rule))
        for number, rule in sorted(numbered, key=lambda each: -each[1].priority):
            path: Path = ("rule", number)
            if not rule.enabled or not inside(rule, clock):
                continue
            seen = self.look(self.view(rule))
            if not self.holds(rule.when, seen):
                continue
            if rule.target is not None:
                return rule, Case.model_construct(target=rule.target, adjust=rule.adjust, situations=None), path, path
            for place, case in enumerate(rule.case):
                if self.holds(case.when, seen):
                    return rule, case, path, (*path, "case", place)
        return None

    def holds(self, when: str, seen: Seen) -> bool:
        return not when or self.book.tests[when](self.ours, seen) is True

    def price(self, rule: Rule, case: Case, path: Path, at: Path) -> Answer:
        ours, view = self.ours, self.view(rule)
        sets = self.sets(rule, path)
        self.place = self.book.document.place(at)
        self.seen = seen = self.look(view)
        self.low, self.high = floor_of(ours, sets), ceiling_of(ours, sets)
        self.promote(rule)
        market = any(self.market(each) for each in case.target.of or [case.target])
        frozen = [place for value, place in given(sets, "freeze") if value]
        if frozen:
            self.say("freeze", place=frozen[0])
            return self.held("frozen")
        if self.theirs or market:
            self.say("landscape", None, None, "", *seen.readings[:SHOWN])
        self.say("rule", place=self.place)
        for hold, there in (
            ("no_floor", self.low is None),
            ("no_cost", amount(ours.cost) is None and not self.book.settings.explicit_floor_is_enough),
            ("contradiction", self.low is not None and self.low[0] > TOP),
        ):
            if there:
                self.say("hold", place=self.low[1] if hold == "contradiction" and self.low else "")
                return self.held(hold)
        return self.aimed(case, seen, view, sets, rule)

    def promote(self, rule: Rule) -> None:
        """What an announced reduction, or the way back from one, changes."""
        ours = self.ours
        running, regular = amount(ours.announced), amount(ours.regular)
        self.announcing = self.announced = rule.announced
        returning = running is not None and regular is not None and not rule.announced
        self.anchor = regular if returning else ours.current
        self.before_it = replace(ours, current=regular) if running is not None and regular is not None else ours
        self.free = rule.announced or returning
        self.reference = amount(ours.prior)
        first = running if amount(ours.began) is None else ours.began
        self.prior = self.reference if running is None else first
        self.deepened = first if self.book.country == "DE" and running is not None else self.reference
        if self.book.country == "PL" and rule.perishable:
            self.reference = self.deepened = ours.current if running is None else regular
            self.prior = self.prior if self.reference is None else self.reference
        self.kept = self.reference

    def market(self, target: Target) -> bool:
        if target.kind == "formula":
            return getattr(self.book.formulas[target.price], "market", True)
        return target.kind not in OWN

    # --- targets

    def target(self, target: Target, seen: Seen, view: Landscape) -> int | None:
        ours, share = self.ours, target.percent or 0
        cost = amount(ours.cost)
        if target.kind in {"cost_plus", "margin"}:
            top, bottom = (10_000 + share, 10_000) if target.kind == "cost_plus" else (10_000, 10_000 - share)
            return None if cost is None else divide(cost * top, bottom)
        if target.kind == "formula":
            return self.book.formulas[target.price](self.before_it, seen)
        if target.kind == "markdown":
            return self.markdown(target, seen)
        if target.kind in OWN:
            return {
                "keep": self.anchor,
                "rrp": amount(ours.rrp),
                "map": amount(ours.map_price),
                "prior": self.prior,
                "optimal": amount(ours.optimal),
                "floor": self.low[0] if self.low else None,
                "ceiling": self.high[0] if self.high else None,
            }[target.kind]
        if target.kind == "index":
            return self.index(target, view)
        return self.from_market(target, seen, view)

    def from_market(self, target: Target, seen: Seen, view: Landscape) -> int | None:
        share = target.percent or 0
        if target.kind == "seller":
            named = self.look(view.model_copy(update={"sellers": target.sellers}))
            if named.empty:
                return None
            return {"lowest": named.prices[0], "highest": named.prices[-1], "average": named.average}[target.pick]
        if seen.empty:
            return None
        low, high = seen.prices[0], seen.prices[-1]
        rank = max(ceil(Fraction(len(seen.prices) * share, 10_000)), 1)
        return {
            "lowest": low,
            "highest": high,
            "median": seen.median,
            "average": seen.average,
            "weighted": seen.weighted(self.weights(view)),
            "buy_box": seen.buy_box,
            "nth_lowest": seen.nth(target.n),
            "percentile": seen.prices[rank - 1] if rank <= len(seen.prices) else high,
            "between": low + divide((high - low) * share, 10_000),
        }[target.kind]

    def weights(self, view: Landscape) -> dict[str, int]:
        return {name.casefold(): weight for name, weight in view.weights.items()}

    def index(self, target: Target, view: Landscape) -> int | None:
        """Each seller of the basket once, at its lowest price."""
        total = weights = there = 0
        for seller in dict.fromkeys(name.casefold() for name in target.sellers):
            named = self.look(view.model_copy(update={"sellers": (seller,)}))
            if not named.empty:
                weight = self.weights(view).get(seller, 1)
                total, weights, there = total + weight * named.prices[0], weights + weight, there + 1
        if there < target.n or not weights:
            return None
        return divide(divide(total, weights) * (target.percent or 0), 10_000)

    def markdown(self, target: Target, seen: Seen) -> int | None:
        base = self.book.formulas[target.price](self.before_it, seen) if target.price else amount(self.ours.rrp)
        age = self.book.ages[target.age](self.ours)
        if base is None or age is None or not 0 < base <= TOP:
            return None
        off = [step.off for step in target.steps if age >= step.days]
        return divide(base * (10_000 - max(off, default=0)), 10_000)

    def taxed(self, net: int) -> int:
        return divide(net * (10_000 + self.ours.vat), 10_000)

    def way(self, target: Target, seen: Seen, view: Landscape) -> Way:
        if not target.of:
            found = self.target(target, seen, view)
            return Way(found, self.market(target), target.kind == "keep", 0, target)
        priced: list[tuple[int, Part]] = []
        for part in target.of:
            found = self.target(part, seen, view)
            if found is not None:
                found = self.adjusted(found, part.adjust)
                found = self.taxed(found) if part.kind in NET else found
            if found is not None and 0 < found <= TOP:
                priced.append((found, part))
        if not priced:
            return Way(None, any(self.market(part) for part in target.of))
        chosen = priced[0]
        for each in priced if target.kind != "first_of" else ():
            better = each[0] < chosen[0] if target.kind == "lowest_of" else each[0] > chosen[0]
            chosen = each if better else chosen
        price, part = chosen
        return Way(price, self.market(part), part.kind == "keep", part.adjust.beside if part.adjust else 0, part)

    def aimed(self, case: Case, seen: Seen, view: Landscape, sets: list[Held], rule: Rule) -> Answer:
        ours = self.ours
        assert self.low is not None
        low, sellers = self.low[0], case.target.sellers
        named = self.look(view.model_copy(update={"sellers": sellers})) if sellers else seen
        base = None if self.announcing else self.anchor
        self.top = step_of(ours, sets, "max_raise", base)
        bottom = step_of(ours, sets, "max_cut", base)
        way = self.way(case.target, seen, view)
        situation, action = situation_of(case.situations or rule.situations, ours, way, seen, named, view, low)
        target, follows = way.price, action == "follow"
        plain = action == "keep" or (follows and way.plain)
        adjustable = action in {"follow", "next"} and not plain
        if action == "next":
            above = [each for each in seen.prices if each > low]
            target, adjustable = (above[0], True) if above else (low, False)
        elif not follows:
            target = self.instead(action)
        if target is None:
            if situation:
                self.say("hold" if action == "hold" else "target", place=self.place)
            if action != "hold":
                self.say("hold", place=self.place)
            return self.held("situation" if action == "hold" else "target")
        adjusted = self.adjusted(target, case.adjust) if adjustable else target
        gross = self.taxed(adjusted) if follows and case.target.kind in NET else adjusted
        self.on_floor = bool(situation) and target == low
        self.say("target", ours.current, target, self.place, *self.used(way, situation, target, seen, case))
        self.change("adjust", target, adjusted, self.place)
        self.change("tax", adjusted, gross)
        if not 0 < gross <= TOP:
            self.say("hold", place=self.place)
            return self.held("target")
        beside = way.beside if follows else 0
        if case.adjust is not None and case.adjust.beside and adjustable:
            beside = case.adjust.beside
        return self.clamped(gross, plain, beside, sets, bottom)

    def instead(self, action: str) -> int | None:
        ours, top = self.ours, [each[0] for each in (self.top, self.high) if each]
        return {
            "keep": self.anchor,
            "floor": self.low[0] if self.low else None,
            "ceiling": self.high[0] if self.high else None,
            "rrp": amount(ours.rrp),
            "optimal": amount(ours.optimal),
            "raise": min(top, default=None),
            "hold": None,
        }[action]

    def used(self, way: Way, situation: str, target: int, seen: Seen, case: Case) -> tuple[int, ...]:
        """The readings behind a target."""
        part = way.part or case.target
        if situation:
            if not any(self.market(each) for each in case.target.of or [case.target]):
                return ()
        elif not way.market:
            return ()
        elif part.kind in WHOLE or getattr(part, "adjust", None) is not None:
            return seen.readings[:SHOWN]
        return tuple(key for key, price in zip(seen.readings, seen.prices, strict=True) if price == target)

    def change(self, step: str, before: int, after: int, place: str = "") -> None:
        if before != after:
            self.say(step, before, after, place)

    def adjusted(self, target: int, adjust: Measure | None) -> int:
        if adjust is None:
            return target
        if adjust.beside:
            return target + adjust.beside
        if adjust.amount is not None:
            return target + minor(adjust.amount)
        return divide(target * (10_000 + (adjust.basis_points or 0)), 10_000)

    # --- clamps

    def clamped(self, gross: int, plain: bool, beside: int, sets: list[Held], bottom: Limit) -> Answer:
        current, low, high, top = self.ours.current, self.low, self.high, self.top
        assert low is not None
        self.applied, self.allowed = sets, allowed_of(sets)
        allowed = self.allowed
        ended = gross if plain else allowed.rounded(gross, beside)
        stepped: int | None = ended
        by = None
        if top is not None and ended > top[0]:
            stepped, by = allowed.at_most(top[0]), top
            stepped = None if stepped is None or (bottom is not None and stepped < bottom[0]) else stepped
        elif bottom is not None and ended < bottom[0]:
            stepped, by = allowed.at_least(bottom[0]), bottom
            stepped = None if top is not None and stepped > top[0] else stepped
        blocked = stepped is None
        stepped = current if stepped is None else stepped
        if by is not None:
            by = top if ended > stepped else bottom
        capped = stepped
        if high is not None and stepped > high[0]:
            capped = allowed.at_most(high[0]) or 0
        price = allowed.at_least(low[0]) if capped < low[0] else capped
        self.bare = current < low[0] and self.refused(price)
        if self.bare:
            price = allowed.at_least(low[0])
        self.change("ending", gross, ended, allowed.place)
        self.guarded = price
        hold = "none"
        if price <= 0 or price > TOP or (high is not None and price > high[0]):
            hold = "contradiction"
        elif blocked and price == current:
            hold = "step"
        if hold == "step" or stepped != ended:
            self.say("step", ended, stepped, by[1] if by else "")
        self.change("ceiling", stepped, capped, high[1] if high else "")
        self.floored = price > capped
        if self.floored:
            self.say("floor", capped, price, low[1])
        if hold != "none":
            self.say("hold", price, current)
            return self.held(hold)
        return self.braked(price, sets)

    def braked(self, price: int, sets: list[Held]) -> Answer:
        current, low, high = self.ours.current, self.low, self.high
        assert low is not None
        outside = current < low[0] or (high is not None and current > high[0])
        if price == current:
            return self.done("keep", current)
        if not outside and not self.free:
            least = least_of(current, sets)
            if least is not None and abs(price - current) < least[0]:
                self.say("min_change", price, current, least[1])
                return self.done("keep", current)
            hold, place = self.brake(price, sets)
            if hold:
                self.say("hold", price, current, place)
                return self.held(hold)
        if price < current:
            self.reference = self.deepened
        none = not self.bare and self.refused(price)
        hold = "prior" if none else "jump" if self.jumps(price) else ""
        if hold:
            floored = self.floored or self.on_floor
            self.say("hold", price, current, low[1] if hold == "jump" and floored else "")
            return self.held(hold)
        return self.warned(price, sets)

    def refused(self, price: int) -> bool:
        """A reduction that is none: no prior price, or not below it."""
        named = self.deepened if price < self.ours.current else self.kept
        return self.announced and (named is None or price >= named)

    def jumps(self, price: int) -> bool:
        factor = self.book.settings.jump_factor
        beyond = price > self.anchor and price >= self.ours.current * factor
        return price >= self.anchor * factor or price * factor <= self.anchor or beyond

    def warned(self, price: int, sets: list[Held]) -> Answer:
        ours, current = self.ours, self.ours.current
        if self.bare:
            self.say("announced", current, price, self.low[1] if self.low else "")
            self.announcing = False
        if self.announcing:
            self.say("announced", self.reference, price, self.place)
        if ours.prior is not None and price < ours.prior:
            self.say("prior_price", ours.prior, price)
        reports = given(sets, "map_report")
        asked = [place for value, place in reports if value]
        advertised = ours.map_price
        if (asked or not reports) and advertised is not None and price < advertised:
            self.say("map", current, price, asked[0] if asked else "")
        return self.done("raise" if price > current else "cut", price)

    def brake(self, price: int, sets: list[Held]) -> tuple[str, str]:
        ours = self.ours
        dwell = strictest(given(sets, "dwell"), lower=False)
        if dwell is not None and ours.changed_at is not None and NOW - ours.changed_at < dwell[0]:
            return "dwell", dwell[1]
        most = strictest(given(sets, "max_changes_a_day"), lower=True)
        if most is not None and (ours.changes_today is None or ours.changes_today >= most[0]):
            return "changes", most[1]
        minute = 13 * 60
        quiet = [
            place
            for (start, end), place in given(sets, "quiet_hours")
            if ((start <= minute < end) if start < end else (minute >= start or minute < end))
        ]
        if quiet:
            return "quiet", quiet[-1]
        streak = ours.streak or 0
        onward = (streak > 0) == (price > ours.current)
        return ("loop" if abs(streak) >= self.book.settings.loop_changes and onward else ""), ""


def inside(rule: Rule, clock: datetime) -> bool:
    """A day counts from its first moment to its last, a moment from and up to itself."""
    started = rule.starts is None or (
        rule.starts <= clock if isinstance(rule.starts, datetime) else rule.starts <= clock.date()
    )
    over = rule.ends is not None and (
        clock >= rule.ends if isinstance(rule.ends, datetime) else clock.date() > rule.ends
    )
    return started and not over
