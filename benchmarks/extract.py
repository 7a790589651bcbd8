"""How fast and how right pages are read: pages a second on one core beside extruct, and accuracy against a truth file.

python -m benchmarks.extract                    pages/s on made-up pages, beside extruct and price-parser
python -m benchmarks.extract --truth FOLDER     accuracy on FOLDER/truth.jsonl + FOLDER/html, and pages/s on them
python -m benchmarks.extract --all              beside extruct with all its syntaxes, too (slow)
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from pricewatch.ports import Page
from pricewatch.scraping.extract.hints import SiteContext
from pricewatch.scraping.extract.page import extract_page, read_page
from pricewatch.scraping.extract.price_text import parse_price
from pricewatch.scraping.extract.report import record

NOW = datetime(2026, 1, 1, tzinfo=UTC)
Truth = Mapping[str, Any]


@dataclass
class Score:
    """Right, wrong and missed readings of one kind."""

    right: int = 0
    wrong: int = 0
    missed: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def precision(self) -> float:
        return self.right / ((self.right + self.wrong) or 1)

    @property
    def recall(self) -> float:
        return self.right / ((self.right + self.missed) or 1)

    @property
    def f1(self) -> float:
        return 2 * self.right / ((2 * self.right + self.wrong + self.missed) or 1)

    def count(self, *, wanted: bool, got: bool, right: bool, name: str) -> None:
        if right:
            self.right += 1
            return
        self.wrong += got
        self.missed += wanted
        if got or wanted:
            self.faults.append(name)

    def __str__(self) -> str:
        return f"F1 {self.f1:.3f}  precision {self.precision:.3f}  recall {self.recall:.3f}"


@dataclass
class Accuracy:
    """What reading a set of labelled pages came to."""

    price: Score = field(default_factory=Score)
    out_of_stock: Score = field(default_factory=Score)
    blocked: Score = field(default_factory=Score)
    listing: Score = field(default_factory=Score)
    offers: Score = field(default_factory=Score)
    pages: int = 0


def half_of(name: str) -> int:
    """The half (0 or 1) that a page belongs to: rules are developed on one and checked on the other."""
    return int(hashlib.md5(name.encode()).hexdigest(), 16) % 2


def load(folder: Path) -> list[Truth]:
    lines = (folder / "truth.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.strip()]


def page_of(folder: Path, truth: Truth) -> Page:
    url = truth.get("url") or ""
    return Page(url, url, 200, {}, (folder / "html" / truth["file"]).read_bytes(), NOW)


def accuracy(folder: Path, truths: Iterable[Truth]) -> Accuracy:
    """Read every page and compare: price and currency, stock, verdict, offer rows."""
    found = Accuracy()
    for truth in truths:
        read = record(read_page(page_of(folder, truth), SiteContext()))
        judge(found, truth, read)
    return found


def judge(found: Accuracy, truth: Truth, read: Mapping[str, Any]) -> None:
    name, kind, verdict = truth["file"], truth["kind"], read["verdict"]
    found.pages += 1
    for score, what in ((found.blocked, "blocked"), (found.listing, "listing")):
        wanted, got = kind == what, verdict == what
        score.count(wanted=wanted, got=got, right=wanted and got, name=name)
    if kind != "listing":
        prices = [Decimal(p) for p in truth["price"] or ()]
        got = read["price"] is not None
        right = got and Decimal(read["price"]) in prices and read["currency"] == truth["currency"]
        found.price.count(wanted=bool(prices), got=got, right=right, name=name)
        wanted, got = truth["availability"] == "OutOfStock", read["availability"] == "OutOfStock"
        found.out_of_stock.count(wanted=wanted, got=got, right=wanted and got, name=name)
    _judge_offers(found.offers, truth, read)


def _judge_offers(score: Score, truth: Truth, read: Mapping[str, Any]) -> None:
    """Every row of the truth must be among the rows read, with its price, and its shipping where the truth has one."""
    if not truth.get("offers"):
        return
    read_rows = Counter(_row(row) for row in read["offers"] if row["price"] is not None)
    for row in truth["offers"]:
        key = _row(row)
        right = read_rows[key] > 0
        read_rows[key] -= right
        score.count(wanted=True, got=False, right=right, name=f"{truth['file']}: {key}")


def _row(row: Mapping[str, Any]) -> Decimal:
    return Decimal(row["price"])


# --- speed -----------------------------------------------------------------------------------------------------


def rate(work: Callable[[], object], count: int, *, rounds: int = 3) -> float:
    """The best rate a second of CPU time on one core."""
    best = min(_timed(work) for _ in range(rounds))
    return count / best


def _timed(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def speed(pages: Sequence[Page], *, every: bool = False) -> Iterator[tuple[str, float]]:
    """Pages a second on one core: full extraction, and extruct where it is installed; `every` of its syntaxes, too."""
    yield "pricewatch, everything", rate(lambda: [extract_page(page, SiteContext()) for page in pages], len(pages))
    try:
        import extruct
    except ImportError:
        return
    texts = [(page.body.decode("utf-8", "replace"), page.url or "https://example.com/") for page in pages]

    def peer(chosen: Sequence[tuple[str, str]], syntaxes: list[str]) -> None:
        for text, url in chosen:
            with suppress(Exception):  # a page that the peer cannot read counts as read
                extruct.extract(text, base_url=url, syntaxes=syntaxes)

    usual = ["json-ld", "microdata", "opengraph"]
    yield "extruct (json-ld, microdata, opengraph)", rate(lambda: peer(texts, usual), len(pages))
    if every:
        some = texts[:: max(1, len(texts) // SLOW_PEER)]
        yield "extruct (all)", rate(lambda: peer(some, list(extruct.SYNTAXES)), len(some), rounds=1)


SLOW_PEER = 15  # pages that the slow mode of the peer is measured on

PRICES = (
    "1 299,00 zł", "1.299,00 €", "$1,299.00", "od 79,99 zł", "CHF 1’049.95", "79 zł 99 gr", "1249,--", "£12.50",
    "Price: $129.00", "Kč 5 290", "1 995 Kč", "2 690 руб.", "149,00", "R$ 60,00", "€ 10.00 – € 12.00", "$19.99",
)  # fmt: skip


def price_speed(texts: Sequence[str]) -> Iterator[tuple[str, float]]:
    """Price texts a second on one core, beside price-parser where it is installed."""
    many = list(texts) * (2000 // len(texts) + 1)
    yield "pricewatch parse_price", rate(lambda: [parse_price(text) for text in many], len(many))
    try:
        from price_parser import Price
    except ImportError:
        return
    yield "price-parser", rate(lambda: [Price.fromstring(text) for text in many], len(many))


def made_up(count: int = 60) -> list[Page]:
    """Shop pages of ordinary size in four ways of marking up a product."""
    return [
        Page(f"https://shop.example/p/{n}", f"https://shop.example/p/{n}", 200, {}, _page(n), NOW) for n in range(count)
    ]


def _page(number: int) -> bytes:
    price = f"{19 + number},{number % 90 + 10}"
    plain = price.replace(",", ".")
    tiles = "".join(
        f'<li class="product-tile"><a href="/p/{n}"><img src="/i/{n}.jpg" alt=""><h3>Other thing {n}</h3>'
        f'<span class="price">{n},99 zł</span></a></li>'
        for n in range(100, 160)
    )
    texts = "".join(f"<p>Paragraph {n} about the thing, with some words in it and a link.</p>" for n in range(300))
    offer = {"@type": "Offer", "price": plain, "priceCurrency": "PLN", "availability": "https://schema.org/InStock"}
    product = {"@context": "https://schema.org", "@type": "Product", "name": f"Thing {number}", "offers": offer}
    data = f'<script type="application/ld+json">{json.dumps(product)}</script>' if number % 2 else ""
    scope = 'itemscope itemtype="https://schema.org/Product"' if number % 3 else ""
    head = f'<title>Thing {number}</title><meta property="og:type" content="product">{data}'
    script = f"<script>{'var x = {a: 1};' * 2000}</script>"
    frame = f"<header><nav>{'<a href=/c>Category</a>' * 80}</nav></header>"
    item = f"""<main {scope}><h1 itemprop="name">Thing {number}</h1><div class="product-price"><del>99,00 zł</del>
    <span class="price">{price} zł</span></div><button>Do koszyka</button>{texts}</main>"""
    others = f'<ul class="related">{tiles}</ul>'
    return (
        f'<!doctype html><html lang="pl"><head>{head}{script}</head><body>{frame}{item}{others}</body></html>'.encode()
    )


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--truth", type=Path, help="a folder with truth.jsonl and html/")
    arguments.add_argument("--faults", action="store_true", help="name the pages that were read wrongly")
    arguments.add_argument("--all", action="store_true", help="measure the slow peer as well")
    chosen = arguments.parse_args()
    pages = made_up()
    if chosen.truth:
        truths = load(chosen.truth)
        for title, part in (
            ("all", truths),
            *((f"half {h}", [t for t in truths if half_of(t["file"]) == h]) for h in (0, 1)),
        ):
            _print_accuracy(title, accuracy(chosen.truth, part), faults=chosen.faults and title == "all")
        pages = [page_of(chosen.truth, truth) for truth in truths]
    _print_rates(f"pages/s on one core ({len(pages)} pages)", list(speed(pages, every=chosen.all)))
    _print_rates("price texts/s on one core", list(price_speed(PRICES)))


def _print_accuracy(title: str, found: Accuracy, *, faults: bool) -> None:
    print(f"{title}: {found.pages} pages")
    for name in ("price", "out_of_stock", "blocked", "listing", "offers"):
        score = getattr(found, name)
        print(f"  {name:14} {score}")
        for fault in score.faults if faults else ():
            print(f"      {fault}")


def _print_rates(title: str, rates: Sequence[tuple[str, float]]) -> None:
    print(title)
    for name, value in rates:
        ratio = f"  ({rates[0][1] / value:.2f}x)" if value != rates[0][1] else ""
        print(f"  {name:42} {value:10,.0f}{ratio}")


if __name__ == "__main__":
    main()
