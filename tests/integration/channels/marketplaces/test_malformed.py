"""Answers that are almost right: whichever value is replaced, nothing but a channel's own error comes of it."""

from __future__ import annotations

import json
from random import Random

import httpx
import pytest
from market_fakes import FakeTime, reach
from market_fakes.allegro import AllegroServer
from market_fakes.amazon import SELLER, AmazonServer
from market_fakes.baselinker import BaseLinkerServer
from market_fakes.bigcommerce import BigCommerceServer
from market_fakes.ebay import EbayServer
from market_fakes.kaufland import KEY, SECRET, KauflandServer
from market_fakes.mirakl import MiraklServer

from pricewatch.channels.marketplaces import settings as known
from pricewatch.channels.marketplaces.allegro import Allegro
from pricewatch.channels.marketplaces.amazon import Amazon
from pricewatch.channels.marketplaces.baselinker import BaseLinker
from pricewatch.channels.marketplaces.bigcommerce import BigCommerce
from pricewatch.channels.marketplaces.ebay import Ebay
from pricewatch.channels.marketplaces.kaufland import Kaufland
from pricewatch.channels.marketplaces.mirakl import Mirakl
from pricewatch.domain.errors import ChannelError
from pricewatch.domain.listing import PushResult
from pricewatch.located import Secret

INSTEAD = (None, True, -1, 0, 10**30, "", "text", "NaN", [], [None], ["text"], {}, {"text": 1}, [[{}]])
CASES = 25


def _id(name):
    return Secret(env=name)


OAUTH = {"client_id": _id("ID"), "client_secret": _id("SECRET"), "token_url": "https://market.test/token"}


def allegro(time, token):
    made = known.AllegroSettings(
        type="allegro", url="https://market.test", refresh_token=Secret(file=token), **{**OAUTH, "token_url": "https://market.test/auth/oauth/token"}
    )  # fmt: skip
    return AllegroServer(time), Allegro, made, ["1000", "1001"]


def ebay(time, _token):
    address = "https://market.test/identity/v1/oauth2/token"
    made = known.EbaySettings(
        type="ebay", url="https://market.test/sell/inventory/v1", refresh_token=_id("REFRESH"),
        **{**OAUTH, "token_url": address},
    )  # fmt: skip
    return EbayServer(time), Ebay, made, ["1000", "1001"]


def amazon(time, _token, feed_from=1_000):
    made = known.AmazonSettings(
        type="amazon", url="https://market.test", refresh_token=_id("REFRESH"), seller=SELLER, feed_from=feed_from,
        **{**OAUTH, "token_url": "https://market.test/auth/o2/token"},
    )  # fmt: skip
    return AmazonServer(time), Amazon, made, ["S1000", "S1001"]


def amazon_feed(time, token):
    return amazon(time, token, feed_from=1)


def kaufland(time, _token):
    made = known.KauflandSettings(type="kaufland", url="https://market.test/v2", key=_id("KEY"), secret=_id("HMAC"))
    return KauflandServer(time), Kaufland, made, ["1000", "1001"]


def mirakl(time, _token):
    made = known.MiraklSettings(type="mirakl", url="https://market.test", key=_id("MIRAKL"))
    return MiraklServer(time), Mirakl, made, ["S1000", "S1001"]


def baselinker(time, _token):
    made = known.BaseLinkerSettings(
        type="baselinker", url="https://market.test", token=_id("TOKEN"), inventory=307, price_group=105
    )
    return BaseLinkerServer(time), BaseLinker, made, ["1000", "1001"]


def bigcommerce(_time, _token):
    made = known.BigCommerceSettings(
        type="bigcommerce", url="https://market.test/stores/s/v3", token=_id("TOKEN"), price_list=2
    )
    return BigCommerceServer(), BigCommerce, made, ["1000", "1001"]


ALL = [allegro, ebay, amazon, amazon_feed, kaufland, mirakl, baselinker, bigcommerce]


@pytest.fixture(autouse=True)
def _keys(monkeypatch):
    values = {"ID": "client-1", "SECRET": "secret-1", "REFRESH": "refresh-1", "KEY": KEY, "HMAC": SECRET}
    for name, value in {**values, "MIRAKL": "key-1", "TOKEN": "token-1"}.items():
        monkeypatch.setenv(name, value)


def filled(market):
    for n in (1000, 1001):
        if isinstance(market, AmazonServer | MiraklServer):
            market.add(f"S{n}")
        elif isinstance(market, EbayServer):
            market.add(str(n), f"S{n}", currency="PLN", site="EBAY_DE")
        else:
            market.add(str(n), f"S{n}")


def changed(value, random):
    """The same value with one node of it replaced."""
    if isinstance(value, dict) and value and random.random() < 0.8:
        key = random.choice(sorted(value))
        return {**value, key: changed(value[key], random)}
    if isinstance(value, list) and value and random.random() < 0.8:
        place = random.randrange(len(value))
        return [*value[:place], changed(value[place], random), *value[place + 1 :]]
    return random.choice(INSTEAD)


def spoiling(handle, random):
    """Every third answer in JSON has one value replaced."""

    def spoil(request):
        try:
            reply = handle(request)
        except (KeyError, AssertionError):  # an address or an id that it gave wrongly itself
            return httpx.Response(404, json={"errors": []})
        if random.random() > 0.34 or not reply.content.startswith((b"{", b"[")):
            return reply
        body = json.dumps(changed(json.loads(reply.content), random)).encode()
        return httpx.Response(reply.status_code, headers=reply.headers, content=body)

    return spoil


@pytest.mark.parametrize("make", ALL, ids=lambda make: make.__name__)
def test_one_wrong_value_is_the_channels_error_at_most(make, run, all_of, desired, tmp_path):
    """Many seeds of wrong values in listings, reads and pushes: never a crash, always a result for each price."""
    for seed in range(CASES):
        token = tmp_path / f"token-{seed}"
        token.write_text("refresh-1")
        time = FakeTime()
        market, channel, made, ids = make(time, token)
        filled(market)
        market.server.handle = spoiling(market.server.handle, Random(seed))
        under_test = channel("market", made, reach(market.server, time))

        async def job(c, ids=ids):
            for what in (
                lambda: all_of(c.listings()),
                lambda: c.read(ids),
                lambda: c.push([desired("market", i, f"9.{n}9") for n, i in enumerate(ids)]),
                lambda: c.read(ids),
            ):
                try:
                    found = await what()
                except ChannelError:
                    continue
                if found and isinstance(found[0], PushResult):
                    assert sorted(r.remote_id for r in found) == sorted(ids)

        run(under_test, job)
