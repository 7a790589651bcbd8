"""IdoSell Admin API v6: gross prices of products, searched and written up to 100 a request.

A 207 says of each product what became of it. A product whose sizes have prices of their own, or that a promotion of
the shop sells at another price, is refused with the reason: writing its price would change nothing that a buyer pays.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from pricewatch.channels.api import Sign, parse_json, parsed, render_json
from pricewatch.channels.batches import Sender, in_batches
from pricewatch.channels.graphql import JSON, Record, record, records
from pricewatch.channels.imports import ImportedRow, imported
from pricewatch.channels.paging import Pages
from pricewatch.channels.shops.settings import IdoSellSettings
from pricewatch.channels.shops.shop import Shop, bearer
from pricewatch.domain.errors import ChannelUnavailable, ChannelUnknown, MoneyError, SetAside
from pricewatch.domain.listing import Desired, Listing, PushResult, PushStatus
from pricewatch.domain.money import Money, TaxRate
from pricewatch.domain.product import Product

PAGE = 100
NOTHING_FOUND = 2  # the fault of a search that finds nothing, which is no mistake
_SEARCH, _PRODUCTS = "products/products/search", "products/products"
_PRICE = ("code", "lang_data", "currency", "retail_price", "strikethrough_retail_price", "vat", "visible",
          "sizes_attributes", "shops_attributes")  # fmt: skip
_MORE = ("producer_name", "category_name", "purchase_price_net_last", "quantities", "icon")


class IdoSell(Shop[IdoSellSettings]):
    """An IdoSell shop as a channel; `remote_id` is the product's id, the SKU its external code."""

    root = "/api/admin/v6"
    announced = True

    def _prepare(self) -> None:
        self._shop = self._settings.shop
        self._objections: dict[str, str] = {}

    def _signer(self) -> Sign:
        return bearer(self._settings.key.reveal, header="x-api-key", scheme="")

    def _words(self, body: bytes) -> str:
        return _fault(record(parse_json(body)).get("errors"))[1]

    # --- reading ------------------------------------------------------------------------------------------------

    async def listings(self) -> AsyncIterator[Listing]:
        """All products that have an external code."""
        async for product in self._all(_PRICE):
            if _code(product):
                yield self._listing(product)

    async def read(self, remote_ids: Sequence[str]) -> Sequence[Listing]:
        """Read back by id, 100 a request."""
        found: list[Listing] = []
        for ids in in_batches([i for i in remote_ids if i.isdecimal()], PAGE):
            wanted = {"productParams": [{"productId": int(i)} for i in ids]}
            products, _ = await self._page(wanted, 0, _PRICE)
            found += [self._listing(p) for p in products if str(p["productId"]) in ids]
        return found

    async def products(self) -> AsyncIterator[Product | SetAside]:
        """The shop's catalogue; VAT as the shop has it, the price as a buyer pays it now."""
        async for product in self._all((*_PRICE, *_MORE)):
            where = f"{self._name}: product {product['productId']}"
            price = self._listing(product).payable
            yield imported(_row(product), price, _rate(product) or self._tax, self._currency, where=where)

    async def _all(self, elements: Sequence[str]) -> AsyncIterator[Record]:
        number, total, pages = 0, 1, Pages(self._name, "products", PAGE)
        while number < total:
            products, total = await self._page({}, number, elements)
            if not pages.go_on(product["productId"] for product in products):
                return
            for product in products:
                yield product
            number += 1

    async def _page(self, wanted: Record, number: int, elements: Sequence[str]) -> tuple[Sequence[Record], int]:
        params = {
            **wanted,
            "returnProducts": "active",
            "returnElements": list(elements),
            "skipDefaultProduct": "y",
            "showPromotionsPrices": "y",
            "ordersBy": [{"elementName": "id", "sortDirection": "ASC"}],
            "resultsPage": number,
            "resultsLimit": PAGE,
        }
        reply = await self._api.ask(_SEARCH, render_json({"params": params}), JSON)
        answer = record(parsed(reply.body))
        code, words = _fault(answer.get("errors"))
        found, pages = answer.get("results"), answer.get("resultsNumberPage")
        if code == NOTHING_FOUND and not found:
            return [], 0
        if code or not isinstance(found, list) or type(pages) is not int or not all(map(_is_product, found)):
            hint = "check the channel's url, and that the key may read products"
            message = f"answered products with {words if code else 'something that is no list of them'}"
            raise ChannelUnavailable(message, where=self._name, hint=hint)
        return found, pages

    def _listing(self, product: Record) -> Listing:
        number, priced = str(product["productId"]), self._priced(product)
        retail, struck = self._money(priced.get("productRetailPrice")), self._shown(priced, "Strikethrough")
        promoted = self._shown(priced, "Promo")
        other = promoted if promoted != retail else None
        self._objections[number] = self._objection(product, priced, other)
        reduced = struck if struck is not None and retail is not None and struck > retail else None
        known = self._currency.code in (priced.get("currencyId"), product.get("currencyId"))
        whole = known and not _differing(product, priced)
        payable = other if other is not None else retail
        return Listing(
            channel=self._name,
            remote_id=number,
            sku=_code(product),
            price=(reduced or retail) if whole else None,
            sale_price=payable if whole and payable != (reduced or retail) else None,
            name=_name(product),
            active=product.get("productIsVisible") != "n",
        )

    def _priced(self, product: Record) -> Record:
        """What says the price: the product, or its entry for our shop."""
        shops = records(product.get("productShopsAttributes")) if self._shop is not None else []
        return next((entry for entry in shops if entry.get("shopId") == self._shop), product)

    def _shown(self, priced: Record, kind: str) -> Money | None:
        """A further price; zero is none."""
        found = self._money(priced.get(f"product{kind}RetailPrice"))
        return found if found is not None and found.minor > 0 else None

    def _objection(self, product: Record, priced: Record, promoted: Money | None) -> str:
        currency = priced.get("currencyId") or product.get("currencyId")
        if currency != self._currency.code:
            return f"it is priced in {currency}, not in {self._currency.code}"
        if _differing(product, priced):
            return "its sizes have prices of their own; change them in the shop"
        return f"a promotion of the shop sells it at {promoted}; end it in the shop first" if promoted else ""

    # --- writing ------------------------------------------------------------------------------------------------

    async def push(self, batch: Sequence[Desired]) -> Sequence[PushResult]:
        """Write prices, up to 100 a request; the struck price is set while a reduction is announced, else cleared."""
        await self.read([d.remote_id for d in batch if d.remote_id not in self._objections])
        gone = "there is no such product any longer"
        refused = {d.remote_id: why for d in batch if (why := self._objections.get(d.remote_id, gone))}
        sender = Sender(self._send)
        for part in in_batches([d for d in batch if d.remote_id not in refused], self._capabilities.batch_size):
            await sender.send(part)
        return sender.results + [PushResult(i, PushStatus.REFUSED, why) for i, why in refused.items()]

    async def _send(self, part: Sequence[Desired]) -> Sequence[PushResult]:
        settings = {"settingModificationType": "edit"}
        body = {"params": {"settings": settings, "products": [self._change(d) for d in part]}}
        answer = parsed((await self._api.write("PUT", _PRODUCTS, render_json(body), JSON)).body)
        results = record(record(answer).get("results")).get("productsResults")
        if not isinstance(results, list):
            raise ChannelUnknown("answered a change with something that is no list of results", where=self._name)
        by_id = {str(result.get("productId")): result for result in records(results)}
        return [_result(d.remote_id, by_id.get(d.remote_id)) for d in part]

    def _change(self, desired: Desired) -> Record:
        prior = self._struck(desired)
        prices = {
            "productRetailPrice": Decimal(self._form.text(desired.price, desired.tax)),
            "productStrikethroughRetailPrice": Decimal(self._form.text(prior, desired.tax)) if prior else 0,
        }
        number = int(desired.remote_id)
        if self._shop is None:
            return {"productId": number, "priceChangeMode": "amount_set", **prices}
        return {"productId": number, "productShopsAttributes": [{"shopId": self._shop, **prices}]}


