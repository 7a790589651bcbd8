"""In front of a server that is made of the official document alone: all that is asked is allowed, and whatever the
document lets a server say is understood or refused, never a crash and never without an end.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from market_fakes import FakeTime, reach
from market_fakes.mock import BARE, MIXED, NULLS, SAME, WHOLE, Mock
from market_fakes.specification import Specification

from pricewatch.channels.marketplaces import settings as known
from pricewatch.channels.marketplaces.allegro import Allegro
from pricewatch.channels.marketplaces.amazon import Amazon
from pricewatch.channels.marketplaces.bigcommerce import BigCommerce
from pricewatch.channels.marketplaces.ebay import Ebay
from pricewatch.domain.decision import Announcement
from pricewatch.domain.errors import ChannelError
from pricewatch.domain.listing import Listing, PushResult
from pricewatch.domain.money import Money
from pricewatch.located import Secret

MOST = 100  # requests that one job may take
KEY = Secret(env="KEY")
OAUTH = {"client_id": KEY, "client_secret": KEY, "refresh_token": KEY, "token_url": "https://market.test/token"}
URL = "https://market.test"


def allegro(_folder, **more):
    given = {**OAUTH, "refresh_token": None, "report_wait": 5}
    return Allegro, known.AllegroSettings(type="allegro", url=URL, **given, **more), ["allegro.yaml"], ""


def allegro_with_stock(folder):
    return allegro(folder, stock=True, delivery=True)


def allegro_one_by_one(folder):
    return allegro(folder, mixed=False)


def ebay(_folder):
    base = "/sell/inventory/v1"
    made = known.EbaySettings(type="ebay", url=f"{URL}{base}", stock=True, **OAUTH)
    return Ebay, made, ["ebay_inventory.yaml"], base


def amazon(_folder, **more):
    made = known.AmazonSettings(
        type="amazon",
        url=URL,
        seller="A1SELLER",
        stock=True,
        delivery=True,
        preview=True,
        report_wait=5,
        **OAUTH,
        **more,
    )
    return Amazon, made, ["amzn_listingsItems_2021-08-01.json", "amzn_feeds_2021-06-30.json"], ""


def amazon_feed(folder):
    return amazon(folder, feed_from=1)


def bigcommerce(_folder):
    base = "/stores/s/v3"
    made = known.BigCommerceSettings(type="bigcommerce", url=f"{URL}{base}", token=KEY, price_list=2)
    return BigCommerce, made, ["bc_price_lists.v3.yml"], base


ALL = [allegro, allegro_with_stock, allegro_one_by_one, ebay, amazon, amazon_feed, bigcommerce]
MANNERS = [(BARE, 1), (NULLS, 1), (WHOLE, 1), (SAME, 1), *((MIXED, seed) for seed in range(4))]


@pytest.mark.parametrize("make", ALL, ids=lambda make: make.__name__)
def test_a_server_made_of_the_document_alone(make, run, all_of, desired, tmp_path, monkeypatch):
    """Listings, reads and pushes: requests as the document has them, answers of every manner lived with."""
    monkeypatch.setenv("KEY", "key-1")
    channel, made, names, base = make(tmp_path)
    specifications = [Specification(name, base=base) for name in names]
    for manner, seed in MANNERS:
        time = FakeTime()
        server = Mock(specifications, manner, seed, MOST)
        told = Announcement(Money.parse("129.00", "PLN"), time.now(), None)
        wishes = [desired("market", str(n), f"{n}.49", stock=n, delivery="2 days") for n in (1000, 1001)]
        wishes += [desired("market", str(n), "79.99", announcement=told) for n in range(2000, 2030)]

        async def job(c, wishes=wishes, server=server):
            ids = [w.remote_id for w in wishes]
            stocked = [replace(w, stock=7, delivery="3 days") for w in wishes] if c.capabilities.tells else []
            for what in (
                lambda: all_of(c.listings()),
                lambda: c.read(ids[:3]),
                lambda: c.push(wishes),
                *([lambda: c.supply(stocked)] if stocked else []),
            ):
                server.left = MOST
                try:
                    found = await what()
                except ChannelError:
                    continue
                assert all(isinstance(entry, Listing | PushResult) for entry in found)
                if found and isinstance(found[0], PushResult):
                    assert sorted(r.remote_id for r in found) == sorted(ids)

        run(channel("market", made, reach(server, time)), job)
    assert any(specification.seen for specification in specifications)


@pytest.mark.parametrize("make", [allegro, ebay, amazon, bigcommerce], ids=lambda make: make.__name__)
def test_a_server_that_always_says_the_same_is_listed_once(make, run, all_of, tmp_path, monkeypatch):
    """Whatever it says of further pages: each of its few listings comes once, and the reading ends."""
    monkeypatch.setenv("KEY", "key-1")
    channel, made, names, base = make(tmp_path)
    server = Mock([Specification(name, base=base) for name in names], SAME, 1, MOST)
    ids = [li.remote_id for li in run(channel("m", made, reach(server, FakeTime())), lambda c: all_of(c.listings()))]
    assert len(ids) <= 2  # of which it says two
