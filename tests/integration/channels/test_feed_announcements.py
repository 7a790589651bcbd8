"""An announced reduction on its way from the price list to a feed, through the database."""

from __future__ import annotations

import asyncio
import csv
from datetime import timedelta
from functools import partial
from pathlib import Path

from pricewatch.channels.feed import Feed
from pricewatch.channels.meta import MetaFormat
from pricewatch.domain.decision import Announcement, PriceEntry
from pricewatch.domain.listing import ChannelRole, Desired
from pricewatch.domain.money import Money, TaxRate
from pricewatch.domain.product import PriceGroup, Product
from pricewatch.store.sql import SqlStore
from pricewatch.testing import FixedClock


def test_what_the_price_list_announces_the_feed_announces(
    sqlite_store: SqlStore, clock: FixedClock, tmp_path: Path
) -> None:
    """The outbox hands out the version whose reduction is shown; a later version ends it."""
    now, vat, path = clock.now(), TaxRate(2300), tmp_path / "meta.csv"
    group = PriceGroup("default", "PL", "PLN", "Europe/Warsaw")
    address = "https://shop.example/a"
    product = Product("A", "Drill", vat, stock=1, brand="Acme", url=address, image_url=address)
    sqlite_store.catalogue.save([product], at=now, group=group)
    feed = Feed(
        "feed", path, MetaFormat(unknown_stock="leave_out"), role=ChannelRole.ADVERT, currency="PLN", max_shrink=50,
        assortment=sqlite_store.catalogue.load, published=partial(sqlite_store.prices.current, "default"),
        now=clock.now,
    )  # fmt: skip

    def apply(price: str, told: Announcement | None) -> tuple[str, str]:
        gross = Money.parse(price, "PLN")
        entry = PriceEntry(0, "A", "default", gross, vat, None, None, 0, "", "", now, adopted=True, announcement=told)
        wish = Desired("feed", "A", "A", 0, gross, vat, None, None, adopted=True)
        sqlite_store.prices.append(plan=0, at=now, entries=[entry], desired=[wish])
        asyncio.run(feed.push([row.desired for row in sqlite_store.outbox.publications(channel="feed")]))
        with path.open(newline="") as stream:
            (row,) = csv.DictReader(stream)
        return row["price"], row["sale_price"]

    told = Announcement(Money.parse("129.00", "PLN"), now, now + timedelta(days=7))
    assert apply("99.00", told) == ("129.00 PLN", "99.00 PLN")
    assert apply("109.00", None) == ("109.00 PLN", "")