def _result(remote_id: str, result: Record | None) -> PushResult:
    if result is None:
        return PushResult(remote_id, PushStatus.UNKNOWN, "the answer does not mention it")
    details = [record(detail.get("fault")) for detail in records(result.get("productResultDetails"))]
    faults = [_fault(fault) for fault in (*records(result.get("faults")), *details)]
    words = "; ".join(text for code, text in faults if code)
    return PushResult(remote_id, PushStatus.REFUSED if words else PushStatus.ACCEPTED, words[:300])


def _fault(fault: object) -> tuple[int, str]:
    """The number of a fault and the shop's words; 0 = none. Numbers come as text as well."""
    said = record(fault)
    code = str(said.get("faultCode") or 0)
    return int(code) if code.isdecimal() else 1, f"{code}: {said.get('faultString') or 'no reason given'}"


def _is_product(entry: Any) -> bool:
    """Whether it has an id, and a price that is a number where it has one; anything else is not believed."""
    if not isinstance(entry, Mapping) or type(entry.get("productId")) is not int:
        return False
    price = entry.get("productRetailPrice")
    return price is None or (isinstance(price, int | Decimal) and not isinstance(price, bool))


def _sizes(product: Record, priced: Record) -> Sequence[Record]:
    """The sizes as the price is read: of the shop's own entry, else of the product."""
    return records(priced.get("productSizesAttributes" if priced is product else "productShopSizesAttributes"))


def _differing(product: Record, priced: Record) -> bool:
    """Whether a size costs something else than its product."""
    prices = [size.get("productRetailPrice") for size in _sizes(product, priced)]
    return any(price not in (None, 0, priced.get("productRetailPrice")) for price in prices)


def _code(product: Record) -> str:
    """The external code: the product's own, or that of its only size."""
    own = str(product.get("productDisplayedCode") or "").strip()
    sizes = records(product.get("productSizesAttributes"))
    return own or (str(sizes[0].get("productSizeCodeExternal") or "").strip() if len(sizes) == 1 else "")


def _name(product: Record) -> str:
    texts = records(product.get("productDescriptionsLangData"))
    return str(texts[0].get("productName") or "") if texts else ""


def _rate(product: Record) -> TaxRate | None:
    try:
        return TaxRate.parse(str(product["productVat"]))
    except (LookupError, MoneyError):
        return None


def _row(product: Record) -> ImportedRow:
    stocks = records(record(product.get("productStocksData")).get("productStocksQuantities"))
    pieces = [size.get("productSizeQuantity") for stock in stocks for size in records(stock.get("productSizesData"))]
    whole = [int(amount) for amount in pieces if isinstance(amount, int | Decimal)]
    sizes, texts = (records(product.get(name)) for name in ("productSizesAttributes", "productDescriptionsLangData"))
    return ImportedRow(
        remote=str(product["productId"]),
        sku=_code(product),
        name=_name(product),
        brand=str(product.get("producerName") or ""),
        gtin=str(sizes[0].get("productSizeCodeProducer") or "") if len(sizes) == 1 else "",
        category=str(product.get("categoryName") or ""),
        cost=str(product.get("productPurchasePriceNetLast") or ""),
        stock=sum(whole) if whole else None,
        image_url=str(record(product.get("productIcon")).get("productIconLargeUrl") or ""),
        description=str(texts[0].get("productDescription") or "") if texts else "",
    )
