"""Shopify Admin API (GraphQL): variants of one product a request, paced by what each request costs there.

Shopify says no with status 200: by `userErrors` for single variants, by an error THROTTLED where the bucket of points
is empty. Then nothing was done, and the request waits until the bucket has filled again.

The prices of one market, in its currency, are fixed prices of that market's price list, and read as a buyer of one of
its countries sees them.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from pricewatch.channels.api import Sign
from pricewatch.channels.batches import Sender, in_batches
from pricewatch.channels.graphql import Graph, Record, record, records, words, words_of
from pricewatch.channels.imports import ImportedRow, imported
from pricewatch.channels.shops.settings import ShopifySettings
from pricewatch.channels.shops.shop import Shop, bearer
from pricewatch.channels.shops.shopify_orders import LINES, ORDERS, order_lines
from pricewatch.domain.errors import ChannelRefused, ChannelUnavailable, ChannelUnknown, SetAside
from pricewatch.domain.listing import Desired, Listing, PushResult, PushStatus
from pricewatch.domain.money import Money, TaxRate
from pricewatch.domain.product import Product
from pricewatch.domain.sale import Sale

PAGE = 100
CATALOGUE_PAGE = 50
ORDER_PAGE = 10  # with 10 lines each: more may cost more points than one request is allowed
DEEPEST = 20_000  # objects behind one cursor; Shopify stops at 25,000
PATIENCE = 5.0  # seconds that a request waits by itself; longer, the whole channel does
ATTEMPTS = 5
_VARIANT = "gid://shopify/ProductVariant/"
_PRODUCT = "gid://shopify/Product/"
_PRICE = "id sku title price compareAtPrice taxable product { id title status onlineStoreUrl }"
_MORE = """barcode inventoryQuantity inventoryItem { tracked unitCost { amount currencyCode } }
  details: product { vendor productType description featuredMedia { preview { image { url } } } }"""
_SHOP = "shop { currencyCode taxesIncluded }"
_LIST = f"""query Variants($size: Int!, $after: String, $from: String) {{
  {_SHOP}
  productVariants(first: $size, after: $after, query: $from, sortKey: ID) {{
    nodes {{ {_PRICE} }} pageInfo {{ hasNextPage endCursor }}
  }}
}}"""
_CATALOGUE = _LIST.replace(_PRICE, f"{_PRICE} {_MORE}").replace("query Variants", "query Catalogue")
_READ = f"query Read($ids: [ID!]!) {{ {_SHOP} nodes(ids: $ids) {{ ... on ProductVariant {{ {_PRICE} }} }} }}"
_CHECK = f"query Shop {{ {_SHOP} }}"
_UPDATE = """mutation Prices($product: ID!, $variants: [ProductVariantsBulkInput!]!) {
  productVariantsBulkUpdate(productId: $product, variants: $variants, allowPartialUpdates: true) {
    productVariants { id price }
    userErrors { field code message }
  }
}"""


_CONTEXT = """contextual: contextualPricing(context: { country: %s }) {
    price { amount currencyCode } compareAtPrice { amount currencyCode }
  }"""
_FIX = """mutation Fix($list: ID!, $prices: [PriceListPriceInput!]!) {
  priceListFixedPricesAdd(priceListId: $list, prices: $prices) {
    prices { variant { id } price { amount currencyCode } }
    userErrors { field code message }
  }
}"""
_LISTS = "gid://shopify/PriceList/"


class Bucket:
    """The leaky bucket of points as the shop last told of it, and what each document was said to cost."""

    def __init__(self) -> None:
        self._available = 0.0
        self._rate = 0.0
        self._at = 0.0
        self._costs: dict[str, float] = {}

    async def turn(self, document: str) -> None:
        """Wait until the bucket should hold what the document costs."""
        if (wait := min(self._lacking(self._costs.get(document, 0.0)), PATIENCE)) > 0:
            await asyncio.sleep(wait)

    def note(self, document: str, answer: Record) -> float | None:
        """Keep what an answer says of the bucket; the seconds until this document fits into it again."""
        cost = record(record(answer.get("extensions")).get("cost"))
        state = record(cost.get("throttleStatus"))
        available, rate = _points(state.get("currentlyAvailable")), _points(state.get("restoreRate"))
        if available is None or not rate:
            return None
        self._available, self._rate, self._at = available, rate, time.monotonic()
        self._costs[document] = asked = _points(cost.get("requestedQueryCost")) or 0.0
        return max(asked - available, 0.0) / rate

    def _lacking(self, cost: float) -> float:
        if not self._rate:
            return 0.0
        now = self._available + (time.monotonic() - self._at) * self._rate
        return max(cost - now, 0.0) / self._rate


class Shopify(Shop[ShopifySettings]):
    """A Shopify shop as a channel; `remote_id` is `product/variant`, by their numbers."""

    announced = True

    def _prepare(self) -> None:
        self._fits = False
        self._market = self._settings.country
        self._bucket = Bucket()
        self._document = ""
        path = f"admin/api/{self._settings.version}/graphql.json"
        self._graph = Graph(self._api, self._name, path, watch=self._watch)

    def _signer(self) -> Sign:
        return bearer(self._settings.token.reveal, header="x-shopify-access-token", scheme="")

    def _words(self, body: bytes) -> str:
        return words(body)

    # --- reading ------------------------------------------------------------------------------------------------

    async def listings(self) -> AsyncIterator[Listing]:
        """All variants that have a SKU."""
        async for variant in self._variants(self._seen(_LIST), CATALOGUE_PAGE if self._market else PAGE):
            if variant.get("sku"):
                yield self._listing(variant)

    async def read(self, remote_ids: Sequence[str]) -> Sequence[Listing]:
        """Read back by id, up to 100 a request."""
        found: list[Listing] = []
        for batch in in_batches(list(remote_ids), CATALOGUE_PAGE if self._market else PAGE):
            ids = [f"{_VARIANT}{i.rpartition('/')[2]}" for i in batch]
            data = await self._ask(self._seen(_READ), {"ids": ids})
            nodes = data.get("nodes")
            if not isinstance(nodes, list) or len(nodes) != len(ids):
                raise self._graph.malformed("list of variants")
            self._check_all([node for node in nodes if node])
            listings = [self._listing(node) for node in nodes if node]
            found += [listing for listing in listings if listing.remote_id in batch]
        return found

    async def products(self) -> AsyncIterator[Product | SetAside]:
        """The shop's catalogue; VAT by the channel's `tax`, the price as a buyer pays it now."""
        async for variant in self._variants(self._seen(_CATALOGUE), CATALOGUE_PAGE):
            listing = self._listing(variant)
            row = self._row(variant, listing)
            yield imported(row, listing.payable, self._tax, self._currency, where=f"{self._name}: {row.remote}")

    async def sales(self, since: datetime) -> AsyncIterator[Sale | SetAside]:
        """Lines of orders in the channel's currency that were made or changed since then; pieces that came back below
        zero. Orders older than 60 days need the scope `read_all_orders`.
        """
        place: dict[str, Any] = {"from": _since(since), "after": None}
        done, more = 0, True
        while more:
            orders = record((await self._called(self._graph.ask, ORDERS, {"size": ORDER_PAGE, **place})).get("orders"))
            for order in records(orders.get("nodes")):
                if order.get("test") is not True and order.get("presentmentCurrencyCode") == self._currency.code:
                    async for lines in self._lines(order):
                        for line in order_lines(self._name, order, lines, self._currency):
                            yield line
                done, newest = done + 1, order.get("updatedAt")
            more = self._follow(record(orders.get("pageInfo")), place)
            if more and done >= DEEPEST:
                place, done = {"from": _since(datetime.fromisoformat(str(newest))), "after": None}, 0

    async def _lines(self, order: Record) -> AsyncIterator[Any]:
        lines, place = record(order.get("lineItems")), {"order": order.get("id"), "after": None}
        yield lines.get("nodes")
        while self._follow(record(lines.get("pageInfo")), place):
            answer = await self._called(self._graph.ask, LINES, place)
            lines = record(record(answer.get("order")).get("lineItems"))
            yield lines.get("nodes")

    def _follow(self, page: Record, place: dict[str, Any]) -> bool:
        """Go on to the next page, if there is one; raises ChannelUnavailable when a page comes again."""
        if not isinstance(page.get("hasNextPage"), bool):
            raise self._graph.malformed("list of orders")
        before, place["after"] = place["after"], page.get("endCursor")
        if page["hasNextPage"] and place["after"] in {None, before}:
            raise self._graph.malformed("list of orders: a page came again")
        return bool(page["hasNextPage"])

    async def _variants(self, document: str, size: int) -> AsyncIterator[Record]:
        """In the order of ids, by a cursor that starts anew before it gets too deep."""
        place: dict[str, str | None] = {"after": None, "from": None}
        done, more = 0, True
        while more:
            nodes, page = await self._page(document, {"size": size, **place})
            for node in nodes:
                yield node
            more = page.get("hasNextPage") is True and bool(nodes)
            done += len(nodes)
            before, place["after"] = place["after"], page.get("endCursor")
            if more and place["after"] == before:
                raise self._graph.malformed("list of variants: a page came again")
            if more and done >= DEEPEST:
                place, done = {"after": None, "from": f"id:>{_number(nodes[-1]['id'])}"}, 0

    async def _page(self, document: str, variables: Record) -> tuple[Sequence[Record], Record]:
        connection = record((await self._ask(document, variables)).get("productVariants"))
        nodes, page = connection.get("nodes"), connection.get("pageInfo")
        if not isinstance(nodes, list) or not isinstance(page, Mapping):
            raise self._graph.malformed("list of variants")
        self._check_all(nodes)
        return nodes, page

    def _check_all(self, nodes: Sequence[Any]) -> None:
        if not all(map(_is_variant, nodes)):
            raise self._graph.malformed("list of variants")

    def _seen(self, document: str) -> str:
        """A document that asks for prices as a buyer of the market's country sees them."""
        return document.replace(_PRICE, f"{_PRICE} {_CONTEXT % self._market}") if self._market else document

    def _amount(self, variant: Record, name: str) -> Money | None:
        """A price of a variant, in the shop or in the market."""
        if not self._market:
            return self._money(variant.get(name), _rate(variant, self._tax))
        money = record(record(variant.get("contextual")).get(name))
        if money and money.get("currencyCode") != self._currency.code:
            message = f"buyers in {self._market} pay in {money.get('currencyCode')}, not in {self._currency.code}"
            raise ChannelUnavailable(message, where=self._name, hint="set the channel's currency")
        return self._money(money.get("amount"), _rate(variant, self._tax))

    def _listing(self, variant: Record) -> Listing:
        product = record(variant.get("product"))
        payable, struck = self._amount(variant, "price"), self._amount(variant, "compareAtPrice")
        reduced = payable is not None and struck is not None and struck > payable
        title = str(variant.get("title") or "")
        parts = [str(product.get("title") or ""), "" if title == "Default Title" else title]
        remote = f"{_number(product['id'])}/{_number(variant['id'])}"
        self._taxes.note(remote, _rate(variant, self._tax), "it is not taxed there")
        return Listing(
            channel=self._name,
            remote_id=remote,
            sku=str(variant.get("sku") or ""),
            price=struck if reduced else payable,
            sale_price=payable if reduced else None,
            name=" ".join(filter(None, parts)),
            url=str(product.get("onlineStoreUrl") or ""),
            active=product.get("status") == "ACTIVE",
        )

    def _row(self, variant: Record, listing: Listing) -> ImportedRow:
        details, item = record(variant.get("details")), record(variant.get("inventoryItem"))
        cost = record(item.get("unitCost"))
        image = record(record(record(details.get("featuredMedia")).get("preview")).get("image"))
        return ImportedRow(
            remote=listing.remote_id,
            sku=listing.sku,
            name=listing.name,
            brand=str(details.get("vendor") or ""),
            gtin=str(variant.get("barcode") or ""),
            category=str(details.get("productType") or ""),
            cost=str(cost.get("amount") or "") if cost.get("currencyCode") == self._currency.code else "",
            stock=variant.get("inventoryQuantity") if item.get("tracked") is True else None,
            url=listing.url,
            image_url=str(image.get("url") or ""),
            description=str(details.get("description") or ""),
        )

    # --- writing ------------------------------------------------------------------------------------------------

    async def push(self, batch: Sequence[Desired]) -> Sequence[PushResult]:
        """Write prices, one request a product, or any together in a market; a struck price is shown while it is
        announced, and cleared otherwise.
        """
        if not self._fits:
            await self._ask(_CHECK, {})
        sender = Sender(self._send, atomic=bool(self._market))
        products: dict[str, list[Desired]] = defaultdict(list)
        for desired in batch:
            products["" if self._market else desired.remote_id.partition("/")[0]].append(desired)
        for variants in products.values():
            for part in in_batches(variants, self._capabilities.batch_size):
                await sender.send(part)
        return sender.results

    async def _send(self, part: Sequence[Desired]) -> Sequence[PushResult]:
        if self._market:
            return await self._fix(part)
        product = part[0].remote_id.partition("/")[0]
        variables = {"product": f"{_PRODUCT}{product}", "variants": [self._change(d) for d in part]}
        data = await self._called(self._graph.change, _UPDATE, variables)
        answer = data.get("productVariantsBulkUpdate")
        if not isinstance(answer, Mapping) or not isinstance(answer.get("userErrors"), list):
            raise ChannelUnknown("answered with something that is no result of a change", where=self._name)
        prices = {str(v.get("id")): v.get("price") for v in records(answer.get("productVariants"))}
        refused = _refusals(records(answer["userErrors"]), part, whole=not prices)
        return [refused.get(d.remote_id) or self._confirmed(d, prices.get(_variant_id(d))) for d in part]

    async def _fix(self, part: Sequence[Desired]) -> Sequence[PushResult]:
        """Fix prices in the market's price list."""
        prices = [self._fixed(desired) for desired in part]
        variables = {"list": f"{_LISTS}{self._settings.price_list}", "prices": prices}
        answer = (await self._called(self._graph.change, _FIX, variables)).get("priceListFixedPricesAdd")
        if not isinstance(answer, Mapping) or not isinstance(answer.get("userErrors"), list):
            raise ChannelUnknown("answered with something that is no result of a change", where=self._name)
        fixed = records(answer.get("prices"))
        said = {
            str(record(price.get("variant")).get("id")): record(price.get("price")).get("amount") for price in fixed
        }
        if answer["userErrors"] and not said:  # all or none
            raise ChannelRefused(words_of(records(answer["userErrors"])), where=self._name)
        return [self._confirmed(d, said.get(_variant_id(d))) for d in part]

    def _fixed(self, desired: Desired) -> Record:
        change = self._change(desired)
        money = {name: self._in_market(change[name]) for name in ("price", "compareAtPrice")}
        return {"variantId": change["id"], **money}

    def _in_market(self, amount: str | None) -> Record | None:
        return None if amount is None else {"amount": amount, "currencyCode": self._currency.code}

    def _change(self, desired: Desired) -> Record:
        prior = self._struck(desired)
        price = self._form.text(desired.price, desired.tax)
        struck = self._form.text(prior, desired.tax) if prior is not None else None
        return {"id": _variant_id(desired), "price": price, "compareAtPrice": struck}

    def _confirmed(self, desired: Desired, price: object) -> PushResult:
        return self._answered(desired, self._money(price, desired.tax))

    # --- asking -------------------------------------------------------------------------------------------------

    async def _ask(self, document: str, variables: Record) -> Record:
        data = await self._called(self._graph.ask, document, variables)
        self._check_shop(record(data.get("shop")))
        return data

    async def _called(
        self, call: Callable[[str, Record], Awaitable[Record]], document: str, variables: Record
    ) -> Record:
        """Call when the bucket has room; what was throttled was not done, and is called again after a short wait."""
        for _ in range(ATTEMPTS - 1):
            await self._bucket.turn(document)
            self._document = document
            try:
                return await call(document, variables)
            except ChannelUnavailable as error:
                if error.retry_after is None or error.retry_after > PATIENCE:
                    raise
                await asyncio.sleep(error.retry_after)
        return await call(document, variables)

    def _watch(self, answer: Record) -> float | None:
        return self._bucket.note(self._document, answer)

    def _check_shop(self, shop: Record) -> None:
        if not self._market and shop.get("currencyCode") != self._currency.code:
            message = f"the shop sells in {shop.get('currencyCode')}, not in {self._currency.code}"
            raise ChannelUnavailable(message, where=self._name, hint="set the channel's currency")
        if shop.get("taxesIncluded") is self._form.net:
            with_tax = "without tax" if not self._form.net else "with tax"
            message = f"the shop's prices are entered {with_tax}"
            hint = f"set net = {'false' if self._form.net else 'true'} on the channel"
            raise ChannelUnavailable(message, where=self._name, hint=hint)
        self._fits = True


