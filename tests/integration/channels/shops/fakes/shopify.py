"""A strict Shopify Admin API: scopes, versions, the leaky bucket of points, and refusals with status 200."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, replace
from typing import Any

from shop_fakes.graph import GraphServer, Refusal
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

SCHEMA = """
scalar Money
scalar Decimal
scalar URL
enum CurrencyCode { PLN EUR }
enum ProductStatus { ACTIVE ARCHIVED DRAFT }
enum ProductVariantSortKeys { ID SKU TITLE }
interface Node { id: ID! }
type Query {
  shop: Shop!
  nodes(ids: [ID!]!): [Node]!
  productVariants(
    first: Int after: String last: Int before: String reverse: Boolean sortKey: ProductVariantSortKeys query: String
  ): ProductVariantConnection!
  orders(
    first: Int after: String last: Int before: String reverse: Boolean sortKey: OrderSortKeys query: String
  ): OrderConnection!
  order(id: ID!): Order
}
type Mutation {
  productVariantsBulkUpdate(
    productId: ID! variants: [ProductVariantsBulkInput!]! allowPartialUpdates: Boolean = false
  ): ProductVariantsBulkUpdatePayload
  priceListFixedPricesAdd(priceListId: ID! prices: [PriceListPriceInput!]!): PriceListFixedPricesAddPayload
}
type Shop { id: ID! currencyCode: CurrencyCode! taxesIncluded: Boolean! }
type PageInfo { hasNextPage: Boolean! endCursor: String }
type MoneyV2 { amount: Decimal! currencyCode: CurrencyCode! }
type InventoryItem { id: ID! tracked: Boolean! unitCost: MoneyV2 }
type Image { url: URL! }
type MediaPreviewImage { image: Image }
type Media { preview: MediaPreviewImage }
type Product implements Node {
  id: ID! title: String! status: ProductStatus! onlineStoreUrl: URL vendor: String! productType: String!
  description(truncateAt: Int): String! featuredMedia: Media
}
type ProductVariant implements Node {
  id: ID! sku: String title: String! price: Money! compareAtPrice: Money barcode: String inventoryQuantity: Int
  inventoryItem: InventoryItem! product: Product! taxable: Boolean!
  contextualPricing(context: ContextualPricingContext!): ProductVariantContextualPricing!
}
enum CountryCode { PL DE }
input ContextualPricingContext { country: CountryCode }
type ProductVariantContextualPricing { price: MoneyV2! compareAtPrice: MoneyV2 }
input MoneyInput { amount: Decimal! currencyCode: CurrencyCode! }
input PriceListPriceInput { variantId: ID! price: MoneyInput! compareAtPrice: MoneyInput }
type PriceListPrice { variant: ProductVariant! price: MoneyV2! compareAtPrice: MoneyV2 }
type PriceListPriceUserError { code: String field: [String!] message: String! }
type PriceListFixedPricesAddPayload { prices: [PriceListPrice!] userErrors: [PriceListPriceUserError!]! }
scalar DateTime
enum OrderSortKeys { CREATED_AT ID UPDATED_AT }
type OrderConnection { nodes: [Order!]! pageInfo: PageInfo! }
type Order implements Node {
  id: ID! name: String! createdAt: DateTime! updatedAt: DateTime! cancelledAt: DateTime test: Boolean!
  taxesIncluded: Boolean! currencyCode: CurrencyCode! presentmentCurrencyCode: CurrencyCode!
  lineItems(first: Int after: String last: Int before: String reverse: Boolean): LineItemConnection!
}
type LineItemConnection { nodes: [LineItem!]! pageInfo: PageInfo! }
type MoneyBag { presentmentMoney: MoneyV2! shopMoney: MoneyV2! }
type TaxLine { title: String! rate: Float ratePercentage: Float priceSet: MoneyBag! }
type LineItem implements Node {
  id: ID! sku: String quantity: Int! currentQuantity: Int! taxLines(first: Int): [TaxLine!]!
  originalUnitPriceSet: MoneyBag! discountedUnitPriceAfterAllDiscountsSet: MoneyBag!
}
type ProductVariantConnection { nodes: [ProductVariant!]! pageInfo: PageInfo! }
input ProductVariantsBulkInput { id: ID price: Money compareAtPrice: Money barcode: String }
enum ProductVariantsBulkUpdateUserErrorCode {
  PRODUCT_DOES_NOT_EXIST PRODUCT_VARIANT_DOES_NOT_EXIST PRODUCT_VARIANT_ID_MISSING NEGATIVE_PRICE_VALUE INVALID_INPUT
  GREATER_THAN_OR_EQUAL_TO
}
type ProductVariantsBulkUpdateUserError {
  code: ProductVariantsBulkUpdateUserErrorCode field: [String!] message: String!
}
type ProductVariantsBulkUpdatePayload {
  product: Product productVariants: [ProductVariant!] userErrors: [ProductVariantsBulkUpdateUserError!]!
}
"""
VERSION, TOKEN = "2026-10", "shpat_secret"
MOST_INPUT, MOST_DEEP, DEAREST = 250, 25_000, 1000
VARIANT, PRODUCT = "gid://shopify/ProductVariant/", "gid://shopify/Product/"


@dataclass(frozen=True, slots=True)
class Variant:
    """A variant as it is stored; prices are text with two decimals."""

    number: int
    product: int
    sku: str
    price: str
    struck: str | None = None
    title: str = "Default Title"
    taxable: bool = True


class ShopifyFake(GraphServer):
    """The shop; `bucket` points are restored at `rate` a second."""

    def __init__(
        self, *, taxes_included: bool = True, currency: str = "PLN", bucket: float = 1e9, rate: float = 1e9
    ) -> None:
        path = f"/admin/api/{VERSION}/graphql.json"
        super().__init__(SCHEMA, path, scalars={"Money": _money}, invalid_status=200)
        self.variants: dict[int, Variant] = {}
        self.frozen: set[int] = set()
        self.orders: list[dict[str, Any]] = []
        self.fixed: dict[int, tuple[str, str | None]] = {}
        self.scopes = {"read_products", "write_products"}
        self.taxes_included, self.currency = taxes_included, currency
        self.bucket, self.rate, self.most = bucket, rate, bucket
        self.throttled = 0
        self._at = time.monotonic()
        self._cost = 0.0

    def fill(self, count: int, per_product: int = 5) -> None:
        """Hold so many variants at about 100.00."""
        price = "100.00" if self.taxes_included else "81.30"
        for n in range(1, count + 1):
            self.variants[n] = Variant(n, (n - 1) // per_product + 1, f"S{n}", price)

    def guard(self, request: Request) -> Response | None:
        """A wrong token is 401, with plain text in `errors`."""
        if request.headers.get("x-shopify-access-token") != TOKEN:
            words = "[API] Invalid API key or access token (unrecognized login or wrong password)"
            return JSONResponse({"errors": words}, 401)
        return None

    def roots(self, request: Request) -> dict[str, Any]:
        """Resolvers of one request; what it costs is taken from the bucket first."""
        document, variables = self.requests[-1]
        self._cost = _cost(document, variables)
        if self._cost > DEAREST:
            return dict.fromkeys(_ROOTS, _refuse(f"Query cost is {self._cost}", "MAX_COST_EXCEEDED"))
        now = time.monotonic()
        self.bucket, self._at = min(self.bucket + (now - self._at) * self.rate, self.most), now
        if self._cost > self.bucket:
            self.throttled += 1
            return dict.fromkeys(_ROOTS, _refuse("Throttled", "THROTTLED"))
        self.bucket -= self._cost
        return {
            "shop": lambda _info: self._shop(),
            "nodes": lambda _info, ids: self._nodes(ids),
            "productVariants": lambda _info, **args: self._list(args),
            "orders": lambda _info, **args: self._orders(args),
            "order": lambda _info, id: self._order(id),  # noqa: A006 - the schema's own word
            "productVariantsBulkUpdate": lambda _info, **args: self._update(args),
            "priceListFixedPricesAdd": lambda _info, **args: self._fix(args),
        }

    def answered(self, answer: dict[str, Any], document: str) -> dict[str, Any]:
        """Every answer tells of the bucket; a throttled one has no data."""
        codes = {e["extensions"]["code"] for e in answer.get("errors", ())}
        if "THROTTLED" in codes:
            answer = {"errors": answer["errors"][:1]}
        state = {"maximumAvailable": self.most, "currentlyAvailable": self.bucket, "restoreRate": self.rate}
        actual = None if "THROTTLED" in codes else self._cost
        cost = {"requestedQueryCost": self._cost, "actualQueryCost": actual, "throttleStatus": state}
        return {**answer, "extensions": {"cost": cost}}

    def _shop(self) -> dict[str, Any]:
        return {"id": "gid://shopify/Shop/1", "currencyCode": self.currency, "taxesIncluded": self.taxes_included}

    def _may(self, scope: str, what: str) -> None:
        if scope not in self.scopes:
            raise Refusal(f"Access denied for {what} field. Required access: `{scope}` access scope.", "ACCESS_DENIED")

    def _nodes(self, ids: list[str]) -> list[dict[str, Any] | None]:
        self._may("read_products", "nodes")
        if len(ids) > MOST_INPUT:
            raise Refusal(f"The input array size of {len(ids)} is greater than the maximum", "MAX_INPUT_SIZE_EXCEEDED")
        found = [self.variants.get(int(gid.rpartition("/")[2])) for gid in ids]
        return [None if variant is None else self._told_of(variant) for variant in found]

    def _list(self, args: dict[str, Any]) -> dict[str, Any]:
        self._may("read_products", "productVariants")
        start = int(args.get("after") or 0)
        if start + args["first"] > MOST_DEEP:
            raise Refusal("Pagination is limited to 25000 objects", "BAD_REQUEST")
        least = int((args.get("query") or "id:>0").removeprefix("id:>"))
        ordered = sorted(v for v in self.variants if v > least)
        page = ordered[start : start + args["first"]]
        end = start + len(page)
        nodes = [self._told_of(self.variants[n]) for n in page]
        return {"nodes": nodes, "pageInfo": {"hasNextPage": end < len(ordered), "endCursor": str(end)}}

    def _orders(self, args: dict[str, Any]) -> dict[str, Any]:
        """By the time of their last change, from the one that the query names on."""
        self._may("read_orders", "orders")
        found = re.fullmatch(r"updated_at:>='(.+)'", args["query"])
        if found is None or args["sortKey"] != "UPDATED_AT":
            raise Refusal("this shop was asked in another way", "BAD_REQUEST")
        known = sorted((o for o in self.orders if o["updatedAt"] >= found[1]), key=lambda o: str(o["updatedAt"]))
        return _paged([self._with_lines(order) for order in known], args)

    def _order(self, gid: str) -> dict[str, Any] | None:
        self._may("read_orders", "order")
        return next((self._with_lines(order) for order in self.orders if order["id"] == gid), None)

    def _with_lines(self, order: dict[str, Any]) -> dict[str, Any]:
        return {**order, "lineItems": lambda _info, **args: _paged(order["lines"], args)}

    def _update(self, args: dict[str, Any]) -> dict[str, Any]:
        self._may("write_products", "productVariantsBulkUpdate")
        if len(args["variants"]) > MOST_INPUT:
            raise Refusal("The input array size is greater than the maximum allowed of 250", "MAX_INPUT_SIZE_EXCEEDED")
        product = int(args["productId"].rpartition("/")[2])
        if product not in {v.product for v in self.variants.values()}:
            error = {"code": "PRODUCT_DOES_NOT_EXIST", "field": ["productId"], "message": "Product does not exist"}
            return {"product": None, "productVariants": None, "userErrors": [error]}
        errors = [e for n, change in enumerate(args["variants"]) if (e := self._fault(n, change, product))]
        bad = {int(e["field"][1]) for e in errors}
        good = [c for n, c in enumerate(args["variants"]) if n not in bad]
        if errors and not args["allowPartialUpdates"]:
            return {"product": None, "productVariants": None, "userErrors": errors}
        changed = [self._apply(change) for change in good]
        return {"product": None, "productVariants": [self._told_of(v) for v in changed], "userErrors": errors}

    def _fix(self, args: dict[str, Any]) -> dict[str, Any]:
        """Fixed prices of the price list 7, in EUR; one that cannot be fixes none."""
        self._may("write_products", "priceListFixedPricesAdd")
        if len(args["prices"]) > MOST_INPUT:
            raise Refusal("The input array size is greater than the maximum allowed of 250", "MAX_INPUT_SIZE_EXCEEDED")
        errors = [
            e for n, change in enumerate(args["prices"]) if (e := self._unfixable(n, change, args["priceListId"]))
        ]
        if errors:
            return {"prices": [], "userErrors": errors}
        for change in args["prices"]:
            struck = change.get("compareAtPrice")
            number = int(change["variantId"].rpartition("/")[2])
            self.fixed[number] = (change["price"]["amount"], struck["amount"] if struck else None)
        told = [self._told_of(self.variants[int(c["variantId"].rpartition("/")[2])]) for c in args["prices"]]
        return {"prices": [{"variant": v, **self._in_market(v)} for v in told], "userErrors": []}

    def _unfixable(self, place: int, change: dict[str, Any], price_list: str) -> dict[str, Any] | None:
        number, field, words = int(change["variantId"].rpartition("/")[2]), ["prices", str(place)], ""
        if price_list != "gid://shopify/PriceList/7":
            field, words = ["priceListId"], "Price list does not exist"
        elif number not in self.variants:
            words = "The specified variant ID does not exist"
        elif change["price"]["currencyCode"] != "EUR":
            words = "The specified currency does not match the price list's currency"
        elif number in self.frozen:
            words = "Price is locked by an app"
        return {"code": "INVALID", "field": field, "message": words} if words else None

    def _in_market(self, told: dict[str, Any]) -> dict[str, Any]:
        """What a buyer in Germany sees: the fixed price, or a quarter of the shop's."""
        fixed = self.fixed.get(int(told["id"].rpartition("/")[2]), ("25.00", None))
        price, struck = ({"amount": a, "currencyCode": "EUR"} if a is not None else None for a in fixed)
        return {"price": price, "compareAtPrice": struck}

    def _fault(self, place: int, change: dict[str, Any], product: int) -> dict[str, Any] | None:
        number = int(change["id"].rpartition("/")[2]) if change.get("id") else 0
        variant = self.variants.get(number)

        def error(code: str, field: str, message: str) -> dict[str, Any]:
            return {"code": code, "field": ["variants", str(place), field], "message": message}

        if variant is None or variant.product != product:
            return error("PRODUCT_VARIANT_DOES_NOT_EXIST", "id", "Product variant does not exist")
        if change.get("price", "").startswith("-"):
            return error("GREATER_THAN_OR_EQUAL_TO", "price", "Price must be greater than or equal to 0")
        return error("INVALID_INPUT", "price", "Price is locked by an app") if number in self.frozen else None

    def _apply(self, change: dict[str, Any]) -> Variant:
        number = int(change["id"].rpartition("/")[2])
        variant = replace(self.variants[number], price=change.get("price", self.variants[number].price))
        if "compareAtPrice" in change:
            variant = replace(variant, struck=change["compareAtPrice"])
        self.variants[number] = variant
        return variant

    def _told_of(self, variant: Variant) -> dict[str, Any]:
        image = {"preview": {"image": {"url": "https://shop.example/a.jpg"}}}
        product = {
            "__typename": "Product",
            "id": f"{PRODUCT}{variant.product}",
            "title": f"Item {variant.product}",
            "status": "ACTIVE",
            "onlineStoreUrl": f"https://shop.example/products/{variant.product}",
            "vendor": "Bosch",
            "productType": "Tools",
            "description": "Good",
            "featuredMedia": image,
        }
        cost = {"amount": "61.50", "currencyCode": self.currency}
        return {
            "__typename": "ProductVariant",
            "id": f"{VARIANT}{variant.number}",
            "sku": variant.sku,
            "title": variant.title,
            "price": variant.price,
            "compareAtPrice": variant.struck,
            "taxable": variant.taxable,
            "barcode": "5901234123457",
            "inventoryQuantity": 4,
            "inventoryItem": {"id": "gid://shopify/InventoryItem/1", "tracked": True, "unitCost": cost},
            "product": product,
            "contextualPricing": lambda _info, **_args: self._in_market({"id": f"{VARIANT}{variant.number}"}),
        }


def _paged(known: list[dict[str, Any]], args: dict[str, Any]) -> dict[str, Any]:
    start = int(args.get("after") or 0)
    end = start + args["first"]
    return {"nodes": known[start:end], "pageInfo": {"hasNextPage": end < len(known), "endCursor": str(end)}}


_ROOTS = ("shop", "nodes", "productVariants", "orders", "order", "productVariantsBulkUpdate", "priceListFixedPricesAdd")


def _refuse(message: str, code: str) -> Any:
    def refuse(_info: Any, **_args: Any) -> None:
        raise Refusal(message, code)

    return refuse


def _cost(document: str, variables: Any) -> float:
    """Objects cost 1, a mutation 10, a connection its objects; about what Shopify's own rules make of it."""
    objects = document.count("{") - 2
    if document.startswith("mutation"):
        return 10
    return 2 + objects * max(variables.get("size", 0), len(variables.get("ids", ())))


def _money(value: Any) -> str:
    """Money is a decimal as text, without a currency."""
    if not isinstance(value, str) or not re.fullmatch(r"-?\d+(\.\d{1,2})?", value):
        raise Refusal(f"Variable of type Money was provided invalid value {value!r}", "INVALID_VARIABLE")
    return value
