"""What a WooCommerce shop says of its own prices: their currency, and whether tax is in them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from pricewatch.channels.api import Forbidden, parsed
from pricewatch.channels.graphql import records
from pricewatch.domain.errors import ChannelRefused, ChannelUnavailable
from pricewatch.wire import Reply

_GROUPS = ("general", "tax")

Get = Callable[[str, Mapping[str, str]], Awaitable[Reply]]


async def options(get: Get, shop: str) -> Mapping[str, str]:
    """The shop's options by their id; empty for a key without the right to read them. Raises ChannelUnavailable for an
    answer that is no list of options.
    """
    found: dict[str, str] = {}
    for group in _GROUPS:
        try:
            answer: Any = parsed((await get(f"settings/{group}", {"_fields": "id,value"})).body)
        except (Forbidden, ChannelRefused):
            return {}
        if not isinstance(answer, list) or len(records(answer)) != len(answer):
            hint = "check the channel's url; a cache or a plugin may stand in between"
            raise ChannelUnavailable("answered with something that is no list of options", where=shop, hint=hint)
        found |= {str(option.get("id")): str(option.get("value")) for option in records(answer)}
    return found


def objection(found: Mapping[str, str], currency: str, *, net: bool) -> tuple[str, str]:
    """Why prices of this currency and tax side are not those of the shop, and what to do; both empty when they are, or
    when nobody knows.
    """
    theirs = found.get("woocommerce_currency", currency)
    if theirs != currency:
        return f"the shop sells in {theirs}, not in {currency}", "set the channel's currency"
    taxed, included = found.get("woocommerce_calc_taxes"), found.get("woocommerce_prices_include_tax")
    if taxed is None or included is None:
        return "", ""
    without = taxed == "yes" and included == "no"
    if without is net:
        return "", ""
    words = "without tax, which it adds at the checkout" if without else "as buyers pay them, and adds no tax to them"
    return f"the shop's prices are entered {words}", f"set net = {str(without).lower()} on the channel"
