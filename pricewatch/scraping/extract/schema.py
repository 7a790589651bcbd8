"""schema.org objects, wherever they were written, as product facts with price candidates."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from html import unescape
from math import isfinite
from typing import Any

from pricewatch.domain.offer import Availability, Condition, PriceRole
from pricewatch.scraping.extract.currencies import currency_of_sign
from pricewatch.scraping.extract.price_text import parse_price
from pricewatch.scraping.extract.records import Candidate, OfferFacts, ProductFacts, Source

MAX_OFFERS = 300
MAX_PRICE = Decimal(10) ** 11
Node = dict[str, Any]

PRODUCTS = frozenset(
    [
        "Product",
        "ProductGroup",
        "ProductModel",
        "IndividualProduct",
        "Vehicle",
        "Car",
        "Book",
        "SomeProducts",
        "Event",
        "Course",
        "MobileApplication",
        "SoftwareApplication",
        "Movie",
        "CreativeWork",
        "Service",
        "Apartment",
        "MusicAlbum",
        "VideoGame",
        "TVSeason",
        "Drug",
        "DietarySupplement",
    ]
)
_CANONICAL = {name.lower(): name for name in (*PRODUCTS, "AggregateOffer", "Offer")}
_LIST_TYPES = ("ListPrice", "StrikethroughPrice", "SRP", "MSRP", "SuggestedRetailPrice", "RegularPriceBeforeDiscount")
_AVAILABILITY = {
    "instock": Availability.IN_STOCK, "limitedavailability": Availability.IN_STOCK,
    "onlineonly": Availability.IN_STOCK, "instoreonly": Availability.IN_STOCK, "available": Availability.IN_STOCK,
    "outofstock": Availability.OUT_OF_STOCK, "soldout": Availability.OUT_OF_STOCK,
    "discontinued": Availability.OUT_OF_STOCK, "unavailable": Availability.OUT_OF_STOCK,
    "oos": Availability.OUT_OF_STOCK,
    "notavailable": Availability.OUT_OF_STOCK, "preorder": Availability.PRE_ORDER, "presale": Availability.PRE_ORDER,
    "backorder": Availability.BACK_ORDER, "availablefororder": Availability.BACK_ORDER,
    "madetoorder": Availability.IN_STOCK, "reserved": Availability.OUT_OF_STOCK,
}  # fmt: skip
_CONDITION = {
    "newcondition": Condition.NEW, "new": Condition.NEW, "usedcondition": Condition.USED, "used": Condition.USED,
    "refurbishedcondition": Condition.REFURBISHED, "refurbished": Condition.REFURBISHED,
    "damagedcondition": Condition.USED, "openboxcondition": Condition.OPEN_BOX,
}  # fmt: skip


def availability(value: Any) -> Availability:
    """Read schema.org availability from a URL, a bare word or an object."""
    for text in _texts(value):
        word = re.sub(r"[^a-z]", "", text.rsplit("/", 1)[-1].rsplit("#", 1)[-1].lower())
        if word in _AVAILABILITY:
            return _AVAILABILITY[word]
    return Availability.UNKNOWN


def condition(value: Any) -> Condition:
    """Read a schema.org item condition from a URL or a bare word."""
    for text in _texts(value):
        word = re.sub(r"[^a-z]", "", text.rsplit("/", 1)[-1].lower())
        if word in _CONDITION:
            return _CONDITION[word]
    return Condition.UNKNOWN


def types_of(node: Node) -> set[str]:
    """The bare type names of a node."""
    bare = (name.rstrip("/").rsplit("/", 1)[-1].rsplit(":", 1)[-1] for name in _texts(node.get("@type")))
    return {_CANONICAL.get(name.lower(), name) for name in bare}


def products(nodes: Iterable[Node], source: Source) -> list[ProductFacts]:
    """Every product among top-level nodes, also one level down in a page's `mainEntity` and the like."""
    return [
        _product(child, source, str(child.get("@where") or f"block {number}"))
        for number, node in enumerate(nodes, 1)
        for child in _product_nodes(node)
    ]


