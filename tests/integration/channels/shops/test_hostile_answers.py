"""Whatever a shop answers, a channel ends with listings, results or an error of its own; it never breaks."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from random import Random

import httpx
import pytest
from shop_fakes import idosell, magento, medusa, saleor, shoper, shopify, vendure

from pricewatch.channels.registry import build_channel
from pricewatch.channels.shops.settings import ShopSettings
from pricewatch.domain.decision import Announcement
from pricewatch.domain.errors import ChannelError
from pricewatch.domain.listing import Listing, PushResult
from pricewatch.domain.money import Money
from pricewatch.domain.product import Assortment
from pricewatch.located import Section, build, parse

ROUNDS = 32
TOLD = Announcement(Money.parse("129.00", "PLN"), datetime(2026, 1, 1, tzinfo=UTC), None)
RUBBISH = [None, True, -1, 10**30, 0.5, "", "abc", "83,99", "1e400", "\x00", [], [None], {}, {"id": None}, [[{}]]]
SHOPS = {
    "shopify": (shopify.ShopifyFake, 'token = { env = "S" }', {"S": shopify.TOKEN}, "1/1"),
    "magento": (magento.MagentoFake, 'token = { env = "S" }', {"S": magento.TOKEN}, "S1"),
    "saleor": (
        saleor.SaleorFake,
        'token = { env = "S" }\nchannel = "default-channel"',
        {"S": saleor.TOKEN},
        saleor.gid("ProductVariant", 1),
    ),
    "vendure": (vendure.VendureFake, 'key = { env = "S" }', {"S": vendure.KEY}, "1"),
    "medusa": (medusa.MedusaFake, 'key = { env = "S" }', {"S": medusa.KEY}, "prod_1/variant_1"),
    "shoper": (
        shoper.ShoperFake,
        'username = { env = "U" }\npassword = { env = "S" }',
        {"U": shoper.USER, "S": shoper.PASSWORD},
        "1/1",
    ),
    "idosell": (idosell.IdoSellFake, 'key = { env = "S" }', {"S": idosell.KEY}, "1"),
}


class Holder(Section):
    """A section with one shop."""

    shop: ShopSettings


class Spoiling(httpx.AsyncBaseTransport):
    """Passes on what the fake answers, with one place in one of the answers spoilt."""

    def __init__(self, app, random: Random) -> None:
        self.inner, self.random, self.left = httpx.ASGITransport(app=app), random, random.randrange(4)

    async def handle_async_request(self, request):
        response = await self.inner.handle_async_request(request)
        body = await response.aread()
        self.left -= 1
        if self.left < 0:
            body = json.dumps(spoilt(json.loads(body), self.random)).encode()
            self.left = 10**9
        return httpx.Response(response.status_code, stream=httpx.ByteStream(body))


def spoilt(value, random):
    """The same with rubbish at a random place."""
    if not value or not isinstance(value, dict | list) or random.random() < 0.15:
        return random.choice(RUBBISH)
    if isinstance(value, dict):
        key = random.choice(sorted(value))
        if random.random() < 0.1:
            return {k: v for k, v in value.items() if k != key}
        return {**value, key: spoilt(value[key], random)}
    place = random.randrange(len(value))
    return [*value[:place], spoilt(value[place], random), *value[place + 1 :]]


@pytest.mark.parametrize("kind", SHOPS)
def test_no_answer_breaks_a_channel(kind, tmp_path, monkeypatch, desired, run, all_of):
    """Spoilt at any place, an answer is an error of the channel or leaves things out; what is raised can be told."""
    fake, keys, secrets, remote = SHOPS[kind]
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    text = f'[shop]\ntype = "{kind}"\nurl = "https://shop.example"\nrate = 100000\n{keys}\n'
    settings = build(Holder, parse(text, "config.toml")).shop

    async def job(channel, what):
        if what in (0, 4):
            return await channel.read([remote])
        if what in (1, 5):
            return await all_of(channel.listings())
        if what in (2, 6):
            await all_of(channel.products())
            return []
        return await channel.push([desired("shop", remote, "89.99", announcement=TOLD if what == 7 else None)])

    for seed in range(ROUNDS):
        shop = fake()
        shop.fill(3)
        channel = build_channel(
            "shop",
            settings,
            currency="PLN",
            folder=tmp_path,
            stop_check=lambda: False,
            assortment=lambda: Assortment({}),
            transport=Spoiling(shop.app, Random(f"{kind} {seed}")),
        )
        try:
            found = run(channel, lambda c, what=seed % 8: job(c, what))
        except ChannelError:
            continue
        assert all(isinstance(entry, Listing | PushResult) for entry in found), f"seed {seed}"
