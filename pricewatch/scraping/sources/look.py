"""A first look at what may be a feed: whether it is one, what it is written in, and which of its columns are what."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from urllib.parse import urlsplit

from pricewatch.ports import Page
from pricewatch.scraping.sources.columns import Columns
from pricewatch.scraping.sources.reading import Fault, Terms, decimal_of, read_row, said_by
from pricewatch.scraping.sources.rows import Layout, read_rows
from pricewatch.scraping.sources.unpack import GZIP, ZIP, FeedError, Limits

SAMPLE = 500
SHOWN = 60  # columns, and characters of a sample
ENDINGS = (".csv", ".tsv", ".xml", ".json", ".jsonl", ".ndjson", ".csv.gz", ".xml.gz", ".json.gz", ".jsonl.gz", ".zip")
KEYS = ("id", "url", "gtin", "mpn")
_HTML = re.compile(rb"<(!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_SITEMAP = re.compile(rb"<(?:\w+:)?(urlset|sitemapindex)\b")
_TYPES = re.compile(r"text/(csv|tab-separated-values|xml)|application/(xml|rss\+xml|atom\+xml|json|x-ndjson|jsonl|csv)")


@dataclass(frozen=True, slots=True)
class Look:
    """What the first rows of a file say: its columns with a sample of each, the column of each field, how many rows
    were looked at and can be used, what is wrong with the others, and why nothing can be read (empty = it can).
    """

    columns: dict[str, str] = field(default_factory=dict)
    fields: dict[str, str] = field(default_factory=dict)
    looked: int = 0
    usable: int = 0
    currencies: tuple[str, ...] = ()
    troubles: tuple[str, ...] = ()
    unread: str = ""

    @property
    def missing(self) -> tuple[str, ...]:
        """What no offer can do without and no column is known for: price, and something that tells items apart."""
        price = () if "price" in self.fields or "sale_price" in self.fields else ("price",)
        return price if any(key in self.fields for key in KEYS) else (*price, "id")


def named_like_a_feed(url: str) -> bool:
    """Whether an address ends as those of files do that hold rows."""
    return urlsplit(url).path.lower().endswith(ENDINGS)


def looks_like_a_feed(page: Page) -> bool:
    """Whether an answer is rows of data and no web page."""
    head = page.body[:2_000].lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith((GZIP, ZIP)):
        return True
    if not head or _HTML.search(head) or _SITEMAP.search(head):
        return False
    told = _TYPES.match(page.headers.get("content-type", "").lower().strip())
    return told is not None or named_like_a_feed(page.final_url or page.url)


def look(path: Path, layout: Layout, terms: Terms, limits: Limits) -> Look:
    """Read the first rows of a file; this runs in a parsing process."""
    with path.open("rb") as file:
        head = file.read(2_000)
    if _SITEMAP.search(head):
        return Look(unread="it is a sitemap: it lists pages and has no prices")
    if _HTML.search(head):
        return Look(unread="it is a web page, not a file of offers")
    try:
        rows = list(islice(read_rows(path, layout, limits), SAMPLE))
    except FeedError as error:
        return Look(unread=str(error))
    columns = Columns(terms.columns)
    samples: dict[str, str] = {}
    troubles: Counter[str] = Counter()
    found: Counter[str] = Counter()
    terms = terms._replace(decimal=terms.decimal or decimal_of(rows, columns))
    for raw in rows:
        row = read_row(raw, said_by(raw, columns), terms)
        for name, value in raw.cells.items():
            if value.strip() and len(samples) < SHOWN:
                samples.setdefault(name, value.strip()[:SHOWN])
        if isinstance(row, Fault):
            troubles[f"{row.reason}, as in {row.detail!r}" if row.detail else row.reason] += 1
        else:
            found[row.currency] += 1
    told = tuple(f"{times} × {reason}" for reason, times in troubles.most_common(3))
    fields = {name: keys[0] for name, keys in columns.places.items()}
    return Look(samples, fields, len(rows), found.total(), tuple(filter(None, found)), told)
