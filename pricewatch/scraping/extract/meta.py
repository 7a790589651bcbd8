"""OpenGraph, product and Twitter meta elements as product facts."""

from __future__ import annotations

from pricewatch.domain.offer import Availability, PriceRole
from pricewatch.scraping.extract import schema
from pricewatch.scraping.extract.dom import Document
from pricewatch.scraping.extract.records import Candidate, OfferFacts, ProductFacts, Source

_PRICES = (
    ("product:sale_price:amount", "product:sale_price:currency", PriceRole.SALE),
    ("product:price:amount", "product:price:currency", PriceRole.REGULAR),
    ("og:price:amount", "og:price:currency", PriceRole.REGULAR),
    ("product:price", "product:price:currency", PriceRole.REGULAR),
    ("og:price", "og:price:currency", PriceRole.REGULAR),
    ("price", "currency", PriceRole.REGULAR),
    ("og:price:standard_amount", "og:price:currency", PriceRole.WAS),
    ("product:original_price:amount", "product:original_price:currency", PriceRole.WAS),
)
_CURRENCIES = ("product:price:currency", "og:price:currency", "pricecurrency", "currency", "product:currency")


def product(document: Document) -> ProductFacts | None:
    """What the page's meta elements say of its product; None when they say nothing of one."""
    meta = document.meta
    prices = tuple(_prices(meta)) + tuple(_labelled(meta))
    stock = _availability(meta)
    kind = meta.get("og:type", "").lower()
    if not prices and stock is Availability.UNKNOWN and "product" not in kind:
        return None
    return ProductFacts(
        source=Source.META,
        name=meta.get("og:title", ""),
        brand=meta.get("product:brand", "") or meta.get("og:brand", ""),
        gtin=meta.get("product:ean", "")
        or meta.get("product:gtin", "")
        or meta.get("product:upc", "")
        or meta.get("product:isbn", ""),
        sku=meta.get("product:retailer_item_id", "") or meta.get("product:sku", ""),
        mpn=meta.get("product:mfr_part_no", ""),
        category=meta.get("product:category", ""),
        image=meta.get("og:image", ""),
        url=meta.get("og:url", ""),
        description=meta.get("og:description", "")[:500],
        offers=(OfferFacts(prices, stock, schema.condition(meta.get("product:condition"))),),
        where="meta",
    )


def _prices(meta: dict[str, str]) -> list[Candidate]:
    fallback = next((meta[name] for name in _CURRENCIES if meta.get(name)), "")
    found: list[Candidate] = []
    for name, currency, role in _PRICES:
        if name in meta:
            made = schema.candidate(meta[name], meta.get(currency) or fallback, Source.META, role, f"meta[{name}]")
            if made and all(made.amounts != other.amounts or made.role is not other.role for other in found):
                found.append(made)
    return found


def _labelled(meta: dict[str, str]) -> list[Candidate]:
    """Twitter cards label their data: `twitter:label1` "Price", `twitter:data1` "19.99 €"."""
    found = []
    for number in ("1", "2"):
        label = meta.get(f"twitter:label{number}", "").lower()
        if label in {"price", "preis", "cena", "prijs", "prix", "precio", "prezzo"}:
            name = f"twitter:data{number}"
            made = schema.candidate(meta.get(name, ""), "", Source.META, PriceRole.REGULAR, f"meta[{name}]")
            if made and made.currency:
                found.append(made)
    return found


def _availability(meta: dict[str, str]) -> Availability:
    for name in ("product:availability", "og:availability", "availability", "product:stock"):
        found = schema.availability(meta.get(name, ""))
        if found is not Availability.UNKNOWN:
            return found
    return Availability.UNKNOWN
