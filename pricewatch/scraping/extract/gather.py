"""Everything that the sources of one page say, collected once."""

from __future__ import annotations

from dataclasses import dataclass

from pricewatch.domain.offer import Availability, PriceRole
from pricewatch.scraping.extract import jsonld, meta, microdata, offers, rows, schema, score, selectors, state, visible
from pricewatch.scraping.extract.currencies import CODES, currency_of_host, currency_of_locale
from pricewatch.scraping.extract.decide import PLAINLY_SHOWN, Choice, Context, choose
from pricewatch.scraping.extract.dom import Document
from pricewatch.scraping.extract.hints import SiteContext
from pricewatch.scraping.extract.identifiers import Identity, identity, main_products, names_variant
from pricewatch.scraping.extract.price_text import decimal_style
from pricewatch.scraping.extract.records import Candidate, OfferFacts, ProductFacts, RowFacts, Source


@dataclass(frozen=True, slots=True)
class Gathered:
    """The page with what was found on it and what was chosen."""

    document: Document
    site: SiteContext
    found: tuple[ProductFacts, ...]
    main: tuple[ProductFacts, ...]
    identity: Identity
    scan: visible.Scan
    visible: tuple[Candidate, ...]
    context: Context
    choice: Choice
    scored: tuple[Candidate | None, ...]
    rows: tuple[RowFacts, ...]
    variants: tuple[RowFacts, ...]
    bound: bool


def gather(document: Document, site: SiteContext) -> Gathered:
    """Collect and decide; the order of the sources does not matter, only what they say."""
    found = structured(document)
    main = main_products(found, document)
    scan = visible.Walker(document).walk()
    scored = score.scored(scan)
    seen = score.ranked(scored)
    stated = [c for product in main for c in stated_prices(product, document.url)]
    context = context_of(document, site, stated, seen)
    by_hand = selectors.prices(document, site)
    known = identity(document, main, site.hints.fields, scan.texts)
    choice = choose([*by_hand, *stated, *seen], context)
    if not by_hand and _unsure(choice):
        embedded = state.prices(document, (known.name, document.heading), (known.sku, known.mpn, known.gtin))
        if embedded:
            stated = [*stated, *embedded]
            choice = choose([*stated, *seen], context_of(document, site, stated, seen))
    listed = (
        offers.from_hints(document, site)
        or next((r for product in main if (r := offers.from_structured(product))), [])
        or rows.offer_rows(document, scan, scored, site)
    )
    return Gathered(
        document,
        site,
        tuple(found),
        tuple(main),
        known,
        scan,
        tuple(seen),
        context,
        choice,
        tuple(scored),
        tuple(listed),
        () if listed else tuple(_variants(document, main)),
        any(_named(v, document.url) for product in main for v in product.variants),
    )


def _variants(document: Document, main: list[ProductFacts]) -> list[RowFacts]:
    stated = next((v for product in main if (v := offers.variants_of(product))), [])
    priced = any(offer.prices for product in main for offer in product.offers)
    return stated if stated or priced else rows.choices(document)


def _unsure(choice: Choice) -> bool:
    """Whether embedded state is worth a search: no price, a conflict, or one source that is not plainly shown."""
    if choice.winner is None or choice.conflict:
        return True
    return len({c.source for c in choice.agreeing}) == 1 and max(c.score for c in choice.agreeing) < PLAINLY_SHOWN


def structured(document: Document) -> list[ProductFacts]:
    """Every product that structured data describes, by source."""
    found = schema.products(jsonld.nodes(document), Source.JSON_LD)
    found += schema.products(microdata.microdata(document), Source.MICRODATA)
    found += schema.products(microdata.rdfa(document), Source.RDFA)
    described = meta.product(document)
    return [*found, described] if described else found


def stated_prices(product: ProductFacts, url: str) -> list[Candidate]:
    """The prices of the offers that the page is about: the variant its address names, else the product's own.

    Of several open offers the lowest stands; the others are kept as another variant's.
    """
    named = [v for v in product.variants if _named(v, url)]
    if named:
        return [c for v in named[:1] for o in v.offers for c in o.prices]
    own = _offers_of(product, url) or [o for v in product.variants for o in v.offers]
    if not any(o.prices for o in own):
        own = [o for v in product.variants for o in v.offers]
    open_offers = [o for o in own if o.availability is not Availability.OUT_OF_STOCK and o.prices] or own
    lowest = min((c.amount for o in open_offers for c in o.prices if c.role in _OPEN), default=None)
    return [
        c.as_role(PriceRole.OTHER_PRODUCT, "another variant") if c.role in _OPEN and c.amount != lowest else c
        for o in own
        for c in o.prices
    ]


_OPEN = frozenset({PriceRole.REGULAR, PriceRole.SALE, PriceRole.FROM})


def _named(variant: ProductFacts, url: str) -> bool:
    return names_variant(url, variant.sku, variant.gtin, *(o.sku for o in variant.offers), _tail(variant.url))


def _tail(url: str) -> str:
    return url.rstrip("/").rsplit("=", 1)[-1] if "=" in url else ""


def _offers_of(product: ProductFacts, url: str) -> list[OfferFacts]:
    named = [o for o in product.offers if names_variant(url, o.sku, o.gtin, _tail(o.url))]
    if named and len(named) < len(product.offers):
        return named
    return list(product.offers)


def context_of(document: Document, site: SiteContext, stated: list[Candidate], seen: list[Candidate]) -> Context:
    """What settles signs and separators: the site's settings, then the page's own words."""
    hints = site.hints
    locale = site.locale or hints.locale or document.language
    return Context(
        currency=_page_currency(document, site, locale, stated, seen),
        locale=locale,
        decimal=hints.decimal,
        siblings=(mark,) if (mark := _sibling_style(seen)) else (),
        count_coupon=hints.count_coupon,
        count_club=hints.count_club,
        prefer_structured=hints.prefer == "structured",
    )


def _sibling_style(seen: list[Candidate]) -> str:
    mark = decimal_style(c.digits for c in seen[:40])
    return f"1{mark}00" if mark else ""


def _page_currency(
    document: Document, site: SiteContext, locale: str, stated: list[Candidate], seen: list[Candidate]
) -> str:
    if site.currency or site.hints.currency:
        return site.currency or site.hints.currency
    named = next((c.currency for c in stated if c.currency), "")
    if named:
        return named
    sure = next((c.codes[0] for c in seen if len(c.codes) == 1 and c.score > 0 and c.codes[0] in CODES), "")
    return currency_of_host(document.host) or sure or currency_of_locale(locale)
