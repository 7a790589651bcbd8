"""Whether a Medusa shop adds tax to its prices in a currency: its price preferences and tax rates say so."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal

from pricewatch.channels.api import Forbidden, parsed
from pricewatch.channels.graphql import Record, record, records
from pricewatch.domain.errors import ChannelRefused, ChannelUnavailable
from pricewatch.wire import Reply

Get = Callable[[str], Awaitable[Reply]]


async def objection(get: Get, shop: str, currency: str, *, net: bool) -> tuple[str, str]:
    """Why prices in this currency and on this tax side are not those of the shop, and what to do; both empty when they
    are, or for a key without the right to know. Raises ChannelUnavailable for answers that are no lists.
    """
    try:
        included = await _included(get, shop, currency.lower())
        added = not net and not included and await _taxed(get, shop)
    except (Forbidden, ChannelRefused):
        return "", ""
    if net and included:
        return f"the shop's prices in {currency} are entered with tax", "set net = false on the channel"
    if added:
        hint = "set net = true on the channel, or let the currency's prices include tax in the shop"
        return f"the shop adds tax to its prices in {currency} at the checkout", hint
    return "", ""


async def _included(get: Get, shop: str, code: str) -> bool:
    path = f"admin/price-preferences?attribute=currency_code&value={code}&limit=100"
    known = await _list(get, shop, path, "price_preferences")
    mine = [p for p in known if (p.get("attribute"), str(p.get("value")).lower()) == ("currency_code", code)]
    return any(preference.get("is_tax_inclusive") is True for preference in mine)


async def _taxed(get: Get, shop: str) -> bool:
    """Whether there is any tax to be added."""
    return any(
        _above_zero(rate.get("rate")) for rate in await _list(get, shop, "admin/tax-rates?limit=100", "tax_rates")
    )


async def _list(get: Get, shop: str, path: str, name: str) -> Sequence[Record]:
    found = record(parsed((await get(path)).body)).get(name)
    if not isinstance(found, list):
        hint = "check the channel's url; a proxy or a plug-in may stand in between"
        raise ChannelUnavailable(f"answered with something that is no list of {name}", where=shop, hint=hint)
    return records(found)


def _above_zero(rate: object) -> bool:
    return isinstance(rate, int | Decimal) and not isinstance(rate, bool) and rate > 0
