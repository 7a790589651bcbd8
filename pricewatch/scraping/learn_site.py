"""Write a site definition out of what its pages said: facts, guesses that a person can correct, and why."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from os.path import commonpath
from urllib.parse import urlsplit

from pricewatch.domain.money import Money
from pricewatch.domain.offer import Availability, PriceRole, SiteKind, Verdict
from pricewatch.ports import Page
from pricewatch.scraping.extract.currencies import currency_of_host, currency_of_locale
from pricewatch.scraping.extract.dom import Document
from pricewatch.scraping.extract.hints import NO_HINTS, ReadHints, SiteContext
from pricewatch.scraping.extract.page import read_page
from pricewatch.scraping.extract.reading import money
from pricewatch.scraping.learn_page import lay_open

_LOCALES = {
    "pl": "pl-PL", "de": "de-DE", "at": "de-AT", "ch": "de-CH", "nl": "nl-NL", "be": "nl-BE", "cz": "cs-CZ",
    "sk": "sk-SK", "fr": "fr-FR", "it": "it-IT", "es": "es-ES", "pt": "pt-PT", "uk": "en-GB", "ie": "en-IE",
    "hu": "hu-HU", "ro": "ro-RO", "se": "sv-SE", "dk": "da-DK", "fi": "fi-FI", "no": "nb-NO", "lt": "lt-LT",
    "lv": "lv-LV", "ee": "et-EE",
}  # fmt: skip
SHELL = 400  # visible characters that an empty shell may have: a title, a spinner, a word on scripts
_SECOND_LEVEL = frozenset({"com", "co", "net", "org", "edu", "gov", "info", "biz"})
_BID = PriceRole.BID


@dataclass(frozen=True, slots=True)
class Row:
    """One offer on a page: who sells, for how much, with what delivery cost."""

    seller: str
    price: Money | None
    shipping: Money | None = None


@dataclass(frozen=True, slots=True)
class Survey:
    """What one page said to the reader, and what it lets guess of its site."""

    address: str
    verdict: Verdict
    message: str = ""
    name: str = ""
    gtin: str = ""
    price: Money | None = None
    was: Money | None = None
    availability: Availability = Availability.UNKNOWN
    source: str = ""
    doubt: str = ""
    currency: str = ""
    locale: str = ""
    kind: SiteKind = SiteKind.SHOP
    rows: tuple[Row, ...] = ()
    shell: bool = False


@dataclass(frozen=True, slots=True)
class FeedDraft:
    """What a new definition says of a feed: where it is, and only what it does not tell by itself."""

    url: str
    columns: Mapping[str, str] = field(default_factory=dict)
    decimal: str = ""
    currency: str = ""
    seller: str = ""
    user: str = ""
    rows: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """Everything that a new site definition says."""

    name: str
    kind: SiteKind
    domain: str
    targets: tuple[str, ...]
    country: str = ""
    locale: str = ""
    currency: str = ""
    tax: str = ""
    seller: str = ""
    sitemap: bool = False
    allow_private: bool = False
    hints: ReadHints = field(default=NO_HINTS)
    render: str = ""
    feed: FeedDraft | None = None
    notes: tuple[str, ...] = ()
    verdict: str = "unchecked"
    terms_note: str = ""
    robots: str = ""
    looked: date | None = None


def survey(page: Page, context: SiteContext) -> Survey:
    """Read a page of an unknown site and sum up what it says; hostile pages have a verdict and nothing else."""
    reading = read_page(page, context)
    address = page.final_url or page.url
    opened = lay_open(page, context)
    if isinstance(opened, str):
        return Survey(address, reading.verdict, opened)
    locale = _locale(opened.document.language, opened.document.host)
    return Survey(
        address=address,
        verdict=reading.verdict,
        message=reading.message,
        name=reading.identity.name,
        gtin=reading.identity.gtin,
        price=reading.price,
        was=reading.was,
        availability=reading.availability,
        source=reading.source.value if reading.source else "",
        doubt=f"can be read as {' or '.join(reading.readings[:4])}" if reading.ambiguous else reading.conflict,
        currency=reading.currency or _currency(opened.document.host, locale),
        locale=locale,
        shell=reading.verdict is Verdict.NONE and _is_shell(opened.document),
        kind=_kind(reading.rows, [c.role for c in reading.rejected], reading.price),
        rows=tuple(
            Row(r.seller, money(r.price.amount, r.currency) if r.price else None, money(r.shipping, r.currency))
            for r in reading.rows
        ),
    )


def _is_shell(document: Document) -> bool:
    """Whether a page is there to be filled by scripts: hardly a word on it, and a script or a place for an app."""
    body = document.tree.body
    if body is None:
        return False
    scripts, places = document.tree.css("script"), document.tree.css("#app,#root,#__next,#__nuxt,[data-reactroot]")
    silent = sum(len(node.text()) for node in body.css("script,style,template,noscript"))
    return bool(scripts or places) and len(body.text().strip()) - silent < SHELL


def surveys(pages: Sequence[Page], context: SiteContext) -> list[Survey]:
    """What each of several pages says."""
    return [survey(page, context) for page in pages]


def _kind(rows: Sequence[object], roles: Sequence[PriceRole], price: Money | None) -> SiteKind:
    """An auction where bids run, a comparison where several sell, else a shop."""
    bids = any(getattr(row, "bid", None) is not None for row in rows) or (_BID in roles and price is None)
    sellers = {getattr(row, "seller", "") for row in rows} - {""}
    return SiteKind.AUCTION if bids else SiteKind.COMPARISON if len(sellers) > 1 else SiteKind.SHOP


def _locale(language: str, host: str) -> str:
    """The page's language with the country of its domain: `pl` on a .pl domain is pl-PL."""
    by_host = _LOCALES.get(host.rpartition(".")[2], "")
    parts = [part for part in language.replace("_", "-").split("-") if part.isalpha()][:2]
    if not parts or not 2 <= len(parts[0]) <= 3:
        return by_host
    if len(parts) == 2 and len(parts[1]) == 2:
        return f"{parts[0].lower()}-{parts[1].upper()}"
    return by_host if by_host.startswith(parts[0].lower()) else parts[0].lower()


