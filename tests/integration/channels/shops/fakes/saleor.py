"""A strict Saleor 3.21 API: channels, positive decimals, bulk changes by listing, and discounts worked out later."""

from __future__ import annotations

import base64
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any

from shop_fakes.graph import GraphServer, Refusal
from starlette.requests import Request

SCHEMA = """
scalar PositiveDecimal
enum ErrorPolicyEnum { IGNORE_FAILED REJECT_EVERYTHING REJECT_FAILED_ROWS }
enum ProductVariantBulkErrorCode { NOT_FOUND INVALID_PRICE NOT_PRODUCTS_VARIANT REQUIRED GRAPHQL_ERROR }
type Query {
  productVariants(
    ids: [ID!] channel: String before: String after: String first: Int last: Int
  ): ProductVariantCountableConnection
}
type Mutation {
  productVariantBulkUpdate(
    product: ID! variants: [ProductVariantBulkUpdateInput!]! errorPolicy: ErrorPolicyEnum
  ): ProductVariantBulkUpdate
}
type PageInfo { hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String endCursor: String }
type ProductVariantCountableConnection {
  pageInfo: PageInfo! edges: [ProductVariantCountableEdge!]! totalCount: Int
}
type ProductVariantCountableEdge { node: ProductVariant! cursor: String! }
type Money { currency: String! amount: Float! }
type TaxedMoney { currency: String! gross: Money! net: Money! tax: Money! }
type VariantPricingInfo {
  onSale: Boolean price: TaxedMoney priceUndiscounted: TaxedMoney pricePrior: TaxedMoney discount: TaxedMoney
}
type Channel { id: ID! slug: String! currencyCode: String! }
type ProductVariantChannelListing { id: ID! channel: Channel! price: Money costPrice: Money priorPrice: Money }
type ProductChannelListing { id: ID! channel: Channel! isPublished: Boolean! }
type Category { id: ID! name: String! }
type Image { url: String! }
type Attribute { id: ID! slug: String }
type AttributeValue { id: ID! name: String }
type SelectedAttribute { attribute: Attribute! values: [AttributeValue!]! }
type Stock { id: ID! quantity: Int! }
type Product {
  id: ID! name: String! description: String category: Category thumbnail(size: Int): Image
  attributes: [SelectedAttribute!]! channelListings: [ProductChannelListing!]
}
type ProductVariant {
  id: ID! sku: String name: String! product: Product! channelListings: [ProductVariantChannelListing!]
  pricing: VariantPricingInfo stocks: [Stock!]
}
input ChannelListingUpdateInput {
  channelListing: ID! price: PositiveDecimal costPrice: PositiveDecimal priorPrice: PositiveDecimal
}
input ProductVariantChannelListingAddInput { channelId: ID! price: PositiveDecimal! priorPrice: PositiveDecimal }
input ProductVariantChannelListingUpdateInput {
  create: [ProductVariantChannelListingAddInput!] update: [ChannelListingUpdateInput!] remove: [ID!]
}
input ProductVariantBulkUpdateInput {
  id: ID! sku: String name: String channelListings: ProductVariantChannelListingUpdateInput
}
type ProductVariantBulkError { field: String path: String message: String code: ProductVariantBulkErrorCode! }
type ProductVariantBulkResult { productVariant: ProductVariant errors: [ProductVariantBulkError!] }
type ProductVariantBulkUpdate {
  count: Int! results: [ProductVariantBulkResult!]! errors: [ProductVariantBulkError!]!
}
"""
TOKEN, CHANNEL = "saleor_secret", "default-channel"
MOST = 100


def gid(kind: str, number: int) -> str:
    """A global id."""
    return base64.b64encode(f"{kind}:{number}".encode()).decode()


def number_of(kind: str, text: str) -> int:
    """The number of a global id; anything else is refused."""
    try:
        found, _, number = base64.b64decode(text, validate=True).decode().partition(":")
        if found != kind:
            raise ValueError(text)
        return int(number)
    except ValueError as error:
        raise Refusal(f"Invalid ID: {text}. Expected: {kind}.", "GraphQLError") from error


@dataclass(frozen=True, slots=True)
class Variant:
    """A variant as it is stored in one channel; `off` is what a running promotion takes off, in percent."""

    number: int
    product: int
    sku: str
    price: Decimal
    prior: Decimal | None = None
    off: int = 0
    listed: bool = True


