"""What a shop in a market remembers and learns, for rule files that ask the demand model: trained anew every week."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from pricewatch.pricing.demand.model import DemandModel, train
from pricewatch.pricing.demand.panel import Goods, panel
from pricewatch.pricing.demand.rivalry import MOST, Rivalry
from pricewatch.pricing.explore.among import with_rivals
from pricewatch.pricing.frame import MarketFrame
from pricewatch.pricing.offered import chosen_names, in_order
from pricewatch.pricing.optimal import Lately, with_optimal
from pricewatch.pricing.settings import LearningSettings
from pricewatch.simulate.protocol import Floats, Ints, Period

WEEK = 7
RIVAL, SITE = "Rival", "rivals"


@dataclass(slots=True)
class Learner:
    """The days of n products of some groups; prices are in minor units. A period is a day on sale of its length."""

    skus: tuple[str, ...]
    group: Ints
    settings: LearningSettings
    first: int  # the day of the first period, since 1970-01-01
    model: DemandModel | None = None
    _seen: list[Period] = field(default_factory=list)
    _age: int = 0

    def observe(self, seen: Period) -> None:
        """Keep a day."""
        self._seen.append(seen)
        self._age += 1

    def advised(self, frame: MarketFrame, home: Floats, waiting: Floats) -> MarketFrame:
        """The market with what the model asks for; `home` is the usual price, `waiting` days since the last move."""
        if len(self._seen) >= WEEK and (self.model is None or self._age >= WEEK):
            self.model, self._age = self._trained(), 0
        if self.model is None:
            return frame
        moved = home != frame.products.current
        lately = Lately.plain(len(self.skus))
        return with_optimal(
            frame, self.model, self.settings,
            Lately(np.where(moved, home, np.nan), np.where(moved, waiting, np.inf), lately.drifted, lately.busy,
                   lately.group, lately.tested),
            name="simulated",
        )  # fmt: skip

    def _trained(self) -> DemandModel:
        """A model of all days: each day a row a product."""
        days, size = len(self._seen), len(self.skus)
        prices, units = (np.stack([getattr(each, name) for each in self._seen]) for name in ("prices", "sales"))
        rivals = np.stack([each.rivals for each in self._seen])
        lengths = np.array([each.length for each in self._seen])
        columns: dict[str, Floats | Ints] = {
            "product": np.tile(np.arange(size), days),
            "period": np.repeat(np.arange(days), size),
            "units": units.ravel(),
            "price": prices.ravel(),
            "days": np.repeat(lengths, size),
        }
        if rivals.shape[2]:
            below = (rivals < prices[:, :, None]) + 0.5 * (rivals == prices[:, :, None])
            columns |= {"cheapest": rivals.min(axis=2).ravel(), "rank": below.mean(axis=2).ravel()}
        categories = tuple(f"group {number + 1}" for number in range(int(self.group.max()) + 1))
        goods = Goods(self.skus, self.group.astype(np.int64), categories)
        model = train(panel(goods, start=self.first, period_days=1, **columns))
        if self.settings.rivals == "curve" or not rivals.shape[2]:
            return model
        each = {sku: self._rivalry(prices, units, rivals, lengths, row) for row, sku in enumerate(self.skus)}
        return with_rivals(model, each)

    def _rivalry(self, prices: Floats, units: Floats, rivals: Floats, lengths: Floats, row: int) -> Rivalry:
        count = rivals.shape[2]
        all_names = [f"{SITE}/{RIVAL} {number + 1}" for number in range(count)]
        if count <= MOST:
            return Rivalry(tuple(all_names), prices[:, row], rivals[:, row], units[:, row], lengths)
        days = [dict(zip(all_names, asked, strict=True)) for asked in rivals[:, row].tolist()]
        names = chosen_names(days)
        theirs = np.array([in_order(asked, names, set(names)) for asked in days])
        return Rivalry(names, prices[:, row], theirs, units[:, row], lengths)
