"""eBay's Browse API: what sellers there ask for our products.

Written from its documentation: https://developer.ebay.com/api-docs/buy/browse/overview.html and
https://developer.ebay.com/api-docs/static/oauth-client-credentials-grant.html
"""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import orjson

from pricewatch.domain.errors import FetchError, FetchErrorKind
from pricewatch.domain.money import Money
from pricewatch.domain.offer import Availability, Condition, Evidence, Item, ItemKey, Offer
from pricewatch.domain.product import Product
from pricewatch.ports import Finding, Target
from pricewatch.scraping.extract.identifiers import clean_gtin
from pricewatch.scraping.sources.api import Answer, ApiSource, Found, Json, money_of, objects_of, text_of, whole_of
from pricewatch.scraping.sources.base import Surroundings
from pricewatch.scraping.sources.settings import EbaySettings

SCOPE = "https://api.ebay.com/oauth/api_scope"
BROWSE = "/buy/browse/v1"
PAGE = 200
LAST_OFFSET = 9_999
EARLIER = 60.0  # seconds before its end at which a token is renewed
NOT_FOUND = frozenset({"11001", "11002"})
GROUP = "11006"
# https://developer.ebay.com/devzone/finding/callref/Enums/conditionIdList.html; 7000 (for parts) is no offer.
CONDITIONS: Mapping[Condition, tuple[str, ...]] = {
    Condition.NEW: ("1000",),
    Condition.OPEN_BOX: ("1500", "1750"),
    Condition.REFURBISHED: ("2000", "2010", "2020", "2030", "2500"),
    Condition.USED: ("2750", "2990", "3000", "3010", "4000", "5000", "6000"),
}
CONDITION_OF = {number: condition for condition, numbers in CONDITIONS.items() for number in numbers}
FOR_PARTS = "7000"
STOCK = {
    "IN_STOCK": Availability.IN_STOCK,
    "LIMITED_STOCK": Availability.IN_STOCK,
    "OUT_OF_STOCK": Availability.OUT_OF_STOCK,
}
SHOWN = (
    "price", "currentBidPrice", "bidCount", "buyingOptions", "conditionId", "shippingOptions", "seller",
    "estimatedAvailabilities", "itemEndDate",
)  # fmt: skip
_ITEM_ID = re.compile(r"v1\|(\d{1,20})\|(\d{1,20})")
_PAGE_ID = re.compile(r"/itm/(?:[^/?]*/)?(\d{6,20})(?:[/?#]|$)")


