"""A strict Vendure 3 Admin API: one channel, integer minor units, batches that are one transaction."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from shop_fakes.graph import GraphServer, Refusal
from starlette.requests import Request

SCHEMA = """
scalar Money
enum CurrencyCode { PLN EUR CZK }
enum SortOrder { ASC DESC }
type Query {
  productVariants(options: ProductVariantListOptions, productId: ID): ProductVariantList!
  search(input: SearchInput!): SearchResponse!
  activeChannel: Channel!
}
type Channel { id: ID! code: String! pricesIncludeTax: Boolean! defaultCurrencyCode: CurrencyCode! }
input SearchInput { term: String take: Int skip: Int groupByProduct: Boolean }
type SinglePrice { value: Money! }
type SearchResult { sku: String! productVariantId: ID! priceWithTax: SinglePrice! currencyCode: CurrencyCode! }
type SearchResponse { items: [SearchResult!]! totalItems: Int! }
type Mutation {
  updateProductVariants(input: [UpdateProductVariantInput!]!): [ProductVariant]!
  login(username: String!, password: String!, rememberMe: Boolean): NativeAuthenticationResult!
}
input IDOperators { eq: String notEq: String in: [String!] notIn: [String!] isNull: Boolean }
input StringOperators { eq: String in: [String!] contains: String }
input ProductVariantFilterParameter { id: IDOperators sku: StringOperators }
input ProductVariantSortParameter { id: SortOrder sku: SortOrder price: SortOrder }
input ProductVariantListOptions {
  skip: Int take: Int sort: ProductVariantSortParameter filter: ProductVariantFilterParameter
}
input UpdateProductVariantPriceInput { currencyCode: CurrencyCode! price: Money! delete: Boolean }
input UpdateProductVariantInput {
  id: ID! enabled: Boolean sku: String price: Money prices: [UpdateProductVariantPriceInput!] stockOnHand: Int
  stockLevels: [StockLevelInput!] trackInventory: GlobalFlag
}
enum GlobalFlag { TRUE FALSE INHERIT }
input StockLevelInput { stockLocationId: ID! stockOnHand: Int! }
type ProductVariantList { items: [ProductVariant!]! totalItems: Int! }
type TaxRate { id: ID! name: String! value: Float! }
type StockLevel { id: ID! stockLocationId: ID! stockOnHand: Int! stockAllocated: Int! }
type Asset { id: ID! preview: String! }
type Facet { id: ID! code: String! }
type FacetValue { id: ID! name: String! facet: Facet! }
type Product {
  id: ID! name: String! slug: String! description: String! enabled: Boolean! featuredAsset: Asset
  facetValues: [FacetValue!]!
}
type ProductVariantPrice { currencyCode: CurrencyCode! price: Money! }
type ProductVariant {
  id: ID! enabled: Boolean! sku: String! name: String! price: Money! priceWithTax: Money! currencyCode: CurrencyCode!
  prices: [ProductVariantPrice!]! taxRateApplied: TaxRate! trackInventory: GlobalFlag!
  stockLevels: [StockLevel!]! featuredAsset: Asset
  product: Product!
}
interface ErrorResult { errorCode: String! message: String! }
type CurrentUser { id: ID! identifier: String! }
type InvalidCredentialsError implements ErrorResult { errorCode: String! message: String! authenticationError: String! }
union NativeAuthenticationResult = CurrentUser | InvalidCredentialsError
"""
KEY, USER, PASSWORD, SESSION, CHANNEL = "key_secret", "superadmin", "pass_secret", "session_secret", "channel_secret"
MOST = 1000  # adminListQueryLimit


@dataclass(frozen=True, slots=True)
class Variant:
    """A variant as it is stored: `price` in minor units, net or gross as the channel's pricesIncludeTax says."""

    id: str
    sku: str
    price: int
    enabled: bool = True
    rate: int = 23
    stock: int = 5
    priced: bool = True  # in the channel's currency


