"""Google feeds of a million items through the whole path of a push: written, read back, compared and put in place.

`python -m benchmarks.feeds [--items N]`; products and prices are made as they are asked for, so the memory is the
feed's own. Promised for 1,000,000 items: at most 30 s CPU and 200 MB of memory.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import overload

from pricewatch.channels.feed import Feed
from pricewatch.channels.google import GoogleFormat
from pricewatch.domain.listing import ChannelRole, Desired, PushStatus
from pricewatch.domain.money import Currency, Money, TaxRate
from pricewatch.domain.product import Assortment, Product

PLN, VAT = Currency.of("PLN"), TaxRate(2300)
DESCRIPTION = "Silent and strong, with a case & two batteries; two years of warranty, sent from our own warehouse. " * 2


@dataclass(frozen=True)
class Products(Mapping[str, Product]):
    """A catalogue that makes each product when it is looked at."""

    count: int

    def __getitem__(self, sku: str) -> Product:
        return Product(
            sku=sku,
            name=f"Cordless drill {sku} 18 V with case",
            tax=VAT,
            stock=3,
            brand="Acme",
            gtin="5907170000011",
            mpn=f"CD-{sku}",
            category="Tools > Drills",
            url=f"https://shop.example/p/{sku}",
            image_url=f"https://shop.example/i/{sku}.jpg",
            description=DESCRIPTION,
        )

    def __iter__(self) -> Iterator[str]:
        return (f"S{number}" for number in range(self.count))

    def __len__(self) -> int:
        return self.count


@dataclass(frozen=True)
class Prices(Sequence[Desired]):
    """As many prices, each made when it is looked at."""

    count: int

    @overload
    def __getitem__(self, number: int) -> Desired: ...
    @overload
    def __getitem__(self, number: slice) -> Sequence[Desired]: ...
    def __getitem__(self, number: int | slice) -> Desired | Sequence[Desired]:
        if isinstance(number, slice):
            return [self[each] for each in range(*number.indices(self.count))]
        if not 0 <= number < self.count:
            raise IndexError(number)
        sku, price = f"S{number}", Money(999 + number % 500_000, PLN)
        return Desired("google", sku, sku, 1, price, VAT, price, None)

    def __iter__(self) -> Iterator[Desired]:
        return (self[number] for number in range(self.count))

    def __len__(self) -> int:
        return self.count


def push(path: Path, items: int) -> int:
    feed = Feed(
        "google",
        path,
        GoogleFormat(title="Shop", link="https://shop.example", unknown_stock="leave_out"),
        role=ChannelRole.ADVERT,
        currency="PLN",
        max_shrink=50,
        assortment=lambda: Assortment(Products(items)),
    )
    results = asyncio.run(feed.push(Prices(items)))
    return sum(result.status is PushStatus.ACCEPTED for result in results)


def made(items: int) -> float:
    """Seconds of CPU that making the products and prices takes, which is no part of the feed."""
    began = time.process_time()
    products = Products(items)
    for price in Prices(items):
        products[price.sku]
    return time.process_time() - began


def measured(path: Path, items: int) -> tuple[int, float, float, float]:
    """Items written, seconds of CPU, seconds of it for making products, and the most memory in MB, of one process."""
    began = time.process_time()
    written = push(path, items)
    taken = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return written, taken, made(items), peak


def google(items: int) -> None:
    """Write a feed of so many items, and once more with the same; each in a process of its own."""
    with (
        tempfile.TemporaryDirectory(prefix="pricewatch-feeds-") as folder,
        ProcessPoolExecutor(1, mp_context=get_context("spawn"), max_tasks_per_child=1) as pool,
    ):
        path = Path(folder) / "google.xml"
        for words in ("first feed", "the same again"):
            written, taken, making, peak = pool.submit(measured, path, items).result()
            size = f"{written:9,} items  {path.stat().st_size / 1e6:7.1f} MB"
            cpu = f"{taken - making:5.1f} s CPU (and {making:.1f} s to make the products)"
            print(f"{words:15} {size}  {cpu}  {peak:4.0f} MB memory at most")
    print("promised: 1,000,000 items in 30 s CPU and 200 MB of memory")


def main() -> int:
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--items", type=int, default=1_000_000)
    google(reader.parse_args().items)
    return 0


if __name__ == "__main__":
    sys.exit(main())
