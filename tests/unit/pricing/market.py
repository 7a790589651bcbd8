"""Small markets for tests, written row by row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pricewatch.domain.decision import Proposal
from pricewatch.domain.offer import Availability, Condition, PriceRole, SiteKind
from pricewatch.located import parse
from pricewatch.pricing.engine import decide
from pricewatch.pricing.frame import (
    AVAILABILITIES,
    CONDITIONS,
    ROLES,
    SITE_KINDS,
    MarketFrame,
    OfferColumns,
    ProductColumns,
    Text,
    ints,
)
from pricewatch.pricing.rules import RuleBook, compile_rulebook
from pricewatch.pricing.settings import PricingSettings

NOW = 1_795_348_800  # Sunday 2026-11-22 12:00 UTC, 13:00 in Warsaw
HOUR = 3_600


@dataclass(frozen=True)
class Ours:
    """One of our products; None is unknown."""

    sku: str = "A1"
    name: str = "Kettle"
    current: int | None = 10_000
    cost: int | None = 5_000
    vat: int | None = 2_300
    floor: int | None = None
    ceiling: int | None = None
    rrp: int | None = None
    map_price: int | None = None
    stock: int | None = 10
    kvi: bool = False
    frozen: bool = False
    changed_at: int | None = None
    changes_today: int | None = 0
    day_start: int | None = None
    prior: int | None = None
    sold: int | None = None
    optimal: int | None = None
    optimal_why: str = ""
    streak: int | None = None
    announced: int | None = None
    began: int | None = None
    regular: int | None = None
    brand: str = "Bosch"
    category: str = "Home > Kitchen"
    supplier: str = "Acme"
    tags: str = "|new|"
    custom: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Theirs:
    """One offer of somebody."""

    price: int | None
    seller: str = "Rival"
    product: int = 0
    shipping: int | None = None
    seen_at: int | None = NOW - HOUR
    factor: int = 1
    rating: int | None = None
    availability: Availability = Availability.IN_STOCK
    condition: Condition = Condition.NEW
    role: PriceRole = PriceRole.REGULAR
    kind: SiteKind = SiteKind.SHOP
    own: bool = False
    before: int | None = None
    featured: bool = False
    alike: bool = False
    site: str = "shop"
    observation: int | None = None


def frame(
    ours: Sequence[Ours], theirs: Sequence[Theirs], *, currency: str = "PLN", exponent: int = 2, country: str = "PL"
) -> MarketFrame:
    """Turn rows into columns; observation ids count from 1 unless given."""
    names = sorted({name for each in ours for name in each.custom})
    products = ProductColumns(
        sku=[each.sku for each in ours],
        name=[each.name for each in ours],
        kvi=np.array([each.kvi for each in ours], dtype=bool),
        frozen=np.array([each.frozen for each in ours], dtype=bool),
        optimal_why=Text.of(each.optimal_why for each in ours),
        custom={name: Text.of(each.custom.get(name, "") for each in ours) for name in names},
        **{name: Text.of(getattr(each, name) for each in ours) for name in ("brand", "category", "supplier", "tags")},
        **{name: ints(getattr(each, name) for each in ours) for name in _NUMBERS},
    )
    offers = OfferColumns(
        product=ints(each.product for each in theirs),
        observation=ints(each.observation or number for number, each in enumerate(theirs, 1)),
        pieces=ints(None for _ in theirs),
        featured=np.array([each.featured for each in theirs], dtype=bool),
        alike=np.array([each.alike for each in theirs], dtype=bool),
        own=np.array([each.own for each in theirs], dtype=bool),
        seller=Text.of(each.seller for each in theirs),
        site=Text.of(each.site for each in theirs),
        **{name: ints(getattr(each, name) for each in theirs) for name in _OFFER_NUMBERS},
        **{name: _codes(members, [getattr(each, name) for each in theirs]) for name, members in _OFFER_CODES.items()},
    )
    return MarketFrame("pl", currency, exponent, "Europe/Warsaw", NOW, products, offers, country=country)


_NUMBERS = (
    "current", "cost", "vat", "floor", "ceiling", "rrp", "map_price", "stock",
    "changed_at", "changes_today", "day_start", "prior",
    "sold", "optimal", "streak", "announced", "began", "regular",
)  # fmt: skip
_OFFER_NUMBERS = ("price", "shipping", "seen_at", "factor", "rating", "before")
_OFFER_CODES: dict[str, tuple[Any, ...]] = {
    "availability": AVAILABILITIES,
    "condition": CONDITIONS,
    "role": ROLES,
    "kind": SITE_KINDS,
}


def _codes(members: tuple[Any, ...], values: Sequence[Any]) -> np.ndarray:
    return np.array([members.index(value) for value in values], dtype=np.int8)


def book(*texts: str) -> RuleBook:
    """Compile rule files called 1.toml, 2.toml and so on."""
    return compile_rulebook([parse(text, f"{number}.toml") for number, text in enumerate(texts, 1)])


def rule(target: str = 'target = "lowest"', guardrails: str = "", *, situations: str = "", landscape: str = "") -> str:
    """A file with one rule."""
    return "\n".join(
        ["[[rule]]", 'name = "only"', target]
        + (["[rule.guardrails]", guardrails] if guardrails else [])
        + (["[rule.situations]", situations] if situations else [])
        + (["[rule.landscape]", landscape] if landscape else [])
    )


def propose(
    text: str, ours: Ours | None = None, theirs: Sequence[Theirs] = (), settings: PricingSettings | None = None
) -> Proposal:
    """Decide one product under one rule file."""
    plan = decide(frame([ours or Ours()], theirs), book(text), settings or PricingSettings())
    return next(plan.proposals())


def minor(proposal: Proposal) -> int | None:
    """The proposed price in minor units."""
    return None if proposal.proposed is None else proposal.proposed.minor


def steps(proposal: Proposal) -> list[str]:
    """The names of the reasons' steps."""
    return [reason.step for reason in proposal.reasons]
