"""Random rule files, products and markets, seeded; and what the conditions in them mean."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from random import Random
from typing import Any

from pricewatch.domain.money import divide
from pricewatch.domain.offer import Availability, Condition, PriceRole, SiteKind

from .market import HOUR, NOW, Ours, Theirs
from .oracle import Meaning, Seen, amount

SELLERS = ("Alfa", "Beta", "Gamma", "Delta", "alfa", "Epsilon")


def toml(value: Any) -> str:
    """Write a value as TOML on one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {toml(each)}" for key, each in value.items()) + " }"
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return str(value) if isinstance(value, int) else f'"{value}"'


def rule_file(tables: dict[str, Any]) -> str:
    """Write top-level tables and arrays of tables."""
    lines: list[str] = []
    for name, content in tables.items():
        for each in content if isinstance(content, list) else [content]:
            lines.append(f"[[{name}]]" if isinstance(content, list) else f"[{name}]")
            lines += [f"{key} = {toml(value)}" for key, value in each.items()]
    return "\n".join(lines)


# --- conditions


def _net(ours: Ours) -> int | None:
    price = amount(ours.current)
    return None if price is None else divide(price * 10_000, 10_000 + ours.vat)


def _margin(ours: Ours) -> int | None:
    net, cost = _net(ours), amount(ours.cost)
    return None if net is None or cost is None or net <= 0 else divide((net - cost) * 10_000, net)


def _low(seen: Seen | None) -> int | None:
    return None if seen is None or seen.empty else seen.prices[0]


def _compare(left: int | None, right: int | None, test: Callable[[int, int], bool]) -> bool | None:
    return None if left is None or right is None else test(left, right)


def _not(value: bool | None) -> bool | None:
    return None if value is None else not value


def _both(left: bool | None, right: bool | None) -> bool | None:
    if left is False or right is False:
        return False
    return None if left is None or right is None else True


CATALOGUE: dict[str, Meaning] = {
    "kvi": lambda ours, _: ours.kvi,
    "brand == 'BOSCH'": lambda ours, _: ours.brand.casefold() == "bosch" if ours.brand else None,
    "category in 'Home'": lambda ours, _: ours.category.startswith("Home") if ours.category else None,
    "'sale' in tags": lambda ours, _: "|sale|" in ours.tags,
    "stock > 5": lambda ours, _: None if ours.stock is None else ours.stock > 5,
    "not (stock > 5)": lambda ours, _: None if ours.stock is None else ours.stock <= 5,
    "margin > 20": lambda ours, _: _compare(_margin(ours), 2_000, lambda a, b: a > b),
    "known(cost) and current > cost * 1.5": lambda ours, _: _both(
        amount(ours.cost) is not None,
        _compare(amount(ours.current), amount(ours.cost), lambda a, b: a > divide(b * 15_000, 10_000)),
    ),
    "rrp - current >= 5.00": lambda ours, _: _compare(
        amount(ours.rrp), amount(ours.current), lambda a, b: a - b >= 500
    ),
    "weekday == 'sun' and hour == 13": lambda *_: True,
    "custom.season == 'AW26'": lambda ours, _: ours.custom["season"] == "AW26" if ours.custom["season"] else None,
    "days_of_stock > 20": lambda ours, _: _days_over(ours, 20),
    "velocity < 0.5": lambda ours, _: None if ours.sold is None else divide(ours.sold * 10_000, 28) < 5_000,
    "not on_promotion": lambda ours, _: amount(ours.announced) is None,
    "streak <= -2": lambda ours, _: None if ours.streak is None else ours.streak <= -2,
    "optimal > current": lambda ours, _: _compare(amount(ours.optimal), amount(ours.current), lambda a, b: a > b),
    "amount(custom.sale) < current": lambda ours, _: _compare(_sale(ours), amount(ours.current), lambda a, b: a < b),
    "number(custom.age) >= 30": lambda ours, _: int(ours.custom["age"]) >= 30 if ours.custom["age"].isdigit() else None,
}
AGES = {"number(custom.age)": lambda ours: int(ours.custom["age"]) if ours.custom["age"].isdigit() else None}


def _sale(ours: Ours) -> int | None:
    text = ours.custom["sale"]
    return int(text.replace(".", "")) if text.count(".") == 1 and text.replace(".", "").isdigit() else None