class EbaySource(ApiSource):
    """Searches for each product by GTIN, else by brand and part number; reads single listings by their number."""

    def __init__(self, settings: EbaySettings, around: Surroundings) -> None:
        super().__init__(around)
        self._settings = settings
        self._search = f"{settings.endpoint}{BROWSE}/item_summary/search"
        self._token = ""
        self._token_ends = 0.0

    def search_address(self, product: Product) -> str:
        """The search for a product by the surest thing known of it."""
        if gtin := clean_gtin(product.gtin):
            return f"{self._search}?gtin={gtin}"
        words = f"{product.brand} {product.mpn}" if product.brand and product.mpn else ""
        if not words and self._settings.by_name and product.brand:
            words = f"{product.brand} {product.name}"
        words = " ".join(re.sub(r"[^\w.+-]+", " ", words).split())[:100]
        return f"{self._search}?{urlencode({'q': words})}" if words else ""

    def is_search(self, url: str) -> bool:
        """Say whether a target is a search."""
        return url.startswith(f"{self._search}?")

    async def read(self, targets: Sequence[Target]) -> Sequence[Found]:
        """Read one search or listing after the other."""
        return [await (self._find(t.url) if self.is_search(t.url) else self._one(t.url)) for t in targets]

    # --- searches ---

    async def _find(self, url: str) -> Found:
        """All pages of a search, by price with shipping, up to `max_offers`."""
        query = {key: values[0] for key, values in parse_qs(urlsplit(url).query).items()}
        found, seen = Found(), set[str]()
        most = self._settings.max_offers
        limit = min(PAGE, most)
        for offset in range(0, min(most, LAST_OFFSET), limit):
            params = {**query, **self._narrowed(), "limit": str(limit), "offset": str(offset), "sort": "price"}
            answer = await self._get(self._search, params)
            self._check(answer, url)
            total = whole_of(answer.value, "total")
            if total is None:
                raise FetchError("the answer has no total", kind=FetchErrorKind.DECODING, where=url)
            items = [
                item for item in objects_of(answer.value, "itemSummaries", url) if text_of(item, "itemId") not in seen
            ]
            seen.update(text_of(item, "itemId") for item in items)
            page_hash = self._api.keep(answer) if items else ""
            for item in items:
                await self._take(found, item, page_hash, query.get("gtin", ""))
            if offset + limit >= total:
                found.whole = len(seen) >= total
                return found
            if not items:
                break
        found.whole = False
        return found

    def _narrowed(self) -> dict[str, str]:
        settings = self._settings
        options = "FIXED_PRICE|AUCTION" if settings.auctions else "FIXED_PRICE"
        filters = [f"buyingOptions:{{{options}}}"]
        numbers = [number for condition in settings.conditions for number in CONDITIONS.get(condition, ())]
        if numbers:
            filters.append(f"conditionIds:{{{'|'.join(numbers)}}}")
        if settings.deliver_to:
            filters.append(f"deliveryCountry:{settings.deliver_to[:2]}")
        return {"filter": ",".join((*filters, *settings.filters))}

    async def _take(self, found: Found, item: Json, page_hash: str, gtin: str) -> None:
        """Add an item to what was found; with `details` it is asked for once more, and its own numbers count."""
        several = bool(text_of(item, "itemGroupType"))
        if self._settings.details and (number := text_of(item, "itemId")):
            answer = await self._get(f"{self._settings.endpoint}{BROWSE}/item/{quote(number, safe='')}", {})
            if answer.status == 404:
                return
            self._check(answer, number)
            item, page_hash = {**item, **answer.value}, self._api.keep(answer)
            several = several and clean_gtin(text_of(item, "gtin")) != gtin
            gtin = ""
        for finding in self._read_item(found, item, page_hash, "" if several else gtin, several=several):
            found.findings.append(finding)

    # --- single listings ---

    async def _one(self, url: str) -> Found:
        """One listing by the number in its page's address."""
        number = _PAGE_ID.search(url)
        if number is None:
            raise FetchError(
                "this is no eBay listing",
                kind=FetchErrorKind.ADDRESS,
                where=url,
                hint="write https://www.ebay…/itm/NUMBER",
            )
        address = f"{self._settings.endpoint}{BROWSE}/item/get_item_by_legacy_id"
        answer = await self._get(address, {"legacy_item_id": number[1]})
        if answer.status == 404 and NOT_FOUND & set(_error_ids(answer.value)):
            return Found(gone=True)
        self._check(answer, url)
        found = Found()
        found.findings += self._read_item(found, answer.value, self._api.keep(answer), "", several=False)
        return found

    # --- requests ---

    async def _get(self, url: str, params: Mapping[str, str]) -> Answer:
        """Ask with a token; one that is no longer accepted is renewed once."""
        for again in (False, True):
            headers = {
                "authorization": f"Bearer {await self._bearer(renew=again)}",
                "x-ebay-c-marketplace-id": self._settings.marketplace,
                **self._end_user(),
            }
            answer = await self._api.ask("GET", url, params=params, headers=headers)
            if answer.status != 401:
                break
        return answer

    def _end_user(self) -> dict[str, str]:
        """Where shipping costs are asked for; the value is percent-encoded inside, as eBay wants it."""
        country, _, postcode = self._settings.deliver_to.partition(":")
        if not country:
            return {}
        place = f"country={country}" + (f",zip={postcode}" if postcode else "")
        return {"x-ebay-c-enduserctx": f"contextualLocation={quote(place, safe='')}"}

    async def _bearer(self, *, renew: bool) -> str:
        """The application token; eBay gives one for two hours."""
        if self._token and not renew and time.monotonic() < self._token_ends:
            return self._token
        settings = self._settings
        pair = f"{settings.client_id.reveal()}:{settings.client_secret.reveal()}"
        headers = {"authorization": "Basic " + base64.b64encode(pair.encode()).decode("ascii")}
        url = f"{settings.endpoint}/identity/v1/oauth2/token"
        form = {"grant_type": "client_credentials", "scope": SCOPE}
        answer = await self._api.ask("POST", url, headers=headers, form=form)
        self._token = text_of(answer.value, "access_token", limit=10_000)
        if answer.status != 200 or not self._token:
            words = text_of(answer.value, "error_description") or text_of(answer.value, "error") or str(answer.status)
            raise FetchError(
                f"eBay gives no token: {words}",
                kind=FetchErrorKind.BLOCKED,
                where=url,
                hint="check source.client_id and source.client_secret, and that both are of the same environment",
                status=answer.status,
            )
        self._token_ends = time.monotonic() + max((whole_of(answer.value, "expires_in") or 0) - EARLIER, 0.0)
        return self._token

    def _check(self, answer: Answer, where: str) -> None:
        """Raise what eBay complains of; a warning means that it did not do what it was asked."""
        troubles = [*objects_of(answer.value, "errors", where), *objects_of(answer.value, "warnings", where)]
        if answer.status == 200 and not troubles:
            return
        first: Json = troubles[0] if troubles else {}
        words = text_of(first, "longMessage") or text_of(first, "message") or f"status {answer.status}"
        hint = "see https://developer.ebay.com/api-docs/buy/browse/overview.html"
        if GROUP in _error_ids(answer.value):
            hint = "it is a listing of several variants; search for it by GTIN instead"
        refused = answer.status in (401, 403)
        raise FetchError(
            f"eBay says: {words}" + (f" ({text_of(first, 'errorId')})" if first else ""),
            kind=FetchErrorKind.BLOCKED if refused else FetchErrorKind.HTTP_STATUS,
            where=where,
            hint="check the key set, and that it may use the Browse API" if refused else hint,
            status=answer.status,
        )

    # --- items ---

    def _read_item(self, found: Found, item: Json, page_hash: str, gtin: str, *, several: bool) -> Iterator[Finding]:
        number = _ITEM_ID.fullmatch(text_of(item, "itemId"))
        options = item.get("buyingOptions")
        condition = text_of(item, "conditionId")
        if number is None or not isinstance(options, list):
            found.unusable["an item without number or buying options"] += 1
        elif condition == FOR_PARTS:
            found.unusable["for parts only"] += 1
        elif "FIXED_PRICE" not in options and "AUCTION" not in options:
            found.unusable["it cannot be bought on eBay"] += 1
        else:
            offer = self._offer(item, number[1], number[2], options, gtin)
            snippet = orjson.dumps({key: item[key] for key in SHOWN if key in item}).decode()[:400]
            evidence = Evidence(page_hash, "ebay", f"item {number[0]}", snippet)
            doubt = "the price may be that of another variant of the listing" if several else ""
            if condition and condition not in CONDITION_OF:
                doubt = f"the condition {condition} is unknown"
            yield Finding(offer, evidence, conflict=doubt)

    def _offer(self, item: Json, number: str, variant: str, options: Sequence[object], gtin: str) -> Offer:
        """An offer; what is bid in an auction is never its price."""
        site = self._around.site.name
        url = _page(text_of(item, "itemWebUrl", limit=2_000), number)
        fixed = "FIXED_PRICE" in options
        price = _money(item, "price") if fixed else None
        bid = _money(item, "currentBidPrice") if "AUCTION" in options else None
        main = price or bid
        return Offer(
            item=Item(
                ItemKey(site, url, "" if variant == "0" else variant),
                url,
                text_of(item, "title"),
                text_of(item, "brand"),
                clean_gtin(text_of(item, "gtin")) or gtin,
                text_of(item, "mpn"),
                text_of(item, "categoryPath"),
                text_of(item, "image", "imageUrl", limit=1_000),
            ),
            seller=text_of(item, "seller", "username", limit=100) or "eBay",
            price=price,
            availability=_stock(item),
            condition=CONDITION_OF.get(text_of(item, "conditionId"), Condition.UNKNOWN),
            shipping=_shipping(item, main.currency.code if main else ""),
            bid=bid,
            bids=whole_of(item, "bidCount") if bid else None,
            ends_at=_time(text_of(item, "itemEndDate")) if bid else None,
            pieces=_pieces(item),
            seller_rating=_rating(text_of(item, "seller", "feedbackPercentage")),
            tax_included=self._around.site.context().tax_included,
            url=url,
        )


