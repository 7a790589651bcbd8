"""Damaged pages by the thousand: reading each must end as a verdict, and soon.

python -m benchmarks.fuzz --cases 100000 [--seed 1] [--pages FOLDER] [--limit 2.0]

Exit code 1 when a case raised or took longer than the limit (CPU seconds); such cases are written to --keep.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pricewatch.ports import Page
from pricewatch.scraping.extract.hints import SiteContext
from pricewatch.scraping.extract.page import extract_page
from pricewatch.scraping.extract.price_text import parse_price

NOW = datetime(2026, 1, 1, tzinfo=UTC)
URL = "https://shop.example/p/kettle"
PROGRESS = 10_000
Mutation = Callable[[bytes, random.Random], bytes]


@dataclass(frozen=True, slots=True)
class Trouble:
    """A case that raised or took too long."""

    case: int
    reason: str
    body: bytes


def run(cases: int, *, seed: int, limit: float, pages: Path | None = None) -> Iterator[Trouble]:
    """Read that many damaged pages and yield what went wrong."""
    seeds = _seeds() + ([path.read_bytes()[:60_000] for path in sorted(pages.glob("*.html"))] if pages else [])
    for case in range(cases):
        if case and case % PROGRESS == 0:
            print(f"{case:,} cases so far", file=sys.stderr, flush=True)
        chance = random.Random(f"{seed}-{case}")
        body = _damaged(chance.choice(seeds), chance)
        start = time.process_time()
        said = extract_page(Page(URL, URL, 200, _headers(chance), body, NOW), SiteContext()).message
        took = time.process_time() - start
        if said.startswith("reading failed"):
            yield Trouble(case, said, body)
        elif took > limit:
            yield Trouble(case, f"{took:.1f} s", body)
        text = body[:200].decode("latin-1")
        try:
            parse_price(text, currency=text[:3])
        except Exception as error:  # noqa: BLE001  finding these is what this is for
            yield Trouble(case, f"parse_price: {type(error).__name__}: {error}", body[:200])


def _damaged(body: bytes, chance: random.Random) -> bytes:
    for _ in range(chance.randint(1, 4)):
        body = chance.choice(MUTATIONS)(body, chance)
    return body


def _headers(chance: random.Random) -> dict[str, str]:
    charset = chance.choice(["", "", "utf-8", "utf-16", "windows-1250", "x-user-defined", "nonsense"])
    return {"content-type": f"text/html; charset={charset}"} if charset else {}


# --- what is done to a page -------------------------------------------------------------------------------------


def _cut(body: bytes, chance: random.Random) -> bytes:
    return body[: chance.randint(0, len(body))]


def _noise(body: bytes, chance: random.Random) -> bytes:
    at = chance.randint(0, len(body))
    return body[:at] + chance.randbytes(chance.randint(1, 80)) + body[at:]


def _flip(body: bytes, chance: random.Random) -> bytes:
    damaged = bytearray(body)
    for _ in range(min(len(body), chance.randint(1, 40))):
        damaged[chance.randrange(len(damaged))] = chance.randrange(256)
    return bytes(damaged)


def _piece(body: bytes, chance: random.Random) -> bytes:
    at = chance.randint(0, len(body))
    return body[:at] + chance.choice(PIECES) * chance.choice([1, 1, 2, 30]) + body[at:]


def _nest(body: bytes, chance: random.Random) -> bytes:
    tag = chance.choice([b"<div>", b"<b>", b"<table><tr><td>", b"<ul><li>", b"<span class=price>", b"<a>", b"<select>"])
    at = chance.randint(0, len(body))
    return body[:at] + tag * chance.choice([10, 300, 3_000]) + body[at:]


def _swap(body: bytes, chance: random.Random) -> bytes:
    one, two = sorted((chance.randint(0, len(body)), chance.randint(0, len(body))))
    return body[two:] + body[one:two] + body[:one]


def _value(body: bytes, chance: random.Random) -> bytes:
    """Put something else where an amount stands."""
    old = chance.choice([b"12.00", b"12,00", b'"12.00"', b"InStock", b"PLN", b"Kettle", b'"offers"'])
    return body.replace(old, chance.choice(VALUES), chance.choice([1, -1]))


def _encode(body: bytes, chance: random.Random) -> bytes:
    text = body.decode("utf-8", "replace")
    return text.encode(chance.choice(["utf-16", "utf-32", "cp1250", "utf-7", "cp037", "big5"]), "replace")


def _escape(body: bytes, chance: random.Random) -> bytes:
    return body.replace(b'"', chance.choice([b"&quot;", b"&#34;", b'\\"', b"'"]), chance.choice([1, 5, -1]))


def _json(body: bytes, chance: random.Random) -> bytes:
    """Add a JSON-LD block of odd shape."""
    text = json.dumps(_odd(chance, 0))
    text = chance.choice([text, text.replace("}", ",}"), f"/* x */{text}", text.replace('"', "'"), text * 2, text[:-1]])
    return body + b'<script type="application/ld+json">' + text.encode() + b"</script>"


def _odd(chance: random.Random, depth: int) -> object:
    kind = chance.randint(0, 5 if depth < 5 else 2)
    if kind < 3:
        return chance.choice(
            [None, True, -1, 0, 1e308, "12.00", "1.226", "", "NaN", {}, [], "#a", "PLN", 10**30, "1e5"]
        )
    if kind == 3:
        return [_odd(chance, depth + 1) for _ in range(chance.randint(0, 3))]
    keys = chance.sample(KEYS, chance.randint(1, 6))
    made: dict[str, object] = {key: _odd(chance, depth + 1) for key in keys}
    made["@type"] = chance.choice(["Product", "Offer", "AggregateOffer", "ProductGroup", ["Product"], {}, 7])
    made["@id"] = "#a"
    return made


MUTATIONS: tuple[Mutation, ...] = (
    _cut, _noise, _flip, _piece, _piece, _nest, _swap, _value, _value, _encode, _escape, _json, _json,
)  # fmt: skip
KEYS = [
    "name", "offers", "price", "lowPrice", "priceCurrency", "availability", "hasVariant", "seller",
    "priceSpecification",
    "shippingDetails", "shippingRate", "value", "gtin13", "sku", "url", "image", "brand", "itemCondition",
    "mainEntity",
    "@graph", "isRelatedTo", "referenceQuantity", "unitCode", "valueAddedTaxIncluded", "object",
]  # fmt: skip
VALUES = [
    b"{}", b"NaN", b"-1", b"1e308", b"0", b"1.226", b"9" * 400, b"\xff\xfe", b"\x00", "١٢٫٥٠".encode(), b"null", b"[]",
    b"1,2,3,4", "𝟙𝟚".encode(), "²³".encode(), b"12.00 12.00 12.00 " * 40, b"-", b"&#0;", b"&#x110000;", b"$" * 300,
]  # fmt: skip
PIECES = [
    b"<!--", b"-->", b"<script>", b"</script>", b"<![CDATA[", b"]]>", b"&quot;", b"<template>", b"<svg><title>", b"<p",
    b"<option>S - 5,00 z\xc5\x82", b'<i class="seller">Anna</i><b class="price">5,00 z\xc5\x82</b>',
    b'{"@type":"Product","offers":',
    b"itemscope itemtype=Product ", b"<meta property=og:price:amount content=>",
    b'<a rel="canonical" href="http://[">',
    b'<base href="//">', b"<h1></h1>", b"<frameset>", b"<td>", b"<plaintext>", b"window.__NUXT__={price:",
    b"\xc2\xa0" * 50,
    b'<div typeof="Product"><i rel="offers"><b property="price">1', b"<textarea>", b"1 049 99 z\xc5\x82", b"<br>" * 40,
]  # fmt: skip


def _seeds() -> list[bytes]:
    """Good pages of several kinds: a product, one with variants, a comparison, a listing, an app's state."""
    ld = (
        '<script type="application/ld+json">{"@context":"https://schema.org","@type":"Product","name":"Kettle","sku":"K1",'
        '"offers":{"@type":"Offer","price":"12.00","priceCurrency":"PLN","availability":"https://schema.org/InStock"}}</script>'
    )
    rows = "".join(
        f'<li class="offer"><a class="shop-name" href="/o/{n}">Shop {n}</a><b class="price">1{n},00 zł</b>'
        "<i>dostawa 9,99 zł</i>"
        for n in range(5)
    )
    tiles = "".join(
        f'<div class="card"><a href="/p/{n}"><h3>Item number {n}</h3></a><s>9,00 zł</s>'
        f'<b class="price">{n},12 zł</b></div>'
        for n in range(9)
    )
    inside = (
        f'{ld}<div itemscope itemtype="https://schema.org/Product"><b itemprop="price">12,00 zł</b></div>',
        '<p class="price">12,00 zł <s>15,00 zł</s></p><p>9,76 zł netto</p><p>Najniższa cena z 30 dni: 11,00 zł</p>',
        f"<ul>{rows}</ul>",
        f"<div>{tiles}</div>",
        '<script id="__NEXT_DATA__">{"product":{"name":"Kettle","price":{"value":12.00,"currency":"PLN"}}}</script>',
        "<table><tr><th>Sklep<th>Cena<th>Razem<tr><td>A<td>12,00 zł<td>20 zł<tr><td>B<td>13,00 zł<td>21 zł</table>",
    )
    head = '<!doctype html><html lang="pl"><head><title>Kettle</title><meta property="og:price:amount" content="12.00">'
    return [
        f"{head}</head><body><h1>Kettle</h1>{part}<p>EAN: 5901234123457</p></body></html>".encode() for part in inside
    ]


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--cases", type=int, default=10_000)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--limit", type=float, default=2.0, help="CPU seconds a case may take")
    arguments.add_argument("--pages", type=Path, help="a folder of saved pages to damage as well")
    arguments.add_argument("--keep", type=Path, help="a folder for the pages that made trouble")
    chosen = arguments.parse_args()
    start, found = time.process_time(), 0
    for trouble in run(chosen.cases, seed=chosen.seed, limit=chosen.limit, pages=chosen.pages):
        found += 1
        print(f"case {trouble.case}: {trouble.reason}", flush=True)
        if chosen.keep:
            chosen.keep.mkdir(parents=True, exist_ok=True)
            (chosen.keep / f"{chosen.seed}-{trouble.case}.html").write_bytes(trouble.body)
    spent = time.process_time() - start
    print(f"{chosen.cases:,} cases, {found} in trouble, {spent:,.0f} s of CPU ({chosen.cases / spent:,.0f} cases/s)")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