def _days_over(ours: Ours, days: int) -> bool | None:
    if ours.stock is None or ours.sold is None:
        return None
    return ours.stock > 0 and (ours.sold == 0 or divide(ours.stock * 28 * 10_000, ours.sold) > days * 10_000)


MARKET: dict[str, Meaning] = {
    "trend > 2": lambda _, seen: None if seen.trend is None else seen.trend > 200,
    "known(buy_box)": lambda _, seen: seen.buy_box is not None,
    "offers >= 2": lambda _, seen: len(seen.prices) >= 2,
    "lowest < current": lambda ours, seen: _compare(_low(seen), amount(ours.current), lambda a, b: a < b),
    "not (lowest * 1.05 < current)": lambda ours, seen: _not(
        _compare(_low(seen), amount(ours.current), lambda a, b: divide(a * 10_500, 10_000) < b)
    ),
    "rank > 1 or kvi": lambda ours, seen: True if ours.kvi else _rank_above_one(ours, seen),
    "offers < 3 and stock > 5": lambda ours, seen: _both(
        len(seen.prices) < 3, None if ours.stock is None else ours.stock > 5
    ),
}


def _rank_above_one(ours: Ours, seen: Seen | None) -> bool | None:
    if seen is None or seen.empty or amount(ours.current) is None:
        return None
    return seen.prices[0] < ours.current


def _undercut(_: Ours, seen: Seen) -> int | None:
    return None if seen.empty else divide(seen.prices[0] * 9_900, 10_000)


def _blend(ours: Ours, seen: Seen) -> int | None:
    cost = amount(ours.cost)
    if seen.empty or cost is None:
        return None
    return max(min(seen.average, seen.prices[-1]), divide(cost * 15_000, 10_000))


def _dearer(ours: Ours) -> int | None:
    rrp, current = amount(ours.rrp), amount(ours.current)
    return None if rrp is None or current is None else max(rrp, current)


FORMULAS: dict[str, Callable[..., int | None]] = {
    "lowest * 99%": _undercut,
    "max(min(average, highest), cost * 1.5)": _blend,
    "amount(custom.sale)": lambda ours, _: _sale(ours),
    "max(rrp, current)": lambda ours, _: _dearer(ours),
}
for _text in ("amount(custom.sale)", "max(rrp, current)"):
    FORMULAS[_text].market = False  # type: ignore[attr-defined]

NAMES = {"custom.style": lambda ours: ours.custom["style"], "custom.model": lambda ours: ours.custom["model"]}
SIZES = {"number(custom.pieces)": lambda ours: _pieces(ours.custom["pieces"])}


def _pieces(text: str) -> Fraction | None:
    return Fraction(text) if text.replace(".", "", 1).isdigit() and 0 < Fraction(text) <= 2**20 else None


# --- rules


def _maybe(random: Random, chance: float, **options: Any) -> dict[str, Any]:
    return {key: value for key, value in options.items() if random.random() < chance}


def landscape(random: Random) -> dict[str, Any]:
    """A random landscape."""
    found = _maybe(
        random,
        0.25,
        availability=random.choice([["in_stock"], ["in_stock", "unknown"], ["in_stock", "back_order"]]),
        conditions=random.choice([["new"], ["new", "unknown"], ["new", "used"]]),
        roles=random.choice([["regular"], ["regular", "sale", "coupon"]]),
        kinds=random.choice([["shop"], ["shop", "marketplace", "comparison"]]),
        without_sellers=[random.choice(SELLERS)],
        sites=random.choice([["one"], ["one", "two"]]),
        max_age=random.choice(["12h", "36h", "9d"]),
        min_rating="90%",
        basis="landed",
        packs=True,
        one_per_seller=True,
        max_distance=random.choice(["10%", "30%"]),
        weights={name: random.randint(0, 4) for name in ("Alfa", "beta", "GAMMA")},
        net_sites=["three"],
        trend=random.choice(["1%", "5%"]),
        min_offers=random.choice([1, 2, 3]),
    )
    if "basis" in found:
        found |= _maybe(random, 0.5, own_shipping="9.99", assume_shipping="12.00")
    return found


