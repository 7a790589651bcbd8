"""Read one page: decode, parse, collect what every source says, decide, and keep the evidence."""

from __future__ import annotations

import hashlib

from pricewatch.collector import uncollected
from pricewatch.domain.offer import Verdict
from pricewatch.ports import Extraction, Page
from pricewatch.scraping.extract import guard, verdict
from pricewatch.scraping.extract.assemble import assembled
from pricewatch.scraping.extract.charset import is_binary, utf8
from pricewatch.scraping.extract.dom import Document
from pricewatch.scraping.extract.gather import gather
from pricewatch.scraping.extract.hints import SiteContext
from pricewatch.scraping.extract.reading import Reading

MAX_CUTS = 500


def extract_page(page: Page, site: SiteContext) -> Extraction:
    """Say what a page is and what it offers; hostile pages end as a verdict, never as an exception."""
    reading = read_page(page, site)
    return Extraction(
        verdict=reading.verdict,
        findings=reading.findings,
        message=reading.message,
        links=reading.links,
        page_hash=reading.page_hash,
    )


@uncollected
def read_page(page: Page, site: SiteContext) -> Reading:
    """Read a page in full: everything `extract_page` hands on, and all that was found beside it."""
    digest = hashlib.sha256(page.body).hexdigest()
    try:
        return _read(page, site, digest)
    except Exception as error:  # noqa: BLE001  a page of unforeseen shape must not stop the crawl
        kind = type(error).__name__
        return Reading(Verdict.UNREADABLE, f"reading failed with {kind}: {str(error)[:200]}", digest)


def _read(page: Page, site: SiteContext, digest: str) -> Reading:
    reason = verdict.unreadable(page.body, page.headers)
    if not reason and is_binary(page.body):
        reason = "the page is binary data"
    if reason and page.status < 400:
        return Reading(Verdict.UNREADABLE, reason, digest)
    encoded = utf8(page.body, page.headers)
    hostile = guard.hostile(encoded)
    if hostile:
        return Reading(Verdict.UNREADABLE, hostile, digest)
    document = Document.parse(encoded, page.final_url or page.url)
    if reason := verdict.blocked(document, page.status, site.hints):
        return Reading(Verdict.BLOCKED, reason, digest)
    if reason := verdict.gone(document, page.status, page.url, page.final_url, site.hints):
        return Reading(Verdict.GONE, reason, digest)
    if page.status >= 400:
        return Reading(Verdict.UNREADABLE, f"status {page.status}", digest)
    for selector in site.hints.ignore:
        _cut_out(document, selector)
    return assembled(gather(document, site), digest)


def _cut_out(document: Document, selector: str) -> None:
    """Take out of the tree what a selector finds, one at a time: a found element may lie inside another one."""
    for _ in range(MAX_CUTS):
        node = document.first(selector)
        if node is None:
            return
        document.cut(node)