def _currency(host: str, locale: str) -> str:
    return currency_of_host(host) or currency_of_locale(locale)


def country_of(address: str, locale: str) -> str:
    """The market that a site sells to, by its domain, else by its locale; empty = neither tells."""
    by_host = _LOCALES.get((urlsplit(address).hostname or "").rpartition(".")[2], "")
    return (by_host or locale).partition("-")[2][:2].upper()


def domain_of(address: str) -> str:
    """The host that a definition names: without www., with its port where that is not the usual one."""
    parts = urlsplit(address)
    host = (parts.hostname or "").removeprefix("www.")
    usual = parts.port in {None, 80 if parts.scheme == "http" else 443}
    return host if usual else f"{host}:{parts.port}"


def name_of(domain: str) -> str:
    """A short name for a site: `toolshop` for shop.toolshop.com.pl."""
    host = domain.partition(":")[0]
    labels = host.split(".")
    if all(label.isdigit() for label in labels) or len(labels) < 2:
        return host.replace(".", "-") or "site"
    return labels[-3] if len(labels) > 2 and labels[-2] in _SECOND_LEVEL else labels[-2]


# --- the file --------------------------------------------------------------------------------------------------


def definition_text(draft: Draft) -> str:
    """The definition as a TOML file with a comment on every part."""
    body = [*_source(draft, draft.feed)] if draft.feed else [*_crawl(draft), *_read(draft)]
    return "\n".join([*_head(draft), *body, *_terms(draft)]) + "\n"


def _source(draft: Draft, feed: FeedDraft) -> Iterator[str]:
    yield ""
    yield "[source]"
    yield from _pair("type", "feed")
    yield from _pair("url", feed.url)
    if feed.user:
        yield from _pair("user", feed.user)
        yield "# The password is taken from the environment; it is never written down."
        yield f"password = {{ env = {quoted(password_name(draft.name))} }}"
    if feed.columns:
        yield "# Columns whose names say nothing; the others are found by theirs."
        pairs = ", ".join(f"{name} = {quoted(column)}" for name, column in feed.columns.items())
        yield f"columns = {{ {pairs} }}"
    yield from _pair("decimal", feed.decimal)


def password_name(site: str) -> str:
    """The environment variable that a feed's password is taken from."""
    return f"{''.join(c if c.isalnum() else '_' for c in site).upper()}_PASSWORD"


def _head(draft: Draft) -> Iterator[str]:
    yield f"# {draft.domain}: {_WHAT.get(draft.kind, 'a source of prices')}."
    yield ""
    yield from _pair("name", draft.name)
    yield from _pair("kind", draft.kind.value)
    yield f"domains = [{quoted(draft.domain)}]"
    yield "# Switched off: set it to true once [terms] says yes and `pricewatch site test` reads its pages rightly."
    yield "enabled = false"
    yield from _pair("country", draft.country)
    yield from _pair("locale", draft.locale)
    if draft.currency:
        yield "# The currency of prices that are shown without one."
        yield from _pair("currency", draft.currency)
    if draft.tax:
        yield "# Whether shown prices contain VAT."
        yield from _pair("tax", draft.tax)
    yield from _pair("seller", draft.seller)
    if draft.render:
        yield "# Its pages are empty until their scripts have run; auto does that where plain reading finds nothing."
        yield from _pair("render", draft.render)
    if draft.allow_private:
        yield "# It is on a network of our own."
        yield "allow_private = true"


