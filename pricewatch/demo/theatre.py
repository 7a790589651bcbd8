"""Everything that the demo serves: the rivals' sites and our own two shops, for as long as the block lasts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from secrets import token_hex

from starlette.types import ASGIApp

from pricewatch.demo.hosting import MakeApp, serving_all
from pricewatch.demo.market import RIVALS, Market, open_market
from pricewatch.demo.own_channels import woocommerce_items
from pricewatch.demo.sites import Stage, site_app
from pricewatch.demo.woocommerce import WooShop


@dataclass(slots=True)
class Theatre:
    """The market and the shops, with their addresses and the keys that open them."""

    stage: Stage
    woocommerce: WooShop
    secrets: Mapping[str, str]
    addresses: Mapping[str, str]

    @property
    def market(self) -> Market:
        """The market as it stands."""
        return self.stage.market

    def move(self) -> None:
        """Let the next round begin: from now on the sites answer with its pages."""
        self.stage.show(self.stage.market.moved())

    def shown(self) -> dict[str, dict[str, Decimal]]:
        """What the two shops really sell at, by channel and SKU."""
        return {
            "woocommerce": {item.sku: Decimal(item.price) for item in self.woocommerce.items.values() if item.sku},
        }

    def writes(self) -> dict[str, list[str]]:
        """The SKUs that each shop was told a price for, in order."""
        return {"woocommerce": [line.sku for line in self.woocommerce.log if line.by != "human"]}


@contextmanager
def open_theatre(seed: int) -> Iterator[Theatre]:
    """Serve a new market and two new shops until the block ends."""
    stage = Stage(open_market(_this_hour(), seed=seed))
    keys = {"woocommerce_key": f"ck_{token_hex(20)}", "woocommerce_secret": f"cs_{token_hex(20)}"}
    woocommerce = WooShop(
        woocommerce_items(stage.articles), key=keys["woocommerce_key"], secret=keys["woocommerce_secret"]
    )
    apps: dict[str, MakeApp] = {rival.name: partial(site_app, rival.name, stage) for rival in RIVALS}
    apps["woocommerce"] = _always(woocommerce.app)
    with serving_all(apps) as addresses:
        yield Theatre(stage, woocommerce, keys, addresses)


def _always(app: ASGIApp) -> MakeApp:
    return lambda _address: app


def _this_hour() -> datetime:
    return datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