def _error_ids(value: Json) -> tuple[str, ...]:
    errors = value.get("errors")
    return tuple(text_of(e, "errorId") for e in errors if isinstance(e, dict)) if isinstance(errors, list) else ()


def _page(url: str, number: str) -> str:
    """A listing's address without what eBay adds for each search."""
    host = urlsplit(url).netloc if url.startswith("https://") else ""
    return f"https://{host.lower() or 'www.ebay.com'}/itm/{number}"


def _money(item: Json, *keys: str) -> Money | None:
    return money_of(text_of(item, *keys, "value"), text_of(item, *keys, "currency"))


def _shipping(item: Json, currency: str) -> Money | None:
    """The cheapest delivery of a known cost; calculated ones have none until an address is given."""
    options = item.get("shippingOptions")
    costs = (
        [_money(each, "shippingCost") for each in options if isinstance(each, dict)]
        if isinstance(options, list)
        else []
    )
    known = [cost for cost in costs if cost is not None and cost.currency.code == currency]
    return min(known, key=lambda cost: cost.minor, default=None)


def _availability(item: Json) -> Json:
    estimates = item.get("estimatedAvailabilities")
    first = estimates[0] if isinstance(estimates, list) and estimates else {}
    return first if isinstance(first, dict) else {}


def _stock(item: Json) -> Availability:
    """What details say; searches show only what can be bought now."""
    estimate = _availability(item)
    return (
        STOCK.get(text_of(estimate, "estimatedAvailabilityStatus"), Availability.UNKNOWN)
        if estimate
        else Availability.IN_STOCK
    )


def _pieces(item: Json) -> int | None:
    return whole_of(_availability(item), "estimatedAvailableQuantity")


def _rating(percent: str) -> int | None:
    try:
        points = int(Decimal(percent) * 100) if percent else None
    except (InvalidOperation, ValueError, OverflowError):
        return None
    return points if points is not None and 0 <= points <= 10_000 else None


def _time(text: str) -> datetime | None:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time if time.tzinfo else None
