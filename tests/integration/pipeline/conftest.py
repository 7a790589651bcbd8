"""A small shop with its market, on each kind of database: what the stages need, and nothing patched."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import pytest

from pricewatch.bootstrap import Silence
from pricewatch.domain.errors import SetAside
from pricewatch.domain.money import Money, TaxRate
from pricewatch.domain.offer import (
    Availability,
    Condition,
    Evidence,
    Item,
    ItemKey,
    Observation,
    Offer,
    SiteKind,
    Verdict,
)
from pricewatch.domain.product import PriceGroup, Product
from pricewatch.located import parse
from pricewatch.matching.settings import MatchingSettings
from pricewatch.pipeline.settings import PublishingSettings
from pricewatch.pipeline.workbench import Workbench
from pricewatch.ports import Sighting, SiteInfo, Target
from pricewatch.pricing.rules import compile_rulebook
from pricewatch.pricing.settings import PricingSettings
from pricewatch.store.sql import SqlStore
from pricewatch.testing import FixedClock

RULES = """
[[guardrails]]
name = "every product"
min_margin = "10%"
endings = [".99"]

[[rule]]
name = "just under the lowest"
target = "lowest"
adjust = "-1%"
"""
GTINS = ("5901234123457", "5907170001965", "5907170031566", "5907170051915")


def zloty(text: str) -> Money:
    return Money.parse(text, "PLN")


@dataclass
class Rivals:
    """The Crawler port over a dictionary: what each page of each site shows now."""

    clock: FixedClock
    shown: dict[tuple[str, str], list[Offer] | SetAside] = field(default_factory=dict)
    crawled: list[str] = field(default_factory=list)
    unlisted: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)

    def ask(self, site: str, gtin: str, price: str, **more: object) -> None:
        """Let a site show a product at a price."""
        url = f"https://{site}.example/{gtin}"
        item = Item(ItemKey(site, url), url, title=f"Rzecz {gtin}", gtin=gtin)
        terms = {"availability": Availability.IN_STOCK, "condition": Condition.NEW, "shipping": zloty("0.00")} | more
        self.shown[site, url] = [Offer(item, site, zloty(price), url=url, **terms)]  # type: ignore[arg-type]

    async def discover(self, site: str) -> Sequence[Target | SetAside]:
        return [Target(site, url) for name, url in self.shown if name == site and url not in self.unlisted]

    async def crawl(self, site: str, targets: Sequence[Target]) -> AsyncIterator[Sighting]:
        for target in targets:
            self.crawled.append(target.url)
            yield self._sighting(target)

    def _sighting(self, target: Target) -> Sighting:
        now, found = self.clock.now(), self.shown[target.site, target.url]
        if target.url in self.gone:
            assert isinstance(found, SetAside)
            missing = replace(target, failures=target.failures + 1, verdict=Verdict.GONE)
            return Sighting(missing, Verdict.GONE, set_aside=found)
        if isinstance(found, SetAside):
            return Sighting(replace(target, failures=1), None, set_aside=found)
        seen = tuple(Observation(o, now, Evidence("0" * 64, "json-ld"), target=target.url) for o in found)
        return Sighting(replace(target, seen_at=now, verdict=Verdict.PRODUCT), Verdict.PRODUCT, seen)


class Nobody:
    """A Notifier that keeps what it was told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    async def notify(self, title: str, text: str) -> None:
        self.told.append(f"{title}: {text}")


@pytest.fixture
def rivals(clock: FixedClock) -> Rivals:
    """Three shops that do not show anything yet."""
    return Rivals(clock)


@pytest.fixture
def bench(store: SqlStore, clock: FixedClock, rivals: Rivals) -> Workbench:
    """A workbench with four products and two rivals' shops, and one that is switched off."""
    group = PriceGroup("default", "PL", "PLN", "Europe/Warsaw")
    products = [
        Product(
            f"S-{n}", f"Rzecz {gtin}", TaxRate(2300), price=zloty("119.99"), cost=zloty("60.00"), stock=5, gtin=gtin
        )
        for n, gtin in enumerate(GTINS, start=1)
    ]
    store.catalogue.save(products, at=clock.now(), group=group)
    return Workbench(
        store=store,
        clock=clock,
        groups=(group,),
        sites=MappingProxyType(
            {name: SiteInfo(name, SiteKind.SHOP, enabled=name != "sleepy") for name in ("alfa", "beta", "sleepy")}
        ),
        crawler=rivals,
        channels={},
        channel_groups={},
        rulebook=compile_rulebook([parse(RULES, "rules/test.toml")]),
        matching=MatchingSettings(),
        pricing=PricingSettings(),
        publishing=PublishingSettings(),
        notifier=Nobody(),
        progress=Silence(),
        own_sellers=frozenset({"we"}),
    )
