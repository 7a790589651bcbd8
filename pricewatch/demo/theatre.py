"""Everything that the demo serves: the rivals' sites and our own two shops, for as long as the block lasts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from secrets import token_hex

from starlette.types import ASGIApp

from pricewatch.demo.hosting import MakeApp, serving_all
from pricewatch.demo.market import RIVALS, Market, open_market
from pricewatch.demo.own_channels import TAX_GROUPS, prestashop_items, woocommerce_items
from pricewatch.demo.prestashop import PrestaShopServer, Shown
from pricewatch.demo.sites import Stage, site_app
from pricewatch.demo.woocommerce import Applied, WooShop


@dataclass(slots=True)
class Theatre:
    """The market and the shops, with their addresses and the keys that open them."""

    stage: Stage
    woocommerce: WooShop
    prestashop: PrestaShopServer
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
        shops: dict[str, tuple[WooShop | PrestaShopServer, set[str]]] = {
            "woocommerce": (self.woocommerce, {item.sku for item in self.woocommerce.items.values()}),
            "prestashop": (
                self.prestashop,
                {i.reference for i in (*self.prestashop.products.values(), *self.prestashop.combinations.values())},
            ),
        }
        return {
            name: {sku: Decimal(shop.shown(sku)) for sku in sorted(skus) if sku} for name, (shop, skus) in shops.items()
        }

    def writes(self) -> dict[str, list[str]]:
        """The SKUs that each shop was told a price for, in order."""
        logs: dict[str, Sequence[Applied | Shown]] = {
            "woocommerce": self.woocommerce.log,
            "prestashop": self.prestashop.log,
        }
        return {name: [line.sku for line in log if line.by != "human"] for name, log in logs.items()}


@contextmanager
def open_theatre(seed: int) -> Iterator[Theatre]:
    """Serve a new market and two new shops until the block ends."""
    stage = Stage(open_market(_this_hour(), seed=seed))
    keys = {
        "woocommerce_key": f"ck_{token_hex(20)}",
        "woocommerce_secret": f"cs_{token_hex(20)}",
        "prestashop_key": token_hex(16).upper(),
    }
    woocommerce = WooShop(
        woocommerce_items(stage.articles), key=keys["woocommerce_key"], secret=keys["woocommerce_secret"]
    )
    prestashop = PrestaShopServer(prestashop_items(stage.articles), key=keys["prestashop_key"], rates=TAX_GROUPS)
    apps: dict[str, MakeApp] = {rival.name: partial(site_app, rival.name, stage) for rival in RIVALS}
    apps |= {"woocommerce": _always(woocommerce.app), "prestashop": _always(prestashop.app)}
    with serving_all(apps) as addresses:
        yield Theatre(stage, woocommerce, prestashop, keys, addresses)


def _always(app: ASGIApp) -> MakeApp:
    return lambda _address: app


def _this_hour() -> datetime:
    return datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
