"""Offer rows of comparison, marketplace and auction pages; a running bid is never a price."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal

from selectolax.lexbor import LexborNode

from pricewatch.domain.offer import Availability, Condition, PriceRole
from pricewatch.scraping.extract.condition import condition_of
from pricewatch.scraping.extract.dom import Document, attribute, inside, joined, path_of, text_of
from pricewatch.scraping.extract.featured import is_featured, once_each
from pricewatch.scraping.extract.hints import OfferRowHints, SiteContext
from pricewatch.scraping.extract.price_text import parse_price
from pricewatch.scraping.extract.records import Candidate, OfferFacts, ProductFacts, RowFacts
from pricewatch.scraping.extract.selectors import asked, first, priced
from pricewatch.scraping.extract.stock import availability_of

MAX_ROWS = 500
SHORT = 30
FREE = re.compile(
    r"free|gratis|kostenlos|kostenfrei|versandkostenfrei|inkl\.? versand|zdarma|darmow|bezpłatn|gratuit|z dostawą|"
    r"za darmo|"
    r"ingyen|\bfri frakt|fraktfri|fri fragt|ilmainen|besplatn|безкоштовн|бесплатн|無料|免運|包邮|무료|"
    r"incl\.? (?:verzend|shipping|delivery)|doprava zdarma",
    re.IGNORECASE,
)
_FREE_DELIVERY = re.compile(
    r"(?:free|gratis|kostenlos\w*|darmow\w+|bezpłatn\w+|livraison) (?:shipping|delivery|versand|lieferung|dostaw\w+|"
    r"wysyłk\w+|przesyłk\w+|verzending|bezorging|gratuite|levering|frakt)|versandkostenfrei|doprava zdarma|"
    r"(?:envío|spedizione) gratis|(?:dostawa|wysyłka) (?:gratis|za darmo)",
    re.IGNORECASE,
)
_FREE_STEMS = (
    "free", "gratis", "kostenlos", "darmow", "bezpłatn", "livraison", "kostenfrei", "doprava zdarma", "za darmo",
)  # fmt: skip
THRESHOLD = re.compile(
    r"(?:over|above|ab einem|ab\b.{0,12}bestell|bestellwert|od kwoty|powyżej|boven|vanaf|nad|orders of|min\.)",
    re.IGNORECASE,
)


def from_hints(document: Document, site: SiteContext) -> list[RowFacts]:
    """The rows that the site's own row selector finds, with what its selectors find inside them."""
    hints = site.hints.offers
    if not hints.row:
        return []
    skipped = {node.mem_id for node in document.all(hints.skip)} if hints.skip else set()
    rows = [node for node in document.all(hints.row)[:MAX_ROWS] if node.mem_id not in skipped]
    return once_each([row for node in rows if (row := _row(node, document, site, hints))])


def _row(node: LexborNode, document: Document, site: SiteContext, hints: OfferRowHints) -> RowFacts | None:
    def money(selectors: tuple[str, ...], role: PriceRole = PriceRole.REGULAR) -> Candidate | None:
        text = first(node, selectors)
        return priced(text, role, path_of(node), site, document.language) if text else None

    now, bid = money(hints.buy_now), money(hints.bid, PriceRole.BID)
    text = asked(node, hints.price, net=site.hints.tax == "net")
    price = now or (priced(text, PriceRole.REGULAR, path_of(node), site, document.language) if text else None)
    if bid and price and not now and price.amounts == bid.amounts:
        price = None
    if price is None and bid is None:
        return None
    link = first(node, hints.url) or next((attribute(a, "href") for a in inside(node, "a[href]")[:1]), "")
    ambiguous = price is not None and len(price.amounts) > 1
    return RowFacts(
        price=price,
        seller=first(node, hints.seller)[:200] or attribute(node, "data-seller"),
        shipping=None if ambiguous else _shipping(node, hints, price, site, document.language),
        availability=availability_of(first(node, hints.availability), site.hints.stock)
        if hints.availability
        else Availability.UNKNOWN,
        condition=condition_of(first(node, hints.condition), site.hints.conditions) if hints.condition else _worn(node),
        name=first(node, hints.name)[:500],
        url=joined(document.address, link)[:2000] if link else "",
        bid=bid.amount if bid else None,
        bids=whole_number(first(node, hints.bids)),
        ends_at=_raw_time(node, hints.ends_at),
        rating=rating_of(first(node, hints.rating)),
        currency=(price or bid).currency if price or bid else "",  # type: ignore[union-attr]
        where=path_of(node),
        featured=_is_featured(node, hints),
    )


def _worn(node: LexborNode) -> Condition:
    """The condition that a short text of a row tells where it is not new."""
    parts = [part for part in text_of(node, 1500, " | ").split(" | ") if len(part) <= SHORT]
    told = (condition_of(part) for part in parts)
    return next((c for c in told if c not in {Condition.UNKNOWN, Condition.NEW}), Condition.UNKNOWN)