_WRAPPERS = (
    "mainEntity", "mainEntityOfPage", "about", "itemOffered", "Product", "product", "item", "object",
    "potentialAction", "subjectOf", "data",
)  # fmt: skip


def _product_nodes(node: Node, depth: int = 0) -> Iterator[Node]:
    kinds = types_of(node)
    if kinds & PRODUCTS and ("offers" in node or "hasVariant" in node or kinds & {"Product", "ProductGroup"}):
        yield node
        return
    if depth > 2:
        return
    for key in _WRAPPERS:
        for child in _nodes(node.get(key)):
            if key == "itemOffered" and types_of(child) & PRODUCTS:
                yield {**child, "offers": child.get("offers") or node}
            else:
                yield from _product_nodes(child, depth + 1)


def _product(node: Node, source: Source, where: str) -> ProductFacts:
    offers = tuple(o for item in _nodes(node.get("offers")) for o in _offers(item, source, f"{where} offers"))
    variants = tuple(
        _product(child, source, f"{where} hasVariant[{i}]")
        for key in ("hasVariant", "model")
        for i, child in enumerate(_nodes(node.get(key))[:MAX_OFFERS])
    )
    if not offers and "price" in node:
        offers = tuple(_offers({**node, "@type": "Offer"}, source, where))
    return ProductFacts(
        source=source,
        name=text(node.get("name")),
        brand=name_of(node.get("brand")) or name_of(node.get("manufacturer")),
        gtin=_gtin(node),
        sku=text(node.get("sku")) or text(node.get("productID")),
        mpn=text(node.get("mpn")),
        category=name_of(node.get("category")),
        image=_image(node.get("image")),
        url=text(node.get("url")) or text(node.get("@id")),
        description=text(node.get("description"))[:500],
        offers=offers[:MAX_OFFERS],
        variants=variants,
        where=where,
        condition=condition(node.get("itemCondition")),
    )


def _offers(node: Node, source: Source, where: str) -> Iterator[OfferFacts]:
    inner = _nodes(node.get("offers"))
    aggregate = "AggregateOffer" in types_of(node) or "lowPrice" in node
    currency = text(node.get("priceCurrency"))
    prices = tuple(_prices(node, source, where, aggregate=aggregate))
    children = [
        offer for i, child in enumerate(inner[:MAX_OFFERS])
        for offer in _offers({"priceCurrency": currency, **child}, source, f"{where}[{i}]")
    ]  # fmt: skip
    if prices or not children or aggregate:
        yield OfferFacts(
            prices=prices,
            availability=availability(node.get("availability")),
            condition=condition(node.get("itemCondition")),
            seller=name_of(node.get("seller")) or name_of(node.get("offeredBy")),
            shipping=_shipping(node, source, where),
            sku=text(node.get("sku")),
            gtin=_gtin(node),
            name=text(node.get("name")),
            url=text(node.get("url")),
            aggregate=aggregate,
        )
    yield from children


def _prices(node: Node, source: Source, where: str, *, aggregate: bool) -> Iterator[Candidate]:
    currency = text(node.get("priceCurrency")) or text(node.get("currency"))
    low = node.get("lowPrice")
    own = PriceRole.FROM if aggregate else PriceRole.REGULAR
    specified = _nodes(node.get("priceSpecification"))
    net = {p for spec in specified if _without_tax(spec) for p in _texts(spec.get("price"))}
    for key, role in (("lowPrice", PriceRole.FROM), ("price", own)):
        if key == "price" and low not in (None, "", {}) and aggregate and node.get(key) == low:
            continue
        for value in _texts(node.get(key)):
            found = candidate(value, currency, source, role, f"{where}.{key}")
            if found:
                yield found._replace(net=True) if value in net else found
    for spec in specified:
        yield from _specified(spec, currency, source, where)


