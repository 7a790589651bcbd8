"""The prior price of an announced reduction, from our own price history, with the changes that it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from pricewatch.domain.errors import UsageError
from pricewatch.domain.money import Currency, Money
from pricewatch.domain.product import PriceGroup, Sku
from pricewatch.pipeline.workbench import Workbench
from pricewatch.ports import OwnPrice
from pricewatch.pricing.prior_price import PriceChange, PriorPrice, prior_price, rules_of


@dataclass(frozen=True, slots=True)
class PriorPriceReport:
    """What may be named as the prior price of a reduction that takes effect at `effective`.

    `price` None = unknown, and then nothing may be announced. `changes` are our prices in the window, the one in force
    at its start first.
    """

    sku: Sku
    group: str
    channel: str
    country: str
    effective: datetime
    price: Money | None
    first_day: date
    last_day: date
    reason: str
    current: Money | None
    changes: tuple[OwnPrice, ...]


def prior_price_of(
    bench: Workbench, sku: Sku, *, group: str | None = None, channel: str = "", on: date | None = None
) -> tuple[PriorPriceReport, ...]:
    """The prior price in each price group (or the named one) of a reduction that begins `on` a day, by default now.

    `channel` asks for what that channel has shown instead of the price list. Raises UsageError for an unknown name.
    """
    _refuse_unknown(bench, sku, group, channel)
    groups = [each for each in bench.groups if group in (None, each.name)]
    if channel:
        groups = [each for each in groups if bench.channel_groups[channel] == each.name]
    return tuple(_report(bench, sku, each, channel, on) for each in groups)


def _refuse_unknown(bench: Workbench, sku: Sku, group: str | None, channel: str) -> None:
    if sku not in bench.store.catalogue.load().products:
        raise UsageError(f"not in the catalogue: {sku}", hint="`pricewatch catalogue import` adds products")
    names = [each.name for each in bench.groups]
    if group is not None and group not in names:
        raise UsageError(f"there is no price group {group}", hint=f"the groups are {', '.join(names)}")
    if channel and channel not in bench.channel_groups:
        known = ", ".join(bench.channel_groups) or "none is configured"
        raise UsageError(f"there is no channel {channel}", hint=f"channels: {known}")


def _report(bench: Workbench, sku: Sku, group: PriceGroup, channel: str, on: date | None) -> PriorPriceReport:
    zone = ZoneInfo(group.timezone)
    effective = datetime.combine(on, time(), zone) if on else bench.clock.now()
    past = [
        own
        for own in bench.store.prices.own_history(sku, group.name, channel=channel)
        if own.gross.currency.code == group.currency
    ]
    found = prior_price(_changes(past), effective, group.timezone, rules_of(group.country))
    return PriorPriceReport(
        sku=sku,
        group=group.name,
        channel=channel,
        country=group.country,
        effective=effective,
        price=Money(found.gross, Currency.of(group.currency)) if found.gross is not None else None,
        first_day=found.first_day,
        last_day=found.last_day,
        reason=found.reason,
        current=past[-1].gross if past else None,
        changes=_inside(past, found, zone),
    )


def _changes(past: Sequence[OwnPrice]) -> list[PriceChange]:
    return [PriceChange(own.since, own.gross.minor, own.announced) for own in past]


def _inside(past: Sequence[OwnPrice], found: PriorPrice, zone: ZoneInfo) -> tuple[OwnPrice, ...]:
    """The price in force when the window opens, and every one that began in it."""
    before = [own for own in past if own.since.astimezone(zone).date() < found.first_day][-1:]
    within = [own for own in past if found.first_day <= own.since.astimezone(zone).date() <= found.last_day]
    return (*before, *within)