def _is_featured(node: LexborNode, hints: OfferRowHints) -> bool:
    """Whether the site's own mark of its first offer is on a row or inside it; without one, as rows look."""
    if not hints.featured:
        return is_featured(node, text_of(node, 1500, " | "))
    return node.css_matches(hints.featured) or bool(inside(node, hints.featured))


def _shipping(
    node: LexborNode, hints: OfferRowHints, price: Candidate | None, site: SiteContext, language: str
) -> Decimal | None:
    amount = shipping_of(first(node, hints.shipping), site, language) if hints.shipping else None
    if amount is not None or price is None or not hints.landed:
        return amount
    landed = priced(first(node, hints.landed), PriceRole.REGULAR, "", site, language)
    return landed.amount - price.amount if landed and landed.amount >= price.amount else None


def shipping_of(text: str, site: SiteContext, language: str = "") -> Decimal | None:
    """The delivery cost that a text states: 0 when it says free, None when it states none or is free from a sum on."""
    if not text or (FREE.search(text) and THRESHOLD.search(text)):
        return None
    reading = parse_price(
        text, locale=site.locale or language, currency=site.currency or None, decimal=site.hints.decimal
    )
    if reading.ambiguous:
        return None
    if reading.amount is not None and not (reading.amount == 0 and not FREE.search(text) and "0" not in text):
        return reading.amount
    return Decimal(0) if FREE.search(text) else None


def says_free_delivery(lines: str) -> bool:
    """Whether one of the lines, in lower case, says that delivery is free."""
    return any(stem in lines for stem in _FREE_STEMS) and any(map(is_free_delivery, lines.splitlines()))


def is_free_delivery(line: str) -> bool:
    """Whether a line says that delivery is free, without a sum from which on it is."""
    return _FREE_DELIVERY.search(line) is not None and not re.search(r"\d", line) and not THRESHOLD.search(line)


def whole_number(text: str) -> int | None:
    """The first whole number in a text such as "12 bids"."""
    found = re.search(r"\d{1,7}", text)
    return int(found.group()) if found else None


def rating_of(text: str) -> int | None:
    """A seller's rating in basis points of 100 %, out of "99,2 %" or "4.5 / 5"."""
    found = re.search(r"(\d{1,3}(?:[.,]\d{1,2})?) ?%", text)
    if found:
        return int(Decimal(found.group(1).replace(",", ".")) * 100)
    stars = re.search(r"(\d(?:[.,]\d{1,2})?) ?(?:/|von|of|z|out of|van) ?5", text)
    return int(Decimal(stars.group(1).replace(",", ".")) * 2000) if stars else None


def _raw_time(node: LexborNode, selectors: tuple[str, ...]) -> str:
    for selector in selectors:
        css = selector.partition("@")[0]
        for found in inside(node, css)[:1]:
            stated = attribute(found, "datetime") or attribute(found, "data-end") or attribute(found, "content")
            return stated or first(node, (selector,))
    return ""


def end_time(text: str) -> datetime | None:
    """An end time out of ISO 8601 or Unix seconds (or milliseconds), as aware UTC; None when it is neither."""
    text = text.strip()
    try:
        if re.fullmatch(r"\d{10}|\d{13}", text):
            return datetime.fromtimestamp(int(text) / (1000 if len(text) == 13 else 1), UTC)
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        return None
    return moment.astimezone(UTC) if moment.tzinfo else None


def from_structured(product: ProductFacts) -> list[RowFacts]:
    """The rows of an offer list in structured data, when several sellers are named in it."""
    named = [o for o in product.offers if o.seller and o.prices and not o.aggregate]
    return [_stated(o, product) for o in named] if len({o.seller for o in named}) > 1 else []


def variants_of(product: ProductFacts) -> list[RowFacts]:
    """The variants that structured data lists with a price each; empty when there is but one."""
    own = [(v, o) for v in product.variants for o in v.offers if o.prices and not o.aggregate]
    own = own or [(product, o) for o in product.offers if o.prices and not o.aggregate]
    rows = [
        _stated(o, v)._replace(
            name=o.name or (v.name if v is not product else ""),
            sku=o.sku or v.sku,
            gtin=o.gtin or v.gtin,
            mpn=v.mpn,
        )
        for v, o in own
    ]
    return rows if len({(r.name, r.sku, r.price and r.price.amount) for r in rows}) > 1 else []


def _stated(offer: OfferFacts, product: ProductFacts) -> RowFacts:
    return RowFacts(
        price=next((c for c in offer.prices if c.role is not PriceRole.WAS), offer.prices[0]),
        seller=offer.seller,
        shipping=offer.shipping.amount if offer.shipping else None,
        availability=offer.availability,
        condition=offer.condition,
        name=offer.name,
        url=offer.url,
        currency=offer.prices[0].currency,
        where=product.where,
        sku=offer.sku,
    )