def _rate(variant: Record, usual: TaxRate) -> TaxRate:
    return TaxRate(0) if variant.get("taxable") is False else usual


def _since(moment: datetime) -> str:
    return f"updated_at:>='{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}'"


def _is_variant(node: Any) -> bool:
    """Whether it has ids and a plain price; anything else is not believed."""
    product = record(node.get("product")) if isinstance(node, Mapping) else {}
    return (
        bool(_number(product.get("id"))) and bool(_number(node.get("id"))) and isinstance(node.get("price"), str | None)
    )


def _number(gid: object) -> str:
    """The number at the end of a global id."""
    number = gid.rpartition("/")[2] if isinstance(gid, str) else ""
    return number if number.isdecimal() else ""


def _variant_id(desired: Desired) -> str:
    return f"{_VARIANT}{desired.remote_id.rpartition('/')[2]}"


def _refusals(errors: Sequence[Record], part: Sequence[Desired], *, whole: bool) -> dict[str, PushResult]:
    """Which variants the errors name by their place; one that names none is about all, if none was changed."""
    said: dict[str, list[Record]] = defaultdict(list)
    for error in errors:
        place = _place(error.get("field"))
        if place is not None and place < len(part):
            said[part[place].remote_id].append(error)
        elif whole:
            for desired in part:
                said[desired.remote_id].append(error)
    return {remote: PushResult(remote, PushStatus.REFUSED, words_of(found)) for remote, found in said.items()}


def _place(field: object) -> int | None:
    """The number in a path such as ["variants", "0", "price"]."""
    if isinstance(field, list) and len(field) > 1 and field[0] == "variants" and str(field[1]).isdecimal():
        return int(field[1])
    return None


def _points(value: object) -> float | None:
    return float(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else None