def target(random: Random, *, compare: bool = True) -> dict[str, Any]:
    """A random target."""
    if compare and random.random() < 0.2:
        parts = [target(random, compare=False) for _ in range(random.randint(2, 3))]
        parts = [part | _adjusted(random, part, 0.4) for part in parts]
        return {"kind": random.choice(["first_of", "first_of", "lowest_of", "highest_of"]), "of": parts}
    share = f"{random.randint(0, 10_000) / 100}%"
    plain = ["lowest", "median", "average", "weighted", "highest", "buy_box"]
    plain += ["rrp", "map", "keep", "prior", "floor", "ceiling", "optimal", "optimal"]
    return random.choice(
        [
            *[{"kind": kind} for kind in plain],
            {"kind": "lowest"},
            {"kind": "nth_lowest", "n": random.randint(1, 5)},
            {"kind": "percentile", "percent": share},
            {"kind": "between", "percent": share},
            {
                "kind": "seller",
                "sellers": random.sample(SELLERS, 2),
                "pick": random.choice(["lowest", "average", "highest"]),
            },
            {
                "kind": "index",
                "sellers": random.sample(SELLERS, 4),
                "percent": f"{random.randint(8_000, 12_000) / 100}%",
                "n": random.randint(1, 3),
            },
            {"kind": "cost_plus", "percent": f"{random.randint(-500, 12_000) / 100}%"},
            {"kind": "margin", "percent": f"{random.randint(-500, 7_000) / 100}%"},
            {"kind": "formula", "price": random.choice(list(FORMULAS))},
            {
                "kind": "markdown",
                "age": random.choice(list(AGES)),
                "steps": [{"days": 0, "off": "5%"}, {"days": 20, "off": "17.5%"}, {"days": 45, "off": "33.33%"}],
                **_maybe(random, 0.3, price="max(rrp, current)"),
            },
        ]
    )


def situations(random: Random) -> dict[str, Any]:
    """A random table of situations."""
    resort = ["keep", "hold", "floor", "ceiling", "rrp", "raise", "optimal"]
    actions = ["follow", "next", *resort]
    found = {key: random.choice(resort) for key in ("stale", "alone_in_stock", "no_competition")}
    found |= {key: random.choice(actions) for key in ("rising", "falling", "lowest", "below_floor", "at_floor")}
    return {key: value for key, value in found.items() if random.random() < 0.4}


def guardrails(random: Random) -> dict[str, Any]:
    """A random set of guardrails."""
    measure = [f"{random.randint(0, 3_000) / 100}%", f"{random.randint(0, 2_000) / 100:.2f}"]
    found = _maybe(
        random,
        0.2,
        min_margin=f"{random.randint(-2_000, 4_000) / 100}%",
        min_markup=f"{random.randint(-2_000, 6_000) / 100}%",
        min_profit=f"{random.randint(0, 2_000) / 100:.2f}",
        floor=f"{random.randint(1_000, 9_000) / 100:.2f}",
        fee=f"{random.randint(0, 2_500) / 100}%",
        fixed_fee=f"{random.randint(0, 300) / 100:.2f}",
        ceiling=f"{random.randint(9_001, 20_000) / 100:.2f}",
        max_markup=f"{random.randint(3_000, 20_000) / 100}%",
        max_above_rrp=f"{random.randint(0, 2_000) / 100}%",
        min_change=random.choice(measure),
        map_report=random.random() < 0.5,
        rounding=random.choice(["nearest", "down", "up"]),
        channels={
            name: {"fee": f"{random.randint(0, 3_000) / 100}%", "fixed_fee": f"{random.randint(0, 300) / 100:.2f}"}
            for name in random.sample(["allegro", "shop", "web"], 2)
        },
    )
    for key in ("max_raise", "max_cut", "max_raise_day", "max_cut_day"):
        found |= _maybe(random, 0.25, **{key: random.choice(measure)})
    found |= _maybe(
        random,
        0.08,
        dwell=random.choice(["2h", "4h", "8h"]),
        max_changes_a_day=random.randint(0, 3),
        quiet_hours=random.choice(["12:00-14:00", "20:00-06:00"]),
    )
    return found | random.choice([{}, {}, endings(random)]) | _maybe(random, 0.01, freeze=True)


def endings(random: Random) -> dict[str, Any]:
    """Random price endings."""
    found = random.choice(
        [
            {"endings": random.sample([".99", ".49", ".00", "9.90", "5.00"], random.randint(1, 3))},
            {"multiple_of": random.choice(["0.05", "0.10", "1.00", "2.50"])},
            {
                "ending_ladder": [
                    {"below": "50.00", "endings": [".49", ".99"]},
                    {"below": "100.00", "endings": random.choice([["4.99", "9.99"], []])},
                    {"endings": ["9.00"]},
                ]
            },
        ]
    )
    return found | _maybe(random, 0.5, rounding=random.choice(["nearest", "down", "up"]))