class SaleorFake(GraphServer):
    """The shop with one channel; `rights` are those of our app."""

    def __init__(self, *, with_tax: bool = True, currency: str = "PLN") -> None:
        super().__init__(SCHEMA, "/graphql/", scalars={"PositiveDecimal": _positive})
        self.variants: dict[int, Variant] = {}
        self.frozen: set[int] = set()
        self.rights = {"MANAGE_PRODUCTS"}
        self.with_tax, self.currency = with_tax, currency

    def fill(self, count: int, per_product: int = 5) -> None:
        """Hold so many variants at about 100.00."""
        price = Decimal("100.00") if self.with_tax else Decimal("81.30")
        for n in range(1, count + 1):
            self.variants[n] = Variant(n, (n - 1) // per_product + 1, f"S{n}", price)

    def gross(self, amount: Decimal) -> Decimal:
        """With tax at 23 %, rounded to the grosz."""
        return amount if self.with_tax else (amount * Decimal("1.23")).quantize(Decimal("0.01"), "ROUND_HALF_UP")

    def shown(self, number: int) -> Decimal:
        """What a buyer pays."""
        variant = self.variants[number]
        return self.gross((variant.price * (100 - variant.off) / 100).quantize(Decimal("0.01")))

    def roots(self, request: Request) -> dict[str, Any]:
        """Resolvers of one request."""
        return {
            "productVariants": lambda _info, **args: self._list(request, args),
            "productVariantBulkUpdate": lambda _info, **args: self._update(request, args),
        }

    def _may(self, request: Request) -> None:
        known = request.headers.get("authorization") == f"Bearer {TOKEN}"
        if not known or "MANAGE_PRODUCTS" not in self.rights:
            words = "To access this path, you need one of the following permissions: MANAGE_PRODUCTS"
            raise Refusal(words, "", exception={"code": "PermissionDenied", "stacktrace": []})

    def _list(self, request: Request, args: dict[str, Any]) -> dict[str, Any]:
        self._may(request)
        if not 0 < args.get("first", 0) <= MOST:
            raise Refusal(f"Requesting {args.get('first')} records exceeds the `first` limit of 100.", "GraphQLError")
        ids = args.get("ids")
        wanted = None if ids is None else {number_of("ProductVariant", i) for i in ids}
        found = [v for n, v in sorted(self.variants.items()) if wanted is None or n in wanted]
        start = int(args.get("after") or 0)
        page = found[start : start + args["first"]]
        end = start + len(page)
        edges = [{"node": self._told(v), "cursor": str(v.number)} for v in page]
        info = {"hasNextPage": end < len(found), "hasPreviousPage": start > 0, "endCursor": str(end)}
        return {"edges": edges, "totalCount": len(found), "pageInfo": info}

    def _update(self, request: Request, args: dict[str, Any]) -> dict[str, Any]:
        self._may(request)
        product = number_of("Product", args["product"])
        if product not in {v.product for v in self.variants.values()}:
            error = {"code": "NOT_FOUND", "field": "product", "message": f"Couldn't resolve to a node: {product}"}
            return {"count": 0, "results": [], "errors": [error]}
        faults = [self._fault(change, product) for change in args["variants"]]
        policy = args.get("errorPolicy") or "REJECT_EVERYTHING"
        hold = policy == "REJECT_EVERYTHING" and any(faults)
        results = []
        for change, fault in zip(args["variants"], faults, strict=True):
            variant = None if fault or hold else self._apply(change)
            results.append({"productVariant": variant and self._told(variant), "errors": [fault] if fault else None})
        return {"count": sum(r["productVariant"] is not None for r in results), "results": results, "errors": []}

    def _fault(self, change: dict[str, Any], product: int) -> dict[str, Any] | None:
        def error(code: str, message: str) -> dict[str, Any]:
            return {"code": code, "message": message, "field": "price", "path": "channelListings.update.0.price"}

        variant = self.variants.get(number_of("ProductVariant", change["id"]))
        if variant is None or variant.product != product:
            return error("NOT_PRODUCTS_VARIANT", "Variant is not part of the product.")
        for update in (change.get("channelListings") or {}).get("update") or ():
            if number_of("ProductVariantChannelListing", update["channelListing"]) != variant.number:
                return error("NOT_FOUND", "Channel listing was not found.")
            for name in ("price", "priorPrice"):
                amount = update.get(name)
                if amount is not None and amount != amount.quantize(Decimal("0.01")):
                    return error("INVALID_PRICE", "Value cannot have more than 2 decimal places.")
        return error("INVALID_PRICE", "Price is locked.") if variant.number in self.frozen else None

    def _apply(self, change: dict[str, Any]) -> Variant:
        variant = self.variants[number_of("ProductVariant", change["id"])]
        for update in (change.get("channelListings") or {}).get("update") or ():
            variant = replace(variant, price=update.get("price", variant.price))
            if "priorPrice" in update:
                variant = replace(variant, prior=update["priorPrice"])
        self.variants[variant.number] = variant
        return variant

    def _told(self, variant: Variant) -> dict[str, Any]:
        channel = {"id": gid("Channel", 1), "slug": CHANNEL, "currencyCode": self.currency}
        listing = {
            "id": gid("ProductVariantChannelListing", variant.number),
            "channel": channel,
            "price": self._money(variant.price),
            "priorPrice": None if variant.prior is None else self._money(variant.prior),
        }
        brand = {"attribute": {"id": gid("Attribute", 1), "slug": "brand"}, "values": [{"id": "1", "name": "Bosch"}]}
        product = {
            "id": gid("Product", variant.product),
            "name": f"Item {variant.product}",
            "category": {"id": gid("Category", 1), "name": "Tools"},
            "thumbnail": {"url": "https://shop.example/a.jpg"},
            "attributes": [brand],
            "channelListings": [{"id": gid("ProductChannelListing", 1), "channel": channel, "isPublished": True}],
        }
        shown = {"price": self.shown(variant.number), "priceUndiscounted": self.gross(variant.price)}
        pricing = {name: {"gross": self._money(amount)} for name, amount in shown.items()}
        return {
            "id": gid("ProductVariant", variant.number),
            "sku": variant.sku,
            "name": f"V{variant.number}",
            "product": product,
            "channelListings": [listing] if variant.listed else [],
            "pricing": pricing if variant.listed else None,
            "stocks": [{"id": "1", "quantity": 3}, {"id": "2", "quantity": 4}],
        }

    def _money(self, amount: Decimal) -> dict[str, Any]:
        return {"amount": float(amount), "currency": self.currency}


def _positive(value: Any) -> Decimal:
    """A decimal that is not negative, as text or number."""
    try:
        amount = Decimal(str(value))
    except InvalidOperation as error:
        raise Refusal(f"Value cannot be represented as a decimal: {value!r}", "GraphQLError") from error
    if not amount.is_finite() or amount < 0:
        raise Refusal("Value cannot be lower than 0.", "GraphQLError")
    return amount
