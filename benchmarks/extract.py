"""How fast and how right pages are read: pages a second on one core beside extruct, and accuracy against a truth file.

python -m benchmarks.extract                    pages/s on made-up pages, beside extruct and price-parser
python -m benchmarks.extract --truth FOLDER     accuracy on FOLDER/truth.jsonl + FOLDER/html, and pages/s on them,
                                                beside extruct with all its syntaxes, too (on a sample: it is slow)
python -m benchmarks.extract --prices FILE      price texts of a file of cases beside price-parser
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
from statistics import median
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


@dataclass(frozen=True, slots=True)
class Race:
    """How fast we and a peer do one piece of work, and how many times as fast we are: the median of paired rounds."""

    name: str
    rate: float
    peer: float
    times: float
    remark: str = ""


def race(
    name: str, count: int, ours: Callable[[], object], peer: Callable[[], object], *, rounds: int, remark: str = ""
) -> Race:
    """Run both in turn, so that what else the machine does meets both; CPU time, the first round to warm up."""
    ours()
    pairs = [(_timed(ours), _timed(peer)) for _ in range(rounds)]
    return Race(
        name,
        count / min(own for own, _ in pairs),
        count / min(other for _, other in pairs),
        median(other / own for own, other in pairs),
        remark,
    )


def _timed(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


SLOW_PEER = 12  # pages that the slow mode of the peer is measured on
ROUNDS = 7


def page_races(title: str, pages: Sequence[Page], *, every: bool) -> Iterator[Race]:
    """Full extraction beside extruct, where it is installed; `every` of its syntaxes on some of the pages."""
    with suppress(ImportError):
        import extruct

        def ours(chosen: Sequence[Page]) -> None:
            for page in chosen:
                extract_page(page, SiteContext())

        def peer(chosen: Sequence[Page], syntaxes: list[str]) -> None:
            for page in chosen:
                with suppress(Exception):  # a page that the peer cannot read counts as read
                    text = page.body.decode("utf-8", "replace")
                    extruct.extract(text, base_url=page.url or "https://example.com/", syntaxes=syntaxes)

        usual = ["json-ld", "microdata", "opengraph"]
        yield race(
            f"extruct (json-ld, microdata, opengraph), {title}",
            len(pages),
            lambda: ours(pages),
            lambda: peer(pages, usual),
            rounds=ROUNDS,
        )
        if every:
            some = pages[:: max(1, len(pages) // SLOW_PEER)][:SLOW_PEER]
            yield race(
                f"extruct (all), {title}",
                len(some),
                lambda: ours(some),
                lambda: peer(some, list(extruct.SYNTAXES)),
                rounds=1,
                remark=f"a sample of {len(some)} of {len(pages)} pages",
            )


PRICES = (
    "1 299,00 zł", "1.299,00 €", "$1,299.00", "od 79,99 zł", "CHF 1’049.95", "79 zł 99 gr", "1249,--", "£12.50",
    "Price: $129.00", "Kč 5 290", "1 995 Kč", "2 690 руб.", "149,00", "R$ 60,00", "€ 10.00 – € 12.00", "$19.99",
)  # fmt: skip


def price_races(texts: Sequence[str]) -> Iterator[Race]:
    """Price texts beside price-parser, where it is installed."""
    with suppress(ImportError):
        from price_parser import Price

        many = list(texts) * (2000 // len(texts) + 1)
        yield race(
            "price-parser",
            len(many),
            lambda: [parse_price(text) for text in many],
            lambda: [Price.fromstring(text) for text in many],
            rounds=ROUNDS,
        )


def price_texts(file: Path | None) -> Sequence[str]:
    """The `price_raw` of every line of a file of cases; without one, some of our own."""
    if file is None:
        return PRICES
    cases = (json.loads(line) for line in file.read_text(encoding="utf-8").splitlines())
    return [case["price_raw"] for case in cases if case["price_raw"]]


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
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--truth", type=Path, help="a folder with truth.jsonl and html/")
    arguments.add_argument("--prices", type=Path, help="a file of price texts, JSON lines with price_raw")
    arguments.add_argument("--faults", action="store_true", help="name the pages that were read wrongly")
    arguments.add_argument("--all", action="store_true", help="the slow mode of the peer on made-up pages, too")
    chosen = arguments.parse_args()
    races: list[Race] = []
    if chosen.truth:
        truths = load(chosen.truth)
        halves = [(f"half {h}", [t for t in truths if half_of(t["file"]) == h]) for h in (0, 1)]
        for title, part in (("all", truths), *halves):
            _print_accuracy(title, accuracy(chosen.truth, part), faults=chosen.faults and title == "all")
        pages = [page_of(chosen.truth, truth) for truth in truths]
        races += page_races("saved pages", pages, every=True)
    races += page_races("made-up pages", made_up(), every=chosen.all)
    races += price_races(price_texts(chosen.prices))
    _print_races(races)


def _print_accuracy(title: str, found: Accuracy, *, faults: bool) -> None:
    print(f"{title}: {found.pages} pages")
    for name in ("price", "out_of_stock", "blocked", "listing", "offers"):
        score = getattr(found, name)
        print(f"  {name:14} {score}")
        for fault in score.faults if faults else ():
            print(f"      {fault}")


def _print_races(races: Sequence[Race]) -> None:
    print("each a second of CPU time on one core, and the median ratio of paired rounds")
    print(f"  {'beside':58}{'pricewatch':>11}{'peer':>11}{'ratio':>8}")
    for found in races:
        remark = f"  ({found.remark})" if found.remark else ""
        print(f"  {found.name:58}{found.rate:11,.0f}{found.peer:11,.1f}{found.times:7.2f}x{remark}")


if __name__ == "__main__":
    main()