def rules(random: Random) -> dict[str, Any]:
    """A random rule file as tables."""
    conditions = [*CATALOGUE, *MARKET]
    found: list[dict[str, Any]] = []
    for number in range(random.randint(1, 4)):
        body: dict[str, Any] = {"name": f"rule {number}", **_maybe(random, 0.7, when=random.choice(conditions))}
        body |= _maybe(random, 0.3, landscape=landscape(random), priority=random.randint(-1, 1))
        body |= _maybe(random, 0.5, situations=situations(random), guardrails=guardrails(random))
        if random.random() < 0.2:
            cases = [
                {"when": random.choice(conditions), **_aim(random)},
                {**_maybe(random, 0.5, when=random.choice(conditions)), **_aim(random)},
            ]
            body["case"] = cases
        else:
            body |= _aim(random)
        found.append(body | _times(random))
    found.append({"name": "last", **_aim(random), "guardrails": guardrails(random)})
    limits = [
        {**guardrails(random), **_maybe(random, 0.5, when=random.choice(list(CATALOGUE)))}
        for _ in range(random.randint(0, 3))
    ]
    return {"landscape": landscape(random), "guardrails": limits, "rule": found[random.random() < 0.02 :]}


def calm_rules(random: Random) -> dict[str, Any]:
    """Rules that follow the market with few limits, so that families have much to fit."""
    keys = ["min_change", "max_raise", "max_cut", "ceiling", "endings", "multiple_of", "dwell", "quiet_hours", "fee"]
    limits = {key: value for key, value in guardrails(random).items() if key in keys}
    goals = [{"kind": "first_of", "of": [kind, "keep"]} for kind in ("lowest", "median", "highest", "rrp", "optimal")]
    last = {"name": "last", "target": random.choice(goals)}
    first = {"name": "first", "when": random.choice(list(CATALOGUE)), "target": random.choice(goals)}
    return {"guardrails": [limits], "rule": [first | _times(random), last]}


def parities(random: Random) -> dict[str, Any]:
    """None, one or two tables of families."""
    found = [
        {"family": random.choice(list(NAMES))}
        | _maybe(random, 0.5, size=random.choice(list(SIZES)))
        | _maybe(random, 0.4, allow=f"{random.randint(0, 1_500) / 100}%", when=random.choice(list(CATALOGUE)))
        for _ in range(random.choice([0, 1, 1, 2]))
    ]
    return {"parity": found} if found else {}


def _aim(random: Random) -> dict[str, Any]:
    aimed = target(random)
    return {"target": aimed} | _adjusted(random, aimed, 0.5)


def _adjusted(random: Random, aimed: dict[str, Any], chance: float) -> dict[str, Any]:
    found = _maybe(random, chance, adjust=_adjust(random))
    return {} if aimed["kind"] == "keep" else found


def _adjust(random: Random) -> str:
    other = [f"{random.randint(-900, 900) / 100}%", "just under", "just over"]
    return random.choice(["-1%", "-0.01", "2.5%", "1.00", *other])


def _times(random: Random) -> dict[str, Any]:
    """Now is Sunday 2026-11-22, 13:00 in Warsaw; an announced reduction starts and ends."""
    starts, ends = datetime(2026, 11, 22, random.choice([13, 14])), datetime(2026, 11, 22, random.choice([13, 14]))
    if random.random() < 0.2:
        return {"starts": min(starts, datetime(2026, 11, 22, 12)), "ends": ends, "announced": True} | _maybe(
            random, 0.3, perishable=True
        )
    return _maybe(random, 0.05, starts=starts) or _maybe(random, 0.05, ends=ends)


# --- markets


