"""Hold back readings that cannot be right, and let go of those that a second sighting has confirmed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pricewatch.domain.errors import SetAside
from pricewatch.domain.money import Currency
from pricewatch.domain.offer import Condition
from pricewatch.domain.product import Sku
from pricewatch.pipeline.stage import StageLog
from pricewatch.pipeline.workbench import Workbench
from pricewatch.ports import StoredObservation
from pricewatch.pricing.exact import gross_of
from pricewatch.pricing.exchange import Factor, factors_to, in_currency
from pricewatch.pricing.frame import CONDITIONS, Bools, Ints, Text
from pricewatch.pricing.hygiene import (
    Readings,
    asks_amounts,
    asks_history,
    calm,
    confirmed,
    doubtful,
    others,
    suspicious,
)
from pricewatch.pricing.readings import PricedReadings
from pricewatch.pricing.trail import unknown

_RUN = 2**19  # readings that are looked at together: their columns stay in the caches
_FEW = 2**24  # values that a table holds at ease
_BY_NAME = 20_000  # products that are rather asked for one by one than all
CONFIRMED = "second sighting"
WORN = frozenset({Condition.USED, Condition.REFURBISHED, Condition.OPEN_BOX})


def hold_back(bench: Workbench, log: StageLog, skus: Sequence[Sku] | None = None) -> PricedReadings:
    """Judge the current readings of matched offers, all or those of some products, each beside the others of its
    product; what is held back is set aside with its reason. Returns all readings, as they were read.
    """
    sightings = bench.store.sightings
    offered = sightings.offered(skus)
    held_before = sightings.held()
    sightings.release(_settled(offered, held_before), by=CONFIRMED)
    fresh = {key: reason for key, reason in _doubts(bench, offered).items() if key not in held_before}
    sightings.quarantine(fresh)
    held = sightings.quarantined()
    for seen in held:
        if seen.id in fresh:
            log.put_aside(_as_set_aside(seen, fresh[seen.id]))
    log.counts["quarantined"] = len(held)
    return offered


def believed(bench: Workbench, skus: Sequence[Sku] | None = None) -> PricedReadings:
    """The current readings without those that the next plan would hold back; nothing is written."""
    offered = bench.store.sightings.offered(skus)
    doubts = _doubts(bench, offered)
    if not doubts:
        return offered
    fresh = set(doubts) - bench.store.sightings.held_ever(doubts)
    return offered.take(~np.isin(offered.observation, np.array(sorted(fresh), dtype=np.int64)))


def _doubts(bench: Workbench, offered: PricedReadings) -> dict[int, str]:
    """Every reading that may not be used yet, with the reason; of an item with several products those of the first."""
    factors = factors_to(bench.groups[0].currency, bench.store.catalogue.rates())
    asked = Asked.of(factors, offered)
    if not len(asked.rows):
        return {}
    history = bench.store.sightings.previous(offered.observation[asked.rows[asked.history]])
    parts = list(asked.parts())
    wanted = np.zeros(len(offered.sku.values), dtype=np.bool_)
    for part in parts:
        stored = offered.take(part.rows)
        readings = _with_history(_readings(factors, stored), part.history, history)
        wanted[stored.sku.codes[asks_amounts(readings, part.market)]] = True
    ours = _own_amounts(bench, factors, offered.sku.values, np.flatnonzero(wanted))
    found: dict[int, str] = {}
    for part in parts:
        readings = _with_history(_readings(factors, offered.take(part.rows)), part.history, history)
        found |= suspicious(readings, *ours, part.market)
    return found


@dataclass(frozen=True, slots=True)
class Asked:
    """The rows of readings that need a closer look, what their markets say (see hygiene.others), and where the
    earlier price of the offer can matter.
    """

    rows: Ints
    market: tuple[Ints, Ints]
    history: Bools

    @classmethod
    def of(cls, factors: Mapping[str, Factor], offered: PricedReadings, size: int = _RUN) -> Asked:
        """Look at all readings, some products at a time; what is found does not depend on how many."""
        found = [cls._among(factors, offered, run) for run in offered.runs(size)]
        found = [part for part in found if len(part.rows)] or [cls._none()]
        rows, history = (np.concatenate([getattr(part, name) for part in found]) for name in ("rows", "history"))
        rest, count = (np.concatenate([part.market[place] for part in found]) for place in (0, 1))
        return cls(rows, (rest, count), history)

    @classmethod
    def _none(cls) -> Asked:
        nothing = np.zeros(0, dtype=np.int64)
        return cls(nothing, (nothing, nothing), nothing.astype(np.bool_))

    @classmethod
    def _among(cls, factors: Mapping[str, Factor], offered: PricedReadings, run: slice) -> Asked:
        stored, rows = offered.take(run), np.arange(run.start, run.stop)
        if not stored.foremost.all():
            stored, rows = stored.take(stored.foremost), rows[stored.foremost]
        mixed = np.unique(stored.sku.codes[_worn(stored)])
        lively = ~calm(_readings(factors, stored), stored.sku.codes) | np.isin(stored.sku.codes, mixed)
        stored, rows = stored.take(lively), rows[lively]
        if not len(rows):
            return cls._none()
        readings = _readings(factors, stored)
        first, last = int(stored.sku.codes[0]), int(stored.sku.codes[-1])
        rest, count = others(replace(readings, product=_markets(stored, first, last + 1 - first)))
        chosen = doubtful(readings, rest)
        history = asks_history(readings, rest)[chosen]
        return cls(rows[chosen], (rest[chosen], count[chosen]), history)

    def parts(self) -> Iterator[Asked]:
        """The same in parts of bounded size."""
        for start in range(0, len(self.rows), _RUN):
            part = slice(start, start + _RUN)
            rest, count = self.market
            yield Asked(self.rows[part], (rest[part], count[part]), self.history[part])


def _settled(stored: PricedReadings, held: Mapping[int, str]) -> list[int]:
    """Of the held readings those whose doubt a second sighting has settled."""
    found = stored.foremost & np.isin(stored.observation, np.array(list(held), dtype=np.int64))
    rows = np.flatnonzero(found).tolist() if held else []
    seen = ((int(stored.observation[row]), int(stored.first_seen[row]), int(stored.last_seen[row])) for row in rows)
    return [key for key, first, last in seen if confirmed(held[key], first, last)]


def _with_history(readings: Readings, asked: Bools, history: tuple[Ints, Ints, Text]) -> Readings:
    """The readings with the earlier price of each offer, where it can matter."""
    if not asked.any():
        return readings
    key, price, currency = history
    at = np.searchsorted(key, readings.observation[asked])
    previous, codes = readings.previous.copy(), np.zeros(len(readings), dtype=np.int32)
    previous[asked], codes[asked] = price[at], currency.codes[at]
    return replace(readings, previous=previous, previous_currency=Text(codes, currency.values))


def _as_set_aside(seen: StoredObservation, reason: str) -> SetAside:
    offer = seen.observation.offer
    return SetAside(
        stage="quarantine",
        item=seen.sku or offer.item.title,
        reason=f"{offer.price} by {offer.seller}: {reason}",
        where=offer.url or offer.item.url,
        hint=f"if it is right: pricewatch quarantine release {seen.id}",
    )


def _readings(factors: Mapping[str, Factor], stored: PricedReadings) -> Readings:
    return Readings(
        observation=stored.observation,
        product=_markets(stored, 0, len(stored.sku.values)),
        price=stored.price,
        currency=stored.currency,
        unit=_per_value(stored.currency, lambda code: Currency.of(code).unit, 1),
        converted=in_currency(stored.price, stored.currency, factors),
        previous=unknown(len(stored)),
        previous_currency=Text(np.zeros(len(stored), dtype=np.int32), ("",)),
        seller=_sellers(stored),
        first_seen=stored.first_seen,
        last_seen=stored.last_seen,
        agreed=np.zeros(len(stored), dtype=np.bool_),
    )


def _markets(stored: PricedReadings, first: int, products: int) -> Ints:
    """The market of each reading: the code of its product, counted from the first of so many; worn goods have markets
    of their own, behind those.
    """
    return stored.sku.codes - np.int64(first) + np.where(_worn(stored), products, 0)


def _worn(stored: PricedReadings) -> Bools:
    return np.isin(stored.condition, [CONDITIONS.index(condition) for condition in WORN])


def _sellers(stored: PricedReadings) -> Text:
    """Who asks, as a number: the seller on its site, in any case of letters."""
    folded: dict[str, int] = {}
    names = [folded.setdefault(name.strip().casefold(), len(folded)) for name in stored.seller.values]
    seller = np.array(names or [0], dtype=np.int64)[stored.seller.codes]
    found, codes = _numbered(stored.site.codes.astype(np.int64) * max(len(folded), 1) + seller)
    return Text(codes.astype(np.int32), ("",) * len(found))


def _numbered(values: Ints) -> tuple[Ints, Ints]:
    """The different values, ascending, and the place of each row's among them."""
    most = int(values.max(initial=0)) + 1
    if most > _FEW:
        return np.unique_inverse(values)
    used = np.zeros(most, dtype=np.bool_)
    used[values] = True
    return np.flatnonzero(used), (np.cumsum(used) - 1)[values]


def _per_value(text: Text, value: Callable[[str], int], default: int) -> Ints:
    """Work a number out once for every distinct text."""
    return np.array([value(one) for one in text.values] or [default], dtype=np.int64)[text.codes]


def _own_amounts(
    bench: Workbench, factors: Mapping[str, Factor], skus: Sequence[Sku], wanted: Ints
) -> tuple[Ints, Ints]:
    """Our gross prices and our costs with VAT, in the currency of the first price group, by the code of the product;
    those of the products whose codes are `wanted`.
    """
    codes = {skus[code]: code for code in wanted.tolist()}
    ours = bench.store.catalogue.amounts(bench.groups[0].name, None if len(codes) > _BY_NAME else list(codes))
    place = np.array([codes.get(one, -1) for one in ours.sku], dtype=np.int64)
    prices, costs = unknown(len(skus)), unknown(len(skus))
    known = place >= 0
    prices[place[known]] = in_currency(ours.price, ours.currency, factors)[known]
    costs[place[known]] = in_currency(gross_of(ours.cost, ours.tax), ours.cost_currency, factors)[known]
    return prices, costs