def _specified(spec: Node, currency: str, source: Source, where: str) -> Iterator[Candidate]:
    if "DeliveryChargeSpecification" in types_of(spec):
        return
    currency = text(spec.get("priceCurrency")) or currency
    kind = " ".join(_texts(spec.get("priceType")))
    role = PriceRole.REGULAR
    if any(word in kind for word in _LIST_TYPES):
        role = PriceRole.WAS
    elif spec.get("validForMemberTier") or "Member" in kind:
        role = PriceRole.CLUB
    elif spec.get("referenceQuantity") and "referenceQuantity" in spec and "Unit" in " ".join(types_of(spec)):
        role = PriceRole.UNIT if _is_unit_price(spec) else PriceRole.REGULAR
    for key in ("price", "minPrice"):
        for value in _texts(spec.get(key)):
            found = candidate(value, currency, source, role, f"{where}.priceSpecification.{key}")
            if found:
                yield found._replace(net=True) if _without_tax(spec) else found
                return


def _without_tax(spec: Node) -> bool:
    return str(spec.get("valueAddedTaxIncluded")).lower().endswith("false")


def _is_unit_price(spec: Node) -> bool:
    return any(
        text(ref.get("unitCode")).upper() not in {"C62", "EA", ""} for ref in _nodes(spec.get("referenceQuantity"))
    )


def candidate(value: str, currency: str, source: Source, role: PriceRole, where: str) -> Candidate | None:
    """Make a candidate of a structured price: `.` is the decimal mark there, unless the text shows otherwise."""
    code = next(iter(currency_of_sign(currency)), "") if currency else ""
    reading = parse_price(value, currency=code)
    amounts = tuple(Decimal(r) for r in reading.readings)
    bare = value.strip()
    if not reading.ambiguous and amounts and bare.isascii() and bare.replace(".", "", 1).isdigit():
        literal = Decimal(bare)
        amounts = (literal,) if literal == amounts[0] else (literal, amounts[0])
    amounts = tuple(a for a in amounts if 0 < a < MAX_PRICE)
    if not amounts:
        return None
    return Candidate(source, role, amounts, code or reading.currency, value, where)


def _shipping(node: Node, source: Source, where: str) -> Candidate | None:
    for details in _nodes(node.get("shippingDetails"))[:5]:
        for rate in _nodes(details.get("shippingRate")):
            value = next(iter(_texts(rate.get("value"))), "")
            if value:
                currency = text(rate.get("currency")) or text(node.get("priceCurrency"))
                reading = parse_price(value, currency=currency)
                if reading.amount is not None:
                    return Candidate(
                        source,
                        PriceRole.SHIPPING,
                        (reading.amount,),
                        reading.currency,
                        value,
                        f"{where}.shippingDetails",
                    )
    return None


def _nodes(value: Any) -> list[Node]:
    items = value if isinstance(value, list) else [value]
    return [item for item in items[:MAX_OFFERS] if isinstance(item, dict)]


def _texts(value: Any) -> Iterator[str]:
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, bool) or item is None:
            continue
        if isinstance(item, float):
            yield f"{Decimal(repr(item)):f}"[:2000] if isfinite(item) else ""
        elif isinstance(item, str | int):
            yield str(item)[:2000]
        elif isinstance(item, dict):
            inner = item.get("@value") or item.get("@id") or item.get("name") or item.get("@type")
            if isinstance(inner, str | int | float):
                yield str(inner)[:2000]


def text(value: Any) -> str:
    """The first plain text of a property, white space squeezed."""
    return unescape(" ".join(next(_texts(value), "").split()))


def name_of(value: Any) -> str:
    """The name of a thing that may be a text or an object with a name."""
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, dict):
            return text(item.get("name")) or text(item.get("@value"))
        if isinstance(item, str):
            return unescape(" ".join(item.split()))[:300]
    return ""


def _gtin(node: Node) -> str:
    for key in ("gtin13", "gtin", "gtin14", "gtin12", "gtin8", "ean", "isbn", "upc", "ean13"):
        found = text(node.get(key))
        if found:
            return found
    own = text(node.get("productID"))
    return own if own.lower().startswith(("gtin", "isbn", "ean")) else ""


def _image(value: Any) -> str:
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, dict):
            return text(item.get("url")) or text(item.get("contentUrl")) or text(item.get("@id"))
        if isinstance(item, str):
            return item.strip()[:1000]
    return ""