class VendureFake(GraphServer):
    """The shop; `variants` is the truth, `edit` changes it behind everybody's back; the search index lags behind until
    somebody lets it `catch_up`.
    """

    def __init__(self, *, includes_tax: bool = True, currency: str = "PLN", api_keys: bool = True) -> None:
        super().__init__(SCHEMA, "/admin-api", scalars={"Money": _money})
        self.variants: dict[str, Variant] = {}
        self.frozen: set[str] = set()
        self.includes_tax = includes_tax
        self.currency = currency
        self.api_keys = api_keys
        self._token = ""
        self._index: dict[str, int] = {}

    def fill(self, count: int) -> None:
        """Hold so many variants at about 100.00."""
        self.variants = {str(n): Variant(str(n), f"S{n}", 10_000) for n in range(1, count + 1)}
        self.catch_up()

    def catch_up(self) -> None:
        """The job that keeps the search index has run."""
        self._index = {number: self.shown(number) for number in self.variants}

    def shown(self, number: str) -> int:
        """What a buyer pays, in minor units."""
        variant = self.variants[number]
        if self.includes_tax:
            return variant.price
        return (variant.price * (100 + variant.rate) * 10 + 500) // 1000

    def edit(self, number: str, shown: int) -> None:
        """Somebody sets what a buyer pays."""
        price = shown if self.includes_tax else round(shown * 100 / (100 + self.variants[number].rate))
        self.variants[number] = replace(self.variants[number], price=price)

    # --- requests -----------------------------------------------------------------------------------------------

    def roots(self, request: Request) -> dict[str, Any]:
        """Resolvers of one request."""
        self._token = ""
        return {
            "search": lambda _info, **_args: self._search(request),
            "productVariants": lambda _info, **args: self._list(request, args),
            "updateProductVariants": lambda _info, **args: self._update(request, args),
            "activeChannel": lambda _info: self._channel(request),
            "login": lambda _info, **args: self._login(args),
        }

    def headers(self) -> dict[str, str]:
        """A log-in hands its token out in a header."""
        return {"vendure-auth-token": self._token} if self._token else {}

    def _login(self, args: dict[str, Any]) -> dict[str, Any]:
        if (args["username"], args["password"]) != (USER, PASSWORD):
            message = "The provided credentials are invalid"
            code = "INVALID_CREDENTIALS_ERROR"
            names = {"__typename": "InvalidCredentialsError", "authenticationError": ""}
            return {**names, "errorCode": code, "message": message}
        self._token = SESSION
        return {"__typename": "CurrentUser", "id": "1", "identifier": USER}

    def _may(self, request: Request) -> None:
        by_key = self.api_keys and request.headers.get("vendure-api-key") == KEY
        if not by_key and request.headers.get("authorization") != f"Bearer {SESSION}":
            raise Refusal("You are not currently authorized to perform this action", "FORBIDDEN")
        if request.headers.get("vendure-token", CHANNEL) != CHANNEL:
            raise Refusal("No Channel with the token could be found", "CHANNEL_NOT_FOUND")
        asked = request.query_params.get("currencyCode", self.currency)
        if asked != self.currency:
            raise Refusal(f"The currency {asked} is not available in the current Channel", "USER_INPUT_ERROR")

    def _channel(self, request: Request) -> dict[str, Any]:
        self._may(request)
        told = {"id": "1", "code": "__default_channel__", "defaultCurrencyCode": self.currency}
        return {**told, "pricesIncludeTax": self.includes_tax}

    def _list(self, request: Request, args: dict[str, Any]) -> dict[str, Any]:
        self._may(request)
        options = args.get("options") or {}
        skip, take = options.get("skip", 0), options.get("take", MOST)
        if take > MOST:
            raise Refusal(f"Cannot take more than {MOST} results from a list query", "USER_INPUT_ERROR")
        wanted = options.get("filter", {}).get("id", {}).get("in")
        found = [v for v in self.variants.values() if wanted is None or v.id in wanted]
        return {"items": [self._told(v) for v in found[skip : skip + take]], "totalItems": len(found)}

    def _search(self, request: Request) -> dict[str, Any]:
        self._may(request)
        items = [
            {
                "sku": self.variants[number].sku,
                "productVariantId": number,
                "priceWithTax": {"value": shown},
                "currencyCode": self.currency,
            }
            for number, shown in self._index.items()
        ]
        return {"items": items, "totalItems": len(items)}

    def _update(self, request: Request, args: dict[str, Any]) -> list[dict[str, Any]]:
        """One transaction: what goes wrong with one variant undoes them all."""
        self._may(request)
        changed = dict(self.variants)
        for change in args["input"]:
            if change["id"] not in changed:
                message = f'No ProductVariant with the id "{change["id"]}" could be found'
                raise Refusal(message, "ENTITY_NOT_FOUND")
            if change["id"] in self.frozen:
                raise Refusal("The price of this variant is locked", "USER_INPUT_ERROR")
            for level in change.get("stockLevels", []):
                if level["stockLocationId"] != "1":
                    raise Refusal("No StockLocation with that id could be found", "ENTITY_NOT_FOUND")
                changed[change["id"]] = replace(changed[change["id"]], stock=level["stockOnHand"])
            prices = [change["price"]] if "price" in change else []
            for entry in change.get("prices", []):
                if entry["currencyCode"] != self.currency:
                    raise Refusal("The currency is not available in the current Channel", "USER_INPUT_ERROR")
                prices.append(entry["price"])
            for price in prices:
                changed[change["id"]] = replace(changed[change["id"]], price=price, priced=True)
        self.variants = changed
        return [self._told(changed[change["id"]]) for change in args["input"]]

    def _told(self, variant: Variant) -> dict[str, Any]:
        net = variant.price if not self.includes_tax else round(variant.price * 100 / (100 + variant.rate))
        facet = {"id": "1", "name": "Bosch", "facet": {"id": "1", "code": "brand"}}
        image = {"id": "1", "preview": "https://shop.example/a.jpg"}
        product = {"id": variant.id, "name": f"Item {variant.id}", "slug": "item", "description": "<p>Good</p>"}

        def priced(value: Any) -> Any:
            """The amounts of one without a price in the currency end the whole answer, as any internal error does."""
            return value if variant.priced else _missing(variant)

        return {
            "id": variant.id,
            "sku": variant.sku,
            "name": f"Item {variant.id}",
            "enabled": variant.enabled,
            "currencyCode": priced(self.currency),
            "price": priced(net),
            "priceWithTax": priced(self.shown(variant.id) if variant.id in self.variants else net),
            "prices": [{"currencyCode": self.currency, "price": variant.price}] if variant.priced else [],
            "taxRateApplied": {"id": "1", "name": "VAT", "value": variant.rate},
            "trackInventory": "INHERIT",
            "stockLevels": [{"id": "1", "stockLocationId": "1", "stockOnHand": variant.stock, "stockAllocated": 0}],
            "featuredAsset": None,
            "product": {**product, "enabled": True, "featuredAsset": image, "facetValues": [facet]},
        }


def _missing(variant: Variant) -> Refusal:
    said = f'No price information was found for ProductVariant ID "{variant.id}" in the Channel "__default_channel__".'
    return Refusal(said, "INTERNAL_SERVER_ERROR")


def _money(value: Any) -> int:
    """Money is a whole number of minor units; negative ones and zero are taken."""
    if type(value) is not int:
        raise Refusal(f"Int cannot represent non-integer value: {value}", "BAD_USER_INPUT")
    return value