_WHAT = {
    SiteKind.SHOP: "a shop",
    SiteKind.COMPARISON: "a price comparison, one row for each seller",
    SiteKind.AUCTION: "auctions; a running bid is never a price",
    SiteKind.FEED: "a file of offers",
    SiteKind.MARKETPLACE: "a marketplace, one row for each seller",
}


def _crawl(draft: Draft) -> Iterator[str]:
    yield ""
    yield "[crawl]"
    yield '# Pages that are always read; { url = "…", sku = "OUR-SKU" } binds one to a product of ours.'
    yield "targets = ["
    yield from (f"    {quoted(url)}," for url in draft.targets)
    yield "]"
    patterns = product_patterns(draft.targets)
    if draft.sitemap:
        yield "# robots.txt names a sitemap. With the next line all products in it are read, too:"
        yield '# sitemaps = ["robots.txt"]'
    if patterns:
        yield "# What the addresses of its products look like:"
        yield f"product_links = [{', '.join(map(quoted, patterns))}]"


def product_patterns(urls: Sequence[str]) -> tuple[str, ...]:
    """The pattern that product addresses share, such as /p/*; empty when one page's address shows none."""
    paths = list(dict.fromkeys(urlsplit(url).path or "/" for url in urls))
    shared = commonpath(paths) if len(paths) > 1 else paths[0].rpartition("/")[0]
    first = shared.strip("/").partition("/")[0]
    if not first or any(c.isdigit() for c in first):
        return ()
    return (f"{shared}/*",) if len(paths) > 1 else (f"/{first}/*",)


def _read(draft: Draft) -> Iterator[str]:
    """Only what the reader gets wrong by itself: for most sites nothing."""
    hints = draft.hints
    written = list(_hints(hints))
    yield ""
    if not written:
        yield "# No [read]: the reader gets these pages right by itself."
        return
    yield "[read]"
    yield from (f"# {_comment(note)}." for note in draft.notes if note.strip())
    yield from written


def _comment(note: str) -> str:
    """One line of plain text, whatever a page put into it."""
    line = "".join(c if c.isprintable() else " " for c in note)
    return " ".join(f"{line[:1].upper()}{line[1:]}".split())


def _hints(hints: ReadHints) -> Iterator[str]:
    if hints.decimal:
        yield "# The decimal separator: the page alone does not tell."
        yield from _pair("decimal", hints.decimal)
    if hints.prefer == "structured":
        yield "# Structured data wins over the visible text."
        yield from _pair("prefer", hints.prefer)
    if hints.prices:
        yield ""
        yield "[read.prices]"
        yield "# What a buyer pays now; learned from a known price."
        yield from (f"{role.value} = {listed(selectors)}" for role, selectors in hints.prices.items())
    rows = _said(hints.offers.model_dump())
    if rows:
        yield ""
        yield "[read.offers]"
        yield "# One row for each offer, and what stands where in it; learned from a known price."
        yield from (f"{key} = {quoted(v) if isinstance(v, str) else listed(v)}" for key, v in rows.items())


def _said(values: Mapping[str, str | tuple[str, ...]]) -> dict[str, str | tuple[str, ...]]:
    return {key: value for key, value in values.items() if value}


def _terms(draft: Draft) -> Iterator[str]:
    yield ""
    yield "[terms]"
    yield "# Read the site's terms of use: unchecked, allowed, unclear or forbidden."
    yield from _pair("verdict", draft.verdict)
    yield from _pair("note", " ".join(filter(None, (draft.terms_note, draft.robots))))
    if draft.verdict != "unchecked" and draft.looked:
        yield f"checked = {draft.looked.isoformat()}"
    yield "# True once `pricewatch site test` has read a live page rightly."
    yield "verified = false"


def _pair(key: str, value: str) -> Iterator[str]:
    if value:
        yield f"{key} = {quoted(value)}"


def listed(selectors: Sequence[str]) -> str:
    """A TOML array of strings."""
    return f"[{', '.join(map(quoted, selectors))}]"


def quoted(text: str) -> str:
    """A TOML string; one that quotes something itself is written as it is, between single quotes."""
    if '"' in text and "'" not in text and text.isprintable():
        return f"'{text}'"
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
