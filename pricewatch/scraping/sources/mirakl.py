"""Marketplaces run by Mirakl: what other sellers ask for our products, as a seller's key shows it (P11).

Written from https://developer.mirakl.com/content/product/mmp/rest/seller/openapi3/offers/p11
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

import orjson

from pricewatch.domain.errors import FetchError, FetchErrorKind
from pricewatch.domain.offer import Availability, Condition, Evidence, Item, ItemKey, Offer, PriceRole
from pricewatch.domain.product import Product
from pricewatch.ports import Finding, Target
from pricewatch.scraping.extract.identifiers import clean_gtin
from pricewatch.scraping.sources.api import ApiSource, Found, Json, money_of, objects_of, text_of, unreadable, whole_of
from pricewatch.scraping.sources.base import Surroundings
from pricewatch.scraping.sources.settings import MiraklSettings

OFFERS = "/api/products/offers"
PAGE = 100
SHOWN = (
    "offer_id", "price", "applicable_pricing", "min_shipping_price", "total_price", "currency_iso_code", "quantity",
    "state_code", "shop_id", "shop_name", "active",
)  # fmt: skip


@dataclass(slots=True)
class _Product:
    """What all pages say of one product: offers by number, and how many the platform says there are."""

    facts: Json
    total: int
    offers: dict[str, tuple[Json, str]] = field(default_factory=dict)


class MiraklSource(ApiSource):
    """Asks for up to a hundred products at once, by GTIN or by our own SKU."""

    def __init__(self, settings: MiraklSettings, around: Surroundings) -> None:
        super().__init__(around)
        self._settings = settings
        self._offers = f"{settings.endpoint}{OFFERS}"
        self._by_sku = settings.reference == "sku"
        self._parameter = "product_ids" if self._by_sku else "product_references"
        self.batch = settings.batch

    def search_address(self, product: Product) -> str:
        """The request for one product."""
        number = product.sku if self._by_sku else clean_gtin(product.gtin)
        if not number or "," in number or "|" in number:
            return ""
        reference = number if self._by_sku else f"{self._settings.reference}|{number}"
        return f"{self._offers}?{self._parameter}={quote(reference, safe='')}"

    def is_search(self, url: str) -> bool:
        """All targets ask for a product."""
        return url.startswith(f"{self._offers}?")

    async def read(self, targets: Sequence[Target]) -> Sequence[Found]:
        """Ask for all targets in one request, and for its further pages."""
        references = [unquote(target.url.partition("=")[2]) for target in targets]
        strange = [target.url for target in targets if not self.is_search(target.url)]
        if strange:
            raise FetchError(
                "Mirakl is asked for products only", kind=FetchErrorKind.ADDRESS, where=strange[0],
                hint="leave crawl.targets empty",
            )  # fmt: skip
        products: dict[str, _Product] = {}
        await self._pages(references, products)
        return [self._found(products.get(self._number(reference))) for reference in references]

    async def _pages(self, references: Sequence[str], products: dict[str, _Product]) -> None:
        """Read pages until each product has all its offers, or nothing new comes."""
        most = max(self._settings.max_offers, PAGE)
        for offset in range(0, most, PAGE):
            params = {
                self._parameter: ",".join(references),
                "max": str(PAGE),
                "offset": str(offset),
                "all_offers": "false",
                **self._channel(),
            }
            answer = await self._api.ask("GET", self._offers, params=params, headers=self._headers())
            self._check(answer.status, answer.value)
            if not isinstance(answer.value.get("products"), list):
                raise unreadable("the answer has no list of products", self._offers)
            new = 0
            page_hash = self._api.keep(answer)
            for facts in objects_of(answer.value, "products", self._offers):
                new += self._collect(facts, page_hash, products)
            if not new or all(len(p.offers) >= min(p.total, self._settings.max_offers) for p in products.values()):
                return

    def _headers(self) -> dict[str, str]:
        return {"authorization": self._settings.key.reveal()}

    def _channel(self) -> dict[str, str]:
        settings = self._settings
        channel = {"channel_codes": settings.channel, "pricing_channel_code": settings.channel}
        shop = {} if settings.shop_id is None else {"shop_id": str(settings.shop_id)}
        return {**(channel if settings.channel else {}), **shop}

    def _check(self, status: int, value: Json) -> None:
        if status == 200:
            return
        words = text_of(value, "message") or text_of(value, "error_message") or f"status {status}"
        refused = status in (401, 403)
        raise FetchError(
            f"Mirakl says: {words}",
            kind=FetchErrorKind.BLOCKED if refused else FetchErrorKind.HTTP_STATUS,
            where=self._offers,
            hint="check source.key, and that it may see competitors' offers" if refused else "check [source]",
            status=status,
        )

    def _collect(self, facts: Json, page_hash: str, products: dict[str, _Product]) -> int:
        """Add a product's offers; returns how many were not known yet."""
        new = 0
        for number in self._numbers(facts):
            known = products.setdefault(number, _Product(facts, whole_of(facts, "total_count") or 0))
            for offer in objects_of(facts, "offers", self._offers):
                key = text_of(offer, "offer_id")
                if key and key not in known.offers:
                    known.offers[key] = (offer, page_hash)
                    new += 1
        return new

    def _numbers(self, facts: Json) -> set[str]:
        """What a product is known by, as targets write it."""
        if self._by_sku:
            return {text_of(facts, "product_sku")}
        return {
            clean_gtin(text_of(each, "reference")).lstrip("0")
            for each in objects_of(facts, "product_references", self._offers)
            if text_of(each, "reference_type").lower() == self._settings.reference.lower()
        } - {""}

    def _number(self, reference: str) -> str:
        return reference if self._by_sku else reference.rpartition("|")[2].lstrip("0")

    def _found(self, product: _Product | None) -> Found:
        """A product that the marketplace does not know has no offers there."""
        found = Found()
        if product is None:
            return found
        found.whole = len(product.offers) >= product.total
        for offer, page_hash in list(product.offers.values())[: self._settings.max_offers]:
            if offer.get("active") is not False:
                found.findings.append(self._finding(product.facts, offer, page_hash))
        return found

    def _finding(self, facts: Json, said: Json, page_hash: str) -> Finding:
        """One seller's offer; a discount counts only as long as the platform itself applies it."""
        currency = text_of(said, "currency_iso_code") or self._around.site.currency
        pricing = said.get("applicable_pricing")
        applied: Mapping[str, object] = pricing if isinstance(pricing, dict) else {}
        price = money_of(text_of(applied, "price") or text_of(said, "price"), currency)
        before = money_of(text_of(applied, "unit_origin_price"), currency)
        was = before if price and before and before > price else None
        gtin = "" if self._by_sku else min(self._numbers(facts), default="")
        site = self._around.site
        number = text_of(facts, "product_sku")
        quantity = whole_of(said, "quantity")
        state = text_of(said, "state_code")
        doubt = "" if state in self._settings.states else f"source.states does not say what state {state!r} means"
        offer = Offer(
            item=Item(
                ItemKey(site.name, number),
                "",
                text_of(facts, "product_title"),
                text_of(facts, "product_brand"),
                gtin.zfill(13) if gtin else "",
                category=text_of(facts, "category_label"),
            ),
            seller=text_of(said, "shop_name", limit=100) or f"shop {text_of(said, 'shop_id')}",
            price=price,
            role=PriceRole.SALE if was else PriceRole.REGULAR,
            availability=Availability.OUT_OF_STOCK if quantity == 0 else Availability.IN_STOCK,
            condition=self._settings.states.get(state, Condition.UNKNOWN),
            shipping=money_of(text_of(said, "min_shipping_price"), currency),
            was_price=was,
            pieces=quantity,
            tax_included=site.context().tax_included,
        )
        snippet = orjson.dumps({key: said[key] for key in SHOWN if key in said}).decode()[:400]
        return Finding(
            offer, Evidence(page_hash, "mirakl", f"offer {text_of(said, 'offer_id')}", snippet), conflict=doubt
        )