def ours(random: Random, number: int) -> Ours:
    """A random product; now and then an absurd one."""
    family, current = _family(random)
    cost = current * random.randint(30, 85) // 100
    odd = random.random() < 0.05

    def perhaps(value: int | None, chance: float = 0.3) -> int | None:
        return value if random.random() < chance else None

    return Ours(
        sku=f"P{number}",
        current=random.choice([None, 0, -5, 2**40]) if odd and random.random() < 0.5 else current,
        cost=random.choice([None, None, 0, -100, 2**50]) if odd else cost,
        vat=random.choice([2_300, 2_300, 800, 500, 0]),
        floor=perhaps(random.choice([0, current * random.randint(60, 105) // 100]), 0.2),
        ceiling=perhaps(current * random.randint(90, 150) // 100, 0.2),
        rrp=perhaps(current * random.randint(90, 160) // 100, 0.6),
        map_price=perhaps(current * random.randint(80, 120) // 100, 0.3),
        stock=perhaps(random.randint(0, 12), 0.9),
        kvi=random.random() < 0.2,
        frozen=random.random() < 0.02,
        changed_at=perhaps(NOW - random.randint(0, 10) * HOUR, 0.7),
        changes_today=perhaps(random.randint(0, 3), 0.95),
        day_start=perhaps(current * random.randint(85, 115) // 100, 0.5),
        prior=perhaps(current * random.randint(80, 110) // 100, 0.5),
        sold=perhaps(random.choice([0, random.randint(0, 60)]), 0.8),
        optimal=perhaps(current * random.randint(85, 125) // 100, 0.5),
        streak=perhaps(random.randint(-5, 5), 0.6),
        **promotion(random, current),
        brand=random.choice(["Bosch", "Makita", ""]),
        category=random.choice(["Home > Kitchen", "Garden", ""]),
        tags=random.choice(["|sale|new|", "|new|", ""]),
        custom={
            "season": random.choice(["AW26", "SS26", ""]),
            "age": random.choice(["10", "45", "?"]),
            "sale": random.choice(["79.90", "", "?"]),
            **family,
        },
    )


def settled(each: Ours, number: int) -> Ours:
    """The same product with little that holds it, in a family of two or three."""
    custom = each.custom | {
        name: f"{each.custom[name]}{number // 3}" for name in ("style", "model") if each.custom[name]
    }
    near = None if each.current is None else each.current * 104 // 100
    return replace(each, custom=custom, frozen=False, streak=None, rrp=near, ceiling=None, floor=None, announced=None)


def _family(random: Random) -> tuple[dict[str, str], int]:
    """Variants of a style cost about the same, packs of a model about as much a piece; the rest stands alone."""
    family, kind = {"style": "", "model": "", "pieces": ""}, random.random()
    if kind < 0.35:
        return family | {"style": random.choice(["S", "T"])}, 9_000 * random.randint(97, 103) // 100
    if kind < 0.7:
        pieces = random.choice(["1", "2", "3", "2.5", "5", "0", "?"])
        size = _pieces(pieces) or 2
        return family | {"model": "M", "pieces": pieces}, int(3_000 * size) * random.randint(95, 105) // 100
    return family, random.randint(3_000, 18_000)


def promotion(random: Random, current: int) -> dict[str, int | None]:
    """Now and then the price in force is an announced reduction."""
    if random.random() < 0.8:
        return {}
    regular = current * random.randint(100, 140) // 100
    named = regular - random.randint(0, 50)
    began = random.choice([None, named, named * random.randint(100, 130) // 100])
    return {"announced": named, "began": began, "regular": random.choice([regular, regular, None])}


def theirs(random: Random, product: int, current: int) -> list[Theirs]:
    """A random market for one product; now and then an absurd offer."""
    return [_offer(random, product, current) for _ in range(random.choice([0, 1, 2, 3, 5, 8]))]


def _offer(random: Random, product: int, current: int) -> Theirs:
    odd = random.random() < 0.03
    price = current * random.randint(70, 135) // 100
    return Theirs(
        price=random.choice([None, 0, -1, 2**35, 2**60]) if odd else price,
        seller=random.choice(SELLERS),
        product=product,
        shipping=random.choice([None, 0, 999, 1_500, -1 if odd else 0]),
        seen_at=NOW - random.choice([1, 5, 20, 40, 72, -2]) * HOUR if random.random() < 0.4 else NOW - HOUR,
        factor=random.choice([1, 1, 1, 1, 1, 2, 3, 0 if odd else 1]),
        rating=random.choice([None, 8_500, 9_800]),
        availability=random.choice([Availability.IN_STOCK] * 4 + list(Availability)),
        condition=random.choice([Condition.NEW] * 4 + list(Condition)),
        role=random.choice([PriceRole.REGULAR] * 5 + [PriceRole.SALE, PriceRole.COUPON, PriceRole.CLUB]),
        kind=random.choice([SiteKind.SHOP] * 2 + list(SiteKind)),
        own=random.random() < 0.05,
        before=random.choice([None, current * random.randint(80, 120) // 100]),
        featured=random.random() < 0.2,
        site=random.choice(["one", "two", "three"]),
    )
