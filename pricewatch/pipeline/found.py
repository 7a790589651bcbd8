"""Prices that the catalogue brings and nobody has decided: which of them go out, and which wait for a person's word."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

from pricewatch.domain.decision import PriceEntry
from pricewatch.domain.money import Money, Rounding
from pricewatch.domain.product import PriceGroup, Product, Sku
from pricewatch.pipeline.workbench import Workbench
from pricewatch.ports import Vouch
from pricewatch.pricing.exchange import factors_to
from pricewatch.pricing.values import to_minor

_ONE = 10_000  # basis points


@dataclass(frozen=True, slots=True)
class FoundPrice:
    """A catalogue price that the price list of a group does not have; `before` is the one that it has instead. `wrong`
    says why it waits for a person; empty = it goes out with the next version.
    """

    product: Product
    group: str
    price: Money
    before: Money | None
    wrong: str = ""

    @property
    def hint(self) -> str:
        """What a person does about it."""
        return f"mend the catalogue; if it is right: `pricewatch apply --adopt {self.product.sku}`"


def found_prices(
    bench: Workbench, group: PriceGroup, products: Mapping[Sku, Product], current: Mapping[Sku, PriceEntry]
) -> Sequence[FoundPrice]:
    """The catalogue's prices of these products that are news for a price list with these entries."""
    news = list(_news(group, products, current))
    said: dict[Sku, list[Vouch]] = {}
    for word in bench.store.catalogue.vouched({each.product.sku for each in news}):
        said.setdefault(word.sku, []).append(word)
    return [replace(each, wrong=_wrong(bench, group, each, said.get(each.product.sku, ()))) for each in news]


def held_prices(bench: Workbench, skus: Collection[Sku] | None = None) -> Sequence[FoundPrice]:
    """What no run lets out before a person has said that it is right, in all price groups."""
    held: list[FoundPrice] = []
    for group in bench.groups:
        mine = bench.store.prices.unpriced(group) if skus is None else frozenset(skus)
        products = bench.store.catalogue.load(skus=mine).products if mine else {}
        current = bench.store.prices.current(group.name, skus=products.keys())
        held += [each for each in found_prices(bench, group, products, current) if each.wrong]
    return held


def _news(
    group: PriceGroup, products: Mapping[Sku, Product], current: Mapping[Sku, PriceEntry]
) -> Iterator[FoundPrice]:
    for product in products.values():
        known, price = current.get(product.sku), product.price
        if known is not None and (not known.found or known.gross == price):
            continue
        if price is not None and price.minor > 0 and price.currency.code == group.currency:
            yield FoundPrice(product, group.name, price, known.gross if known is not None else None)


def _wrong(bench: Workbench, group: PriceGroup, found: FoundPrice, said: Sequence[Vouch]) -> str:
    """What of a found price no person's word covers."""
    words = [word for word in said if word.price == found.price]
    settings, price, before = bench.pricing, found.price, found.before
    told = _told(price, before)
    if not any(word.beyond_limits for word in words) and (beyond := _beyond(found.product, price, before, group)):
        return f"{told}, which is {beyond}"
    if before is None or before.currency != price.currency:
        return ""
    if not words:
        if price.jumped(before, settings.jump_factor):
            return f"{told}, a jump by a factor of {settings.jump_factor} or more"
        if not _within(price, before, settings.approve_up_to, settings.approve_up_to_amount):
            return f"{told}, more than is approved by itself ([pricing] approve_up_to)"
    limit = settings.four_eyes_above
    if limit is not None and not _within(price, before, limit, None) and len({word.by for word in words}) < 2:
        return f"{told}, which two people have to say ([pricing] four_eyes_above)"
    return ""


def abnormal(bench: Workbench, product: Product, price: Money, before: Money | None, group: PriceGroup) -> str:
    """Why a price that a person brings for one market, the first one or another than `before`, must not be taken
    unseen; empty = it may. Amounts of the catalogue in another currency count at the newest exchange rate, unless that
    is older than plans use.
    """
    told, here = _told(price, before), _in_currency_of(bench, product, price)
    unknown = next((a for a in (product.price, product.cost, product.floor) if a is not None), None)
    if unknown is not None and here.price is None and here.cost is None and here.floor is None:
        codes = f"{unknown.currency.code} to {price.currency.code}"
        return f"{told}, and nothing says whether it can be right: no exchange rate of these days from {codes}"
    if beyond := _beyond(here, price, before, group):
        return f"{told}, which is {beyond}"
    factor, compared = bench.pricing.jump_factor, here.price if before is None else before
    if compared is not None and price.jumped(compared, factor):
        whose = "" if before else f" away from the catalogue's price of {compared}"
        return f"{told}, a jump by a factor of {factor} or more{whose}"
    return ""


def beyond_limits(product: Product, price: Money) -> str:
    """Which limit of today's catalogue a price would break, as far as it is in the price's currency."""
    floor, ceiling = product.floor, product.ceiling
    if floor is not None and floor.currency == price.currency and price < floor:
        return f"below the floor of {floor} that the catalogue has by now"
    if ceiling is not None and ceiling.currency == price.currency and price > ceiling:
        return f"above the ceiling of {ceiling} that the catalogue has by now"
    return ""


def _told(price: Money, before: Money | None) -> str:
    if before is None:
        return f"the price of {price} was found"
    return f"the price that was found changed from {before} to {price}"


def _beyond(product: Product, price: Money, before: Money | None, group: PriceGroup) -> str:
    if beyond := beyond_limits(product if before else replace(product, ceiling=None), price):
        return beyond
    cost = product.cost
    if cost is not None and cost.currency == price.currency and group.tax(product.tax).net_of(price) < cost:
        return f"below the cost of {cost}"
    return ""


def _within(price: Money, before: Money, share: int, amount: Decimal | None) -> bool:
    move = abs(price.minor - before.minor)
    most = None if amount is None else to_minor(amount, price.currency.exponent)
    return move * _ONE <= before.minor * share and (most is None or move <= most)


def _in_currency_of(bench: Workbench, product: Product, price: Money) -> Product:
    """The product with price, cost and limits in the currency of a price, as far as there is a rate."""
    oldest = bench.clock.now() - timedelta(seconds=bench.pricing.max_rate_age)
    factors = factors_to(price.currency.code, bench.store.catalogue.rates(), oldest.date().isoformat())

    def there(amount: Money | None) -> Money | None:
        factor = factors.get(amount.currency.code) if amount is not None else None
        if amount is None or factor is None:
            return None
        same = amount.scaled(factor.numerator, factor.denominator, Rounding.HALF_UP)
        return Money(same.minor, price.currency)

    return replace(
        product,
        price=there(product.price),
        cost=there(product.cost),
        floor=there(product.floor),
        ceiling=there(product.ceiling),
    )
